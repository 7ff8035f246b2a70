#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/conditions.h"
#include "modes/control/server_fixture.h"
#include "modes/control/session.h"
#include "tls/edge_fixture_test.h"

#define SERVICE(ns, name) "apiVersion: v1\nkind: Service\n"	\
	"metadata: {name: " name ", namespace: " ns "}\n"		\
	"spec: {ports: [{name: http, port: 80}]}\n"
#define ROUTE(ns, name) "apiVersion: gateway.networking.k8s.io/v1\n"	\
	"kind: HTTPRoute\nmetadata: {name: " name ", namespace: " ns "}\n"
#define PARENT_WEB "parentRefs: [{group: \"\", kind: Service, name: web}]\n"

static const struct model_object *
find(struct server_fixture *t, const char *key)
{
	const struct model_object *o = registry_find(t->s->registry,
	    slice_str(key));

	if (o == NULL)
		fail_msg("no %s", key);
	return o;
}

/* "Accepted=True/Accepted@1 ..." of every group, groups behind "|". */
static void
add_conditions(struct str *out, const struct conf_node *of)
{
	CONF_FOREACH(e, conf_get(of, "conditions"))
		str_addf(out, "%s%s=%s/%s", out->len > 0 ? " " : "",
		    conf_get_string(e->node, "type"),
		    conf_get_string(e->node, "status"),
		    conf_get_string(e->node, "reason"));
}

static void
write_all(struct str *out, struct server_fixture *t, const char *key)
{
	static const char *const lists[] = { "parents", "listeners",
		"ancestors" };
	struct err err = ERR_INIT;
	struct arena a;
	struct slice json = conditions_of(t->s->conditions, find(t, key));

	arena_init(&a);
	const struct conf_node *status = conf_json_read(&a, json, "test", &err);

	str_clear(out);
	add_conditions(out, status);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		CONF_FOREACH(e, conf_get(status, lists[i])) {
			str_add(out, " |");
			add_conditions(out, e->node);
		}
	arena_fini(&a);
}

/* A slow machine may see what depends on proxies some turns later. */
static void
expect(struct server_fixture *t, const char *key, const char *want)
{
	struct str got = { 0 };

	write_all(&got, t, key);
	for (int i = 0; i < 2000 && strcmp(str_ptr(&got), want) != 0; i++) {
		server_fixture_turn(t);
		write_all(&got, t, key);
	}
	assert_string_equal(str_ptr(&got), want);
	str_fini(&got);
}

#define R	"/gateway.networking.k8s.io/httproutes/shop/"
#define GOOD	" | Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs"	\
		" Programmed=True/Programmed"

TEST(conditions_of_a_route_follow_what_it_refers_to)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, ROUTE("shop", "r") "spec:\n  " PARENT_WEB
	    "  rules: [{backendRefs: [{name: v1, port: 80}]}]\n");
	expect(t, R "r", " | Accepted=False/NoMatchingParent"
	    " ResolvedRefs=False/BackendNotFound Programmed=False/Invalid");
	server_fixture_put(t, SERVICE("shop", "web"));
	expect(t, R "r", " | Accepted=True/Accepted"
	    " ResolvedRefs=False/BackendNotFound Programmed=True/Programmed");
	server_fixture_put(t, SERVICE("shop", "v1"));
	expect(t, R "r", GOOD);
	server_fixture_free(t);
}

static const char grant[] = "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: ReferenceGrant\nmetadata: {name: g, namespace: far}\n"
    "spec:\n  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute,"
    " namespace: shop}]\n  to: [{group: \"\", kind: Service}]\n";

static const char gateway[] = "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: Gateway\nmetadata: {name: gw, namespace: shop}\n"
    "spec:\n  gatewayClassName: mesh\n"
    "  listeners: [{name: http, port: 80, protocol: HTTP,"
    " hostname: \"*.example\"}]\n";

