#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "model/closure.h"
#include "model/model_test.h"

/* A mesh in which web-1 calls orders and, by a selector, ledger. */
static const char *const documents[] = {
	"{apiVersion: v1, kind: Namespace, metadata: {name: default}}",
	"{apiVersion: v1, kind: Namespace, metadata: {name: shop}}",
	"{apiVersion: mesh/v1, kind: MeshConfig, metadata: {name: default}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: web-1, labels: {app: "
	    "web}}, spec: {serviceAccount: web, address: a}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: web-2}, "
	    "spec: {serviceAccount: web, services: [web], address: a}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: orders-1}, "
	    "spec: {serviceAccount: orders, services: [orders], address: a}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: l-1, namespace: shop, "
	    "labels: {app: ledger}}, spec: {serviceAccount: l, address: a}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: l-2, "
	    "labels: {app: ledger}}, spec: {serviceAccount: l, address: a}}",
	"{apiVersion: v1, kind: Service, metadata: {name: web}, "
	    "spec: {selector: {app: web}, ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: all}, "
	    "spec: {selector: {app: web}, ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: orders}, "
	    "spec: {ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: ledger, namespace: shop}, "
	    "spec: {selector: {app: ledger}, ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: other}, "
	    "spec: {ports: [{port: 80}]}}",
	"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: o-1, "
	    "labels: {kubernetes.io/service-name: orders}}, addressType: IPv4}",
	"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: o-2, "
	    "labels: {kubernetes.io/service-name: other}}, addressType: IPv4}",
	"{apiVersion: mesh/v1, kind: Proxy, metadata: {name: web-1}, spec: {}}",
};

#define COUNT	(sizeof(documents) / sizeof(documents[0]))

static const char own[] =
    "/core/namespaces/-/default /mesh/meshconfigs/-/default "
    "/mesh/workloads/default/web-1 /core/services/default/web "
    "/core/services/default/all ";

static const char with_calls[] =
    "/core/namespaces/-/default /mesh/meshconfigs/-/default "
    "/mesh/workloads/default/web-1 /mesh/workloads/default/orders-1 "
    "/mesh/workloads/shop/l-1 /core/services/default/web "
    "/core/services/default/all /core/services/default/orders "
    "/core/services/shop/ledger /discovery.k8s.io/endpointslices/default/o-1 ";

struct world {
	struct model_object *objects[COUNT];
	struct model_subject subject;
};

static void
world_init(struct world *w)
{
	for (size_t i = 0; i < COUNT; i++)
		w->objects[i] = object_from(documents[i]);
	model_subject_init(&w->subject, "default", "web-1");
}

static void
world_fini(struct world *w)
{
	for (size_t i = 0; i < COUNT; i++)
		model_object_unref(w->objects[i]);
	model_subject_fini(&w->subject);
}

static void
assert_closure(struct world *w, const char *expected)
{
	struct str s = { 0 };

	for (size_t i = 0; i < COUNT; i++)
		if (model_concerns(&w->subject, w->objects[i]))
			str_addf(&s, "%s ", w->objects[i]->key);
	assert_string_equal(str_ptr(&s), expected);
	str_fini(&s);
}

TEST(closure_follows_interest)
{
	struct world w;
	struct model_object *out[COUNT];

	world_init(&w);
	assert_int_equal(model_closure(&w.subject, w.objects, COUNT, out), 5);
	assert_closure(&w, own);
	assert_true(model_subject_call(&w.subject, "default", "orders"));
	assert_false(model_subject_call(&w.subject, "default", "orders"));
	assert_true(model_subject_call(&w.subject, "shop", "ledger"));
	assert_int_equal(model_closure(&w.subject, w.objects, COUNT, out), 10);
	assert_closure(&w, with_calls);
	assert_true(model_subject_uncall(&w.subject, "default", "orders"));
	assert_true(model_subject_uncall(&w.subject, "shop", "ledger"));
	assert_false(model_subject_uncall(&w.subject, "shop", "ledger"));
	assert_closure(&w, own);
	world_fini(&w);
}

