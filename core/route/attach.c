#include "route/attach.h"

#include <stdlib.h>
#include <string.h>

static const char *
namespace_of(const struct model_object *o)
{
	return o->head->meta.namespace;
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
route_names(const struct model_object *route,
    const struct model_parent_ref *ref, const struct model_object *parent)
{
	const char *ns = ref->namespace != NULL ? ref->namespace :
	    namespace_of(route);
	const char *group = parent->kind == &model_service_kind ? "" :
	    parent->kind->group;

	return model_ref_is(ref->group, ref->kind, group, parent->kind->kind) &&
	    is_same(ref->name, parent->head->meta.name) &&
	    is_same(ns, namespace_of(parent));
}

/* --- hosts ------------------------------------------------------------------------ */

static bool
is_wildcard(struct slice host)
{
	return host.len > 0 && host.ptr[0] == '*';
}

/* Whether every host of b is one of a. */
static bool
host_holds(struct slice a, struct slice b)
{
	if (a.len == 0)
		return true;
	if (!is_wildcard(a))
		return slice_ieq(a, b);
	struct slice tail = slice_from(a, 1);

	return b.len >= a.len && slice_ieq(slice_from(b, b.len - tail.len), tail);
}

bool
route_hosts_meet(struct slice a, struct slice b, struct slice *out)
{
	bool holds = host_holds(a, b);

	*out = holds ? b : a;
	return holds || host_holds(b, a);
}

static bool
meets_hostname(const struct model_route_at *r, const char *hostname)
{
	struct slice host;

	for (size_t i = 0; i < r->hostnames_len; i++)
		if (route_hosts_meet(slice_str(hostname),
		    slice_str(r->hostnames[i]), &host))
			return true;
	return r->hostnames_len == 0;
}

/* Whether two routes can both be meant by a request for one listener. */
static bool
share_a_host(const struct model_object *x, const struct model_object *y)
{
	const struct model_route_at *a = model_route(x), *b = model_route(y);

	if (a->hostnames_len == 0 || b->hostnames_len == 0)
		return true;
	for (size_t i = 0; i < a->hostnames_len; i++)
		if (meets_hostname(b, a->hostnames[i]))
			return true;
	return false;
}

/* --- listeners ---------------------------------------------------------------------- */

enum route_reason
route_meets_listener(const struct model_object *route,
    const struct model_parent_ref *ref, const struct route_listener *l,
    const struct conf_pairs *labels)
{
	const struct model_listener *doc = l->doc;

	if ((ref->section != NULL && !is_same(ref->section, doc->name)) ||
	    (ref->port != 0 && ref->port != doc->port))
		return ROUTE_NO_MATCHING_PARENT;
	if (!model_listener_takes(doc, route->kind) ||
	    !model_namespaces_allow(&doc->allowed.namespaces,
	    namespace_of(l->document), namespace_of(route), labels))
		return ROUTE_NOT_ALLOWED;
	if (!meets_hostname(model_route(route), doc->hostname))
		return ROUTE_NO_MATCHING_HOSTNAME;
	return ROUTE_ACCEPTED;
}

enum route_reason
route_meets_gateway(const struct model_object *route,
    const struct model_parent_ref *ref, const struct route_listener *l, size_t n,
    const struct conf_pairs *labels)
{
	enum route_reason best = ROUTE_NO_MATCHING_PARENT;

	for (size_t i = 0; i < n; i++) {
		enum route_reason r = route_meets_listener(route, ref, &l[i],
		    labels);

		if (r > best)
			best = r;
	}
	return best;
}

static bool
hangs_on_listener(const struct model_object *route,
    const struct route_listener *l, const struct route_labels *labels)
{
	const struct model_route_at *at = model_route(route);

	for (size_t i = 0; at != NULL && i < at->parents_len; i++) {
		struct conf_pairs own;

		if (!route_names(route, &at->parents[i], l->document))
			continue;
		own = labels->of(labels->arg, namespace_of(route));
		if (route_meets_listener(route, &at->parents[i], l, &own) ==
		    ROUTE_ACCEPTED)
			return true;
	}
	return false;
}

static int
by_age(const void *a, const void *b)
{
	const struct model_object *const *x = a, *const *y = b;

	return model_object_by_age(*x, *y);
}

static bool
is_displaced(const struct model_object *route,
    const struct model_object *const *by, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (by[i]->kind != route->kind && share_a_host(by[i], route))
			return true;
	return false;
}

/* Drops, oldest first, who shares a host with one of the other kind that stays. */
static size_t
drop_displaced(const struct model_object **v, size_t n)
{
	size_t len = 0;

	qsort(v, n, sizeof(const struct model_object *), by_age);
	for (size_t i = 0; i < n; i++)
		if (!is_displaced(v[i], v, len))
			v[len++] = v[i];
	return len;
}

/* A TLSRoute and a TCPRoute share a listener; the names say who is meant. */
static bool
exclude_each_other(const struct model_object *a, const struct model_object *b)
{
	return a->kind != b->kind && (a->kind == &model_grpc_route_kind ||
	    b->kind == &model_grpc_route_kind);
}

size_t
routes_of_listener(const struct model_object *const *routes, size_t n,
    const struct route_listener *l, const struct route_labels *labels,
    const struct model_object **out)
{
	bool is_mixed = false;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (!hangs_on_listener(routes[i], l, labels))
			continue;
		is_mixed |= len > 0 && exclude_each_other(out[0], routes[i]);
		out[len++] = routes[i];
	}
	return is_mixed ? drop_displaced(out, len) : len;
}

