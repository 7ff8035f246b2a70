#include <string.h>

#include "base/unit.h"
#include "model/backend_policy.h"
#include "model/gateway.h"
#include "model/grpc_route.h"
#include "model/http_route.h"
#include "model/l4_route.h"
#include "model/model_test.h"
#include "model/proxy_protocol.h"
#include "model/reference_grant.h"
#include "model/secret.h"

/* Kinds of routes, gateways, policies: defaults, conversions, refusals. */
#define GATEWAY_API	"apiVersion: gateway.networking.k8s.io/"

TEST(http_route_has_the_defaults_of_its_definition)
{
	struct model_object *o = object_from(GATEWAY_API "v1beta1\n"
	    "kind: HTTPRoute\nmetadata: {name: a}\nspec:\n"
	    "  parentRefs: [{name: gw}]\n"
	    "  rules: [{backendRefs: [{name: b, port: 80}]}, {timeouts: "
	    "{request: 0s}, matches: [{method: GET}]}]\n");
	const struct model_http_route *r = model_http_route(o);

	assert_string_equal(conf_get_string(o->node, "apiVersion"),
	    "gateway.networking.k8s.io/v1");
	assert_string_equal(r->spec.at.parents[0].kind, "Gateway");
	assert_string_equal(r->spec.at.parents[0].group, MODEL_GATEWAY_GROUP);
	assert_int_equal(r->spec.rules[0].matches_len, 1);
	assert_int_equal(r->spec.rules[0].matches[0].path.type, MODEL_PATH_PREFIX);
	assert_string_equal(r->spec.rules[0].matches[0].path.value, "/");
	assert_int_equal(r->spec.rules[0].timeouts.request_ms, -1);
	assert_int_equal(r->spec.rules[0].backends[0].weight, 1);
	assert_true(model_backend_is_service(&r->spec.rules[0].backends[0]));
	assert_int_equal(r->spec.rules[1].timeouts.request_ms, 0);
	assert_string_equal(r->spec.rules[1].matches[0].method, "GET");
	assert_string_equal(r->spec.rules[1].matches[0].path.value, "/");
	model_object_unref(o);
	o = object_from(GATEWAY_API "v1\nkind: HTTPRoute\nmetadata: {name: a}\n"
	    "spec: {}\n");
	assert_int_equal(model_http_route(o)->spec.rules_len, 1);
	assert_int_equal(model_http_route(o)->spec.rules[0].matches_len, 1);
	model_object_unref(o);
}

TEST(tls_route_of_an_alpha_version_keeps_it)
{
	struct model_object *o = object_from(GATEWAY_API "v1alpha2\n"
	    "kind: TLSRoute\nmetadata: {name: a}\n"
	    "spec: {rules: [{backendRefs: [{name: b, port: 443}]}]}\n");

	assert_string_equal(conf_get_string(o->node, "apiVersion"),
	    "gateway.networking.k8s.io/v1alpha2");
	assert_int_equal(model_l4_route(o)->spec.at.hostnames_len, 0);
	model_object_unref(o);
}

TEST(destination_rule_comes_to_a_backend_policy)
{
	struct model_object *o = object_from(
	    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
	    "metadata: {name: a}\nspec:\n"
	    "  host: web.default.svc.cluster.local\n  trafficPolicy:\n"
	    "    loadBalancer: {consistentHash: {httpCookie: {name: u, ttl: 1h}}}\n"
	    "    connectionPool: {tcp: {maxConnections: 7}, http: "
	    "{http1MaxPendingRequests: 8}}\n"
	    "    outlierDetection: {baseEjectionTime: 3m}\n"
	    "    proxyProtocol: {version: V2}\n");
	const struct model_backend_policy_spec *s = model_backend_policy(o);

	assert_non_null(s);
	assert_true(model_backend_policy_is_for(o, "default", "web", NULL));
	assert_false(model_backend_policy_is_for(o, "other", "web", NULL));
	assert_int_equal(s->balancer->type, MODEL_RING_HASH);
	assert_int_equal(s->balancer->ring_min, 1024);
	assert_int_equal(s->balancer->key->cookie->ttl_ms, 3600000);
	assert_int_equal(s->breaker->connections, 7);
	assert_int_equal(s->breaker->pending, 8);
	assert_int_equal(s->breaker->requests, 1024);
	assert_int_equal(s->pool->connect_ms, 1000);
	assert_int_equal(s->outlier->consecutive, 5);
	assert_int_equal(s->outlier->max_ms, 180000);
	assert_int_equal(s->proxy_protocol, MODEL_PROXY_V2);
	assert_null(s->retry);
	model_object_unref(o);
}

