#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "route/document.h"
#include "route/set_test.h"
#include "route/table_test.h"

/* --- documents ------------------------------------------------------------------- */

#define HEAD(ns, name)	"apiVersion: gateway.networking.k8s.io/v1\n"	\
	"kind: HTTPRoute\nmetadata: {name: " name ", namespace: " ns "}\n"

static const char documents[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
    "spec: {ports: [{name: http, port: 80}, {name: admin, port: 8080}]}\n---\n"
    HEAD("shop", "whole") "spec:\n"
    "  parentRefs: [{group: \"\", kind: Service, name: web}]\n"
    "  hostnames: [ignored.example]\n"
    "  rules:\n"
    "  - matches: [{path: {type: PathPrefix, value: /v1}}]\n"
    "    backendRefs: [{name: web-v1, port: 80}]\n"
    "  - matches:\n"
    "    - {headers: [{name: Env, value: canary}], method: GET}\n"
    "    - {queryParams: [{name: canary, type: RegularExpression,"
    " value: \"1|yes\"}]}\n"
    "    backendRefs: [{name: web-v2, port: 80}]\n---\n"
    HEAD("shop", "port") "spec:\n"
    "  parentRefs: [{group: \"\", kind: Service, name: web, port: 8080}]\n---\n"
    HEAD("shop", "section") "spec:\n"
    "  parentRefs: [{group: \"\", kind: Service, name: web,"
    " sectionName: admin}]\n---\n"
    HEAD("app", "consumer") "spec:\n"
    "  parentRefs: [{group: \"\", kind: Service, name: web, namespace: shop,"
    " port: 80}]\n---\n"
    HEAD("app", "nowhere") "spec:\n"
    "  parentRefs: [{group: \"\", kind: Service, name: web, namespace: shop,"
    " port: 81}]\n---\n"
    HEAD("infra", "edge") "spec:\n"
    "  parentRefs: [{name: gw}]\n"
    "  hostnames: [\"a.example\", \"*.b.example\"]\n"
    "  rules: [{matches: [{path: {type: Exact, value: /x}}]}]\n---\n"
    HEAD("infra", "all") "spec: {parentRefs: [{name: gw}]}\n---\n"
    HEAD("infra", "half") "spec:\n"
    "  parentRefs: [{name: gw}]\n"
    "  rules:\n"
    "  - matches:\n"
    "    - {path: {type: Exact, value: /good}}\n"
    "    - {path: {type: RegularExpression, value: \"/a**\"}}\n"
    "  - matches: [{path: {type: Exact, value: /fine}}]\n---\n"
    HEAD("infra", "bad") "spec:\n"
    "  parentRefs: [{name: gw}]\n"
    "  rules: [{matches: [{path: {type: RegularExpression, value: \"(\"}}]}]\n"
    "---\n"
    HEAD("infra", "refs") "spec:\n"
    "  parentRefs: [{name: gw}]\n"
    "  rules:\n"
    "  - backendRefs: [{name: here, port: 80}]\n"
    "  - filters:\n"
    "    - {type: RequestMirror, requestMirror: {backendRef: {name: there,"
    " namespace: other, port: 80}}}\n"
    "    backendRefs: [{name: here, port: 80}]\n";

/* --- hosts -------------------------------------------------------------------------- */

static const struct {
	const char *a, *b, *both;	/* NULL: none */
} hosts[] = {
	{ "", "", "" },
	{ "", "a.example", "a.example" },
	{ "", "*.example", "*.example" },
	{ "a.example", "a.example", "a.example" },
	{ "a.example", "b.example", NULL },
	{ "*.example", "a.example", "a.example" },
	{ "*.example", "a.b.example", "a.b.example" },
	{ "*.example", "example", NULL },
	{ "*.example", "*.b.example", "*.b.example" },
	{ "*.example", "*.example", "*.example" },
	{ "*.a.example", "*.b.example", NULL },
	{ "*.a.example", "a.example", NULL },
	{ "very.specific.com", "*.specific.com", "very.specific.com" },
	{ "*.wildcard.io", "non.matching.com", NULL },
};

TEST(route_hosts_meet_in_the_narrower)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		for (int way = 0; way < 2; way++) {
			struct slice a = slice_str(hosts[i].a), out,
			    b = slice_str(hosts[i].b);
			bool meet = route_hosts_meet(way ? b : a, way ? a : b,
			    &out);

			if (meet != (hosts[i].both != NULL) ||
			    (meet && !slice_is(out, hosts[i].both)))
				fail_msg("%s and %s", hosts[i].a, hosts[i].b);
		}
}

