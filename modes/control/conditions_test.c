#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/conditions.h"
#include "modes/control/conditions_fixture.h"
#include "modes/control/peer_fixture.h"

TEST(conditions_of_a_route_follow_what_it_refers_to)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, ROUTE("r") "spec:\n  " PARENT_WEB
	    "  rules: [{backendRefs: [{name: v1, port: 80}]}]\n");
	conditions_expect(t, ROUTE_KEY "r", " | Accepted=False/NoMatchingParent"
	    " ResolvedRefs=False/BackendNotFound Programmed=False/Invalid");
	server_fixture_put(t, SERVICE("shop", "web"));
	conditions_expect(t, ROUTE_KEY "r", " | Accepted=True/Accepted"
	    " ResolvedRefs=False/BackendNotFound Programmed=True/Programmed");
	server_fixture_put(t, SERVICE("shop", "v1"));
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	server_fixture_free(t);
}

static const char grant[] = OF_GATEWAY_API("ReferenceGrant", "far", "g")
    "spec:\n  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute,"
    " namespace: shop}]\n  to: [{group: \"\", kind: Service}]\n";

TEST(conditions_of_a_route_follow_gateways_and_grants)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, SERVICE("far", "v1") "---\n"
	    ROUTE("r") "spec:\n  parentRefs: [{name: gw}]\n"
	    "  hostnames: [a.example]\n"
	    "  rules: [{backendRefs: [{name: v1, namespace: far, port: 80}]}]\n"
	    "---\n" ROUTE("other") "spec:\n"
	    "  parentRefs: [{name: gw}]\n  hostnames: [a.test]\n");
	conditions_expect(t, ROUTE_KEY "r", " | Accepted=False/NoMatchingParent"
	    " ResolvedRefs=False/RefNotPermitted Programmed=False/Invalid");
	server_fixture_put(t, GATEWAY_OF_EXAMPLE);
	conditions_expect(t, ROUTE_KEY "r", " | Accepted=True/Accepted"
	    " ResolvedRefs=False/RefNotPermitted Programmed=True/Programmed");
	conditions_expect(t, ROUTE_KEY "other",
	    " | Accepted=False/NoMatchingListenerHostname"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_put(t, grant);
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	server_fixture_free(t);
}

TEST(conditions_of_other_routes_say_what_they_hang_on)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/gateway.networking.k8s.io/grpcroutes/shop/r";

	server_fixture_put(t, GATEWAY_OF_EXAMPLE);
	server_fixture_put(t, SERVICE("shop", "web") "---\n"
	    OF_GATEWAY_API("GRPCRoute", "shop", "r") "spec:\n"
	    "  parentRefs: [{name: gw}, {group: \"\", kind: Service, name: web},"
	    " {name: none}]\n  hostnames: [a.example]\n"
	    "  rules: [{backendRefs: [{name: web, port: 80}]}]\n");
	conditions_expect(t, key, GOOD GOOD
	    " | Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs"
	    " Programmed=False/Invalid");
	server_fixture_free(t);
}

#define TO_WEB "  rules: [{backendRefs: [{name: web, port: 80}]}]\n"

/* Of several kinds on a port one goes first, and the others are told. */
TEST(conditions_of_routes_that_meet_on_a_port)
{
	struct server_fixture *t = server_fixture_new();
	const char *tcp = "/gateway.networking.k8s.io/tcproutes/shop/t";

	server_fixture_put(t, SERVICE("shop", "web") "---\n"
	    OF_GATEWAY_API("TCPRoute", "shop", "t") "spec:\n  "
	    PARENT_WEB TO_WEB);
	conditions_expect(t, tcp, GOOD);
	server_fixture_put(t, ROUTE("r") "spec:\n  " PARENT_WEB TO_WEB);
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	conditions_expect(t, tcp, " | Accepted=False/Conflicted"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_put(t, OF_GATEWAY_API("GRPCRoute", "shop", "g")
	    "spec:\n  " PARENT_WEB TO_WEB);
	conditions_expect(t, ROUTE_KEY "r", " | Accepted=False/Conflicted"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_free(t);
}

TEST(conditions_of_a_filter_of_a_grpc_route)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, "apiVersion: mesh/v1\nkind: FaultInjection\n"
	    "metadata: {name: f, namespace: shop}\n"
	    "spec: {delay: {duration: 1s, percent: 1}}\n---\n"
	    OF_GATEWAY_API("GRPCRoute", "shop", "g") "spec:\n"
	    "  parentRefs: [{name: gw}]\n  rules:\n"
	    "  - filters: [{type: ExtensionRef, extensionRef: {group: mesh,"
	    " kind: FaultInjection, name: f}}]\n");
	conditions_expect(t, "/mesh/faultinjections/shop/f",
	    " | Accepted=True/Accepted Programmed=True/Programmed");
	server_fixture_free(t);
}