TEST(conditions_of_a_route_follow_gateways_and_grants)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, SERVICE("far", "v1") "---\n"
	    ROUTE("shop", "r") "spec:\n  parentRefs: [{name: gw}]\n"
	    "  hostnames: [a.example]\n"
	    "  rules: [{backendRefs: [{name: v1, namespace: far, port: 80}]}]\n"
	    "---\n" ROUTE("shop", "other") "spec:\n"
	    "  parentRefs: [{name: gw}]\n  hostnames: [a.test]\n");
	expect(t, R "r", " | Accepted=False/NoMatchingParent"
	    " ResolvedRefs=False/RefNotPermitted Programmed=False/Invalid");
	server_fixture_put(t, gateway);
	expect(t, R "r", " | Accepted=True/Accepted"
	    " ResolvedRefs=False/RefNotPermitted Programmed=True/Programmed");
	expect(t, R "other", " | Accepted=False/NoMatchingListenerHostname"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_put(t, grant);
	expect(t, R "r", GOOD);
	server_fixture_free(t);
}

#define G	"/gateway.networking.k8s.io/gateways/shop/"

TEST(conditions_of_a_gateway_wait_for_a_proxy)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, gateway);
	expect(t, G "gw", "Accepted=True/Accepted Programmed=False/Pending"
	    " | Accepted=True/Accepted Conflicted=False/NoConflicts"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Pending");
	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: GatewayClass\nmetadata: {name: mesh}\n"
	    "spec: {controllerName: other.example/gateway}\n");
	expect(t, G "gw", "");
	server_fixture_free(t);
}

/* Opaque: as one that was stored when nobody looked at it. */
static void
put_pair(struct server_fixture *t, const char *cert, const char *key)
{
	struct str yaml = { 0 };

	str_add(&yaml, "apiVersion: v1\nkind: Secret\n"
	    "metadata: {name: cert, namespace: shop}\nstringData:\n"
	    "  tls.crt: ");
	str_add_json(&yaml, slice_str(cert));
	str_add(&yaml, "\n  tls.key: ");
	str_add_json(&yaml, slice_str(key));
	str_add(&yaml, "\n");
	server_fixture_put(t, str_ptr(&yaml));
	str_fini(&yaml);
}

TEST(conditions_of_a_listener_look_into_its_secret)
{
	static const struct {
		const char *cert, *key, *want;
	} cases[] = {
		{ "a", rsa_key, "False/InvalidCertificateRef" },
		{ rsa_cert, rsa_other_key, "False/InvalidCertificateRef" },
		{ rsa_cert, rsa_key, "True/ResolvedRefs" },
	};
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: Gateway\nmetadata: {name: gw, namespace: shop}\n"
	    "spec:\n  gatewayClassName: mesh\n  listeners:\n"
	    "  - {name: d, port: 443, protocol: HTTPS,"
	    " tls: {certificateRefs: [{name: cert}]}}\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool is_good = cases[i].want[0] == 'T';
		char *want = mem_printf("Accepted=True/Accepted "
		    "Programmed=False/Pending | Accepted=True/Accepted "
		    "Conflicted=False/NoConflicts ResolvedRefs=%s "
		    "Programmed=False/%s", cases[i].want,
		    is_good ? "Pending" : "Invalid");

		put_pair(t, cases[i].cert, cases[i].key);
		expect(t, G "gw", want);
		mem_free(want);
	}
	server_fixture_free(t);
}

static const char bad_gateway[] =
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: Gateway\nmetadata: {name: gw, namespace: shop}\n"
    "spec:\n  gatewayClassName: mesh\n  listeners:\n"
    "  - {name: a, port: 80, protocol: HTTP}\n"
    "  - {name: b, port: 80, protocol: TCP}\n"
    "  - {name: c, port: 81, protocol: example.com/odd}\n"
    "  - {name: d, port: 443, protocol: HTTPS,"
    " tls: {certificateRefs: [{name: cert}]}}\n";

TEST(conditions_of_listeners_say_what_is_wrong_with_each)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, bad_gateway);
	expect(t, G "gw",
	    "Accepted=True/ListenersNotValid Programmed=False/Pending"
	    " | Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"
	    " | Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"
	    " | Accepted=False/UnsupportedProtocol Conflicted=False/NoConflicts"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"
	    " | Accepted=True/Accepted Conflicted=False/NoConflicts"
	    " ResolvedRefs=False/InvalidCertificateRef"
	    " Programmed=False/Invalid");
	put_pair(t, rsa_cert, rsa_key);
	expect(t, G "gw",
	    "Accepted=True/ListenersNotValid Programmed=False/Pending"
	    " | Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"
	    " | Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"
	    " | Accepted=False/UnsupportedProtocol Conflicted=False/NoConflicts"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"
	    " | Accepted=True/Accepted Conflicted=False/NoConflicts"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Pending");
	server_fixture_free(t);
}

