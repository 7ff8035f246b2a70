#include <stdio.h>

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