TEST(conditions_of_kinds_that_share_a_host_of_a_listener)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, GATEWAY_OF_EXAMPLE);
	server_fixture_put(t, ROUTE("r") "spec:\n"
	    "  parentRefs: [{name: gw}]\n  hostnames: [a.example]\n");
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	/* As old as the other, and before it by name. */
	server_fixture_put(t, OF_GATEWAY_API("GRPCRoute", "shop", "g")
	    "spec:\n  parentRefs: [{name: gw}]\n  hostnames: [\"*.example\"]\n");
	conditions_expect(t, ROUTE_KEY "r", " | Accepted=False/Conflicted"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_free(t);
}

TEST(conditions_of_policies_are_for_each_target)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/mesh/backendpolicies/shop/p";

	server_fixture_put(t, SERVICE("shop", "web") "---\n"
	    "apiVersion: mesh/v1\nkind: BackendPolicy\n"
	    "metadata: {name: p, namespace: shop}\nspec:\n"
	    "  targetRefs: [{group: \"\", kind: Service, name: web},"
	    " {group: \"\", kind: Service, name: none}]\n"
	    "  circuitBreaker: {maxRequests: 10}\n");
	conditions_expect(t, key,
	    " | Accepted=True/Accepted Programmed=True/Programmed"
	    " | Accepted=False/TargetNotFound Programmed=False/Invalid");
	server_fixture_put(t, SERVICE("shop", "none"));
	conditions_expect(t, key,
	    " | Accepted=True/Accepted Programmed=True/Programmed"
	    " | Accepted=True/Accepted Programmed=True/Programmed");
	server_fixture_free(t);
}

TEST(conditions_name_fields_that_are_not_acted_on)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, SERVICE("shop", "web") "---\n" ROUTE("r")
	    "spec:\n  useDefaultGateways: All\n  " PARENT_WEB);
	conditions_expect(t, ROUTE_KEY "r", GOOD
	    " mesh.internal/FieldsIgnored=True/NotActedOn");
	server_fixture_free(t);
}

/* One that does not compile holds up nobody but itself. */
TEST(conditions_of_a_bad_route_are_its_own)
{
	struct server_fixture *t = server_fixture_new();
	char key[80];

	server_fixture_put(t, SERVICE("shop", "web"));
	for (int i = 0; i < 100; i++) {
		char *yaml = mem_printf(ROUTE("r%d") "spec:\n  "
		    PARENT_WEB "  rules: [{matches: [{path: {type: "
		    "RegularExpression, value: \"%s\"}}]}]\n", i,
		    i == 50 ? "/(" : "/x[0-9]+");

		server_fixture_put(t, yaml);
		mem_free(yaml);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), ROUTE_KEY "r%d", i);
		conditions_expect(t, key, i == 50 ?
		    " | Accepted=False/UnsupportedValue"
		    " ResolvedRefs=True/ResolvedRefs"
		    " Programmed=False/Invalid" : GOOD);
	}
	server_fixture_free(t);
}

TEST(conditions_say_which_rules_are_dropped)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, SERVICE("shop", "web") "---\n" ROUTE("r")
	    "spec:\n  " PARENT_WEB "  rules:\n"
	    "  - matches: [{path: {type: RegularExpression, value: \"/(\"}}]\n"
	    "  - matches: [{path: {type: Exact, value: /x}}]\n");
	conditions_expect(t, ROUTE_KEY "r", IN_USE
	    " PartiallyInvalid=True/UnsupportedValue Programmed=True/Programmed");
	server_fixture_free(t);
}