TEST(backend_traffic_policy_comes_to_a_backend_policy)
{
	struct model_object *o = object_from(
	    "apiVersion: gateway.networking.x-k8s.io/v1alpha1\n"
	    "kind: XBackendTrafficPolicy\nmetadata: {name: a}\nspec:\n"
	    "  targetRefs: [{name: web, sectionName: http}]\n"
	    "  retryConstraint: {budget: {percent: 10}}\n");
	const struct model_backend_policy_spec *s = model_backend_policy(o);

	assert_non_null(s);
	assert_null(s->retry);
	assert_int_equal(s->budget->percent, 10);
	assert_int_equal(s->budget->interval_ms, 10000);
	assert_int_equal(s->budget->rate_count, 10);
	assert_int_equal(s->budget->rate_ms, 1000);
	assert_true(model_backend_policy_is_for(o, "default", "web", "http"));
	assert_false(model_backend_policy_is_for(o, "default", "web", "admin"));
	model_object_unref(o);
}

TEST(grant_allows_whom_and_what_it_names)
{
	struct model_object *grant = object_from(GATEWAY_API "v1beta1\n"
	    "kind: ReferenceGrant\nmetadata: {name: a, namespace: target}\nspec:\n"
	    "  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, "
	    "namespace: default}]\n"
	    "  to: [{group: '', kind: Service, name: web}]\n");
	struct model_object *route = object_from(GATEWAY_API "v1\n"
	    "kind: HTTPRoute\nmetadata: {name: a}\nspec: {}\n");
	struct model_object *other = object_from(GATEWAY_API "v1\n"
	    "kind: GRPCRoute\nmetadata: {name: a}\nspec: {}\n");

	assert_true(model_grant_allows(grant, route, "", "Service", "target", "web"));
	assert_false(model_grant_allows(grant, route, "", "Service", "target", "db"));
	assert_false(model_grant_allows(grant, route, "", "Secret", "target", "web"));
	assert_false(model_grant_allows(grant, route, "", "Service", "x", "web"));
	assert_false(model_grant_allows(grant, other, "", "Service", "target", "web"));
	model_object_unref(grant);
	model_object_unref(route);
	model_object_unref(other);
}

TEST(listener_takes_routes_of_its_protocol_and_kinds)
{
	struct model_object *o = object_from(GATEWAY_API "v1\nkind: Gateway\n"
	    "metadata: {name: a}\nspec:\n  gatewayClassName: c\n  listeners:\n"
	    "  - {name: h, port: 80, protocol: HTTP}\n"
	    "  - {name: g, port: 81, protocol: HTTP, allowedRoutes: {namespaces: "
	    "{from: Selector, selector: {matchExpressions: [{key: t, operator: In, "
	    "values: [a]}]}}, kinds: [{kind: GRPCRoute}]}}\n");
	const struct model_listener *l = model_gateway(o)->spec.listeners;
	struct conf_pair pair = { "t", "a" };
	const struct conf_pairs labels = { &pair, 1 }, none = { NULL, 0 };

	assert_true(model_listener_takes(&l[0], &model_http_route_kind));
	assert_false(model_listener_takes(&l[0], &model_tcp_route_kind));
	assert_false(model_listener_takes(&l[1], &model_http_route_kind));
	assert_true(model_listener_takes(&l[1], &model_grpc_route_kind));
	assert_true(model_namespaces_allow(&l[0].allowed.namespaces, "a", "a", &none));
	assert_false(model_namespaces_allow(&l[0].allowed.namespaces, "a", "b", &none));
	assert_true(model_namespaces_allow(&l[1].allowed.namespaces, "a", "b", &labels));
	assert_false(model_namespaces_allow(&l[1].allowed.namespaces, "a", "a", &none));
	model_object_unref(o);
}