/* What a route of a called service sends to is needed, its own routes not. */
TEST(closure_follows_routes_to_their_backends)
{
	static const char *const texts[] = {
		"{apiVersion: v1, kind: Service, metadata: {name: front}, "
		    "spec: {ports: [{port: 80}]}}",
		"{apiVersion: v1, kind: Service, metadata: {name: back}, "
		    "spec: {selector: {app: b}, ports: [{port: 80}]}}",
		"{apiVersion: v1, kind: Service, metadata: {name: copy}, "
		    "spec: {ports: [{port: 80}]}}",
		"{apiVersion: v1, kind: Service, metadata: {name: behind}, "
		    "spec: {ports: [{port: 80}]}}",
		"{apiVersion: mesh/v1, kind: Workload, metadata: {name: b-1, labels: "
		    "{app: b}}, spec: {serviceAccount: b, address: a}}",
		"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: "
		    "{name: r}, spec: {parentRefs: [{group: '', kind: Service, name: "
		    "front}], rules: [{backendRefs: [{name: back, port: 80}], filters: "
		    "[{type: RequestMirror, requestMirror: {backendRef: {name: copy, "
		    "port: 80}}}]}]}}",
		"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: "
		    "{name: s}, spec: {parentRefs: [{group: '', kind: Service, name: "
		    "back}], rules: [{backendRefs: [{name: behind, port: 80}]}]}}",
	};
	enum { N = sizeof(texts) / sizeof(texts[0]) };
	struct model_object *objects[N], *out[N];
	struct model_subject s;

	model_subject_init(&s, "default", "web-1");
	for (size_t i = 0; i < N; i++)
		objects[i] = object_from(texts[i]);
	assert_int_equal(model_closure(&s, objects, N, out), 0);
	model_subject_call(&s, "default", "front");
	assert_int_equal(model_closure(&s, objects, N, out), 5);
	assert_ptr_equal(out[0], objects[0]);
	assert_ptr_equal(out[1], objects[1]);
	assert_ptr_equal(out[2], objects[2]);
	assert_ptr_equal(out[3], objects[4]);
	assert_ptr_equal(out[4], objects[5]);
	/* The same again is no news; that the route is gone is. */
	assert_false(model_subject_learn(&s, objects[5]));
	assert_true(model_subject_unlearn(&s, objects[5]));
	assert_false(model_concerns(&s, objects[1]));
	assert_true(model_subject_learn(&s, objects[5]));
	assert_true(model_concerns(&s, objects[1]));
	model_subject_uncall(&s, "default", "front");
	assert_int_equal(model_closure(&s, objects, N, out), 0);
	for (size_t i = 0; i < N; i++)
		model_object_unref(objects[i]);
	model_subject_fini(&s);
}

static const char to_back[] =
    "rules: [{backendRefs: [{name: back, port: 80, weight: 0}]}]";
static const struct {
	const char *version, *kind, *spec;
	bool        is_followed;
} followed[] = {
	{ "v1", "HTTPRoute", to_back, true },
	{ "v1", "GRPCRoute", to_back, true },
	{ "v1", "TCPRoute", to_back, true },
	{ "v1", "UDPRoute", to_back, true },
	{ "v1alpha2", "TLSRoute", to_back, true },
	{ "v1", "GRPCRoute", "rules: [{filters: [{type: RequestMirror, "
	    "requestMirror: {backendRef: {name: back, port: 80}}}]}]", true },
	{ "v1", "HTTPRoute", "rules: [{backendRefs: [{name: x, port: 80, "
	    "filters: [{type: RequestMirror, requestMirror: {backendRef: "
	    "{name: back, port: 80}}}]}]}]", true },
	{ "v1", "HTTPRoute", "rules: [{filters: [{type: ExternalAuth, "
	    "externalAuth: {protocol: HTTP, backendRef: {name: back, "
	    "port: 80}}}]}]", true },
	{ "v1", "TCPRoute", "rules: [{backendRefs: [{name: back, port: 80, "
	    "namespace: other}]}]", false },
	{ "v1", "TCPRoute", "rules: [{backendRefs: [{name: back, kind: "
	    "Backend, group: gateway.example.com, port: 80}]}]",
	    false },
};