TEST(conditions_of_a_gateway_with_an_address_of_another_type)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: Gateway\nmetadata: {name: gw, namespace: shop}\n"
	    "spec:\n  gatewayClassName: mesh\n  addresses: [{value: 10.0.0.1}, "
	    "{type: Hostname, value: gw.example}]\n"
	    "  listeners: [{name: a, port: 80, protocol: HTTP}]\n");
	expect(t, G "gw",
	    "Accepted=False/UnsupportedAddress Programmed=False/Invalid"
	    " | Accepted=True/Accepted Conflicted=False/NoConflicts"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_free(t);
}

/* Kinds that proxies do not act on yet are never programmed. */
TEST(conditions_of_other_routes_say_what_they_hang_on)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/gateway.networking.k8s.io/grpcroutes/shop/r";

	server_fixture_put(t, gateway);
	server_fixture_put(t, SERVICE("shop", "web") "---\n"
	    "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\n"
	    "metadata: {name: r, namespace: shop}\nspec:\n"
	    "  parentRefs: [{name: gw}, {group: \"\", kind: Service, name: web},"
	    " {name: none}]\n  hostnames: [a.example]\n"
	    "  rules: [{backendRefs: [{name: web, port: 80}]}]\n");
	expect(t, key, " | Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs"
	    " Programmed=False/Unsupported"
	    " mesh.internal/FieldsIgnored=True/NotActedOn"
	    " | Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs"
	    " Programmed=False/Unsupported"
	    " mesh.internal/FieldsIgnored=True/NotActedOn"
	    " | Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs"
	    " Programmed=False/Unsupported"
	    " mesh.internal/FieldsIgnored=True/NotActedOn");
	server_fixture_free(t);
}

#define L4(kind, name) "apiVersion: gateway.networking.k8s.io/v1\n"	\
	"kind: " kind "\nmetadata: {name: " name ", namespace: shop}\n"
#define TO_WEB "  rules: [{backendRefs: [{name: web, port: 80}]}]\n"

