#include <string.h>

#include "model/warn.h"
#include "modes/ctl/problems.h"

/* --- conditions ----------------------------------------------------------- */

/* Of most conditions True is good; of these it is bad, or neither is. */
static const struct {
	const char *type;
	bool        is_bad;
} others[] = {
	{ "PartiallyInvalid", true }, { "Conflicted", true },
	{ "RolledBack", true }, { "mesh.internal/SharesRoot", true },
	{ "Progressing", false }, { "Succeeded", false },
};

/* Whether a condition tells of something that is not well. */
static bool
is_bad(const struct conf_node *condition)
{
	const char *type = conf_get_string(condition, "type");
	const char *status = conf_get_string(condition, "status");

	if (type == NULL || status == NULL)
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(type, others[i].type) == 0)
			return others[i].is_bad && strcmp(status, "False") != 0;
	return strcmp(status, "True") != 0;
}

/* Gives how many there are, good ones too. */
static size_t
add_conditions(struct ctl *c, const struct model_object *o,
    const struct conf_node *of, const char *where, struct conf_node *list)
{
	size_t n = 0;

	CONF_FOREACH(e, conf_get(of, "conditions")) {
		const char *reason = conf_get_string(e->node, "reason");
		const char *message = conf_get_string(e->node, "message");

		n++;
		if (!is_bad(e->node))
			continue;
		conf_add_string(list, arena_printf(&c->arena,
		    "%s %s: %s%s is %s: %s: %s", o->kind->kind,
		    model_object_name(o), where,
		    conf_get_string(e->node, "type"),
		    conf_get_string(e->node, "status"),
		    reason == NULL ? "no reason" : reason,
		    message == NULL ? "" : message));
	}
	return n;
}

/* Those of all listeners, or of the one with this name. */
static size_t
add_listeners(struct ctl *c, const struct model_object *o, const char *only,
    struct conf_node *list)
{
	size_t n = 0;

	CONF_FOREACH(e, conf_get(o->head->status, "listeners")) {
		const char *name = conf_get_string(e->node, "name");

		if (name != NULL && (only == NULL || strcmp(only, name) == 0))
			n += add_conditions(c, o, e->node, arena_printf(
			    &c->arena, "listener %s: ", name), list);
	}
	return n;
}

/* In the status itself, or for each parent, listener or ancestor. */
size_t
problems_of_status(struct ctl *c, const struct model_object *o,
    struct conf_node *list)
{
	static const char *const places[] = { "parents", "ancestors" };
	const struct conf_node *status = o->head->status;
	size_t n = add_conditions(c, o, status, "", list);

	n += add_listeners(c, o, NULL, list);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		CONF_FOREACH(e, conf_get(status, places[i]))
			n += add_conditions(c, o, e->node, "", list);
	return n;
}

/* One line, however many parents it is true of. */
static void
add_line(struct ctl *c, struct conf_node *list, const char *text)
{
	CONF_FOREACH(e, list)
		if (strcmp(conf_string(e->node), text) == 0)
			return;
	conf_add_string(list, arena_strdup(&c->arena, text));
}

static void
find_out(struct traffic *t, const struct model_object *route,
    const struct model_parent_ref *parent, struct conf_node *list)
{
	const struct route_sight seen = traffic_sight(t);
	struct route_status status;

	route_judge_parent(&seen, route, parent, &status);
	for (size_t i = 0; i < status.len && !t->is_blind; i++) {
		const struct route_condition *v = &status.v[i];
		bool is_good = strcmp(v->type, "PartiallyInvalid") != 0;

		if (v->is_true != is_good)
			add_line(t->c, list, arena_printf(&t->c->arena,
			    "%s %s: %s: %s", route->kind->kind,
			    model_object_name(route), v->reason, v->message));
	}
}

void
problems_of_route(struct traffic *t, const struct model_object *route,
    struct conf_node *list)
{
	const struct model_route_at *at = model_route(route);

	if (!t->is_offline && problems_of_status(t->c, route, list) > 0)
		return;
	for (size_t i = 0; i < at->parents_len; i++)
		find_out(t, route, &at->parents[i], list);
}

void
problems_of_gateway(struct traffic *t, const struct model_object *gateway,
    struct conf_node *list)
{
	if (t->is_offline)
		problems_of_set(t, &gateway, 1, list);
	else
		add_conditions(t->c, gateway, gateway->head->status, "", list);
}

void
problems_of_listener(struct traffic *t, const struct route_listener *l,
    struct conf_node *list)
{
	const struct model_listener_tls *tls = l->doc->tls;
	const struct route_sight seen = traffic_sight(t);
	const char *why;

	if (!t->is_offline)
		add_listeners(t->c, l->document, l->doc->name, list);
	if (!t->is_offline || tls == NULL)
		return;
	for (size_t i = 0; i < tls->certificates_len; i++)
		if (route_sight_certificate(&seen, l->document,
		    &tls->certificates[i], &why) != ROUTE_RESOLVED)
			conf_add_string(list, arena_printf(&t->c->arena,
			    "%s %s: listener %s: certificate %s: %s",
			    l->document->kind->kind,
			    model_object_name(l->document), l->doc->name,
			    tls->certificates[i].name, why));
}

/* --- warnings ------------------------------------------------------------- */

struct warned {
	struct traffic                   *traffic;
	const struct model_object *const *objects;
	size_t                            len;
	struct conf_node                 *list;
};

/* A place in a file is worth knowing, one in control's answer is not. */
static void
on_warning(void *arg, const struct model_object *o, const char *text)
{
	const struct warned *w = arg;
	const char *path = strstr(text, ": ");

	for (size_t i = 0; i < w->len; i++)
		if (w->objects[i] == o)
			conf_add_string(w->list, arena_printf(
			    &w->traffic->c->arena, "%s %s: %s", o->kind->kind,
			    model_object_name(o), w->traffic->is_offline ||
			    path == NULL ? text : path + 2));
}

void
problems_of_set(struct traffic *t, const struct model_object *const *objects,
    size_t n, struct conf_node *list)
{
	struct warned w = { t, objects, n, list };

	model_warn(&t->set, 0, on_warning, &w);
}
