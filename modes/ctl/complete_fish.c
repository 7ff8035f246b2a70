#include "modes/ctl/complete.h"

/*
 * __mesh_at WORD...: whether the words so far, without options, are these;
 * __mesh_below WORD...: or begin with these.
 */
static const char head[] =
    "# fish completion of mesh: mesh ctl completion fish | source\n"
    "function __mesh_words\n"
    "\tset -l skip 0\n"
    "\tfor word in (commandline -opc)[2..-1]\n"
    "\t\tif test $skip = 1\n"
    "\t\t\tset skip 0\n"
    "\t\telse if contains -- $word $__mesh_valued\n"
    "\t\t\tset skip 1\n"
    "\t\telse if not string match -q -- '-*' $word\n"
    "\t\t\techo $word\n"
    "\t\tend\n"
    "\tend\n"
    "end\n"
    "function __mesh_at\n"
    "\tset -l words (__mesh_words)\n"
    "\ttest \"$words\" = \"$argv\"\n"
    "end\n"
    "function __mesh_below\n"
    "\tset -l words (__mesh_words)\n"
    "\tset -l n (count $argv)\n"
    "\ttest (count $words) -ge $n; and test \"$words[1..$n]\" = \"$argv\"\n"
    "end\n"
    "complete -c mesh -f\n";

static void
add_valued(struct str *out, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		if (o->value == NULL)
			continue;
		if (o->letter != '\0')
			str_addf(out, " -%c", o->letter);
		str_addf(out, " --%s", o->name);
	}
}

static void
add_valued_of(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	(void)group;
	add_valued(arg, c->options);
}

static void
add_line(struct str *out, const char *test, const char *at)
{
	str_addf(out, "complete -c mesh -n '%s ctl%s'", test, at);
}

static void
add_options(struct str *out, const char *at, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		add_line(out, "__mesh_below", at);
		if (o->letter != '\0')
			str_addf(out, " -s %c", o->letter);
		str_addf(out, " -l %s", o->name);
		if (o->value != NULL)
			str_add(out, o->word == CTL_WORD_FILE ||
			    o->word == CTL_WORD_DIR ? " -r -F" : " -x");
		if (o->words != NULL) {
			str_add(out, " -a '");
			for (size_t i = 0; o->words[i] != NULL; i++)
				str_addf(out, "%s%s", i > 0 ? " " : "", o->words[i]);
			str_add(out, "'");
		}
		str_add(out, " -d ");
		complete_add_quoted(out, o->text);
		str_add_char(out, '\n');
	}
}

static void
add_argument(struct str *out, const char *at, const struct ctl_command *c)
{
	if (c->word == CTL_WORD_ANY)
		return;
	add_line(out, c->word == CTL_WORD_FILE ? "__mesh_below" : "__mesh_at", at);
	if (c->word == CTL_WORD_FILE)
		str_add(out, " -F");
	else if (c->word == CTL_WORD_SHELL)
		str_add(out, " -a 'bash zsh fish'");
	else {
		str_add(out, " -a '");
		complete_add_kinds(out);
		str_add(out, "'");
	}
	str_add_char(out, '\n');
}

static void
add_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	struct str *out = arg, at = { 0 };

	if (group != NULL)
		str_addf(&at, " %s", group->name);
	add_line(out, "__mesh_at", str_ptr(&at));
	str_addf(out, " -a %s -d ", c->name);
	complete_add_quoted(out, c->summary);
	str_add_char(out, '\n');
	str_addf(&at, " %s", c->name);
	add_argument(out, str_ptr(&at), c);
	add_options(out, str_ptr(&at), c->options);
	str_fini(&at);
}

void
complete_fish(struct str *out)
{
	str_add(out, head);
	str_add(out, "set -g __mesh_valued");
	add_valued(out, ctl_globals);
	ctl_command_each(add_valued_of, out);
	str_add(out, "\ncomplete -c mesh -n '__mesh_at' -a '");
	for (size_t i = 0; complete_modes[i] != NULL; i++)
		str_addf(out, "%s%s", i > 0 ? " " : "", complete_modes[i]);
	str_add(out, "'\n");
	for (size_t i = 0; ctl_commands[i] != NULL; i++)
		if (ctl_commands[i]->below != NULL) {
			add_line(out, "__mesh_at", "");
			str_addf(out, " -a %s -d ", ctl_commands[i]->name);
			complete_add_quoted(out, ctl_commands[i]->summary);
			str_add_char(out, '\n');
		}
	add_options(out, "", ctl_globals);
	ctl_command_each(add_command, out);
}
