#include "route/document.h"
#include "route/match.h"

struct adding {
	struct route_table        *table;
	const struct model_object *route;
	const void                *payload;
	size_t                     rule;
	struct err                *err;
};

static int
add_match(const struct adding *a, size_t index, struct slice host)
{
	struct match m;

	match_read(&m, a->route, a->rule, index);
	m.rule.host = host;
	m.rule.created = a->route->head->meta.created;
	m.rule.route = slice_str(model_object_name(a->route));
	m.rule.rule = (uint16_t)a->rule;
	m.rule.match = (uint16_t)index;
	m.rule.payload = a->payload;
	if (route_table_add(a->table, &m.rule, a->err) == 0)
		return 0;
	return err_wrap(a->err, "rules[%zu].matches[%zu]", a->rule, index);
}

static int
add_rule(const struct adding *a, struct slice host)
{
	for (size_t i = 0; i < match_count(a->route, a->rule); i++)
		if (add_match(a, i, host) < 0)
			return -1;
	return 0;
}

/* Whoever calls a service means it; server names are said besides. */
static bool
is_for_every_host(const struct model_object *route,
    const struct route_parent *parent)
{
	return parent->is_service && (route->kind == &model_http_route_kind ||
	    route->kind == &model_grpc_route_kind);
}

static int
add_under_hosts(const struct adding *a, const struct route_parent *parent)
{
	const struct model_route_at *at = model_route(a->route);
	struct slice own = slice_str(parent->hostname), host;

	if (is_for_every_host(a->route, parent))
		return add_rule(a, SLICE(""));
	if (at->hostnames_len == 0)
		return add_rule(a, own);
	for (size_t i = 0; i < at->hostnames_len; i++)
		if (route_hosts_meet(own, slice_str(at->hostnames[i]), &host) &&
		    add_rule(a, host) < 0)
			return -1;
	return 0;
}

void
route_add(struct route_table *t, const struct model_object *route,
    const struct route_parent *parent, struct route_built *out)
{
	size_t n = model_route_rules(route);

	*out = (struct route_built){ .err = ERR_INIT };
	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		size_t before = route_table_len(t);
		struct adding a = { .table = t, .route = route, .rule = i,
			.payload = parent->payload(parent->arg, route, i),
			.err = &err };

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
