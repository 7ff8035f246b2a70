#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/conditions_fixture.h"
#include "tls/edge_fixture_test.h"

TEST(conditions_of_a_gateway_wait_for_a_proxy)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, GATEWAY_OF_EXAMPLE);
	conditions_expect(t, GATEWAY_KEY,
	    "Accepted=True/Accepted Programmed=False/Pending"
	    " | Accepted=True/Accepted Conflicted=False/NoConflicts"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Pending");
	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: GatewayClass\nmetadata: {name: mesh}\n"
	    "spec: {controllerName: other.example/gateway}\n");
	conditions_expect(t, GATEWAY_KEY, "");
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

	server_fixture_put(t, GATEWAY "  listeners:\n"
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
		conditions_expect(t, GATEWAY_KEY, want);
		mem_free(want);
	}
	server_fixture_free(t);
}

static const char bad_gateway[] = GATEWAY "  listeners:\n"
    "  - {name: a, port: 80, protocol: HTTP}\n"
    "  - {name: b, port: 80, protocol: TCP}\n"
    "  - {name: c, port: 81, protocol: example.com/odd}\n"
    "  - {name: d, port: 443, protocol: HTTPS,"
    " tls: {certificateRefs: [{name: cert}]}}\n";

/* But for what d says of its certificate. */
#define ABC_ARE_BAD	\
    "Accepted=True/ListenersNotValid Programmed=False/Pending"	\
    " | Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict"	\
    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"	\
    " | Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict"	\
    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"	\
    " | Accepted=False/UnsupportedProtocol Conflicted=False/NoConflicts"	\
    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid"	\
    " | Accepted=True/Accepted Conflicted=False/NoConflicts"

TEST(conditions_of_listeners_say_what_is_wrong_with_each)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, bad_gateway);
	conditions_expect(t, GATEWAY_KEY, ABC_ARE_BAD
	    " ResolvedRefs=False/InvalidCertificateRef"
	    " Programmed=False/Invalid");
	put_pair(t, rsa_cert, rsa_key);
	conditions_expect(t, GATEWAY_KEY, ABC_ARE_BAD
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Pending");
	server_fixture_free(t);
}

TEST(conditions_of_a_gateway_with_an_address_of_another_type)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, GATEWAY "  addresses: [{value: 10.0.0.1}, "
	    "{type: Hostname, value: gw.example}]\n"
	    "  listeners: [{name: a, port: 80, protocol: HTTP}]\n");
	conditions_expect(t, GATEWAY_KEY,
	    "Accepted=False/UnsupportedAddress Programmed=False/Invalid"
	    " | Accepted=True/Accepted Conflicted=False/NoConflicts"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_free(t);
}

TEST(conditions_of_a_listener_set_that_may_not_add)
{
	struct server_fixture *t = server_fixture_new();
	const char *set = "/gateway.networking.k8s.io/listenersets/shop/more";

	server_fixture_put(t, GATEWAY_OF_EXAMPLE);
	server_fixture_put(t, OF_GATEWAY_API("ListenerSet", "shop", "more")
	    "spec:\n  parentRef: {name: gw}\n"
	    "  listeners: [{name: x, port: 81, protocol: HTTP}]\n---\n"
	    ROUTE("r") "spec:\n"
	    "  parentRefs: [{kind: ListenerSet, name: more}]\n");
	conditions_expect(t, set,
	    "Accepted=False/NotAllowed Programmed=False/Invalid");
	conditions_expect(t, ROUTE_KEY "r", " | Accepted=False/NoMatchingParent"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_put(t, GATEWAY
	    "  allowedListeners: {namespaces: {from: Same}}\n"
	    "  listeners: [{name: http, port: 81, protocol: HTTP}]\n");
	conditions_expect(t, ROUTE_KEY "r", GOOD);
	conditions_expect(t, set,
	    "Accepted=False/ListenersNotValid Programmed=False/Invalid"
	    " | Accepted=False/HostnameConflict Conflicted=True/HostnameConflict"
	    " ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid");
	server_fixture_free(t);
}
