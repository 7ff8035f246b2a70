#include <string.h>

#include "base/check.h"
#include "route/document.h"

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
	const struct model_http_match *matches;	/* of the rule */
	size_t                     matches_len;
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
add_rule(const struct adding *a, struct slice host)
{
	for (size_t i = 0; i < a->matches_len; i++)
		if (add_match(a, &a->matches[i], i, host) < 0)
			return -1;
	return 0;
}

static int
add_under_hosts(const struct adding *a, const struct route_parent *parent)
{
	const struct model_route_at *at = model_route(a->route);
	struct slice own = slice_str(parent->hostname), host;

	/* Whoever calls a service means it; server names are said besides. */
	if (parent->is_service && a->route->kind == &model_http_route_kind)
		return add_rule(a, SLICE(""));
	if (at->hostnames_len == 0)
		return add_rule(a, own);
	for (size_t i = 0; i < at->hostnames_len; i++)
		if (route_hosts_meet(own, slice_str(at->hostnames[i]), &host) &&
		    add_rule(a, host) < 0)
			return -1;
	return 0;
}

/* What says nothing of requests takes all of them. */
static const struct model_http_match everything = {
	.path = { MODEL_PATH_PREFIX, "/" },
};

static void
set_matches(struct adding *a)
{
	const struct model_http_rule *r = a->route->kind !=
	    &model_http_route_kind ? NULL :
	    &model_http_route(a->route)->spec.rules[a->rule];

	a->matches = r == NULL ? &everything : r->matches;
	a->matches_len = r == NULL ? 1 : r->matches_len;
}

void
route_add(struct route_table *t, const struct model_object *route,
    const struct route_parent *parent, struct route_built *out)
{
	size_t n = model_route_rules(route);
	bool is_grpc = route->kind == &model_grpc_route_kind;

	*out = (struct route_built){ .taken = is_grpc ? n : 0, .err = ERR_INIT };
	for (size_t i = 0; i < n && !is_grpc; i++) {
		struct err err = ERR_INIT;
		size_t before = route_table_len(t);
		struct adding a = { .table = t, .route = route, .rule = i,
			.payload = parent->payload(parent->arg, route, i),
			.err = &err };

		set_matches(&a);
		if (add_under_hosts(&a, parent) == 0) {
			out->taken++;
			continue;
		}
		route_table_cut(t, before);
		if (out->dropped++ == 0)
			out->err = err;
	}
}

static struct slice
no_header(const void *head, struct slice lower_name)
{
	(void)head;
	(void)lower_name;
	return SLICE_NONE;
}

struct route_request
route_connection(struct slice server_name)
{
	return (struct route_request){ .host = server_name,
		.path = SLICE("/"), .header = no_header };
}