TEST(conditions_ask_only_judges_that_a_change_concerns)
{
	struct server_fixture *t = server_fixture_new();
	uint64_t before;

	server_fixture_put(t, SERVICE("shop", "web") "---\n" SERVICE("shop", "b")
	    "---\n" ROUTE("r") "spec: {" PARENT_WEB "}\n---\n"
	    ROUTE("s") "spec:\n  " PARENT_WEB
	    "  rules: [{backendRefs: [{name: b, port: 80}]}]\n");
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	conditions_expect(t, ROUTE_KEY "s", GOOD);
	before = conditions_judged(t->s->conditions);
	server_fixture_put(t, SERVICE("shop", "elsewhere"));
	conditions_expect(t, ROUTE_KEY "s", GOOD);
	assert_int_equal(conditions_judged(t->s->conditions), before);
	server_fixture_put(t, "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: b, namespace: shop}\nspec: {ports: [{port: 81}]}\n");
	conditions_expect(t, ROUTE_KEY "s", " | Accepted=True/Accepted"
	    " ResolvedRefs=False/BackendNotFound Programmed=True/Programmed");
	assert_int_equal(conditions_judged(t->s->conditions), before + 1);
	server_fixture_free(t);
}

/* --- proxies ----------------------------------------------------------------------- */

static void
open_proxy(struct server_fixture *t, struct peer *p)
{
	peer_open(t, p, "shop/app-1");
	peer_hello(p, "{}");
	peer_say(p, "{\"t\":\"interest\",\"services\":[\"shop/web\"]}\n");
}

/* It runs what there is; fault: but for that. */
static void
say_about(struct server_fixture *t, struct peer *p, const char *fault)
{
	char *line = mem_printf("{\"t\":\"%s\",\"revision\":%llu%s}\n",
	    *fault == '\0' ? "ack" : "nack",
	    (unsigned long long)registry_revision(t->s->registry), fault);

	peer_say(p, line);
	mem_free(line);
}

/* The time of the first parent's condition, which is the i-th. */
static void
set_old(struct server_fixture *t, const char *key, char out[64], size_t i)
{
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a);
	const struct conf_node *status = conf_json_read(&a,
	    conditions_of(t->s->conditions, conditions_find(t, key)), "test",
	    &err);
	const struct conf_node *c = conf_at(conf_get(conf_at(conf_get(status,
	    "parents"), 0), "conditions"), i);

	snprintf(out, 64, "%s %lld", conf_get_string(c, "lastTransitionTime"),
	    (long long)conf_get_int(c, "observedGeneration", 0));
	arena_fini(&a);
}

TEST(conditions_say_programmed_when_proxies_run_the_revision)
{
	struct server_fixture *t = server_fixture_new();
	struct peer p;
	char text[64];

	server_fixture_put(t, SERVICE("shop", "web") "---\n"
	    ROUTE("r") "spec: {" PARENT_WEB "}\n");
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	open_proxy(t, &p);
	conditions_expect(t, ROUTE_KEY "r", IN_USE " Programmed=False/Pending");
	say_about(t, &p, "");
	conditions_expect(t, ROUTE_KEY "r", GOOD);

	server_fixture_put(t, ROUTE("r") "spec:\n  " PARENT_WEB
	    "  hostnames: [x.example]\n");
	conditions_expect(t, ROUTE_KEY "r", IN_USE " Programmed=False/Pending");
	set_old(t, ROUTE_KEY "r", text, 0);
	assert_non_null(strstr(text, "Z 2"));
	say_about(t, &p, ",\"key\":\"" ROUTE_KEY "r\",\"error\":\"too odd\"");
	conditions_expect(t, ROUTE_KEY "r", IN_USE " Programmed=False/Invalid");
	assert_false(p.is_ended);
	peer_close(&p);
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	assert_false(p.is_ended);
	server_fixture_free(t);
}
