#include "route/judge.h"

#include <stdio.h>
#include <string.h>

#include "model/extension.h"
#include "model/reference_grant.h"
#include "model/secret.h"
#include "model/xbackend.h"
#include "route/listeners.h"

/* --- what there is ---------------------------------------------------------- */

struct conf_pairs
route_sight_labels(const struct route_sight *s, const char *namespace)
{
	const struct model_object *o = s->find(s->arg, &model_namespace_kind,
	    NULL, namespace);
	const struct conf_pairs *has = o == NULL ? NULL : &o->head->meta.labels;
	size_t n = has == NULL ? 0 : has->len;
	struct conf_pair *items = arena_alloc(s->arena, (n + 1) *
	    sizeof(*items));

	if (n > 0)
		memcpy(items, has->items, n * sizeof(*items));
	/* Selectors count on it. */
	items[n] = (struct conf_pair){ .key = "kubernetes.io/metadata.name",
		.value = namespace };
	return (struct conf_pairs){ items, n + 1 };
}

/* The struct is only read. */
static struct conf_pairs
labels_of(void *sight, const char *namespace)
{
	return route_sight_labels(sight, namespace);
}

struct route_labels
route_labels_seen(const struct route_sight *s)
{
	union { const struct route_sight *from; void *to; } u = { s };

	return (struct route_labels){ labels_of, u.to };
}

bool
route_sight_grants(const struct route_sight *s, const struct model_object *from,
    const struct model_object_ref *to)
{
	size_t n;
	const struct model_object **grants = s->list(s->arg,
	    &model_reference_grant_kind, to->namespace, &n);

	for (size_t i = 0; i < n; i++)
		if (model_grant_allows(grants[i], from, to->group, to->kind,
		    to->namespace, to->name))
			return true;
	return false;
}

static enum route_reason
find_service(const struct route_sight *s, enum model_transport transport,
    const struct model_object_ref *to)
{
	const struct model_object *o = s->find(s->arg, &model_service_kind,
	    to->namespace, to->name);

	if (o == NULL || (to->port != 0 &&
	    model_service_port_on(model_service(o), to->port, transport) ==
	    NULL))
		return ROUTE_BACKEND_NOT_FOUND;
	return ROUTE_RESOLVED;
}

static enum route_reason
find_xbackend(const struct route_sight *s, const struct model_object_ref *to)
{
	const struct model_object *o = s->find(s->arg, &model_xbackend_kind,
	    to->namespace, to->name);

	if (o == NULL)
		return ROUTE_BACKEND_NOT_FOUND;
	return model_xbackend_is_host(o) ? ROUTE_RESOLVED : ROUTE_INVALID_KIND;
}

enum route_reason
route_sight_backend(const struct route_sight *s, enum model_transport transport,
    const struct model_object_ref *to)
{
	if (model_ref_is(to->group, to->kind, "", "Service"))
		return find_service(s, transport, to);
	if (model_ref_is(to->group, to->kind, MODEL_X_GROUP, "XBackend"))
		return find_xbackend(s, to);
	/* Nothing can be sent to one, but a filter can be one. */
	const struct model_kind *kind = to->port != 0 ? NULL :
	    model_extension_kind(to->group, to->kind);

	if (kind == NULL)
		return ROUTE_INVALID_KIND;
	return s->find(s->arg, kind, to->namespace, to->name) == NULL ?
	    ROUTE_BACKEND_NOT_FOUND : ROUTE_RESOLVED;
}

enum route_reason
route_sight_certificate(const struct route_sight *s,
    const struct model_object *document, const struct model_object_ref *ref,
    const char **why)
{
	struct model_object_ref full = *ref;
	const char *own = document->head->meta.namespace;
	const struct model_object *o;
	struct err err = ERR_INIT;

	if (full.namespace == NULL)
		full.namespace = own;
	*why = "it is no Secret";
	if (!model_ref_is(full.group, full.kind, "", "Secret"))
		return ROUTE_INVALID_KIND;
	*why = "no ReferenceGrant there allows it";
	if (strcmp(full.namespace, own) != 0 &&
	    !route_sight_grants(s, document, &full))
		return ROUTE_REF_NOT_PERMITTED;
	o = s->find(s->arg, &model_secret_kind, full.namespace, full.name);
	*why = "there is none";
	if (o == NULL)
		return ROUTE_BACKEND_NOT_FOUND;
	if (model_secret_check_pair(o, &err) == 0)
		return ROUTE_RESOLVED;
	*why = arena_printf(s->arena, "%s", err.text);
	return ROUTE_BACKEND_NOT_FOUND;
}

/* --- a route at one parent ---------------------------------------------------- */

struct judging {
	const struct route_sight      *sight;
	const struct model_object     *route;
	const struct model_parent_ref *ref;
	const char                    *namespace;	/* of the parent */
	const char                    *hostname;	/* of a listener that takes it */
	const char                    *missing;	/* what is not there, or NULL */
};

static const struct model_object *
find(const struct judging *j, const struct model_kind *kind,
    const char *namespace, const char *name)
{
	return j->sight->find(j->sight->arg, kind, namespace, name);
}

static const struct model_object **
list(const struct judging *j, const struct model_kind *kind,
    const char *namespace, size_t *n)
{
	return j->sight->list(j->sight->arg, kind, namespace, n);
}

/* Puts more behind those that are there. */
static const struct model_object **
add_all(struct arena *a, const struct model_object **to, size_t *len,
    const struct model_object **from, size_t n)
{
	const struct model_object **all = arena_alloc(a, (*len + n + 1) *
	    sizeof(const struct model_object *));

	for (size_t i = 0; i < *len; i++)
		all[i] = to[i];
	for (size_t i = 0; i < n; i++)
		all[(*len)++] = from[i];
	return all;
}

