#include <stdio.h>
#include <string.h>

#include "model/gateway.h"
#include "modes/control/conditions_judge.h"

/* conditions_route: HTTPRoute, by the functions that proxies compile it with. */

struct judging {
	struct sight                  *sight;
	const struct model_parent_ref *ref;
	const char                    *namespace;	/* of the parent */
	struct route_listener         *listeners;	/* a Gateway's */
	size_t                         len;
	struct conf_pairs              labels;	/* of the route's namespace */
	const char                    *missing;	/* what is not there, or NULL */
};

/* --- parents ----------------------------------------------------------------------- */

static enum route_reason
meets_service(struct judging *j)
{
	const struct model_object *o = sight_find(j->sight, &model_service_kind,
	    j->namespace, j->ref->name);

	if (o != NULL)
		return http_route_meets_service(j->sight->of, j->ref, o);
	j->missing = "Service";
	return ROUTE_NO_MATCHING_PARENT;
}

static void
add_listeners(struct judging *j, const struct model_listener *from, size_t n)
{
	j->listeners = arena_alloc(j->sight->arena, (n + 1) *
	    sizeof(*j->listeners));
	for (size_t i = 0; i < n; i++)
		j->listeners[i] = (struct route_listener){ &from[i],
			j->namespace };
	j->len = n;
}

static enum route_reason
meets_listeners(struct judging *j)
{
	bool is_set = model_ref_is(j->ref->group, j->ref->kind,
	    MODEL_GATEWAY_GROUP, model_listener_set_kind.kind);
	const struct model_object *o = sight_find(j->sight, is_set ?
	    &model_listener_set_kind : &model_gateway_kind, j->namespace,
	    j->ref->name);

	if (o == NULL) {
		j->missing = j->ref->kind;
		return ROUTE_NO_MATCHING_PARENT;
	}
	if (is_set)
		add_listeners(j, model_listener_set(o)->spec.listeners,
		    model_listener_set(o)->spec.listeners_len);
	else
		add_listeners(j, model_gateway(o)->spec.listeners,
		    model_gateway(o)->spec.listeners_len);
	j->labels = sight_labels(j->sight, j->sight->of->head->meta.namespace);
	return http_route_meets_gateway(j->sight->of, j->ref, j->listeners,
	    j->len, &j->labels);
}

/* --- rules ------------------------------------------------------------------------- */

static const void *
no_payload(void *arg, const struct model_object *route, size_t rule)
{
	(void)route;
	(void)rule;
	return arg;
}

/* Into a table that nobody asks, to see what becomes of its rules. */
static void
try_rules(struct judging *j, bool is_service, struct route_built *built)
{
	const struct model_object *route = j->sight->of;
	struct route_parent parent = { .is_service = is_service,
		.payload = no_payload, .arg = j };
	struct route_table *t = route_table_new();

	for (size_t i = 0; i < j->len; i++)
		if (http_route_meets_listener(route, j->ref, &j->listeners[i],
		    &j->labels) == ROUTE_ACCEPTED) {
			parent.hostname = j->listeners[i].doc->hostname;
			break;
		}
	http_route_add(t, route, &parent, built);
	route_table_unref(t);
}

/* --- references -------------------------------------------------------------------- */

static enum route_reason
find_ref(const void *arg, const struct model_object_ref *to)
{
	const struct judging *j = arg;

	return sight_backend(j->sight, to);
}

static bool
is_granted(const void *arg, const char *from, const struct model_object_ref *to)
{
	const struct judging *j = arg;

	(void)from;	/* the route's own */
	return sight_granted(j->sight, to);
}

/* --- all of it --------------------------------------------------------------------- */

static void
put_all(const struct judging *j, const struct route_status *status,
    struct conf_node *list)
{
	for (size_t i = 0; i < status->len; i++) {
		const struct route_condition *c = &status->v[i];
		const char *message = c->message;

		if (i == 0 && j->missing != NULL)
			message = arena_printf(j->sight->arena,
			    "there is no %s %s/%s", j->missing, j->namespace,
			    j->ref->name);
		condition_put(j->sight, list, c->type,
		    c->is_true ? "True" : "False", c->reason, message);
	}
	condition_promise(j->sight, list, status->v[0].is_true);
	condition_ignored(j->sight, list);
}

static void
judge_parent(struct judging *j, struct conf_node *list)
{
	bool is_service = model_parent_is_service(j->ref);
	const struct route_world world = { find_ref, is_granted, j };
	struct route_built built = { .err = ERR_INIT };
	struct model_object_ref bad = { 0 };
	struct route_status status;
	enum route_reason accepted, refs;

	accepted = is_service ? meets_service(j) : meets_listeners(j);
	if (accepted == ROUTE_ACCEPTED)
		try_rules(j, is_service, &built);
	refs = http_route_refs(j->sight->of, is_service, &world, &bad);
	route_status_fill(&status, accepted, &built, refs, &bad);
	put_all(j, &status, list);
}

static void
judge(struct sight *s, struct conf_node *status)
{
	const struct model_http_route *r = model_http_route(s->of);
	const struct conf_node *refs = conf_find(s->of->node, "spec.parentRefs");
	struct conf_node *parents = conf_set_list(status, "parents");

	for (size_t i = 0; i < r->spec.parents_len; i++) {
		const struct model_parent_ref *ref = &r->spec.parents[i];
		struct conf_node *parent = conf_add_map(parents);
		struct judging j = { .sight = s, .ref = ref,
			.namespace = ref->namespace != NULL ? ref->namespace :
			    s->of->head->meta.namespace };

		conf_set(parent, "parentRef", conf_copy(s->arena,
		    conf_at(refs, i)));
		conf_set_string(parent, "controllerName", MODEL_CONTROLLER);
		judge_parent(&j, conf_set_list(parent, "conditions"));
	}
}

const struct judge judge_http_route = { &model_http_route_kind, judge, false };
