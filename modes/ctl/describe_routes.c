#include <string.h>

#include "modes/ctl/describe.h"
#include "modes/ctl/endpoints.h"
#include "modes/ctl/problems.h"
#include "modes/ctl/route_text.h"

/* --- routes --------------------------------------------------------------- */

/* "all", "80", "http": at which ports of the service the route hangs. */
static void
add_ports(struct describe *v, struct str *out, const struct model_object *route)
{
	const struct model_route_at *at = model_route(route);

	for (size_t i = 0; i < at->parents_len; i++) {
		const struct model_parent_ref *p = &at->parents[i];

		if (route_meets_service(route, p, v->service) !=
		    ROUTE_ACCEPTED)
			continue;
		str_add(out, out->len > 0 ? "," : "");
		if (p->port != 0)
			str_addf(out, "%u", p->port);
		else
			str_add(out, p->section == NULL ? "all" : p->section);
	}
}

/* Which rule of which route, in any kind of row. */
static void
add_name(struct conf_node *row, const struct model_object *route, size_t index)
{
	const char *name = model_route_rule(route, index).name;

	conf_set_string(row, "kind", route->kind->kind);
	conf_set_string(row, "route", model_object_name(route));
	if (name != NULL)
		conf_set_string(row, "rule", name);
	else
		conf_set_int(row, "rule", (int64_t)index);
}

static void
add_rule(struct describe *v, struct conf_node *list, const struct model_object *route,
    size_t index)
{
	const struct model_route_at *at = model_route(route);
	const struct model_route_rule rule = model_route_rule(route, index);
	struct conf_node *row = conf_add_map(list);
	struct str text = { 0 };

	add_name(row, route, index);
	add_ports(v, &text, route);
	describe_text(row, "ports", &text);
	conf_set_string(row, "callers", describe_is_own(v, route) ? "all" :
	    arena_printf(&v->c->arena, "of %s", route->head->meta.namespace));
	model_print_words(&text, at->hostnames, at->hostnames_len, "*");
	describe_text(row, "hosts", &text);
	if (rule.backends_len > 0)
		route_text_backends(&text, rule.backends, rule.backends_len);
	else
		route_text_filters(&text, rule.filters, rule.filters_len);
	describe_text(row, "backends", &text);
	route_text_matches(&text, route, index);
	describe_text(row, "matches", &text);
}

static const struct rows_column route_columns[] = {
	{ "KIND", "kind", ROWS_TEXT, false },
	{ "ROUTE", "route", ROWS_TEXT, false },
	{ "RULE", "rule", ROWS_TEXT, false },
	{ "PORTS", "ports", ROWS_TEXT, false },
	{ "CALLERS", "callers", ROWS_TEXT, false },
	{ "HOSTS", "hosts", ROWS_TEXT, false },
	{ "BACKENDS", "backends", ROWS_TEXT, false },
	{ "MATCHES", "matches", ROWS_TEXT, false },
	{ 0 },
};

/* Backends that would get requests and have nobody to answer them. */
static void
add_idle_backend(struct describe *v, const struct model_object *route,
    const struct model_backend_ref *b)
{
	const char *ns = b->namespace != NULL ? b->namespace :
	    route->head->meta.namespace;
	struct err err = ERR_INIT;
	const struct conf_node *list;
	const char *full = arena_printf(&v->c->arena, "%s/%s", ns, b->name);
	struct str name = { 0 };

	if (b->weight == 0 || !model_backend_is_service(b) ||
	    conf_get(v->asked, full) != NULL)
		return;
	conf_set_bool(v->asked, full, true);
	list = endpoints_read(v->c, ns, b->name, &err);
	route_text_backend(&name, b);
	if (list != NULL && !endpoints_is_online(list))
		conf_add_string(v->problems, arena_printf(&v->c->arena,
		    "%s %s: backend %s: no endpoint is online",
		    route->kind->kind, model_object_name(route),
		    str_ptr(&name)));
	str_fini(&name);
}

static void
add_idle_backends(struct describe *v, const struct model_object *route)
{
	for (size_t i = 0; i < model_route_rules(route); i++) {
		const struct model_route_rule r = model_route_rule(route, i);

		for (size_t j = 0; j < r.backends_len; j++)
			add_idle_backend(v, route, &r.backends[j]);
	}
}

void
describe_routes(struct describe *v)
{
	struct conf_node *list = conf_list_new(&v->c->arena);
	const struct model_object **all;
	size_t n = traffic_routes(&v->traffic, &all);

	for (size_t i = 0; i < n; i++) {
		if (!traffic_hangs(all[i], v->service))
			continue;
		for (size_t j = 0; j < model_route_rules(all[i]); j++)
			add_rule(v, list, all[i], j);
		add_idle_backends(v, all[i]);
		problems_of_route(&v->traffic, all[i], v->problems);
		v->about[v->len++] = all[i];
	}
	v->rules = conf_len(list);
	describe_part(v, "Routes:", list, route_columns);
}

/* --- rules that send to it ------------------------------------------------ */

static bool
sends_here(const struct describe *v, const struct model_object *route,
    const struct model_backend_ref *b)
{
	const struct model_metadata *meta = &v->service->head->meta;
	const char *ns = b->namespace != NULL ? b->namespace :
	    route->head->meta.namespace;

	return model_backend_is_service(b) && strcmp(b->name, meta->name) == 0 &&
	    strcmp(ns, meta->namespace) == 0;
}

static void
add_senders_of(struct describe *v, struct conf_node *list,
    const struct model_object *route, size_t index)
{
	const struct model_route_rule rule = model_route_rule(route, index);
	int64_t sum = model_backends_weight(rule.backends, rule.backends_len);

	for (size_t i = 0; i < rule.backends_len; i++) {
		const struct model_backend_ref *b = &rule.backends[i];
		struct conf_node *row;
		struct str text = { 0 };

		if (!sends_here(v, route, b))
			continue;
		row = conf_add_map(list);
		add_name(row, route, index);
		conf_set_int(row, "port", b->port);
		conf_set_int(row, "weight", b->weight);
		route_text_share(&text, b->weight, sum);
		describe_text(row, "share", &text);
	}
}

static const struct rows_column sender_columns[] = {
	{ "KIND", "kind", ROWS_TEXT, false },
	{ "ROUTE", "route", ROWS_TEXT, false },
	{ "RULE", "rule", ROWS_TEXT, false },
	{ "PORT", "port", ROWS_NUMBER, false },
	{ "WEIGHT", "weight", ROWS_NUMBER, false },
	{ "SHARE", "share", ROWS_NUMBER, false },
	{ 0 },
};

void
describe_senders(struct describe *v)
{
	struct conf_node *list = conf_list_new(&v->c->arena);
	const struct model_object **all;
	size_t n = traffic_routes(&v->traffic, &all);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < model_route_rules(all[i]); j++)
			add_senders_of(v, list, all[i], j);
	v->is_backend = conf_len(list) > 0;
	if (v->is_backend)
		describe_part(v, "Backend of:", list, sender_columns);
}