/* What each kind of route sends to, by the words that name it. */
TEST(closure_follows_each_kind_of_route)
{
	static const char route[] = "{apiVersion: gateway.networking.k8s.io/%s, "
	    "kind: %s, metadata: {name: r}, spec: {parentRefs: [{group: '', kind: "
	    "Service, name: front}], %s}}";
	struct model_object *back = object_from("{apiVersion: v1, kind: Service, "
	    "metadata: {name: back}, spec: {ports: [{port: 80}]}}");

	for (size_t i = 0; i < sizeof(followed) / sizeof(followed[0]); i++) {
		struct model_subject s;
		char text[512];

		snprintf(text, sizeof(text), route, followed[i].version,
		    followed[i].kind, followed[i].spec);
		struct model_object *o = object_from(text);

		model_subject_init(&s, "default", "web-1");
		model_subject_call(&s, "default", "front");
		assert_true(model_subject_learn(&s, o) ||
		    !followed[i].is_followed);
		assert_true(model_concerns(&s, o));
		assert_int_equal(model_concerns(&s, back),
		    followed[i].is_followed);
		assert_true(model_subject_unlearn(&s, o) ||
		    !followed[i].is_followed);
		assert_false(model_concerns(&s, back));
		model_object_unref(o);
		model_subject_fini(&s);
	}
	model_object_unref(back);
}

/* A policy about a backend comes with it, whatever form it has. */
TEST(closure_follows_routes_to_policies)
{
	static const char about[] = "targetRefs: [{group: '', kind: Service, name: ";
	static const struct {
		const char *version, *kind, *spec;
	} cases[] = {
		{ "mesh/v1", "BackendPolicy", "timeouts: {idle: 1s}" },
		{ "mesh/v1", "RateLimit", "limits: [{requests: 1, per: 1s}]" },
		{ "mesh/v1", "FaultInjection", "delay: {duration: 1s}" },
		{ "mesh/v1", "Compression", "minimumSize: 1" },
		{ "mesh/v1", "Cache", "collapse: true" },
		{ "gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy",
		    "retryConstraint: {budget: {percent: 20, interval: 10s}}" },
		{ "networking.istio.io/v1", "DestinationRule",
		    "trafficPolicy: {loadBalancer: {simple: RANDOM}}" },
	};
	struct model_object *r = object_from("{apiVersion: "
	    "gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, "
	    "spec: {parentRefs: [{group: '', kind: Service, name: front}], rules: "
	    "[{backendRefs: [{name: back, port: 80}]}]}}");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool by_host = strcmp(cases[i].kind, "DestinationRule") == 0;
		struct model_object *o[2];
		struct model_subject s;

		for (size_t n = 0; n < 2; n++) {
			const char *name = n == 0 ? "back" : "other";
			char text[512];

			snprintf(text, sizeof(text), "{apiVersion: %s, kind: %s, "
			    "metadata: {name: p}, spec: {%s%s%s, %s}}",
			    cases[i].version, cases[i].kind,
			    by_host ? "host: " : about, name,
			    by_host ? "" : "}]", cases[i].spec);
			o[n] = object_from(text);
		}
		model_subject_init(&s, "default", "web-1");
		model_subject_call(&s, "default", "front");
		assert_false(model_concerns(&s, o[0]));
		model_subject_learn(&s, r);
		assert_true(model_concerns(&s, o[0]));
		assert_false(model_concerns(&s, o[1]));
		model_object_unref(o[0]);
		model_object_unref(o[1]);
		model_subject_fini(&s);
	}
	model_object_unref(r);
}

/* --- what strangers cost --------------------------------------------------------- */

static size_t asked;	/* how often a route was asked what it sends to */

static void
count_backends(const struct model_object *o, model_backend_fn *fn, void *arg)
{
	fn(arg, o->head->meta.namespace, o->head->meta.labels.items[0].value);
	asked++;
}

static bool
concerns_by_label(const struct model_subject *s, const struct model_object *o)
{
	return model_subject_calls(s, o->head->meta.namespace,
	    o->head->meta.labels.items[1].value) != NULL;
}

static struct model_object *
route_of(struct model_kind *counting, int i)
{
	char text[256];

	snprintf(text, sizeof(text), "{apiVersion: gateway.networking.k8s.io/v1, "
	    "kind: TCPRoute, metadata: {name: r-%d, labels: {a: back-%d, b: "
	    "s-%d}}, spec: {rules: [{backendRefs: [{name: x, port: 1}]}]}}",
	    i, i, i);
	struct model_object *o = object_from(text);

	counting->backends = count_backends;
	counting->concerns = concerns_by_label;
	o->kind = counting;
	return o;
}