/* --- services ------------------------------------------------------------------------- */

static const struct {
	const char *caller;
	uint16_t    port;
	const char *routes;
} callers[] = {
	{ "shop", 80, "whole " },
	{ "shop", 8080, "whole port section " },
	{ "other", 80, "whole " },
	{ "app", 80, "consumer " },	/* instead of the producer's */
	{ "app", 8080, "whole port section " },
	{ "app", 81, "" },
};

TEST(route_of_a_consumer_replaces_those_of_the_producer)
{
	struct model_set set;
	const struct model_object *out[20];

	test_set_read(&set, MODEL_STRICT, documents);
	const struct model_object *web = test_set_named(&set, "web");
	const struct model_object *const *routes =
	    (const struct model_object *const *)set.objects + 1;

	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
		struct str names = { 0 };
		size_t n = routes_of_service(routes, set.len - 1, web,
		    callers[i].port, callers[i].caller, out);

		for (size_t k = 0; k < n; k++)
			str_addf(&names, "%s ", out[k]->head->meta.name);
		assert_string_equal(str_ptr(&names), callers[i].routes);
		str_fini(&names);
	}
	model_set_fini(&set);
}

TEST(route_to_a_port_that_a_service_lacks_has_no_parent)
{
	struct model_set set;

	test_set_read(&set, MODEL_STRICT, documents);
	const struct model_object *web = test_set_named(&set, "web");
	const struct model_object *whole = test_set_named(&set, "whole");
	const struct model_object *nowhere = test_set_named(&set, "nowhere");

	assert_int_equal(route_meets_service(whole,
	    &model_route(whole)->parents[0], web), ROUTE_ACCEPTED);
	assert_int_equal(route_meets_service(nowhere,
	    &model_route(nowhere)->parents[0], web),
	    ROUTE_NO_MATCHING_PARENT);
	model_set_fini(&set);
}

/* --- gateways ---------------------------------------------------------------------------- */

#define SAME	{ .namespaces = { .from = MODEL_FROM_SAME } }

static const char *team[] = { "edge" };
static struct model_expression of_edge = { "team", MODEL_IN, team, 1 };
static struct model_selector edge_only = { .expressions = &of_edge,
	.expressions_len = 1 };

static const struct model_listener docs[] = {
	{ .name = "any", .port = 80, .protocol = "HTTP", .allowed = SAME },
	{ .name = "a", .hostname = "a.example", .port = 80, .protocol = "HTTP",
	    .allowed = SAME },
	{ .name = "c", .hostname = "*.c.example", .port = 8080, .protocol = "HTTPS",
	    .allowed = SAME },
	{ .name = "shut", .port = 80, .protocol = "HTTP",
	    .allowed = { .namespaces = { .from = MODEL_FROM_NONE } } },
	{ .name = "tcp", .port = 443, .protocol = "TCP", .allowed = SAME },
	{ .name = "team", .port = 90, .protocol = "HTTP", .allowed =
	    { .namespaces = { MODEL_FROM_SELECTOR, &edge_only } } },
};
#define LISTENERS	(sizeof(docs) / sizeof(docs[0]))

