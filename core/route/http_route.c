#include <string.h>

#include "base/check.h"
#include "route/http_route.h"

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
meets_hostname(const struct model_http_route *r, const char *hostname)
{
	struct slice host;

	for (size_t i = 0; i < r->spec.hostnames_len; i++)
		if (route_hosts_meet(slice_str(hostname),
		    slice_str(r->spec.hostnames[i]), &host))
			return true;
	return r->spec.hostnames_len == 0;
}

/* --- gateways ----------------------------------------------------------------------- */

enum route_reason
http_route_meets_listener(const struct model_object *route,
    const struct model_parent_ref *ref, const struct route_listener *l,
    const struct conf_pairs *labels)
{
	const struct model_listener *doc = l->doc;

	if ((ref->section != NULL && !is_same(ref->section, doc->name)) ||
	    (ref->port != 0 && ref->port != doc->port))
		return ROUTE_NO_MATCHING_PARENT;
	if (!model_listener_takes(doc, route->kind) ||
	    !model_namespaces_allow(&doc->allowed.namespaces, l->namespace,
	    namespace_of(route), labels))
		return ROUTE_NOT_ALLOWED;
	if (!meets_hostname(model_http_route(route), doc->hostname))
		return ROUTE_NO_MATCHING_HOSTNAME;
	return ROUTE_ACCEPTED;
}

enum route_reason
http_route_meets_gateway(const struct model_object *route,
    const struct model_parent_ref *ref, const struct route_listener *l, size_t n,
    const struct conf_pairs *labels)
{
	enum route_reason best = ROUTE_NO_MATCHING_PARENT;

	for (size_t i = 0; i < n; i++) {
		enum route_reason r = http_route_meets_listener(route, ref, &l[i],
		    labels);

		if (r > best)
			best = r;
	}
	return best;
}

/* --- services ------------------------------------------------------------------------ */

static bool
names_service(const struct model_object *route,
    const struct model_parent_ref *ref, const struct model_object *service)
{
	const char *ns = ref->namespace != NULL ? ref->namespace :
	    namespace_of(route);

	return model_parent_is_service(ref) &&
	    is_same(ref->name, service->head->meta.name) &&
	    is_same(ns, namespace_of(service));
}

static bool
names_port(const struct model_parent_ref *ref,
    const struct model_service_port *port)
{
	return (ref->port == 0 || ref->port == port->port) &&
	    (ref->section == NULL || is_same(ref->section, port->name));
}

enum route_reason
http_route_meets_service(const struct model_object *route,
    const struct model_parent_ref *ref, const struct model_object *service)
{
	const struct model_service *s = model_service(service);

	if (!names_service(route, ref, service))
		return ROUTE_NO_MATCHING_PARENT;
	for (size_t i = 0; i < s->spec.ports_len; i++)
		if (names_port(ref, &s->spec.ports[i]))
			return ROUTE_ACCEPTED;
	return ROUTE_NO_MATCHING_PARENT;
}

static bool
hangs_on_port(const struct model_object *route,
    const struct model_object *service, const struct model_service_port *port)
{
	const struct model_http_route *r = model_http_route(route);

	for (size_t i = 0; i < r->spec.parents_len; i++)
		if (names_service(route, &r->spec.parents[i], service) &&
		    names_port(&r->spec.parents[i], port))
			return true;
	return false;
}

static size_t
routes_from(const struct model_object *const *routes, size_t n,
    const struct model_object *service, const struct model_service_port *port,
    const char *namespace, const struct model_object **out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		if (is_same(namespace_of(routes[i]), namespace) &&
		    hangs_on_port(routes[i], service, port))
			out[len++] = routes[i];
	return len;
}

size_t
http_routes_of_service(const struct model_object *const *routes, size_t n,
    const struct model_object *service, uint16_t port,
    const char *caller_namespace, const struct model_object **out)
{
	const struct model_service_port *p =
	    model_service_port(model_service(service), port);
	size_t len;

	if (p == NULL)
		return 0;
	len = routes_from(routes, n, service, p, caller_namespace, out);
	return len > 0 ? len : routes_from(routes, n, service, p,
	    namespace_of(service), out);
}

/* --- rules ----------------------------------------------------------------------------- */

static const enum route_path_kind path_kinds[] = {
	[MODEL_PATH_EXACT] = ROUTE_EXACT,
	[MODEL_PATH_PREFIX] = ROUTE_PREFIX,
	[MODEL_PATH_REGEX] = ROUTE_REGEX,
};

static void
fill_values(struct route_value *out, const struct model_value_match *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (struct route_value){ slice_str(v[i].name),
			slice_str(v[i].value), v[i].type == MODEL_MATCH_REGEX };
}

#define VALUES_MAX	16	/* headers, and queries, of a match */

struct adding {
	struct route_table        *table;
	const struct model_object *route;
	const void                *payload;
	size_t                     rule;
	struct err                *err;
};

static int
add_match(const struct adding *a, const struct model_http_match *m,
    size_t match, struct slice host)
{
	struct route_value headers[VALUES_MAX], queries[VALUES_MAX];

	check(m->headers_len <= VALUES_MAX && m->queries_len <= VALUES_MAX);
	fill_values(headers, m->headers, m->headers_len);
	fill_values(queries, m->queries, m->queries_len);
	struct route_rule r = { .host = host,
		.path_kind = path_kinds[m->path.type],
		.path = slice_str(m->path.value), .method = slice_str(m->method),
		.headers = headers, .headers_len = m->headers_len,
		.queries = queries, .queries_len = m->queries_len,
		.created = a->route->head->meta.created,
		.route = slice_str(model_object_name(a->route)),
		.rule = (uint16_t)a->rule, .match = (uint16_t)match,
		.payload = a->payload };

	if (route_table_add(a->table, &r, a->err) == 0)
		return 0;
	return err_wrap(a->err, "rules[%zu].matches[%zu]", a->rule, match);
}

static int
add_rule(const struct adding *a, const struct model_http_rule *rule,
    struct slice host)
{
	for (size_t i = 0; i < rule->matches_len; i++)
		if (add_match(a, &rule->matches[i], i, host) < 0)
			return -1;
	return 0;
}

static int
add_under_hosts(const struct adding *a, const struct model_http_rule *rule,
    const struct route_parent *parent)
{
	const struct model_http_route *r = model_http_route(a->route);
	struct slice own = slice_str(parent->hostname), host;

	if (parent->is_service)
		return add_rule(a, rule, SLICE(""));
	if (r->spec.hostnames_len == 0)
		return add_rule(a, rule, own);
	for (size_t i = 0; i < r->spec.hostnames_len; i++)
		if (route_hosts_meet(own, slice_str(r->spec.hostnames[i]), &host) &&
		    add_rule(a, rule, host) < 0)
			return -1;
	return 0;
}

void
http_route_add(struct route_table *t, const struct model_object *route,
    const struct route_parent *parent, struct route_built *out)
{
	const struct model_http_route *r = model_http_route(route);

	*out = (struct route_built){ .err = ERR_INIT };
	for (size_t i = 0; i < r->spec.rules_len; i++) {
		struct err err = ERR_INIT;
		size_t before = route_table_len(t);
		struct adding a = { .table = t, .route = route, .rule = i,
			.payload = parent->payload(parent->arg, route, i),
			.err = &err };

		if (add_under_hosts(&a, &r->spec.rules[i], parent) == 0) {
			out->taken++;
			continue;
		}
		route_table_cut(t, before);
		if (out->dropped++ == 0)
			out->err = err;
	}
}