/* Of several kinds on a port one goes first, and the others are told. */
TEST(conditions_of_routes_that_meet_on_a_port)
{
	struct server_fixture *t = server_fixture_new();
	const char *tcp = "/gateway.networking.k8s.io/tcproutes/shop/t";

	server_fixture_put(t, SERVICE("shop", "web") "---\n"
	    L4("TCPRoute", "t") "spec:\n  " PARENT_WEB TO_WEB);
	expect(t, tcp, GOOD);
	server_fixture_put(t, ROUTE("shop", "r") "spec:\n  " PARENT_WEB TO_WEB);
	expect(t, R "r", GOOD);
	expect(t, tcp, " | Accepted=False/Conflicted"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_put(t, L4("GRPCRoute", "g") "spec:\n  " PARENT_WEB TO_WEB);
	expect(t, R "r", " | Accepted=False/Conflicted"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_free(t);
}

TEST(conditions_of_kinds_that_share_a_host_of_a_listener)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, gateway);
	server_fixture_put(t, ROUTE("shop", "r") "spec:\n"
	    "  parentRefs: [{name: gw}]\n  hostnames: [a.example]\n");
	expect(t, R "r", GOOD);
	/* As old as the other, and before it by name. */
	server_fixture_put(t, L4("GRPCRoute", "g") "spec:\n"
	    "  parentRefs: [{name: gw}]\n  hostnames: [\"*.example\"]\n");
	expect(t, R "r", " | Accepted=False/Conflicted"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_free(t);
}

TEST(conditions_of_a_listener_set_that_may_not_add)
{
	struct server_fixture *t = server_fixture_new();
	const char *set = "/gateway.networking.k8s.io/listenersets/shop/more";

	server_fixture_put(t, gateway);
	server_fixture_put(t, L4("ListenerSet", "more") "spec:\n"
	    "  parentRef: {name: gw}\n"
	    "  listeners: [{name: x, port: 81, protocol: HTTP}]\n---\n"
	    ROUTE("shop", "r") "spec:\n"
	    "  parentRefs: [{kind: ListenerSet, name: more}]\n");
	expect(t, set, "Accepted=False/NotAllowed Programmed=False/Invalid");
	expect(t, R "r", " | Accepted=False/NoMatchingParent"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: Gateway\nmetadata: {name: gw, namespace: shop}\n"
	    "spec:\n  gatewayClassName: mesh\n"
	    "  allowedListeners: {namespaces: {from: Same}}\n"
	    "  listeners: [{name: http, port: 81, protocol: HTTP}]\n");
	expect(t, R "r", GOOD);
	expect(t, set,
	    "Accepted=False/ListenersNotValid Programmed=False/Invalid"
	    " | Accepted=False/HostnameConflict Conflicted=True/HostnameConflict"
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
	expect(t, key, " | Accepted=True/Accepted Programmed=True/Programmed"
	    " | Accepted=False/TargetNotFound Programmed=False/Invalid");
	server_fixture_put(t, SERVICE("shop", "none"));
	expect(t, key, " | Accepted=True/Accepted Programmed=True/Programmed"
	    " | Accepted=True/Accepted Programmed=True/Programmed");
	server_fixture_free(t);
}

/* openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256, for tests. */
#define ROOT_PEM	\
    "    -----BEGIN CERTIFICATE-----\n"	\
    "    MIIBdTCCARugAwIBAgIUX/q6HL6gI/EnNR3/fmcDeCQ6e/0wCgYIKoZIzj0EAwIw\n"	\
    "    DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjEwODAzMDNaGA8yMTI2MTAyODA4MDMw\n"	\
    "    M1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDDe\n"	\
    "    MjQQdrULTfCFPBI6KKOIjF2CFMiRv1H57lC+dZFEShMCiBkAPNIusVXhM/G6+p81\n"	\
    "    DkRk9B/pro++h3X6MeWjUzBRMB0GA1UdDgQWBBSPuKJMjM1188NqwUoSIyuEfxpx\n"	\
    "    lTAfBgNVHSMEGDAWgBSPuKJMjM1188NqwUoSIyuEfxpxlTAPBgNVHRMBAf8EBTAD\n"	\
    "    AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDeIrr9sM8nr1mQ5oyPAgM3OpTCJhJ5OwqS\n"	\
    "    sv8eLW0B/AIgWQFxk5wyviZntK5dLSSXTVdtT/MreeCtDxDXwel5IBk=\n"	\
    "    -----END CERTIFICATE-----\n"

TEST(conditions_of_tls_policies_tell_whom_they_trust)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/gateway.networking.k8s.io/backendtlspolicies/shop/p";
	static const char policy[] =
	    "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: BackendTLSPolicy\nmetadata: {name: %s, namespace: shop}\n"
	    "spec:\n  targetRefs: [{group: \"\", kind: Service, name: web}]\n"
	    "  validation: {hostname: a.b, %s}\n";
	char text[1024];

	snprintf(text, sizeof(text), policy, "p", "caCertificateRefs: "
	    "[{group: \"\", kind: ConfigMap, name: roots}]");
	server_fixture_put(t, text);
	expect(t, key, " | Accepted=False/TargetNotFound "
	    "ResolvedRefs=False/InvalidCACertificateRef "
	    "Programmed=False/Invalid");
	server_fixture_put(t, SERVICE("shop", "web"));
	expect(t, key, " | Accepted=False/NoValidCACertificate "
	    "ResolvedRefs=False/InvalidCACertificateRef "
	    "Programmed=False/Invalid");
	server_fixture_put(t, "apiVersion: v1\nkind: ConfigMap\n"
	    "metadata: {name: roots, namespace: shop}\ndata:\n  ca.crt: |\n"
	    ROOT_PEM);
	expect(t, key, " | Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs "
	    "Programmed=True/Programmed");
	/* A later one for the same. */
	snprintf(text, sizeof(text), policy, "q",
	    "wellKnownCACertificates: System");
	server_fixture_put(t, text);
	expect(t, "/gateway.networking.k8s.io/backendtlspolicies/shop/q",
	    " | Accepted=False/Conflicted ResolvedRefs=True/ResolvedRefs "
	    "Programmed=False/Invalid");
	snprintf(text, sizeof(text), policy, "p", "caCertificateRefs: "
	    "[{group: \"\", kind: Secret, name: roots}]");
	server_fixture_put(t, text);
	expect(t, key, " | Accepted=False/NoValidCACertificate "
	    "ResolvedRefs=False/InvalidKind Programmed=False/Invalid");
	server_fixture_free(t);
}

TEST(conditions_of_an_xbackend_tell_whom_it_trusts)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/gateway.networking.x-k8s.io/xbackends/shop/bank";
	static const char xbackend[] =
	    "apiVersion: gateway.networking.x-k8s.io/v1alpha1\n"
	    "kind: XBackend\nmetadata: {name: bank, namespace: shop}\n"
	    "spec:\n  port: {number: 443}\n";

	char text[1024];

	snprintf(text, sizeof(text), "%s  type: ExternalHostname\n"
	    "  externalHostname: {hostname: a.b}\n  tls:\n"
	    "    mode: ServerOnly\n    validation: {hostname: a.b, "
	    "caCertificateRefs: [{group: \"\", kind: ConfigMap, name: "
	    "roots}]}\n", xbackend);
	server_fixture_put(t, text);
	expect(t, key, "Accepted=False/NoValidCACertificate "
	    "ResolvedRefs=False/InvalidCACertificateRef "
	    "Programmed=False/Invalid");
	server_fixture_put(t, "apiVersion: v1\nkind: ConfigMap\n"
	    "metadata: {name: roots, namespace: shop}\ndata:\n  ca.crt: |\n"
	    ROOT_PEM);
	expect(t, key, "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs "
	    "Programmed=True/Programmed");
	snprintf(text, sizeof(text), "%s  type: EndpointSelector\n"
	    "  endpointSelector: {matchLabels: {a: b}}\n", xbackend);
	server_fixture_put(t, text);
	expect(t, key, "Accepted=False/UnsupportedValue "
	    "ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid "
	    "mesh.internal/FieldsIgnored=True/NotActedOn");
	server_fixture_free(t);
}

