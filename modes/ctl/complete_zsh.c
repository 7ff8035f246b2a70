#include "modes/ctl/complete.h"

static const char head[] =
    "#compdef mesh\n"
    "# zsh completion of mesh: mesh ctl completion zsh > ~/.zfunc/_mesh\n";

static const char tail[] =
    "_mesh() {\n"
    "\tif (( CURRENT == 2 )); then\n"
    "\t\t_mesh_modes\n"
    "\telif [[ $words[2] == ctl ]]; then\n"
    "\t\tshift 1 words\n"
    "\t\t(( CURRENT-- ))\n"
    "\t\t_mesh_ctl\n"
    "\tfi\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _mesh ]; then _mesh \"$@\"; else compdef _mesh mesh; fi\n";

/* In single quotes; brackets and colons mean something to _arguments. */
static void
add_escaped(struct str *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			str_add(out, "\u2019");
		else if (*text == '[' || *text == ']' || *text == ':')
			str_addf(out, "\\%c", *text);
		else
			str_add_char(out, *text);
	}
}

/* "KIND:(services svc)" behind an option or as an argument. */
static void
add_action(struct str *out, enum ctl_word word, const char *const *words)
{
	if (words != NULL) {
		str_add(out, "(");
		for (size_t i = 0; words[i] != NULL; i++)
			str_addf(out, "%s%s", i > 0 ? " " : "", words[i]);
		str_add(out, ")");
		return;
	}
	switch (word) {
	case CTL_WORD_FILE:
		str_add(out, "_files");
		break;
	case CTL_WORD_DIR:
		str_add(out, "_files -/");
		break;
	case CTL_WORD_KIND:
		str_add(out, "(");
		complete_add_kinds(out);
		str_add(out, ")");
		break;
	case CTL_WORD_SHELL:
		str_add(out, "(bash zsh fish)");
		break;
	case CTL_WORD_ANY:
		str_add(out, " ");
		break;
	}
}

static void
add_spec(struct str *out, const struct ctl_option *o, const char *flag)
{
	str_addf(out, " \\\n\t\t%s'%s%s[", o->repeats ? "'*'" : "", flag,
	    o->value == NULL ? "" : flag[1] == '-' ? "=" : "+");
	add_escaped(out, o->text);
	str_add(out, "]");
	if (o->value != NULL) {
		str_add(out, ":");
		add_escaped(out, o->value);
		str_add(out, ":");
		add_action(out, o->word, o->words);
	}
	str_add(out, "'");
}

static void
add_specs(struct str *out, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		struct str flag = { 0 };

		if (o->letter != '\0')
			add_spec(out, o, (char[]){ '-', o->letter, '\0' });
		str_addf(&flag, "--%s", o->name);
		add_spec(out, o, str_ptr(&flag));
		str_fini(&flag);
	}
}

static void
add_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	struct str *out = arg;

	str_add(out, "_mesh_ctl");
	if (group != NULL)
		str_addf(out, "_%s", group->name);
	str_addf(out, "_%s() {\n\t_arguments -s", c->name);
	add_specs(out, ctl_globals);
	add_specs(out, c->options);
	if (c->word != CTL_WORD_ANY) {
		str_add(out, " \\\n\t\t'1:");
		add_escaped(out, c->arguments);
		str_add(out, ":");
		add_action(out, c->word, NULL);
		str_add(out, "'");
	}
	str_add(out, " \\\n\t\t'*: : '\n}\n");
}

/* A function that offers the list, and goes on in the one that was typed. */
static void
add_group(struct str *out, const char *name,
    const struct ctl_command *const *list)
{
	str_addf(out, "%s() {\n\tlocal -a commands=(", name);
	for (size_t i = 0; list[i] != NULL; i++) {
		str_addf(out, "\n\t\t'%s:", list[i]->name);
		add_escaped(out, list[i]->summary);
		str_add(out, "'");
	}
	str_add(out, "\n\t)\n\tlocal line state\n\t_arguments -C -s");
	add_specs(out, ctl_globals);
	str_addf(out, " \\\n\t\t'1:command:->command' '*::argument:->argument'\n"
	    "\tcase $state in\n"
	    "\tcommand) _describe command commands ;;\n"
	    "\targument) (( $+functions[%s_$line[1]] )) && %s_$line[1] ;;\n"
	    "\tesac\n}\n", name, name);
}

void
complete_zsh(struct str *out)
{
	str_add(out, head);
	ctl_command_each(add_command, out);
	for (size_t i = 0; ctl_commands[i] != NULL; i++) {
		struct str name = { 0 };

		if (ctl_commands[i]->below == NULL)
			continue;
		str_addf(&name, "_mesh_ctl_%s", ctl_commands[i]->name);
		add_group(out, str_ptr(&name), ctl_commands[i]->below);
		str_fini(&name);
	}
	add_group(out, "_mesh_ctl", ctl_commands);
	str_add(out, "_mesh_modes() {\n\tcompadd");
	for (size_t i = 0; complete_modes[i] != NULL; i++)
		str_addf(out, " %s", complete_modes[i]);
	str_add(out, "\n}\n");
	str_add(out, tail);
}