static const struct {
	struct model_parent_ref ref;
	const char             *route;
	enum route_reason       reason;
} gateways[] = {
	{ { .name = "gw" }, "edge", ROUTE_ACCEPTED },
	{ { .name = "gw", .section = "a" }, "edge", ROUTE_ACCEPTED },
	{ { .name = "gw", .port = 80 }, "edge", ROUTE_ACCEPTED },
	{ { .name = "gw", .section = "c" }, "edge", ROUTE_NO_MATCHING_HOSTNAME },
	{ { .name = "gw", .section = "c" }, "all", ROUTE_ACCEPTED },
	{ { .name = "gw", .port = 8080 }, "edge", ROUTE_NO_MATCHING_HOSTNAME },
	{ { .name = "gw", .section = "shut" }, "edge", ROUTE_NOT_ALLOWED },
	{ { .name = "gw", .section = "tcp" }, "edge", ROUTE_NOT_ALLOWED },
	{ { .name = "gw", .port = 80 }, "consumer", ROUTE_NOT_ALLOWED },
	{ { .name = "gw", .section = "team" }, "consumer", ROUTE_ACCEPTED },
	{ { .name = "gw", .section = "none" }, "edge", ROUTE_NO_MATCHING_PARENT },
	{ { .name = "gw", .port = 81 }, "edge", ROUTE_NO_MATCHING_PARENT },
	{ { .name = "gw", .section = "a", .port = 443 }, "edge",
	    ROUTE_NO_MATCHING_PARENT },
};

TEST(route_meets_the_listeners_that_take_it)
{
	struct route_listener listeners[LISTENERS];
	struct conf_pair label = { "team", "edge" };
	const struct conf_pairs labels = { &label, 1 };
	struct model_set set;

	test_set_read(&set, MODEL_STRICT, documents);
	for (size_t i = 0; i < LISTENERS; i++)
		listeners[i] = (struct route_listener){ &docs[i],
			test_set_named(&set, "edge") };
	for (size_t i = 0; i < sizeof(gateways) / sizeof(gateways[0]); i++) {
		enum route_reason r = route_meets_gateway(
		    test_set_named(&set, gateways[i].route), &gateways[i].ref,
		    listeners,
		    LISTENERS, &labels);

		if (r != gateways[i].reason)
			fail_msg("row %zu: %s", i, route_reason_name(r));
	}
	model_set_fini(&set);
}

/* --- rules ------------------------------------------------------------ */

static const void *
numbered(void *arg __attribute__((unused)), const struct model_object *route
    __attribute__((unused)), size_t rule)
{
	return (const void *)(uintptr_t)(rule + 1);
}

static struct route_table *
table_of(const struct model_set *set, const char *name, bool is_service,
    const char *hostname, struct route_built *built)
{
	struct route_parent parent = { is_service, hostname, numbered, NULL };
	struct route_table *t = route_table_new();

	route_add(t, test_set_named(set, name), &parent, built);
	route_table_seal(t);
	return t;
}

TEST(route_of_a_service_matches_whatever_the_host)
{
	struct model_set set;
	struct route_built built;

	test_set_read(&set, MODEL_STRICT, documents);
	struct route_table *t = table_of(&set, "whole", true, NULL, &built);

	assert_int_equal(built.taken, 2);
	assert_int_equal(test_find(t, "web.shop /v1/x"), 0);
	assert_int_equal(test_find(t, "other /v1"), 0);
	assert_int_equal(test_find(t, "other / env:canary GET"), 1);
	assert_int_equal(test_find(t, "other / env:canary POST"), -1);
	assert_int_equal(test_find(t, "other /?canary=yes"), 1);
	assert_int_equal(test_find(t, "other /?canary=yesno"), -1);
	route_table_unref(t);
	model_set_fini(&set);
}

TEST(route_under_a_listener_has_the_hosts_of_both)
{
	struct model_set set;
	struct route_built built;

	test_set_read(&set, MODEL_STRICT, documents);
	struct route_table *t = table_of(&set, "edge", false, NULL, &built);

	assert_int_equal(test_find(t, "a.example /x"), 0);
	assert_int_equal(test_find(t, "x.b.example /x"), 0);
	assert_int_equal(test_find(t, "c.example /x"), -1);
	route_table_unref(t);
	t = table_of(&set, "edge", false, "*.example", &built);
	assert_int_equal(test_find(t, "x.b.example /x"), 0);
	route_table_unref(t);
	t = table_of(&set, "edge", false, "a.example", &built);
	assert_int_equal(test_find(t, "a.example /x"), 0);
	assert_int_equal(test_find(t, "x.b.example /x"), -1);
	route_table_unref(t);
	t = table_of(&set, "all", false, "*.c.example", &built);
	assert_int_equal(test_find(t, "x.c.example /"), 0);
	assert_int_equal(test_find(t, "a.example /"), -1);
	route_table_unref(t);
	model_set_fini(&set);
}

