#include <string.h>

#include "model/backend_policy.h"
#include "model/backend_tls_policy.h"
#include "model/extension.h"
#include "modes/ctl/describe_service.h"
#include "modes/ctl/endpoints.h"
#include "modes/ctl/print.h"
#include "modes/ctl/problems.h"
#include "modes/ctl/route_text.h"
#include "modes/ctl/rows.h"

struct view {
	struct ctl                 *c;
	struct traffic              traffic;
	const struct model_object  *service;
	const struct model_object **about;	/* routes and policies of it */
	size_t                      len;
	struct conf_node           *problems;
};

static void
set_text(struct conf_node *row, const char *key, struct str *text)
{
	conf_set_slice(row, key, str_slice(text));
	str_fini(text);
}

/* The table with its title, or that there is none. */
static void
print_part(struct view *v, const char *title, const struct conf_node *list,
    const struct rows_column *columns)
{
	if (conf_len(list) == 0) {
		print_line(&v->c->out, title, "none");
		return;
	}
	str_addf(&v->c->out, "%s\n", title);
	rows_print(v->c, list, columns, title);
}

/* --- routes --------------------------------------------------------------- */

static bool
is_own(const struct view *v, const struct model_object *o)
{
	return strcmp(o->head->meta.namespace, v->service->head->meta.namespace) ==
	    0;
}

/* "all", "80", "http": at which ports of the service the route hangs. */
static void
add_ports(struct view *v, struct str *out, const struct model_object *route)
{
	const struct model_http_route_spec *s = &model_http_route(route)->spec;

	for (size_t i = 0; i < s->parents_len; i++) {
		const struct model_parent_ref *p = &s->parents[i];

		if (http_route_meets_service(route, p, v->service) !=
		    ROUTE_ACCEPTED)
			continue;
		str_add(out, out->len > 0 ? "," : "");
		if (p->port != 0)
			str_addf(out, "%u", p->port);
		else
			str_add(out, p->section == NULL ? "all" : p->section);
	}
}

static void
add_rule(struct view *v, struct conf_node *list, const struct model_object *route,
    size_t index)
{
	const struct model_http_route_spec *s = &model_http_route(route)->spec;
	const struct model_http_rule *rule = &s->rules[index];
	struct conf_node *row = conf_add_map(list);
	struct str text = { 0 };

	conf_set_string(row, "route", model_object_name(route));
	if (rule->name != NULL)
		conf_set_string(row, "rule", rule->name);
	else
		conf_set_int(row, "rule", (int64_t)index);
	add_ports(v, &text, route);
	set_text(row, "ports", &text);
	conf_set_string(row, "callers", is_own(v, route) ? "all" :
	    arena_printf(&v->c->arena, "of %s", route->head->meta.namespace));
	model_print_words(&text, s->hostnames, s->hostnames_len, "*");
	set_text(row, "hosts", &text);
	if (rule->backends_len > 0)
		route_text_backends(&text, rule);
	else
		route_text_filters(&text, rule->filters, rule->filters_len);
	set_text(row, "backends", &text);
	route_text_matches(&text, rule);
	set_text(row, "matches", &text);
}

static const struct rows_column route_columns[] = {
	{ "ROUTE", "route", ROWS_TEXT, false },
	{ "RULE", "rule", ROWS_TEXT, false },
	{ "PORTS", "ports", ROWS_TEXT, false },
	{ "CALLERS", "callers", ROWS_TEXT, false },
	{ "HOSTS", "hosts", ROWS_TEXT, false },
	{ "BACKENDS", "backends", ROWS_TEXT, false },
	{ "MATCHES", "matches", ROWS_TEXT, false },
	{ 0 },
};

static void
add_routes(struct view *v)
{
	struct conf_node *list = conf_list_new(&v->c->arena);
	const struct model_object **all;
	size_t n = traffic_of_kind(&v->traffic, &model_http_route_kind, &all);

	for (size_t i = 0; i < n; i++) {
		if (!traffic_hangs(all[i], v->service))
			continue;
		for (size_t j = 0; j < model_http_route(all[i])->spec.rules_len; j++)
			add_rule(v, list, all[i], j);
		problems_of_route(&v->traffic, all[i], v->problems);
		v->about[v->len++] = all[i];
	}
	print_part(v, "Routes:", list, route_columns);
}

