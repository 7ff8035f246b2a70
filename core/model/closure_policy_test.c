#include "base/unit.h"
#include "model/closure.h"
#include "model/model_test.h"

/* web-1 backs web and shown; it calls front. */
static const char *const texts[] = {
	"{apiVersion: mesh/v1, kind: RateLimit, metadata: {name: of-web}, spec: "
	    "{targetRefs: [{name: web}], limits: [{requests: 1}]}}",
	"{apiVersion: mesh/v1, kind: Cache, metadata: {name: of-shown}, spec: "
	    "{targetRefs: [{name: shown}]}}",
	"{apiVersion: mesh/v1, kind: FaultInjection, metadata: {name: of-front}, "
	    "spec: {targetRefs: [{name: front}], abort: {status: 500}}}",
	"{apiVersion: mesh/v1, kind: Compression, metadata: {name: of-other}, "
	    "spec: {targetRefs: [{name: other}]}}",
	"{apiVersion: mesh/v1, kind: RateLimit, metadata: {name: named}, spec: "
	    "{limits: [{requests: 1}]}}",
	"{apiVersion: mesh/v1, kind: Cache, metadata: {name: named}, spec: {}}",
	"{apiVersion: mesh/v1, kind: Cache, metadata: {name: behind}, spec: {}}",
	"{apiVersion: v1, kind: Service, metadata: {name: web}, "
	    "spec: {selector: {app: web}, ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: shown}, "
	    "spec: {selector: {app: web}, ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: front}, "
	    "spec: {ports: [{port: 80}]}}",
	"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: "
	    "{name: r}, spec: {parentRefs: [{group: '', kind: Service, name: "
	    "front}], rules: [{filters: [{type: ExtensionRef, extensionRef: "
	    "{group: mesh, kind: RateLimit, name: named}}], backendRefs: [{name: "
	    "front, port: 80, filters: [{type: ExtensionRef, extensionRef: "
	    "{group: mesh, kind: Cache, name: behind}}]}]}]}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: web-1, labels: "
	    "{app: web}}, spec: {serviceAccount: web, address: a}}",
};
enum { N = sizeof(texts) / sizeof(texts[0]), POLICIES = 7, SHOWN = 8,
    ROUTE = 10, WORKLOAD = 11 };

struct world {
	struct model_object *objects[N];
	struct model_subject subject;
};

static void
world_init(struct world *w)
{
	for (size_t i = 0; i < N; i++)
		w->objects[i] = object_from(texts[i]);
	model_subject_init(&w->subject, "default", "web-1");
	model_subject_call(&w->subject, "default", "front");
}

static void
world_fini(struct world *w)
{
	for (size_t i = 0; i < N; i++)
		model_object_unref(w->objects[i]);
	model_subject_fini(&w->subject);
}

/* wanted: one letter for each policy, y or n. */
static void
assert_policies(const struct world *w, const char *wanted)
{
	for (size_t i = 0; i < POLICIES; i++)
		if (model_concerns(&w->subject, w->objects[i]) !=
		    (wanted[i] == 'y'))
			fail_msg("%s: %c", w->objects[i]->key, wanted[i]);
}

TEST(closure_has_what_is_about_services_offered_called_and_routed)
{
	struct model_object *out[N];
	struct world w;

	world_init(&w);
	model_closure(&w.subject, w.objects, N, out);
	assert_policies(&w, "yyynyny");
	world_fini(&w);
}

/* However they come, asking again when told leads to the same. */
TEST(closure_of_policies_does_not_depend_on_the_order)
{
	for (size_t first = 0; first < N; first++) {
		struct model_object *out[N];
		struct world w;
		bool again = false;

		world_init(&w);
		for (size_t i = 0; i < N; i++)
			again |= model_subject_learn(&w.subject,
			    w.objects[(first + i) % N]);
		assert_true(again);
		model_closure(&w.subject, w.objects, N, out);
		assert_policies(&w, "yyynyny");
		world_fini(&w);
	}
}

TEST(closure_of_policies_follows_services_and_routes_that_go)
{
	struct model_object *out[N];
	struct world w;

	world_init(&w);
	model_closure(&w.subject, w.objects, N, out);
	assert_true(model_subject_unlearn(&w.subject, w.objects[SHOWN]));
	assert_policies(&w, "ynynyny");
	assert_true(model_subject_unlearn(&w.subject, w.objects[ROUTE]));
	assert_policies(&w, "ynynnnn");
	assert_true(model_subject_learn(&w.subject, w.objects[ROUTE]));
	assert_true(model_subject_learn(&w.subject, w.objects[SHOWN]));
	assert_policies(&w, "yyynyny");
	assert_false(model_subject_learn(&w.subject, w.objects[ROUTE]));
	assert_false(model_subject_learn(&w.subject, w.objects[SHOWN]));
	world_fini(&w);
}