TEST(conditions_name_fields_that_are_not_acted_on)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, SERVICE("shop", "web") "---\n" ROUTE("shop", "r")
	    "spec:\n  useDefaultGateways: All\n  " PARENT_WEB);
	expect(t, R "r", GOOD " mesh.internal/FieldsIgnored=True/NotActedOn");
	server_fixture_free(t);
}

/* One that does not compile holds up nobody but itself. */
TEST(conditions_of_a_bad_route_are_its_own)
{
	struct server_fixture *t = server_fixture_new();
	char key[80];

	server_fixture_put(t, SERVICE("shop", "web"));
	for (int i = 0; i < 100; i++) {
		char *yaml = mem_printf(ROUTE("shop", "r%d") "spec:\n  "
		    PARENT_WEB "  rules: [{matches: [{path: {type: "
		    "RegularExpression, value: \"%s\"}}]}]\n", i,
		    i == 50 ? "/(" : "/x[0-9]+");

		server_fixture_put(t, yaml);
		mem_free(yaml);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), R "r%d", i);
		expect(t, key, i == 50 ? " | Accepted=False/UnsupportedValue"
		    " ResolvedRefs=True/ResolvedRefs"
		    " Programmed=False/Invalid" : GOOD);
	}
	server_fixture_free(t);
}

TEST(conditions_say_which_rules_are_dropped)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, SERVICE("shop", "web") "---\n" ROUTE("shop", "r")
	    "spec:\n  " PARENT_WEB "  rules:\n"
	    "  - matches: [{path: {type: RegularExpression, value: \"/(\"}}]\n"
	    "  - matches: [{path: {type: Exact, value: /x}}]\n");
	expect(t, R "r", " | Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs"
	    " PartiallyInvalid=True/UnsupportedValue Programmed=True/Programmed");
	server_fixture_free(t);
}

