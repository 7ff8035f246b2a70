#include <string.h>

#include "modes/ctl/conditions.h"
#include "modes/ctl/table.h"

/* --- groups ------------------------------------------------------------------------- */

/* Lists in a status whose elements have conditions of their own. */
static const struct {
	const char *list, *name;	/* what tells elements apart */
	bool        counts;		/* whether it is the document that waits */
} lists[] = {
	{ "parents", "parentRef", true },
	{ "ancestors", "ancestorRef", true },
	{ "listeners", "name", false },
};
#define LISTS	(sizeof(lists) / sizeof(lists[0]))

struct group {
	const struct conf_node *conditions;
	const struct conf_node *about;	/* parentRef, a name; NULL: the document */
	bool                    counts;
};

/* Calls back for every group; stops when fn returns false. */
static bool
each_group(const struct conf_node *doc,
    bool (*fn)(void *arg, const struct group *), void *arg)
{
	const struct conf_node *status = conf_get(doc, "status");
	struct group g = { conf_get(status, "conditions"), NULL, true };

	if (conf_len(g.conditions) > 0 && !fn(arg, &g))
		return false;
	for (size_t i = 0; i < LISTS; i++)
		CONF_FOREACH(e, conf_get(status, lists[i].list)) {
			g = (struct group){ conf_get(e->node, "conditions"),
				conf_get(e->node, lists[i].name),
				lists[i].counts };
			if (!fn(arg, &g))
				return false;
		}
	return true;
}

static bool
is_text(const struct conf_node *map, const char *key, struct slice want)
{
	const char *text = conf_get_string(map, key);

	return text != NULL && slice_ieq(slice_str(text), want);
}

static const struct conf_node *
condition_of(const struct group *g, struct slice type)
{
	CONF_FOREACH(e, g->conditions)
		if (is_text(e->node, "type", type))
			return e->node;
	return NULL;
}

/* "Service web", "Gateway infra/edge http", "http". */
static void
add_about(struct str *out, const struct conf_node *about)
{
	const char *kind = conf_get_string(about, "kind");
	const char *ns = conf_get_string(about, "namespace");
	const char *section = conf_get_string(about, "sectionName");
	const char *name = conf_get_string(about, "name");

	if (about != NULL && about->kind != CONF_MAP)
		str_add(out, conf_string(about) == NULL ? "" :
		    conf_string(about));
	else if (about != NULL)
		str_addf(out, "%s %s%s%s%s%s", kind == NULL ? "Gateway" : kind,
		    ns == NULL ? "" : ns, ns == NULL ? "" : "/",
		    name == NULL ? "?" : name, section == NULL ? "" : " ",
		    section == NULL ? "" : section);
}

/* --- wishes ------------------------------------------------------------------------- */

bool
conditions_wish_read(struct conditions_wish *w, struct slice text)
{
	struct slice word;

	if (!slice_cut(&text, '=', &word) || !slice_is(word, "condition") ||
	    !slice_cut(&text, '=', &w->type) || w->type.len == 0)
		return false;
	w->status = text.ptr == NULL ? SLICE("True") : text;
	return w->status.len > 0;
}

struct meeting {
	struct ctl                   *ctl;
	const struct conditions_wish *wish;
	int64_t                       generation;
	size_t                        met;
	const char                   *why;
};

static bool
meets(void *arg, const struct group *g)
{
	struct meeting *m = arg;
	const struct conf_node *c = condition_of(g, m->wish->type);
	const char *message = conf_get_string(c, "message");
	struct str about = { 0 };
	bool is_met;

	if (!g->counts || (c == NULL && g->about == NULL))
		return true;
	is_met = is_text(c, "status", m->wish->status) &&
	    conf_get_int(c, "observedGeneration", m->generation) >=
	    m->generation;
	m->met += is_met;
	if (is_met)
		return true;
	add_about(&about, g->about);
	m->why = arena_printf(&m->ctl->arena, "%s%s%.*s is %s%s%s",
	    str_ptr(&about), about.len > 0 ? ": " : "",
	    SLICE_ARG(m->wish->type),
	    c == NULL ? "not known" : conf_get_string(c, "status"),
	    message == NULL ? "" : ": ", message == NULL ? "" : message);
	str_fini(&about);
	return false;
}

bool
conditions_met(struct ctl *c, const struct conf_node *doc,
    const struct conditions_wish *w, const char **why)
{
	struct meeting m = { .ctl = c, .wish = w, .generation = conf_get_int(
	    conf_get(doc, "metadata"), "generation", 0) };
	bool all = each_group(doc, meets, &m);

	*why = m.why;
	if (all && m.met == 0)
		*why = arena_printf(&c->arena, "it has no condition %.*s",
		    SLICE_ARG(w->type));
	return all && m.met > 0;
}

/* --- showing ------------------------------------------------------------------------- */

struct cell {
	struct str *out;
	const char *type;
	size_t      found;
};

static bool
add_cell(void *arg, const struct group *g)
{
	struct cell *cell = arg;
	const struct conf_node *c = condition_of(g, slice_str(cell->type));
	const char *reason = conf_get_string(c, "reason");

	if (!g->counts || c == NULL)
		return true;
	cell->found++;
	if (!is_text(c, "status", SLICE("True")) && reason != NULL &&
	    strstr(str_ptr(cell->out), reason) == NULL)
		str_addf(cell->out, "%s%s", cell->out->len > 0 ? "," : "",
		    reason);
	return true;
}

void
conditions_cell(struct str *out, const struct conf_node *doc, const char *type)
{
	struct cell cell = { out, type, 0 };

	each_group(doc, add_cell, &cell);
	if (cell.found > 0 && out->len == 0)
		str_add(out, "True");
}

void
conditions_drop(struct conf_node *status)
{
	for (size_t i = 0; status != NULL && i < LISTS; i++) {
		CONF_FOREACH(e, conf_get(status, lists[i].list))
			conf_unset(e->node, "conditions");
		if (lists[i].counts)
			conf_unset(status, lists[i].list);
	}
	if (status != NULL)
		conf_unset(status, "conditions");
}

struct printing {
	struct table table;
	size_t       rows;
};

static bool
add_rows(void *arg, const struct group *g)
{
	struct printing *p = arg;
	struct str about = { 0 };

	add_about(&about, g->about);
	CONF_FOREACH(e, g->conditions) {
		table_add(&p->table, str_slice(&about));
		table_add_text(&p->table, conf_get_string(e->node, "type"));
		table_add_text(&p->table, conf_get_string(e->node, "status"));
		table_add_text(&p->table, conf_get_string(e->node, "reason"));
		table_add_text(&p->table, conf_get_string(e->node, "message"));
		p->rows++;
	}
	str_fini(&about);
	return true;
}

void
conditions_print(struct ctl *c, const struct conf_node *doc)
{
	static const char *const titles[] = { "FOR", "CONDITION", "STATUS",
		"REASON", "MESSAGE" };
	struct printing p = { .rows = 0 };

	table_init(&p.table);
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		table_column(&p.table, titles[i]);
	each_group(doc, add_rows, &p);
	if (p.rows > 0) {
		str_add(&c->out, "Conditions:\n");
		table_print(&c->out, &p.table, c->headers, c->term.colour_out);
	}
	table_fini(&p.table);
}