/* --- services ----------------------------------------------------------------- */

static const struct model_kind *const kinds[] = {
	&model_grpc_route_kind, &model_http_route_kind, &model_tls_route_kind,
	&model_tcp_route_kind, &model_udp_route_kind,
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* Of the kinds that go before its own, those that could be in its way. */
static const struct model_object **
list_rivals(const struct judging *j, size_t *len)
{
	const struct model_object **all = NULL;

	*len = 0;
	for (size_t i = 0; i < KINDS; i++) {
		const struct model_object **some;
		size_t n;

		if (!route_goes_before(kinds[i], j->route->kind))
			continue;
		some = list(j, kinds[i], j->route->head->meta.namespace, &n);
		all = add_all(j->sight->arena, all, len, some, n);
	}
	return all;
}

static enum route_reason
meets_service(struct judging *j)
{
	const struct model_object *o = find(j, &model_service_kind,
	    j->namespace, j->ref->name);
	const struct model_object **rivals;
	size_t n;

	if (o == NULL) {
		j->missing = "Service";
		return ROUTE_NO_MATCHING_PARENT;
	}
	rivals = list_rivals(j, &n);
	return route_wins_service(j->route, j->ref, o, rivals, n);
}

/* --- gateways ----------------------------------------------------------------- */

/* HTTPRoutes and GRPCRoutes, if there are of both; else no one is in the way. */
static const struct model_object **
list_mixed(const struct judging *j, size_t *len)
{
	const struct model_kind *own = j->route->kind, *other =
	    own == &model_http_route_kind ? &model_grpc_route_kind :
	    own == &model_grpc_route_kind ? &model_http_route_kind : NULL;
	const struct model_object **some, **all = NULL;
	size_t n;

	*len = 0;
	if (other == NULL)
		return NULL;
	some = list(j, other, NULL, &n);
	if (n == 0)
		return NULL;
	all = add_all(j->sight->arena, all, len, some, n);
	some = list(j, own, NULL, &n);
	return add_all(j->sight->arena, all, len, some, n);
}

static bool
is_among(const struct judging *j, const struct route_listener *l,
    const struct model_object **all, size_t n)
{
	const struct route_labels labels = route_labels_seen(j->sight);
	const struct model_object **out = arena_alloc(j->sight->arena, (n + 1) *
	    sizeof(const struct model_object *));

	n = routes_of_listener(all, n, l, &labels, out);
	for (size_t i = 0; i < n; i++)
		if (out[i] == j->route)
			return true;
	return false;
}

static enum route_reason
meets_listener(struct judging *j, const struct route_listener *l,
    const struct model_object **mixed, size_t n)
{
	struct conf_pairs labels = route_sight_labels(j->sight,
	    j->route->head->meta.namespace);
	enum route_reason r = route_meets_listener(j->route, j->ref, l, &labels);

	if (r != ROUTE_ACCEPTED)
		return r;
	if (n > 0 && !is_among(j, l, mixed, n))
		return ROUTE_CONFLICTED;
	if (j->hostname == NULL)
		j->hostname = l->doc->hostname;
	return ROUTE_ACCEPTED;
}

/* Whether its Gateway has the listeners of a ListenerSet. */
static bool
is_attached(const struct judging *j, const struct model_object *set)
{
	const struct route_labels labels = route_labels_seen(j->sight);
	const struct model_object_ref *ref = &model_listener_set(set)->spec.parent;
	const struct model_object *gateway = find(j, &model_gateway_kind,
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
	const struct model_object *o = find(j, is_set ?
	    &model_listener_set_kind : &model_gateway_kind, j->namespace,
	    j->ref->name);
	enum route_reason best = ROUTE_NO_MATCHING_PARENT, r;
	const struct model_object **mixed;
	size_t n, mixed_len;

	if (o == NULL) {
		j->missing = j->ref->kind;
		return best;
	}
	if (is_set && !is_attached(j, o)) {
		j->missing = "Gateway that takes ListenerSet";
		return best;
	}
	const struct model_listener *l = model_listeners(o, &n);

	mixed = list_mixed(j, &mixed_len);
	for (size_t i = 0; i < n; i++) {
		const struct route_listener at = { &l[i], o };

		r = meets_listener(j, &at, mixed, mixed_len);
		if (r > best)
			best = r;
	}
	return best;
}

/* --- all of it ---------------------------------------------------------------- */

static enum route_reason
find_ref(const void *arg, const struct model_object_ref *to)
{
	const struct judging *j = arg;

	return route_sight_backend(j->sight, j->route->kind ==
	    &model_udp_route_kind ? MODEL_UDP : MODEL_TCP, to);
}

static bool
is_granted(const void *arg, const char *from, const struct model_object_ref *to)
{
	const struct judging *j = arg;

	(void)from;	/* the route's own */
	return route_sight_grants(j->sight, j->route, to);
}

void
route_judge_parent(const struct route_sight *s,
    const struct model_object *route, const struct model_parent_ref *ref,
    struct route_status *out)
{
	struct judging j = { .sight = s, .route = route, .ref = ref,
		.namespace = ref->namespace != NULL ? ref->namespace :
		    route->head->meta.namespace };
	const struct route_world world = { find_ref, is_granted, &j };
	struct route_case c = { .route = route, .world = &world,
		.is_service = model_parent_is_service(ref) };

	c.accepted = c.is_service ? meets_service(&j) : meets_listeners(&j);
	c.hostname = j.hostname;
	route_judge(&c, out);
	if (j.missing != NULL)
		snprintf(out->v[0].message, sizeof(out->v[0].message),
		    "there is no %s %s/%s", j.missing, j.namespace, ref->name);
}