TEST(secret_shows_its_shape_alone)
{
	struct model_object *o = object_from("apiVersion: v1\nkind: Secret\n"
	    "metadata: {name: a}\ndata: {k: \"c2Vj\\ncmV0\"}\n"
	    "stringData: {t: text}\n");
	struct arena a = { 0 };
	const struct conf_node *shown = model_secret_shown(o->node, &a);

	assert_true(slice_is(model_secret_bytes(o, "k", &a), "secret"));
	assert_true(slice_is(model_secret_bytes(o, "t", &a), "text"));
	assert_null(model_secret_bytes(o, "x", &a).ptr);
	assert_string_equal(conf_string(conf_find(shown, "data.k")), "");
	assert_string_equal(conf_string(conf_find(shown, "stringData.t")), "");
	assert_string_equal(conf_string(conf_find(o->node, "stringData.t")), "text");
	arena_fini(&a);
	model_object_unref(o);
}

#define POLICY(spec)	"apiVersion: mesh/v1\nkind: BackendPolicy\n"	\
			"metadata: {name: a}\nspec: {targetRefs: [{name: w}], " spec "}"
#define RULE(spec)	"apiVersion: networking.istio.io/v1\n"		\
			"kind: DestinationRule\nmetadata: {name: a}\nspec: {" spec "}"

static const struct {
	const char *in, *error;
} refused[] = {
	{ POLICY("loadBalancer: {type: Maglev}"), "spec.loadBalancer: the required "
	    "field \"hash\" is missing, which Maglev needs" },
	{ POLICY("loadBalancer: {hash: {header: a}}"), "spec.loadBalancer.hash: "
	    "expected none, as PeakEWMA does not hash" },
	{ POLICY("loadBalancer: {tableSize: 100}"), "spec.loadBalancer.tableSize: "
	    "expected a prime, found 100" },
	{ POLICY("retry: {hedge: true}"), "spec.retry: the required field "
	    "\"perTryTimeout\" is missing, which hedge needs" },
	{ POLICY("subsetHeader: x"), "spec.subsetHeader: expected subsets beside it, "
	    "found none" },
	{ RULE("host: web.other"), "spec.host: expected a service of namespace "
	    "default, found \"web.other\"" },
	{ RULE("host: web, trafficPolicy: {tls: {mode: SIMPLE}}"),
	    "spec.trafficPolicy.tls.mode: expected one of ISTIO_MUTUAL, found "
	    "\"SIMPLE\"" },
	{ "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
	    "type: kubernetes.io/tls\ndata: {tls.crt: YQ==}",
	    "data[tls.key]: the required value is missing" },
	{ "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: b}",
	    "data[a]: expected base64" },
	{ GATEWAY_API "v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec: {rules: "
	    "[{timeouts: {request: 1s, backendRequest: 2s}}]}",
	    "spec.rules[0].timeouts.backendRequest: expected no more than request" },
	{ GATEWAY_API "v1\nkind: GRPCRoute\nmetadata: {name: a}\nspec: {rules: "
	    "[{filters: [{type: CORS}]}]}",
	    "expected one of RequestHeaderModifier, ResponseHeaderModifier, "
	    "RequestMirror, ExtensionRef" },
	{ GATEWAY_API "v1\nkind: GRPCRoute\nmetadata: {name: a}\nspec: {rules: "
	    "[{}], cors: 1}", "unknown field \"cors\"" },
};

TEST(traffic_kinds_refuse_with_the_path)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err err = object_refusal(refused[i].in);

		if (strstr(err.text, refused[i].error) == NULL)
			fail_msg("found \"%s\", expected \"%s\"", err.text,
			    refused[i].error);
	}
}
