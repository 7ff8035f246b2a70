#include "base/clock.h"
#include "conf/json.h"
#include "conf/units.h"
#include "conf/yaml.h"
#include "model/object.h"
#include "modes/ctl/conditions.h"
#include "modes/ctl/input.h"
#include "modes/ctl/print.h"
#include "modes/ctl/table.h"

bool
print_node(struct ctl *c, const struct conf_node *node)
{
	if (c->format == CTL_JSON)
		conf_json_write_pretty(&c->out, node);
	else if (c->format == CTL_YAML)
		conf_yaml_write(&c->out, node);
	else
		return false;
	return true;
}

void
print_yaml_part(struct ctl *c, const struct conf_node *doc, bool first)
{
	if (!first)
		str_add(&c->out, "---\n");
	conf_yaml_write(&c->out, doc);
}

static void
print_json_list(struct ctl *c, const struct conf_node *items)
{
	struct conf_node *list = conf_map_new(&c->arena);

	conf_set_string(list, "apiVersion", "v1");
	conf_set_string(list, "kind", "List");
	conf_set(list, "items", items == NULL ? conf_list_new(&c->arena) :
	    conf_copy(&c->arena, items));
	conf_json_write_pretty(&c->out, list);
}

static void
add_age(struct table *t, const struct conf_node *doc)
{
	const char *created = conf_string(conf_find(doc,
	    "metadata.creationTimestamp"));
	char age[TABLE_AGE_TEXT];
	int64_t since = 0;

	if (created == NULL || !conf_time_read(slice_str(created), &since))
		since = 0;
	table_age(age, since, clock_wall_s());
	table_add_text(t, age);
}

/* A document that a newer control made may hold what we cannot decode. */
static void
add_kind_columns(struct table *t, const struct ctl *c,
    const struct model_kind *kind, const struct conf_node *doc)
{
	struct err err = ERR_INIT;
	struct model_object *o = model_object_read(doc, MODEL_KNOWN, NULL, &err);
	struct str cell = { 0 };

	for (const struct model_column *col = kind->columns;
	    col != NULL && col->title != NULL; col++) {
		if (col->wide && c->format != CTL_WIDE)
			continue;
		str_clear(&cell);
		if (o != NULL)
			col->print(&cell, o);
		table_add(t, str_slice(&cell));
	}
	str_fini(&cell);
	model_object_unref(o);
}

/* With -o wide, of documents that have any. */
static const struct {
	const char *title, *type;
} conditions[] = {
	{ "ACCEPTED", "Accepted" },
	{ "RESOLVED", "ResolvedRefs" },
	{ "PROGRAMMED", "Programmed" },
};
#define CONDITIONS	(sizeof(conditions) / sizeof(conditions[0]))

/* Whether a column of the i-th condition would show anything. */
static bool
has_condition(const struct ctl *c, const struct conf_node *items, size_t i)
{
	struct str cell = { 0 };

	if (c->format != CTL_WIDE)
		return false;
	CONF_FOREACH(e, items)
		if (cell.len == 0)
			conditions_cell(&cell, e->node, conditions[i].type);
	bool has = cell.len > 0;

	str_fini(&cell);
	return has;
}

static void
add_condition(struct table *t, const struct conf_node *doc, size_t i)
{
	struct str cell = { 0 };

	conditions_cell(&cell, doc, conditions[i].type);
	table_add(t, str_slice(&cell));
	str_fini(&cell);
}

static void
print_table(struct ctl *c, const struct model_kind *kind,
    const struct conf_node *items)
{
	bool namespaces = kind->namespaced && c->namespace == NULL;
	bool shown[CONDITIONS];
	struct table t;

	table_init(&t);
	if (namespaces)
		table_column(&t, "NAMESPACE");
	table_column(&t, "NAME");
	for (const struct model_column *col = kind->columns;
	    col != NULL && col->title != NULL; col++)
		if (!col->wide || c->format == CTL_WIDE)
			table_column(&t, col->title);
	for (size_t i = 0; i < CONDITIONS; i++)
		if ((shown[i] = has_condition(c, items, i)))
			table_column(&t, conditions[i].title);
	table_column(&t, "AGE");
	CONF_FOREACH(e, items) {
		const struct conf_node *meta = conf_get(e->node, "metadata");

		if (namespaces)
			table_add_text(&t, conf_get_string(meta, "namespace"));
		table_add_text(&t, conf_get_string(meta, "name"));
		add_kind_columns(&t, c, kind, e->node);
		for (size_t i = 0; i < CONDITIONS; i++)
			if (shown[i])
				add_condition(&t, e->node, i);
		add_age(&t, e->node);
	}
	table_print(&c->out, &t, c->headers, c->term.colour_out);
	table_fini(&t);
}

static void
print_names(struct ctl *c, const struct model_kind *kind,
    const struct conf_node *items)
{
	CONF_FOREACH(e, items) {
		const char *name = conf_string(conf_find(e->node, "metadata.name"));
		struct str ref = { 0 };

		input_add_ref(&ref, kind, name == NULL ? "" : name);
		str_add_printable(&c->out, str_slice(&ref));
		str_add_char(&c->out, '\n');
		str_fini(&ref);
	}
}

void
print_documents(struct ctl *c, const struct model_kind *kind,
    const struct conf_node *items)
{
	bool first = true;

	switch (c->format) {
	case CTL_JSON:
		print_json_list(c, items);
		break;
	case CTL_YAML:
		CONF_FOREACH(e, items) {
			print_yaml_part(c, e->node, first);
			first = false;
		}
		break;
	case CTL_NAME:
		print_names(c, kind, items);
		break;
	case CTL_TABLE:
	case CTL_WIDE:
		print_table(c, kind, items);
		break;
	}
}

void
print_document(struct ctl *c, const struct model_kind *kind,
    const struct conf_node *doc)
{
	if (print_node(c, doc))
		return;
	struct conf_node *items = conf_list_new(&c->arena);

	conf_add(items, conf_copy(&c->arena, doc));
	print_documents(c, kind, items);
}

void
print_line(struct str *out, const char *title, const char *value)
{
	if (value == NULL)
		return;
	str_addf(out, "%-12s ", title);
	str_add_printable(out, slice_str(value));
	str_add_char(out, '\n');
}
