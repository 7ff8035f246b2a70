#include <string.h>

#include "conf/nearest.h"
#include "model/kind.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/help.h"
#include "modes/ctl/input.h"
#include "modes/ctl/table.h"

static int explain(struct ctl *);

static const struct ctl_option options[] = {
	{ "recursive", 'R', NULL, .text = "with what is below" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "explain", "which kinds there are" },
	{ "explain service", "the fields of a kind" },
	{ "explain workload.spec.ports", "what a field holds" },
	{ "explain meshconfig -R", "everything below it as well" },
	{ 0 },
};

const struct ctl_command cmd_explain = {
	.name = "explain",
	.arguments = "[KIND[.FIELD...]]",
	.summary = "describe a kind and its fields",
	.text = "Reads the same tables that documents are checked against, so it "
	    "is never out of date.",
	.max = 1,
	.word = CTL_WORD_KIND,
	.options = options,
	.examples = examples,
	.run = explain,
};

static int
list_kinds(struct ctl *c)
{
	static const char *const titles[] = { "KIND", "SHORT", "APIVERSION",
		"NAMESPACED", "WHAT", NULL };
	struct table t;

	table_init(&t);
	table_columns(&t, titles);
	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		const struct model_kind *k = model_kinds[i];

		table_add_text(&t, k->kind);
		table_add_text(&t, k->short_name);
		table_add_text(&t, k->versions[0]);
		table_add_text(&t, k->namespaced ? "true" : "false");
		table_add_text(&t, k->text);
	}
	table_print(&c->out, &t, c->headers, false);
	table_fini(&t);
	return CTL_OK;
}

/* "name <type> -required-", and what it means below. */
static void
add_field(struct str *out, const struct conf_field *f, const char *name,
    size_t depth)
{
	struct str type = { 0 }, text = { 0 };
	size_t indent = 2 + 2 * depth;

	conf_field_type(&type, f);
	str_addf(out, "%*s%s <%s>%s\n%*s", (int)indent, "", name, str_ptr(&type),
	    f->required ? " -required-" : "", (int)indent + 4, "");
	str_add(&text, f->text == NULL ? "" : f->text);
	if (f->pattern != CONF_TEXT)
		str_addf(&text, "%s%s", text.len > 0 ? "; expected: " : "expected: ",
		    conf_pattern_expected(f->pattern));
	if (f->fallback != NULL)
		str_addf(&text, "%sdefault: %s", text.len > 0 ? "; " : "",
		    f->fallback);
	help_wrap(out, indent + 4, indent + 4, str_ptr(&text));
	str_fini(&type);
	str_fini(&text);
}

static void
walk_field(void *arg, const char *path, const struct conf_field *f)
{
	struct str *out = arg;
	size_t depth = 0;

	for (const char *p = path; *p != '\0'; p++)
		depth += *p == '.';
	add_field(out, f, f->name, depth);
}

static void
add_fields(struct ctl *c, const struct conf_schema *s)
{
	str_add(&c->out, "\nFIELDS:\n");
	if (ctl_has(c, "recursive")) {
		conf_schema_walk(s, walk_field, &c->out);
		return;
	}
	for (const struct conf_field *f = s->fields; f->name != NULL; f++)
		add_field(&c->out, f, f->name, 0);
}

/* The longest part of the path that is known tells where to look further. */
static int
no_field(struct ctl *c, const struct model_kind *k, const char *path)
{
	const struct conf_schema *s = k->schema;
	struct slice rest = slice_str(path), part;
	const char *names[256], *near = NULL;
	size_t n = 0;

	while (s != NULL && slice_cut(&rest, '.', &part)) {
		const struct conf_field *f = s->fields;

		for (n = 0; f[n].name != NULL && n < 256; n++)
			names[n] = f[n].name;
		for (; f->name != NULL && !slice_is(part, f->name); f++)
			;
		if (f->name == NULL) {
			near = conf_nearest(part, names, n);
			break;
		}
		s = f->schema;
	}
	return near == NULL ?
	    ctl_misused(c, "%s has no field \"%s\"", k->kind, path) :
	    ctl_misused(c, "%s has no field \"%s\"; did you mean \"%s\"?", k->kind,
	    path, near);
}

static int
explain(struct ctl *c)
{
	const char *word = ctl_word(c, 0);
	const struct model_kind *k;
	size_t first;

	if (word == NULL)
		return list_kinds(c);
	const char *dot = strchr(word, '.');

	c->args.words[0] = arena_printf(&c->arena, "%.*s", dot == NULL ?
	    (int)strlen(word) : (int)(dot - word), word);
	if (input_kind(c, &k, &first) != CTL_OK)
		return CTL_USAGE;
	str_addf(&c->out, "KIND:     %s\nVERSION:  %s\n\n", k->kind,
	    k->versions[0]);
	if (dot == NULL) {
		help_wrap(&c->out, 0, 0, k->text);
		add_fields(c, k->schema);
		return CTL_OK;
	}
	const struct conf_field *f = conf_schema_find(k->schema, dot + 1);

	if (f == NULL) {
		str_clear(&c->out);
		return no_field(c, k, dot + 1);
	}
	str_add(&c->out, "FIELD:\n");
	add_field(&c->out, f, dot + 1, 0);
	if (f->schema != NULL)
		add_fields(c, f->schema);
	return CTL_OK;
}