/* --- conditions ------------------------------------------------------------ */

static void
assert_condition(const struct route_status *s, const char *type, bool is_true,
    const char *reason, const char *part)
{
	for (size_t i = 0; i < s->len; i++) {
		if (strcmp(s->v[i].type, type) != 0)
			continue;
		assert_int_equal(s->v[i].is_true, is_true);
		assert_string_equal(s->v[i].reason, reason);
		if (strstr(s->v[i].message, part) == NULL)
			fail_msg("%s", s->v[i].message);
		return;
	}
	fail_msg("no condition %s", type);
}

TEST(route_loses_only_the_rules_that_do_not_compile)
{
	struct model_set set;
	struct route_built built;
	struct route_status s;

	test_set_read(&set, MODEL_STRICT, documents);
	struct route_table *t = table_of(&set, "half", false, NULL, &built);

	assert_int_equal(test_find(t, "a.example /fine"), 1);
	assert_int_equal(test_find(t, "a.example /good"), -1);
	route_status_fill(&s, ROUTE_ACCEPTED, &built, ROUTE_RESOLVED, NULL);
	assert_condition(&s, "Accepted", true, "Accepted", "");
	assert_condition(&s, "ResolvedRefs", true, "ResolvedRefs", "");
	assert_condition(&s, "PartiallyInvalid", true, "UnsupportedValue",
	    "Dropped Rule: 1 of 2 cannot be used: rules[0].matches[1]: path:"
	    " column 4");
	route_table_unref(t);
	model_set_fini(&set);
}

TEST(route_without_a_rule_that_compiles_is_not_accepted)
{
	struct model_set set;
	struct route_built built;
	struct route_status s;

	test_set_read(&set, MODEL_STRICT, documents);
	struct route_table *t = table_of(&set, "bad", false, NULL, &built);

	route_status_fill(&s, ROUTE_ACCEPTED, &built, ROUTE_RESOLVED, NULL);
	assert_int_equal(s.len, 2);
	assert_condition(&s, "Accepted", false, "UnsupportedValue",
	    "rules[0].matches[0]: path: column 1");
	route_table_unref(t);
	model_set_fini(&set);
}

struct world {
	const char       *there;	/* namespaces that have what is looked for */
	bool              granted;
};

static enum route_reason
find(const void *arg, const struct model_object_ref *ref)
{
	const struct world *w = arg;

	return strstr(w->there, ref->namespace) != NULL ? ROUTE_RESOLVED :
	    ROUTE_BACKEND_NOT_FOUND;
}

static bool
granted(const void *arg, const char *from __attribute__((unused)),
    const struct model_object_ref *ref __attribute__((unused)))
{
	return ((const struct world *)arg)->granted;
}

static const struct {
	struct world      world;
	bool              is_service;
	enum route_reason reason;
	const char       *message;
} references[] = {
	{ { "infra other", true }, false, ROUTE_RESOLVED, "all" },
	{ { "infra other", false }, false, ROUTE_REF_NOT_PERMITTED,
	    "Service other/there" },
	{ { "infra other", false }, true, ROUTE_RESOLVED, "all" },
	{ { "infra", true }, false, ROUTE_BACKEND_NOT_FOUND, "Service other/there" },
	{ { "infra", false }, false, ROUTE_REF_NOT_PERMITTED,
	    "Service other/there" },	/* whether it is there stays untold */
	{ { "other", true }, false, ROUTE_BACKEND_NOT_FOUND, "Service here" },
};

TEST(route_references_need_grants_and_somebody_there)
{
	struct model_set set;

	test_set_read(&set, MODEL_STRICT, documents);
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		struct route_world w = { find, granted, &references[i].world };
		struct route_built built = { .taken = 1 };
		struct model_object_ref bad;
		struct route_status s;
		enum route_reason r = route_refs(test_set_named(&set, "refs"),
		    references[i].is_service, &w, &bad);

		assert_int_equal(r, references[i].reason);
		route_status_fill(&s, ROUTE_ACCEPTED, &built, r, &bad);
		assert_condition(&s, "ResolvedRefs", r == ROUTE_RESOLVED,
		    route_reason_name(r), references[i].message);
	}
	model_set_fini(&set);
}
