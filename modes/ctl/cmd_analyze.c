#include <string.h>

#include "base/mem.h"
#include "model/inert.h"
#include "model/warn.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/input.h"
#include "modes/ctl/problems.h"
#include "modes/ctl/rows.h"

static int analyze(struct ctl *);

enum level { INFO, WARNING, ERROR };
static const char *const levels[] = { [INFO] = "info", [WARNING] = "warning",
	[ERROR] = "error", NULL };

static const struct ctl_option options[] = {
	INPUT_OPTIONS,
	{ "failure-threshold", 0, "LEVEL", .fallback = "error", .words = levels,
	    .text = "info, warning or error: what makes the exit code 1" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "analyze", "what control keeps in the namespace" },
	{ "analyze -f shop/ -R --failure-threshold warning",
	    "files alone, before they are applied" },
	{ 0 },
};

const struct ctl_command cmd_analyze = {
	.name = "analyze",
	.arguments = "",
	.summary = "find what is wrong with documents, and what is likely a mistake",
	.text = "Errors are conditions that are not as they should be; warnings "
	    "are what is allowed and most likely a mistake, references to nothing "
	    "among them; and info is what is accepted and not acted on yet. With "
	    "files, these are taken for all there is. The exit code is 1 when "
	    "there is a finding of the level of --failure-threshold, or above.",
	.options = options,
	.examples = examples,
	.run = analyze,
};

struct analysis {
	struct traffic    traffic;
	struct conf_node *findings;
	enum level        worst;
	bool              found;
};

static bool
is_wanted(const struct analysis *a, const struct model_object *o)
{
	const char *own = o->head->meta.namespace;
	const char *wanted = a->traffic.c->namespace;

	return a->traffic.is_offline || wanted == NULL || own == NULL ||
	    strcmp(own, wanted) == 0;
}

static void
add(struct analysis *a, enum level level, const struct model_object *o,
    const char *text)
{
	struct conf_node *row = conf_add_map(a->findings);

	conf_set_string(row, "level", levels[level]);
	conf_set_string(row, "kind", o->kind->kind);
	conf_set_string(row, "name", model_object_name(o));
	conf_set_string(row, "text", text);
	if (!a->found || level > a->worst)
		a->worst = level;
	a->found = true;
}

/* A place in a file is worth knowing, one in control's answer is not. */
static void
on_warning(void *arg, const struct model_object *o, const char *text)
{
	struct analysis *a = arg;
	const char *path = strstr(text, ": ");

	if (is_wanted(a, o))
		add(a, WARNING, o, a->traffic.is_offline || path == NULL ? text :
		    path + 2);
}

struct idle {
	struct analysis           *analysis;
	const struct model_object *object;
};

static void
on_inert(void *arg, const struct model_inert_field *field, const char *path,
    const struct conf_node *n)
{
	const struct idle *i = arg;

	(void)field;
	(void)n;
	add(i->analysis, INFO, i->object, arena_printf(
	    &i->analysis->traffic.c->arena, "%s: accepted, and not acted on yet",
	    path));
}

/* Texts of problems begin with the kind and the name. */
static const char *
without_name(const char *text)
{
	const char *at = strstr(text, ": ");

	return at == NULL ? text : at + 2;
}

static void
look_at(struct analysis *a, const struct model_object *o)
{
	struct ctl *c = a->traffic.c;
	struct conf_node *list = conf_list_new(&c->arena);
	struct idle idle = { a, o };

	if (model_route(o) != NULL)
		problems_of_route(&a->traffic, o, list);
	else
		problems_of_status(c, o, list);
	CONF_FOREACH(e, list)
		add(a, ERROR, o, without_name(conf_string(e->node)));
	model_inert(o, on_inert, &idle);
}

/* Kinds that we may not read are passed over, unless that is all of them. */
static int
load(struct analysis *a)
{
	struct err refused = ERR_INIT;
	size_t seen = 0;

	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		struct err err = ERR_INIT;

		if (!model_kinds[i]->stored)
			continue;
		if (traffic_load(&a->traffic, model_kinds[i], NULL, &err) == 0)
			seen++;
		else if (err.kind == ERR_DENIED)
			refused = err;
		else
			return ctl_fail_call(a->traffic.c, &err);
	}
	if (refused.kind != ERR_NONE && seen > 0)
		ctl_tell(a->traffic.c, "not looked at: %s", refused.text);
	return seen > 0 || refused.kind == ERR_NONE ? CTL_OK :
	    ctl_fail_call(a->traffic.c, &refused);
}

static void
look_at_all(struct analysis *a)
{
	const struct model_set *set = &a->traffic.set;
	/* A route that is looked at may bring others into the set. */
	size_t n = set->len;

	for (size_t i = 0; i < n; i++)
		if (is_wanted(a, set->objects[i]))
			look_at(a, set->objects[i]);
	model_warn(set, MODEL_WARN_REFERENCES, on_warning, a);
}

static enum level
threshold(const struct ctl *c)
{
	const char *word = ctl_value(c, "failure-threshold");

	for (int i = INFO; i < ERROR; i++)
		if (strcmp(word, levels[i]) == 0)
			return (enum level)i;
	return ERROR;
}

static int
analyze(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "LEVEL", "level", ROWS_TEXT, false },
		{ "KIND", "kind", ROWS_TEXT, false },
		{ "NAME", "name", ROWS_TEXT, false },
		{ "FINDING", "text", ROWS_TEXT, false },
		{ 0 },
	};
	struct analysis a = { .findings = conf_list_new(&c->arena) };
	int code = traffic_open(&a.traffic, c);

	if (code == CTL_OK && !a.traffic.is_offline)
		code = load(&a);
	if (code == CTL_OK) {
		look_at_all(&a);
		rows_print(c, a.findings, columns, "findings");
		if (a.found && a.worst >= threshold(c))
			code = CTL_NO;
	}
	traffic_close(&a.traffic);
	return code;
}