TEST(conditions_ask_only_judges_that_a_change_concerns)
{
	struct server_fixture *t = server_fixture_new();
	uint64_t before;

	server_fixture_put(t, SERVICE("shop", "web") "---\n" SERVICE("shop", "b")
	    "---\n" ROUTE("shop", "r") "spec: {" PARENT_WEB "}\n---\n"
	    ROUTE("shop", "s") "spec:\n  " PARENT_WEB
	    "  rules: [{backendRefs: [{name: b, port: 80}]}]\n");
	expect(t, R "r", GOOD);
	expect(t, R "s", GOOD);
	before = conditions_judged(t->s->conditions);
	server_fixture_put(t, SERVICE("shop", "elsewhere"));
	expect(t, R "s", GOOD);
	assert_int_equal(conditions_judged(t->s->conditions), before);
	server_fixture_put(t, "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: b, namespace: shop}\nspec: {ports: [{port: 81}]}\n");
	expect(t, R "s", " | Accepted=True/Accepted"
	    " ResolvedRefs=False/BackendNotFound Programmed=True/Programmed");
	assert_int_equal(conditions_judged(t->s->conditions), before + 1);
	server_fixture_free(t);
}

/* --- proxies ----------------------------------------------------------------------- */

static void
take_bytes(void *arg, struct buf *b)
{
	(void)arg;
	buf_drain(b, buf_len(b));
}

static void
note_end(void *arg)
{
	*(bool *)arg = true;
}

static const struct session_io io = { take_bytes, note_end };

static void
say(struct session *s, const char *line)
{
	struct buf b = { 0 };

	buf_add(&b, line, strlen(line));
	session_bytes(s, &b, false);
	buf_fini(&b);
}

static struct session *
connect_proxy(struct server_fixture *t, bool *ended)
{
	struct slice services[] = { SLICE("app") };
	struct session_peer who = {
		.grant = { .ns = SLICE("shop"), .account = SLICE("app"),
		    .name = SLICE("app-1"), .services = services,
		    .services_len = 1 },
		.id = SLICE("spiffe://td/ns/shop/sa/app"),
		.address = SLICE("192.0.2.7"), .from = SLICE("192.0.2.7:1"),
	};
	struct session *s = sessions_open(t->s->sessions, &who, &io, ended);

	say(s, "{\"t\":\"hello\",\"schema\":1,\"version\":\"1\",\"workload\":"
	    "\"shop/app-1\",\"since\":0,\"document\":{}}\n"
	    "{\"t\":\"interest\",\"services\":[\"shop/web\"]}\n");
	return s;
}

static void
say_about(struct server_fixture *t, struct session *s, const char *format)
{
	char *line = mem_printf("{\"t\":\"%s\",\"revision\":%llu%s}\n",
	    *format == '\0' ? "ack" : "nack",
	    (unsigned long long)registry_revision(t->s->registry), format);

	say(s, line);
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
	    conditions_of(t->s->conditions, find(t, key)), "test", &err);
	const struct conf_node *c = conf_at(conf_get(conf_at(conf_get(status,
	    "parents"), 0), "conditions"), i);

	snprintf(out, 64, "%s %lld", conf_get_string(c, "lastTransitionTime"),
	    (long long)conf_get_int(c, "observedGeneration", 0));
	arena_fini(&a);
}

#define IN_USE	" | Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs"

TEST(conditions_say_programmed_when_proxies_run_the_revision)
{
	struct server_fixture *t = server_fixture_new();
	bool ended = false;
	struct session *s;
	char text[64];

	server_fixture_put(t, SERVICE("shop", "web") "---\n"
	    ROUTE("shop", "r") "spec: {" PARENT_WEB "}\n");
	expect(t, R "r", GOOD);
	s = connect_proxy(t, &ended);
	expect(t, R "r", IN_USE " Programmed=False/Pending");
	say_about(t, s, "");
	expect(t, R "r", GOOD);

	server_fixture_put(t, ROUTE("shop", "r") "spec:\n  " PARENT_WEB
	    "  hostnames: [x.example]\n");
	expect(t, R "r", IN_USE " Programmed=False/Pending");
	set_old(t, R "r", text, 0);
	assert_non_null(strstr(text, "Z 2"));
	say_about(t, s, ",\"key\":\"" R "r\",\"error\":\"too odd\"");
	expect(t, R "r", IN_USE " Programmed=False/Invalid");
	session_gone(s);
	expect(t, R "r", GOOD);
	assert_false(ended);
	server_fixture_free(t);
}
