#include "modes/ctl/complete.h"

/*
 * The words that are neither options nor their values say where one is: the
 * text of each command begins with a space, as do the patterns of the cases.
 */
static const char head[] =
    "# bash completion of mesh: source <(mesh ctl completion bash)\n"
    "_mesh_reply()\n"
    "{\n"
    "\tlocal IFS=$' \\t\\n'\n"
    "\tmapfile -t COMPREPLY < <(compgen \"$@\")\n"
    "}\n"
    "\n"
    "_mesh()\n"
    "{\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal at='' options='' words='' i\n"
    "\n"
    "\tCOMPREPLY=()\n";

static const char walk[] =
    "\t[ \"${COMP_WORDS[1]}\" = ctl ] || return 0\n"
    "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
    "\t\tcase ${COMP_WORDS[i]} in\n";

static const char tail[] =
    "\tif [[ $cur == -* ]]; then\n"
    "\t\t_mesh_reply -W \"$options $globals\" -- \"$cur\"\n"
    "\telif [ \"$words\" = '<file>' ]; then\n"
    "\t\t_mesh_reply -f -- \"$cur\"\n"
    "\telse\n"
    "\t\t_mesh_reply -W \"$words\" -- \"$cur\"\n"
    "\tfi\n"
    "}\n"
    "complete -F _mesh mesh\n";

/* "-o|--output" */
static void
add_pattern(struct str *out, const struct ctl_option *o)
{
	if (o->letter != '\0')
		str_addf(out, "-%c|", o->letter);
	str_addf(out, "--%s", o->name);
}

/* Each option is listed once, in whichever table it comes first. */
struct patterns {
	struct str *out;
	struct str  seen;
	void      (*add)(struct str *, const struct ctl_option *);
};

static bool
is_new(struct str *seen, const char *name)
{
	struct slice rest = str_slice(seen), word;

	while (slice_cut(&rest, ' ', &word))
		if (slice_is(word, name))
			return false;
	str_addf(seen, "%s ", name);
	return true;
}

static void
add_table(struct patterns *p, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++)
		if (o->value != NULL && is_new(&p->seen, o->name))
			p->add(p->out, o);
}

static void
add_of_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	(void)group;
	add_table(arg, c->options);
}

static void
each_valued(struct str *out, void (*add)(struct str *, const struct ctl_option *))
{
	struct patterns p = { .out = out, .add = add };

	add_table(&p, ctl_globals);
	ctl_command_each(add_of_command, &p);
	str_fini(&p.seen);
}

/* In the walk: skip the value that follows. */
static void
add_skip(struct str *out, const struct ctl_option *o)
{
	str_add(out, "\t\t");
	add_pattern(out, o);
	str_add(out, ") ((i++)) ;;\n");
}

/* Behind the option: offer what its value can be. */
static void
add_value(struct str *out, const struct ctl_option *o)
{
	str_add(out, "\t");
	add_pattern(out, o);
	str_add(out, ")\n\t\t");
	if (o->words != NULL) {
		str_add(out, "_mesh_reply -W '");
		for (size_t i = 0; o->words[i] != NULL; i++)
			str_addf(out, "%s%s", i > 0 ? " " : "", o->words[i]);
		str_add(out, "' -- \"$cur\"");
	} else if (o->word == CTL_WORD_FILE || o->word == CTL_WORD_DIR)
		str_addf(out, "_mesh_reply %s -- \"$cur\"",
		    o->word == CTL_WORD_FILE ? "-f" : "-d");
	else
		str_add(out, ":");
	str_add(out, "\n\t\treturn 0 ;;\n");
}

static void
add_option_words(struct str *out, const struct ctl_option *o)
{
	for (bool first = true; o != NULL && o->name != NULL; o++, first = false)
		str_addf(out, "%s--%s", first ? "" : " ", o->name);
}

static void
add_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	struct str *out = arg, at = { 0 };

	if (group != NULL)
		str_addf(&at, " %s", group->name);
	str_addf(&at, " %s", c->name);
	str_addf(out, "\t'%s'|'%s '*)\n\t\toptions='", str_ptr(&at), str_ptr(&at));
	add_option_words(out, c->options);
	str_add(out, "'\n\t\twords='");
	if (c->word == CTL_WORD_KIND)
		complete_add_kinds(out);
	else if (c->word == CTL_WORD_SHELL)
		str_add(out, "bash zsh fish");
	else if (c->word == CTL_WORD_FILE)
		str_add(out, "<file>");
	str_add(out, "' ;;\n");
	str_fini(&at);
}

static void
add_names(struct str *out, const struct ctl_command *const *list)
{
	for (size_t i = 0; list[i] != NULL; i++)
		str_addf(out, "%s%s", i > 0 ? " " : "", list[i]->name);
}

static void
add_cases(struct str *out)
{
	str_add(out, "\tcase $at in\n\t'') words='");
	add_names(out, ctl_commands);
	str_add(out, "' ;;\n");
	for (size_t i = 0; ctl_commands[i] != NULL; i++) {
		if (ctl_commands[i]->below == NULL)
			continue;
		str_addf(out, "\t' %s') words='", ctl_commands[i]->name);
		add_names(out, ctl_commands[i]->below);
		str_add(out, "' ;;\n");
	}
	ctl_command_each(add_command, out);
	str_add(out, "\tesac\n");
}

void
complete_bash(struct str *out)
{
	str_add(out, head);
	str_add(out, "\tlocal globals='");
	add_option_words(out, ctl_globals);
	str_add(out, "'\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	    "\t\t_mesh_reply -W '");
	for (size_t i = 0; complete_modes[i] != NULL; i++)
		str_addf(out, "%s%s", i > 0 ? " " : "", complete_modes[i]);
	str_add(out, "' -- \"$cur\"\n\t\treturn 0\n\tfi\n");
	str_add(out, walk);
	each_valued(out, add_skip);
	str_add(out, "\t\t-*) ;;\n"
	    "\t\t*) at=\"$at ${COMP_WORDS[i]}\" ;;\n"
	    "\t\tesac\n\tdone\n\tcase $prev in\n");
	each_valued(out, add_value);
	str_add(out, "\tesac\n");
	add_cases(out);
	str_add(out, tail);
}
