#include <string.h>

#include "modes/ctl/help.h"
#include "modes/ctl/term.h"

#define FLAG_COLUMN	30	/* where the words of an option begin */

static void
add_spaces(struct str *out, size_t n)
{
	while (n-- > 0)
		str_add_char(out, ' ');
}

void
help_wrap(struct str *out, size_t at, size_t indent, const char *text)
{
	struct slice rest = slice_str(text), word;
	bool first = true;

	while (slice_cut(&rest, ' ', &word)) {
		size_t width = term_width(word);

		if (!first && at + 1 + width > HELP_WIDTH) {
			str_add_char(out, '\n');
			add_spaces(out, indent);
			at = indent;
		} else if (!first) {
			str_add_char(out, ' ');
			at++;
		}
		str_add_slice(out, word);
		at += width;
		first = false;
	}
	str_add_char(out, '\n');
}

/* "  NAME   text": text begins at column, or on the next line. */
static void
add_item(struct str *out, struct slice name, size_t column, const char *text)
{
	size_t at = 2 + term_width(name);

	str_add(out, "  ");
	str_add_slice(out, name);
	if (at + 2 > column) {
		str_add_char(out, '\n');
		at = 0;
	}
	add_spaces(out, column - at);
	help_wrap(out, column, column, text);
}

void
help_flag(struct str *out, const struct ctl_option *o)
{
	if (o->letter != '\0')
		str_addf(out, "-%c, ", o->letter);
	else
		str_add(out, "    ");
	str_addf(out, "--%s", o->name);
	if (o->value != NULL)
		str_addf(out, " %s", o->value);
}

static void
add_options(struct str *out, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		struct str flag = { 0 }, text = { 0 };

		help_flag(&flag, o);
		str_add(&text, o->text);
		if (o->repeats)
			str_add(&text, "; may be repeated");
		if (o->fallback != NULL)
			str_addf(&text, " (default %s)", o->fallback);
		if (o->env != NULL)
			str_addf(&text, " [%s]", o->env);
		add_item(out, str_slice(&flag), FLAG_COLUMN, str_ptr(&text));
		str_fini(&flag);
		str_fini(&text);
	}
}

static void
add_commands(struct str *out, const struct ctl_command *const *list)
{
	size_t longest = 0;

	for (size_t i = 0; list[i] != NULL; i++)
		if (strlen(list[i]->name) > longest)
			longest = strlen(list[i]->name);
	for (size_t i = 0; list[i] != NULL; i++)
		add_item(out, slice_str(list[i]->name), longest + 4,
		    list[i]->summary);
}

static void
add_examples(struct str *out, const struct ctl_example *e)
{
	if (e == NULL)
		return;
	str_add(out, "\nexamples:\n");
	for (; e->line != NULL; e++) {
		str_addf(out, "  mesh ctl %s\n      ", e->line);
		help_wrap(out, 6, 6, e->text);
	}
}

void
help_usage(struct str *out, const struct ctl_command *group,
    const struct ctl_command *c)
{
	str_add(out, "mesh ctl ");
	if (group != NULL)
		str_addf(out, "%s ", group->name);
	str_add(out, c->name);
	if (c->below != NULL)
		str_add(out, " COMMAND");
	if (*c->arguments != '\0')
		str_addf(out, " %s", c->arguments);
	if (c->needs != NULL)
		str_addf(out, " %s", c->needs);
	str_add(out, " [OPTION...]");
}

/* Paragraphs are parted by newlines. */
static void
add_text(struct str *out, const char *text)
{
	struct slice rest = slice_str(text), line;

	while (slice_cut(&rest, '\n', &line)) {
		char *copy = NULL;
		struct str s = { 0 };

		str_add_slice(&s, line);
		copy = s.ptr;
		str_add_char(out, '\n');
		help_wrap(out, 0, 0, copy);
		str_fini(&s);
	}
}

void
help_command(struct str *out, const struct ctl_command *group,
    const struct ctl_command *c)
{
	str_addf(out, "%s\n\nusage: ", c->summary);
	help_usage(out, group, c);
	str_add_char(out, '\n');
	if (c->alias != NULL)
		str_addf(out, "also: %s\n", c->alias);
	add_examples(out, c->examples);
	if (c->text != NULL)
		add_text(out, c->text);
	if (c->asks)
		add_text(out, "Asks first; where nobody can be asked, --yes is "
		    "required.");
	if (c->below != NULL) {
		str_add(out, "\ncommands:\n");
		add_commands(out, c->below);
	}
	if (c->options != NULL) {
		str_add(out, "\noptions:\n");
		add_options(out, c->options);
	}
	str_add(out, "\nmesh ctl --help lists the options that every command "
	    "has.\n");
}

void
help_overview(struct str *out)
{
	static const struct ctl_example examples[] = {
		{ "apply -f shop.yaml", "create or change what a file says" },
		{ "get services -A", "what there is" },
		{ "stat", "how the traffic goes" },
		{ "check", "whether all is well" },
		{ 0 },
	};

	str_add(out, "look at a mesh and change it\n\n"
	    "usage: mesh ctl COMMAND [OPTION...]\n");
	add_examples(out, examples);
	str_add(out, "\ncommands:\n");
	add_commands(out, ctl_commands);
	str_add(out, "\noptions of every command:\n");
	add_options(out, ctl_globals);
	str_add(out, "\nmesh ctl COMMAND --help says more; so does mesh-ctl(1).\n");
}