/* --- services ------------------------------------------------------------------------ */

static bool
names_port(const struct model_object *route, const struct model_parent_ref *ref,
    const struct model_service_port *port)
{
	enum model_transport wanted = route->kind == &model_udp_route_kind ?
	    MODEL_UDP : MODEL_TCP;

	return port->transport == (int)wanted &&
	    (ref->port == 0 || ref->port == port->port) &&
	    (ref->section == NULL || is_same(ref->section, port->name));
}

enum route_reason
route_meets_service(const struct model_object *route,
    const struct model_parent_ref *ref, const struct model_object *service)
{
	const struct model_service *s = model_service(service);

	if (!route_names(route, ref, service))
		return ROUTE_NO_MATCHING_PARENT;
	for (size_t i = 0; i < s->spec.ports_len; i++)
		if (names_port(route, ref, &s->spec.ports[i]))
			return ROUTE_ACCEPTED;
	return ROUTE_NO_MATCHING_PARENT;
}

static bool
hangs_on_port(const struct model_object *route,
    const struct model_object *service, const struct model_service_port *port)
{
	const struct model_route_at *at = model_route(route);

	for (size_t i = 0; at != NULL && i < at->parents_len; i++)
		if (route_names(route, &at->parents[i], service) &&
		    names_port(route, &at->parents[i], port))
			return true;
	return false;
}

/* Whose routes go first on a port. */
static const struct model_kind *const ranks[] = {
	&model_grpc_route_kind, &model_http_route_kind, &model_tls_route_kind,
	&model_tcp_route_kind, &model_udp_route_kind,
};
#define RANKS	(sizeof(ranks) / sizeof(ranks[0]))

static size_t
rank_of(const struct model_kind *kind)
{
	size_t i = 0;

	while (i < RANKS && ranks[i] != kind)
		i++;
	return i;
}

bool
route_goes_before(const struct model_kind *a, const struct model_kind *b)
{
	return rank_of(a) < rank_of(b);
}

static size_t
routes_from(const struct model_object *const *routes, size_t n,
    const struct model_object *service, const struct model_service_port *port,
    const char *namespace, const struct model_object **out)
{
	size_t len = 0, best = RANKS;

	for (size_t i = 0; i < n; i++) {
		size_t rank = rank_of(routes[i]->kind);

		if (rank > best || rank == RANKS ||
		    !is_same(namespace_of(routes[i]), namespace) ||
		    !hangs_on_port(routes[i], service, port))
			continue;
		if (rank < best)
			len = 0;
		best = rank;
		out[len++] = routes[i];
	}
	return len;
}

size_t
routes_of_service(const struct model_object *const *routes, size_t n,
    const struct model_object *service, uint16_t port,
    const char *caller_namespace, const struct model_object **out)
{
	const struct model_service_port *p =
	    model_service_port(model_service(service), port);

	return p == NULL ? 0 : routes_of_service_port(routes, n, service, p,
	    caller_namespace, out);
}

size_t
routes_of_service_port(const struct model_object *const *routes, size_t n,
    const struct model_object *service, const struct model_service_port *p,
    const char *caller_namespace, const struct model_object **out)
{
	size_t len = routes_from(routes, n, service, p, caller_namespace, out);

	return len > 0 ? len : routes_from(routes, n, service, p,
	    namespace_of(service), out);
}

static bool
has_port(const struct model_object *route, const struct model_object *service,
    const struct model_service_port *port,
    const struct model_object *const *others, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (route_goes_before(others[i]->kind, route->kind) &&
		    is_same(namespace_of(others[i]), namespace_of(route)) &&
		    hangs_on_port(others[i], service, port))
			return false;
	return true;
}

enum route_reason
route_wins_service(const struct model_object *route,
    const struct model_parent_ref *ref, const struct model_object *service,
    const struct model_object *const *others, size_t n)
{
	const struct model_service *s = model_service(service);
	enum route_reason r = route_meets_service(route, ref, service);

	if (r != ROUTE_ACCEPTED)
		return r;
	for (size_t i = 0; i < s->spec.ports_len; i++)
		if (names_port(route, ref, &s->spec.ports[i]) &&
		    has_port(route, service, &s->spec.ports[i], others, n))
			return ROUTE_ACCEPTED;
	return ROUTE_CONFLICTED;
}