/* --- rules that send to it ------------------------------------------------ */

static bool
sends_here(const struct view *v, const struct model_object *route,
    const struct model_backend_ref *b)
{
	const struct model_metadata *meta = &v->service->head->meta;
	const char *ns = b->namespace != NULL ? b->namespace :
	    route->head->meta.namespace;

	return model_backend_is_service(b) && strcmp(b->name, meta->name) == 0 &&
	    strcmp(ns, meta->namespace) == 0;
}

static void
add_senders_of(struct view *v, struct conf_node *list,
    const struct model_object *route, size_t index)
{
	const struct model_http_rule *rule =
	    &model_http_route(route)->spec.rules[index];
	int64_t sum = model_backends_weight(rule->backends, rule->backends_len);

	for (size_t i = 0; i < rule->backends_len; i++) {
		const struct model_backend_ref *b = &rule->backends[i];
		struct conf_node *row;
		struct str text = { 0 };

		if (!sends_here(v, route, b))
			continue;
		row = conf_add_map(list);
		conf_set_string(row, "route", model_object_name(route));
		if (rule->name != NULL)
			conf_set_string(row, "rule", rule->name);
		else
			conf_set_int(row, "rule", (int64_t)index);
		conf_set_int(row, "port", b->port);
		conf_set_int(row, "weight", b->weight);
		route_text_share(&text, b->weight, sum);
		set_text(row, "share", &text);
	}
}

static const struct rows_column sender_columns[] = {
	{ "ROUTE", "route", ROWS_TEXT, false },
	{ "RULE", "rule", ROWS_TEXT, false },
	{ "PORT", "port", ROWS_NUMBER, false },
	{ "WEIGHT", "weight", ROWS_NUMBER, false },
	{ "SHARE", "share", ROWS_NUMBER, false },
	{ 0 },
};

static void
add_senders(struct view *v)
{
	struct conf_node *list = conf_list_new(&v->c->arena);
	const struct model_object **all;
	size_t n = traffic_of_kind(&v->traffic, &model_http_route_kind, &all);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < model_http_route(all[i])->spec.rules_len; j++)
			add_senders_of(v, list, all[i], j);
	if (conf_len(list) > 0)
		print_part(v, "Backend of:", list, sender_columns);
}

/* --- policies ------------------------------------------------------------- */

static bool
targets_of(const struct model_object *o, const struct model_target_ref **targets,
    size_t *n)
{
	const struct model_backend_policy_spec *s = model_backend_policy(o);

	if (s != NULL) {
		*targets = s->targets;
		*n = s->targets_len;
		return true;
	}
	if (o->kind == &model_backend_tls_policy_kind) {
		*targets = model_backend_tls_policy(o)->spec.targets;
		*n = model_backend_tls_policy(o)->spec.targets_len;
		return true;
	}
	return model_extension_targets(o, targets, n);
}

static const struct model_kind *const policy_kinds[] = {
	&model_backend_policy_kind, &model_destination_rule_kind,
	&model_traffic_policy_kind, &model_backend_tls_policy_kind,
	&model_rate_limit_kind, &model_fault_injection_kind,
	&model_compression_kind, &model_cache_kind, NULL,
};

/* "loadBalancer,breaker": what of it the policy is about. */
static void
add_says(struct str *out, const struct model_object *o)
{
	CONF_FOREACH(e, conf_get(o->node, "spec"))
		if (!slice_is(e->key, "targetRefs") && !slice_is(e->key, "host"))
			str_addf(out, "%s%.*s", out->len > 0 ? "," : "",
			    SLICE_ARG(e->key));
}