/* Of ten thousand services with a route each, three are called. */
TEST(closure_asks_nothing_of_the_routes_of_others)
{
	enum { ROUTES = 10000, CALLED = 3 };
	struct model_kind counting = model_tcp_route_kind;
	struct model_object **o = mem_zalloc_array(ROUTES, sizeof(*o)),
	    **out = mem_zalloc_array(ROUTES, sizeof(*out));
	struct model_subject s;

	model_subject_init(&s, "default", "web-1");
	for (int i = 0; i < ROUTES; i++)
		o[i] = route_of(&counting, i);
	for (int i = 0; i < CALLED; i++) {
		char name[16];

		snprintf(name, sizeof(name), "s-%d", i);
		model_subject_call(&s, "default", name);
	}
	asked = 0;
	assert_int_equal(model_closure(&s, o, ROUTES, out), CALLED);
	assert_int_equal(asked, CALLED);
	assert_int_equal(s.routes.len, CALLED);
	assert_int_equal(s.backends.len, CALLED);
	/* Again, when nothing changed; and each that is no concern. */
	assert_int_equal(model_closure(&s, o, ROUTES, out), CALLED);
	for (int i = CALLED; i < ROUTES; i++)
		assert_false(model_subject_learn(&s, o[i]));
	assert_int_equal(asked, CALLED);
	for (int i = 0; i < ROUTES; i++)
		model_object_unref(o[i]);
	mem_free(o);
	mem_free(out);
	model_subject_fini(&s);
}

TEST(closure_knows_each_of_many_interests)
{
	struct world w;
	char name[16];

	world_init(&w);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "s-%d", i);
		assert_true(model_subject_call(&w.subject, "default", name));
		assert_false(model_subject_call(&w.subject, "default", name));
	}
	assert_null(model_subject_calls(&w.subject, "shop", "s-1"));
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "s-%d", i);
		assert_non_null(model_subject_calls(&w.subject, "default", name));
		assert_true(model_subject_uncall(&w.subject, "default", name));
		assert_null(model_subject_calls(&w.subject, "default", name));
	}
	world_fini(&w);
}

/* However the documents come, asking again when told leads to the same set. */
TEST(closure_does_not_depend_on_the_order)
{
	for (size_t first = 0; first < COUNT; first++) {
		struct world w;
		bool again = false;

		world_init(&w);
		model_subject_call(&w.subject, "default", "orders");
		model_subject_call(&w.subject, "shop", "ledger");
		for (size_t i = 0; i < COUNT; i++)
			again |= model_subject_learn(&w.subject,
			    w.objects[(first + i) % COUNT]);
		assert_true(again);
		assert_closure(&w, with_calls);
		world_fini(&w);
	}
}

TEST(subject_says_when_others_must_be_asked_again)
{
	struct world w;
	struct model_object *same, *moved;

	world_init(&w);
	model_subject_call(&w.subject, "shop", "ledger");
	assert_true(model_subject_learn(&w.subject, w.objects[11]));
	assert_false(model_subject_learn(&w.subject, w.objects[11]));
	assert_false(model_subject_learn(&w.subject, w.objects[12]));
	same = object_from("{apiVersion: v1, kind: Service, metadata: {name: ledger, "
	    "namespace: shop}, spec: {selector: {app: ledger}, ports: [{port: 1}]}}");
	moved = object_from("{apiVersion: v1, kind: Service, metadata: {name: ledger, "
	    "namespace: shop}, spec: {selector: {app: book}, ports: [{port: 1}]}}");
	assert_false(model_subject_learn(&w.subject, same));
	assert_true(model_concerns(&w.subject, w.objects[6]));
	assert_true(model_subject_learn(&w.subject, moved));
	assert_false(model_concerns(&w.subject, w.objects[6]));
	assert_true(model_subject_unlearn(&w.subject, moved));
	assert_false(model_subject_unlearn(&w.subject, moved));
	assert_true(model_subject_learn(&w.subject, w.objects[3]));
	assert_true(model_concerns(&w.subject, w.objects[9]));
	assert_true(model_subject_unlearn(&w.subject, w.objects[3]));
	assert_false(model_concerns(&w.subject, w.objects[9]));
	model_object_unref(same);
	model_object_unref(moved);
	world_fini(&w);
}
