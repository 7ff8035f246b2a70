#include "conf/node.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/help.h"
#include "modes/ctl/print.h"

static int help(struct ctl *);

static const struct ctl_example examples[] = {
	{ "help", "which commands there are" },
	{ "help token create", "the same as token create --help" },
	{ "help -o json", "every command and option, for a program" },
	{ 0 },
};

const struct ctl_command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND...]",
	.summary = "show the help of a command",
	.max = 2,
	.examples = examples,
	.run = help,
};

static void
add_options(struct conf_node *map, const struct ctl_option *o)
{
	struct conf_node *list = conf_set_list(map, "options");

	for (; o != NULL && o->name != NULL; o++) {
		struct conf_node *row = conf_add_map(list);
		char letter[] = { o->letter, '\0' };

		conf_set_string(row, "name", o->name);
		if (o->letter != '\0')
			conf_set_string(row, "letter", letter);
		conf_set_string(row, "value", o->value);
		conf_set_string(row, "default", o->fallback);
		conf_set_string(row, "environment", o->env);
		conf_set_bool(row, "repeats", o->repeats);
		conf_set_string(row, "text", o->text);
	}
}

static void
add_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	struct conf_node *row = conf_add_map(arg);
	struct conf_node *list;

	conf_set_string(row, "group", group == NULL ? NULL : group->name);
	conf_set_string(row, "name", c->name);
	conf_set_string(row, "alias", c->alias);
	conf_set_string(row, "arguments", c->arguments);
	conf_set_string(row, "needs", c->needs);
	conf_set_string(row, "summary", c->summary);
	conf_set_bool(row, "asks", c->asks);
	add_options(row, c->options);
	list = conf_set_list(row, "examples");
	for (const struct ctl_example *e = c->examples; e->line != NULL; e++)
		conf_add_string(list, e->line);
}

static int
print_all(struct ctl *c)
{
	struct conf_node *all = conf_map_new(&c->arena);

	add_options(all, ctl_globals);
	ctl_command_each(add_command, conf_set_list(all, "commands"));
	if (!print_node(c, all))
		help_overview(&c->out);
	return CTL_OK;
}

static int
help(struct ctl *c)
{
	const struct ctl_command *group = NULL, *found = NULL;
	const struct ctl_command *const *list = ctl_commands;

	for (size_t i = 0; i < c->args.len; i++) {
		group = found;
		found = list == NULL ? NULL :
		    ctl_command_find(list, ctl_word(c, i));
		if (found == NULL)
			return ctl_misused(c, "unknown command \"%s\"",
			    ctl_word(c, i));
		list = found->below;
	}
	if (found == NULL)
		return print_all(c);
	help_command(&c->out, group, found);
	return CTL_OK;
}