static void
add_policy(struct view *v, struct conf_node *list, const struct model_object *o)
{
	const struct model_target_ref *targets;
	struct str text = { 0 };
	bool is_about = false;
	size_t n;

	if (!is_own(v, o) || !targets_of(o, &targets, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!model_ref_is(targets[i].group, targets[i].kind, "", "Service") ||
		    strcmp(targets[i].name, v->service->head->meta.name) != 0)
			continue;
		struct conf_node *row = conf_add_map(list);

		conf_set_string(row, "kind", o->kind->kind);
		conf_set_string(row, "name", o->head->meta.name);
		conf_set_string(row, "port", targets[i].section == NULL ? "all" :
		    targets[i].section);
		add_says(&text, o);
		set_text(row, "says", &text);
		is_about = true;
	}
	if (is_about) {
		problems_of_status(v->c, o, v->problems);
		v->about[v->len++] = o;
	}
}

static const struct rows_column policy_columns[] = {
	{ "KIND", "kind", ROWS_TEXT, false },
	{ "NAME", "name", ROWS_TEXT, false },
	{ "PORTS", "port", ROWS_TEXT, false },
	{ "SAYS", "says", ROWS_TEXT, false },
	{ 0 },
};

static void
add_policies(struct view *v)
{
	struct conf_node *list = conf_list_new(&v->c->arena);
	const struct model_object **all;

	for (size_t k = 0; policy_kinds[k] != NULL; k++) {
		size_t n = traffic_of_kind(&v->traffic, policy_kinds[k], &all);

		for (size_t i = 0; i < n; i++)
			add_policy(v, list, all[i]);
	}
	print_part(v, "Policies:", list, policy_columns);
}

/* --- endpoints and problems ----------------------------------------------- */

static int
add_endpoints(struct view *v, struct err *err)
{
	const struct model_metadata *meta = &v->service->head->meta;
	const struct conf_node *list = endpoints_read(v->c, meta->namespace,
	    meta->name, err);
	bool is_online = false;

	if (list == NULL)
		return -1;
	CONF_FOREACH(e, list)
		is_online = is_online || slice_is(slice_str(conf_get_string(e->node,
		    "state")), "Online");
	if (conf_len(list) == 0)
		print_line(&v->c->out, "Endpoints:", "none");
	else {
		str_add(&v->c->out, "Endpoints:\n");
		endpoints_print(v->c, list);
	}
	if (!is_online)
		conf_add_string(v->problems, arena_printf(&v->c->arena,
		    "Service %s: no endpoint is online", model_object_name(
		    v->service)));
	return 0;
}

static void
add_problems(struct view *v)
{
	problems_of_set(&v->traffic, v->about, v->len, v->problems);
	if (conf_len(v->problems) == 0)
		print_line(&v->c->out, "Problems:", "none");
	CONF_FOREACH(e, v->problems)
		print_line(&v->c->out, "Problem:", conf_string(e->node));
}

static int
load(struct view *v, const char *name, struct err *err)
{
	const char *ns = v->c->namespace;

	v->service = traffic_find(&v->traffic, &model_service_kind, ns, name, err);
	if (v->service == NULL ||
	    traffic_load(&v->traffic, &model_http_route_kind, NULL, err) < 0)
		return -1;
	for (size_t i = 0; policy_kinds[i] != NULL; i++)
		if (policy_kinds[i]->stored &&
		    traffic_load(&v->traffic, policy_kinds[i], ns, err) < 0)
			return -1;
	v->about = arena_alloc(&v->c->arena, (v->traffic.set.len + 1) *
	    sizeof(*v->about));
	return 0;
}

int
describe_service(struct ctl *c, const char *name, struct err *err)
{
	struct view v = { .c = c, .problems = conf_list_new(&c->arena) };
	int result;

	traffic_open(&v.traffic, c);
	result = load(&v, name, err);
	if (result == 0) {
		add_routes(&v);
		add_senders(&v);
		add_policies(&v);
		result = add_endpoints(&v, err);
	}
	if (result == 0)
		add_problems(&v);
	traffic_close(&v.traffic);
	return result;
}
