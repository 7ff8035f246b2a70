#include "base/clock.h"
#include "conf/units.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"
#include "modes/ctl/table.h"

const char *
rows_text(struct ctl *c, const struct conf_node *n)
{
	char number[CONF_FLOAT_TEXT];

	if (n == NULL)
		return NULL;
	switch (n->kind) {
	case CONF_STRING:
		return conf_string(n);
	case CONF_INT:
		return arena_printf(&c->arena, "%lld", (long long)n->integer);
	case CONF_BOOL:
		return n->boolean ? "true" : "false";
	case CONF_FLOAT:
		conf_float_text(number, n->number);
		return arena_strdup(&c->arena, number);
	default:
		return NULL;
	}
}

static void
add_list(struct ctl *c, struct table *t, const struct conf_node *list)
{
	struct str text = { 0 };

	CONF_FOREACH(e, list) {
		const char *item = rows_text(c, e->node);

		str_addf(&text, "%s%s", text.len > 0 ? "," : "",
		    item == NULL ? "?" : item);
	}
	table_add(t, str_slice(&text));
	str_fini(&text);
}

static void
add_time(struct table *t, const struct conf_node *n, enum rows_how how)
{
	const char *text = conf_string(n);
	char out[TABLE_AGE_TEXT];
	int64_t at = 0;

	if (text == NULL || !conf_time_read(slice_str(text), &at))
		at = 0;
	if (how == ROWS_AGE)
		table_age(out, at, clock_wall_s());
	else
		table_due(out, at, clock_wall_s());
	table_add_text(t, out);
}

static void
add_ms(struct table *t, const struct conf_node *n)
{
	double ms = n == NULL ? -1 : n->kind == CONF_INT ? (double)n->integer :
	    n->kind == CONF_FLOAT ? n->number : -1;

	if (ms < 0)
		table_add_text(t, NULL);
	else if (ms < 10)
		table_addf(t, "%.1fms", ms);
	else if (ms < 10000)
		table_addf(t, "%.0fms", ms);
	else
		table_addf(t, "%.1fs", ms / 1000);
}

static void
add_cell(struct ctl *c, struct table *t, const struct rows_column *col,
    const struct conf_node *row)
{
	const struct conf_node *n = conf_find(row, col->field);

	switch (col->how) {
	case ROWS_AGE:
	case ROWS_DUE:
		add_time(t, n, col->how);
		break;
	case ROWS_MS:
		add_ms(t, n);
		break;
	case ROWS_YES:
		table_add_text(t, n != NULL && n->kind == CONF_BOOL &&
		    n->boolean ? "\u221a" : NULL);
		break;
	case ROWS_TEXT:
	case ROWS_NUMBER:
		if (n != NULL && n->kind == CONF_LIST)
			add_list(c, t, n);
		else
			table_add_text(t, rows_text(c, n));
		break;
	}
}

static void
print_names(struct ctl *c, const struct conf_node *list, const char *field)
{
	CONF_FOREACH(e, list) {
		const char *name = rows_text(c, conf_find(e->node, field));

		str_add_printable(&c->out, slice_str(name == NULL ? "-" : name));
		str_add_char(&c->out, '\n');
	}
}

static bool
is_shown(const struct ctl *c, const struct rows_column *col)
{
	return !col->wide || c->format == CTL_WIDE;
}

void
rows_print(struct ctl *c, const struct conf_node *list,
    const struct rows_column *columns, const char *word)
{
	struct table t;

	if (print_node(c, list == NULL ? conf_list_new(&c->arena) : list))
		return;
	if (conf_len(list) == 0) {
		ctl_say(c, "no %s", word);
		return;
	}
	if (c->format == CTL_NAME) {
		print_names(c, list, columns->field);
		return;
	}
	table_init(&t);
	for (const struct rows_column *col = columns; col->title != NULL; col++) {
		if (!is_shown(c, col))
			continue;
		if (col->how == ROWS_NUMBER || col->how == ROWS_MS)
			table_column_right(&t, col->title);
		else
			table_column(&t, col->title);
	}
	CONF_FOREACH(e, list)
		for (const struct rows_column *col = columns; col->title != NULL;
		    col++)
			if (is_shown(c, col))
				add_cell(c, &t, col, e->node);
	table_print(&c->out, &t, c->headers, c->term.colour_out);
	table_fini(&t);
}
