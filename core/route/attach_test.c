#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "route/attach.h"
#include "route/set_test.h"

#define DOC(kind, ns, name)						\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: " kind "\n"	\
	"metadata: {name: " name ", namespace: " ns "}\n"
#define ON_WEB	"parentRefs: [{group: \"\", kind: Service, name: web,"	\
	" namespace: shop"
#define TO_WEB	"  rules: [{backendRefs: [{name: web, port: 80}]}]\n"

static const char services[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
    "spec: {ports: [{name: a, port: 80}, {name: b, port: 81},"
    " {name: c, port: 82}, {name: d, port: 80, protocol: UDP}]}\n"
    DOC("TCPRoute", "shop", "tcp") "spec:\n  " ON_WEB "}]\n" TO_WEB
    DOC("TLSRoute", "shop", "tls") "spec:\n  " ON_WEB ", port: 80}]\n"
    "  hostnames: [a.example]\n" TO_WEB
    DOC("HTTPRoute", "shop", "http") "spec:\n  " ON_WEB ", port: 81}]\n" TO_WEB
    DOC("GRPCRoute", "shop", "grpc") "spec:\n  " ON_WEB ", port: 81}]\n" TO_WEB
    DOC("UDPRoute", "shop", "udp") "spec:\n  " ON_WEB "}]\n" TO_WEB
    DOC("TCPRoute", "app", "own") "spec:\n  " ON_WEB ", sectionName: b}]\n" TO_WEB;

static void
assert_names(const struct model_object *const *v, size_t n, const char *want)
{
	struct str names = { 0 };

	for (size_t i = 0; i < n; i++)
		str_addf(&names, "%s ", v[i]->head->meta.name);
	assert_string_equal(str_ptr(&names), want);
	str_fini(&names);
}

/* --- services ------------------------------------------------------------------- */

static const struct {
	const char *caller;
	uint16_t    port;
	const char *routes;
} ports[] = {
	{ "shop", 80, "tls " },		/* before the TCPRoute of all ports */
	{ "shop", 81, "grpc " },
	{ "shop", 82, "tcp " },
	{ "app", 80, "tls " },
	{ "app", 81, "own " },		/* a consumer's, of whatever kind */
};

TEST(attach_gives_a_port_to_one_kind_of_route)
{
	const struct model_object *out[20];
	struct model_set set;

	test_set_read(&set, MODEL_STRICT, services);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		size_t n = routes_of_service((const struct model_object *const *)
		    set.objects, set.len, test_set_named(&set, "web"),
		    ports[i].port,
		    ports[i].caller, out);

		assert_names(out, n, ports[i].routes);
	}
	model_set_fini(&set);
}

static const struct {
	const char       *route;
	enum route_reason reason;
} winners[] = {
	{ "grpc", ROUTE_ACCEPTED },
	{ "http", ROUTE_CONFLICTED },
	{ "tls", ROUTE_ACCEPTED },
	{ "tcp", ROUTE_ACCEPTED },	/* port 82 is left to it */
	{ "own", ROUTE_ACCEPTED },	/* of another namespace */
	{ "udp", ROUTE_ACCEPTED },	/* UDP has ports of its own */
};

TEST(attach_tells_who_has_none_of_the_ports_it_wants)
{
	struct model_set set;

	test_set_read(&set, MODEL_STRICT, services);
	for (size_t i = 0; i < sizeof(winners) / sizeof(winners[0]); i++) {
		const struct model_object *route = test_set_named(&set,
		    winners[i].route);
		enum route_reason r = route_wins_service(route,
		    &model_route(route)->parents[0],
		    test_set_named(&set, "web"),
		    (const struct model_object *const *)set.objects, set.len);

		if (r != winners[i].reason)
			fail_msg("%s: %s", winners[i].route,
			    route_reason_name(r));
	}
	model_set_fini(&set);
}

/* --- listeners ------------------------------------------------------------------ */

#define ON_GW	"parentRefs: [{name: gw}]\n"

static const char listeners[] =
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
    "metadata: {name: gw, namespace: shop}\nspec:\n  gatewayClassName: mesh\n"
    "  listeners:\n  - {name: http, port: 80, protocol: HTTP}\n"
    "  - {name: only, port: 81, protocol: HTTP, allowedRoutes: {kinds:"
    " [{group: gateway.networking.k8s.io, kind: GRPCRoute}]}}\n"
    "  - {name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}}\n"
    DOC("HTTPRoute", "shop", "a") "spec:\n  " ON_GW "  hostnames: [x.example]\n"
    DOC("GRPCRoute", "shop", "b") "spec:\n  " ON_GW
    "  hostnames: [x.example, y.example]\n"
    DOC("HTTPRoute", "shop", "c") "spec:\n  " ON_GW "  hostnames: [y.example]\n"
    DOC("GRPCRoute", "shop", "d") "spec:\n  " ON_GW "  hostnames: [z.example]\n"
    DOC("TLSRoute", "shop", "e") "spec:\n  " ON_GW "  hostnames: [x.example]\n"
    TO_WEB
    DOC("TCPRoute", "shop", "f") "spec:\n  " ON_GW TO_WEB
    DOC("TLSRoute", "other", "g") "spec:\n  parentRefs: [{name: gw, namespace:"
    " shop}]\n  hostnames: [x.example]\n" TO_WEB;

static struct conf_pairs
no_labels(void *arg __attribute__((unused)),
    const char *namespace __attribute__((unused)))
{
	return (struct conf_pairs){ NULL, 0 };
}

/*
 * b shares a host with a, which goes first; as b is out, nothing is in c's way.
 */
static const char *const served[] = { "a c d ", "b d ", "e f " };

TEST(attach_lets_the_older_of_two_kinds_have_a_host)
{
	const struct route_labels labels = { no_labels, NULL };
	const struct model_object *out[20];
	struct model_set set;

	test_set_read(&set, MODEL_STRICT, listeners);
	const struct model_object *gw = test_set_named(&set, "gw");

	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		const struct route_listener l = {
			&model_gateway(gw)->spec.listeners[i], gw
		};
		size_t n = routes_of_listener((const struct model_object *const *)
		    set.objects, set.len, &l, &labels, out);

		assert_names(out, n, served[i]);
	}
	model_set_fini(&set);
}
