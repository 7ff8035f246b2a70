#include "modes/ctl/checks.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/print.h"

static int check_all(struct ctl *);

static const struct ctl_example examples[] = {
	{ "check", "control, identities, sidecars, services" },
	{ "check -o json", "for a script" },
	{ 0 },
};

const struct ctl_command cmd_check = {
	.name = "check",
	.arguments = "",
	.summary = "check the health of the mesh, and say what to do about faults",
	.text = "Each line is what was looked at, behind \u221a, \u203c (a "
	    "warning) or \u00d7, which the next line explains. The exit code is "
	    "1 if a check failed; warnings do not count. A port at which somebody "
	    "was heard to speak what it is not declared for, within the last 10 "
	    "minutes, is a warning. So is a machine whose clock is more than 30 "
	    "seconds off control's, and a root or an intermediate that ends "
	    "within 29 days while no other is prepared, or within 6, and a "
	    "certificate in a Secret that ends within 14.",
	.examples = examples,
	.run = check_all,
};

static const char *const marks[] = { [CHECK_SUCCESS] = "\u221a",
	[CHECK_WARNING] = "\u203c", [CHECK_ERROR] = "\u00d7" };

static void
add_mark(struct ctl *c, enum check_result result)
{
	struct slice mark = slice_str(marks[result]);

	term_add(&c->out, c->term.colour_out, term_state_colour(mark), mark);
}

static void
add_detail(struct ctl *c, const char *prefix, const char *text)
{
	str_addf(&c->out, "    %s", prefix);
	str_add_printable(&c->out, slice_str(text));
	str_add_char(&c->out, '\n');
}

static void
print_text(struct ctl *c, const struct checks *k)
{
	const char *category = NULL;

	for (size_t i = 0; i < k->len; i++) {
		const struct check_line *l = &k->lines[i];

		if (l->category != category) {
			str_addf(&c->out, "%s%s\n", category == NULL ? "" : "\n",
			    l->category);
			for (const char *p = l->category; *p != '\0'; p++)
				str_add_char(&c->out, '-');
			str_add_char(&c->out, '\n');
			category = l->category;
		}
		add_mark(c, l->result);
		str_add_char(&c->out, ' ');
		str_add_printable(&c->out, slice_str(l->text));
		str_add_char(&c->out, '\n');
		if (l->why != NULL)
			add_detail(c, "", l->why);
		if (l->hint != NULL)
			add_detail(c, "hint: ", l->hint);
	}
	str_add(&c->out, "\nStatus check results are ");
	add_mark(c, checks_result(k) == CHECK_ERROR ? CHECK_ERROR : CHECK_SUCCESS);
	str_add_char(&c->out, '\n');
}

static const struct conf_node *
as_tree(struct ctl *c, const struct checks *k)
{
	static const char *const words[] = { [CHECK_SUCCESS] = "success",
		[CHECK_WARNING] = "warning", [CHECK_ERROR] = "error" };
	struct conf_node *all = conf_map_new(&c->arena), *list = NULL;
	struct conf_node *categories;
	const char *category = NULL;

	conf_set_bool(all, "success", checks_result(k) != CHECK_ERROR);
	categories = conf_set_list(all, "categories");
	for (size_t i = 0; i < k->len; i++) {
		const struct check_line *l = &k->lines[i];

		if (l->category != category) {
			struct conf_node *map = conf_add_map(categories);

			category = l->category;
			conf_set_string(map, "categoryName", category);
			list = conf_set_list(map, "checks");
		}
		struct conf_node *row = conf_add_map(list);

		conf_set_string(row, "description", l->text);
		conf_set_string(row, "hint", l->hint);
		conf_set_string(row, "error", l->why);
		conf_set_string(row, "result", words[l->result]);
	}
	return all;
}

static int
check_all(struct ctl *c)
{
	struct checks k = { 0 };

	checks_run(c, &k);
	if (!print_node(c, as_tree(c, &k)))
		print_text(c, &k);
	return checks_result(&k) == CHECK_ERROR ? CTL_NO : CTL_OK;
}
