#include <stdio.h>
#include <string.h>

#include "model/gateway.h"
#include "modes/control/conditions_judge.h"
#include "route/listeners.h"

/* conditions_route: routes of all kinds, by the functions that proxies run. */

struct judging {
	struct sight                  *sight;
	const struct model_parent_ref *ref;
	const char                    *namespace;	/* of the parent */
	const char                    *hostname;	/* of a listener that takes it */
	const char                    *missing;	/* what is not there, or NULL */
};

static const struct model_kind *const kinds[] = {
	&model_grpc_route_kind, &model_http_route_kind, &model_tls_route_kind,
	&model_tcp_route_kind, &model_udp_route_kind,
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* Puts more behind those that are there. */
static struct model_object **
add_all(struct arena *a, struct model_object **to, size_t *len,
    struct model_object *const *from, size_t n)
{
	struct model_object **all = arena_alloc(a, (*len + n + 1) *
	    sizeof(struct model_object *));

	for (size_t i = 0; i < *len; i++)
		all[i] = to[i];
	for (size_t i = 0; i < n; i++)
		all[(*len)++] = from[i];
	return all;
}

/* --- services ---------------------------------------------------------------------- */

/* Of the kinds that go before its own, those that could be in its way. */
static struct model_object **
list_rivals(struct sight *s, size_t *len)
{
	struct model_object **all = NULL;

	*len = 0;
	for (size_t i = 0; i < KINDS; i++) {
		struct model_object **some;
		size_t n;

		if (!route_goes_before(kinds[i], s->of->kind))
			continue;
		some = sight_list(s, kinds[i], s->of->head->meta.namespace, &n);
		all = add_all(s->arena, all, len, some, n);
	}
	return all;
}

static enum route_reason
meets_service(struct judging *j)
{
	const struct model_object *o = sight_find(j->sight, &model_service_kind,
	    j->namespace, j->ref->name);
	struct model_object **rivals;
	size_t n;

	if (o == NULL) {
		j->missing = "Service";
		return ROUTE_NO_MATCHING_PARENT;
	}
	rivals = list_rivals(j->sight, &n);
	return route_wins_service(j->sight->of, j->ref, o,
	    (const struct model_object *const *)rivals, n);
}

/* --- gateways ---------------------------------------------------------------------- */

static struct conf_pairs
labels_of(void *sight, const char *namespace)
{
	return sight_labels(sight, namespace);
}

/* HTTPRoutes and GRPCRoutes, if there are of both; else no one is in the way. */
static struct model_object **
list_mixed(struct sight *s, size_t *len)
{
	const struct model_kind *own = s->of->kind, *other =
	    own == &model_http_route_kind ? &model_grpc_route_kind :
	    own == &model_grpc_route_kind ? &model_http_route_kind : NULL;
	struct model_object **some, **all = NULL;
	size_t n;

	*len = 0;
	if (other == NULL)
		return NULL;
	some = sight_list(s, other, NULL, &n);
	if (n == 0)
		return NULL;
	all = add_all(s->arena, all, len, some, n);
	some = sight_list(s, own, NULL, &n);
	return add_all(s->arena, all, len, some, n);
}

static bool
is_among(const struct model_object *route, const struct route_listener *l,
    struct model_object *const *all, size_t n, struct sight *s)
{
	const struct route_labels labels = { labels_of, s };
	const struct model_object **out = arena_alloc(s->arena, (n + 1) *
	    sizeof(const struct model_object *));

	n = routes_of_listener((const struct model_object *const *)all, n, l,
	    &labels, out);
	for (size_t i = 0; i < n; i++)
		if (out[i] == route)
			return true;
	return false;
}

static enum route_reason
meets_listener(struct judging *j, const struct route_listener *l,
    struct model_object *const *mixed, size_t n)
{
	struct sight *s = j->sight;
	struct conf_pairs labels = sight_labels(s, s->of->head->meta.namespace);
	enum route_reason r = route_meets_listener(s->of, j->ref, l, &labels);

	if (r != ROUTE_ACCEPTED)
		return r;
	if (n > 0 && !is_among(s->of, l, mixed, n, s))
		return ROUTE_CONFLICTED;
	if (j->hostname == NULL)
		j->hostname = l->doc->hostname;
	return ROUTE_ACCEPTED;
}

/* Whether its Gateway has the listeners of a ListenerSet. */
static bool
is_attached(struct sight *s, const struct model_object *set)
{
	const struct route_labels labels = { labels_of, s };
	const struct model_object_ref *ref = &model_listener_set(set)->spec.parent;
	const struct model_object *gateway = sight_find(s, &model_gateway_kind,
	    ref->namespace != NULL ? ref->namespace :
	    set->head->meta.namespace, ref->name);

	return gateway != NULL && listeners_name(set, gateway) &&
	    listeners_allow(gateway, set, &labels);
}

static enum route_reason
meets_listeners(struct judging *j)
{
	bool is_set = model_ref_is(j->ref->group, j->ref->kind,
	    MODEL_GATEWAY_GROUP, model_listener_set_kind.kind);
	const struct model_object *o = sight_find(j->sight, is_set ?
	    &model_listener_set_kind : &model_gateway_kind, j->namespace,
	    j->ref->name);
	enum route_reason best = ROUTE_NO_MATCHING_PARENT, r;
	struct model_object **mixed;
	size_t n, mixed_len;

	if (o == NULL) {
		j->missing = j->ref->kind;
		return best;
	}
	if (is_set && !is_attached(j->sight, o)) {
		j->missing = "Gateway that takes ListenerSet";
		return best;
	}
	const struct model_listener *l = model_listeners(o, &n);

	mixed = list_mixed(j->sight, &mixed_len);
	for (size_t i = 0; i < n; i++) {
		const struct route_listener at = { &l[i], o };

		r = meets_listener(j, &at, mixed, mixed_len);
		if (r > best)
			best = r;
	}
	return best;
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
	struct route_case c = { .route = j->sight->of,
		.is_service = is_service, .world = &world };
	struct route_status status;

	c.accepted = is_service ? meets_service(j) : meets_listeners(j);
	c.hostname = j->hostname;
	route_judge(&c, &status);
	put_all(j, &status, list);
}

static void
judge(struct sight *s, struct conf_node *status)
{
	const struct model_route_at *at = model_route(s->of);
	const struct conf_node *refs = conf_find(s->of->node, "spec.parentRefs");
	struct conf_node *parents = conf_set_list(status, "parents");

	for (size_t i = 0; i < at->parents_len; i++) {
		const struct model_parent_ref *ref = &at->parents[i];
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
const struct judge judge_grpc_route = { &model_grpc_route_kind, judge, false };
const struct judge judge_tls_route = { &model_tls_route_kind, judge, false };
const struct judge judge_tcp_route = { &model_tcp_route_kind, judge, false };
const struct judge judge_udp_route = { &model_udp_route_kind, judge, false };
