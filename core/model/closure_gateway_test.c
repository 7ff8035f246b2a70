#include "base/str.h"
#include "base/unit.h"
#include "model/closure.h"
#include "model/model_test.h"

#define GATEWAY_API	"apiVersion: gateway.networking.k8s.io/v1"
#define PARENTS(of)	"spec: {parentRefs: [{" of "}], rules: [{backendRefs: "	\
			"[{name: back, port: 80}]}]}}"
#define TLS(ref)	"protocol: HTTPS, port: 443, tls: {certificateRefs: [{" \
			ref "}]}}]"

/* Two Gateways, the first with a set of listeners, and what hangs on them. */
static const char *const documents[] = {
	"{apiVersion: v1, kind: Namespace, metadata: {name: team}}",
	"{" GATEWAY_API ", kind: Gateway, metadata: {name: edge}, spec: "
	    "{gatewayClassName: mesh, listeners: [{name: a, "
	    TLS("name: cert") "}}",
	"{" GATEWAY_API ", kind: Gateway, metadata: {name: other}, spec: "
	    "{gatewayClassName: mesh, listeners: [{name: a, "
	    TLS("name: other") "}}",
	"{" GATEWAY_API ", kind: ListenerSet, metadata: {name: more, namespace: "
	    "team}, spec: {parentRef: {name: edge, namespace: default}, "
	    "listeners: [{name: b, " TLS("name: far, namespace: vault") "}}",
	"{" GATEWAY_API ", kind: HTTPRoute, metadata: {name: r}, "
	    PARENTS("name: edge"),
	"{" GATEWAY_API ", kind: HTTPRoute, metadata: {name: s, namespace: team}, "
	    PARENTS("kind: ListenerSet, name: more"),
	"{" GATEWAY_API ", kind: HTTPRoute, metadata: {name: o}, "
	    PARENTS("name: other"),
	"{apiVersion: v1, kind: Service, metadata: {name: back, namespace: team}, "
	    "spec: {ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: else}, "
	    "spec: {ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Secret, metadata: {name: cert}}",
	"{apiVersion: v1, kind: Secret, metadata: {name: other}}",
	"{apiVersion: v1, kind: Secret, metadata: {name: far, namespace: vault}}",
};

static const char grant[] = "{" GATEWAY_API ", kind: ReferenceGrant, metadata: "
    "{name: g, namespace: vault}, spec: {from: [{group: "
    "gateway.networking.k8s.io, kind: ListenerSet, namespace: team}], to: "
    "[{group: '', kind: Secret}]}}";

#define COUNT	(sizeof(documents) / sizeof(documents[0]))

static const char needed[] = "/core/namespaces/-/team "
    "/gateway.networking.k8s.io/gateways/default/edge "
    "/gateway.networking.k8s.io/listenersets/team/more "
    "/gateway.networking.k8s.io/httproutes/default/r "
    "/gateway.networking.k8s.io/httproutes/team/s "
    "/core/services/team/back /core/secrets/default/cert ";

static void
assert_closure(struct model_subject *s, struct model_object **objects,
    const char *more)
{
	struct model_object *out[COUNT];
	size_t n = model_closure(s, objects, COUNT, out);
	struct str shown = { 0 }, want = { 0 };

	for (size_t i = 0; i < n; i++)
		str_addf(&shown, "%s ", out[i]->key);
	str_addf(&want, "%s%s", needed, more);
	assert_string_equal(str_ptr(&shown), str_ptr(&want));
	str_fini(&shown);
	str_fini(&want);
}

TEST(closure_of_a_gateway_has_what_hangs_on_it_and_its_secrets)
{
	struct model_object *objects[COUNT], *g = object_from(grant);
	struct model_subject s;

	for (size_t i = 0; i < COUNT; i++)
		objects[i] = object_from(documents[i]);
	model_subject_init(&s, "default", "edge-1");
	model_subject_run(&s, "edge");
	assert_closure(&s, objects, "");
	/* A Secret of another namespace only by a grant there. */
	assert_true(model_subject_learn(&s, g));
	assert_false(model_subject_learn(&s, g));
	assert_closure(&s, objects, "/core/secrets/vault/far ");
	assert_true(model_subject_unlearn(&s, g));
	assert_closure(&s, objects, "");
	model_subject_fini(&s);
	for (size_t i = 0; i < COUNT; i++)
		model_object_unref(objects[i]);
	model_object_unref(g);
}

/* The Gateway's own TLS, and what it may refer to. */
static const struct {
	const char *object;
	bool        is_sent, is_granted;	/* without, and with a grant */
} of_tls[] = {
	{ "{apiVersion: v1, kind: ConfigMap, metadata: {name: roots}}", true,
	    true },
	{ "{apiVersion: v1, kind: Secret, metadata: {name: roots}}", false,
	    false },
	{ "{apiVersion: v1, kind: ConfigMap, metadata: {name: cert}}", false,
	    false },
	{ "{apiVersion: v1, kind: Secret, metadata: {name: port}}", true, true },
	{ "{apiVersion: v1, kind: Secret, metadata: {name: own}}", true, true },
	{ "{apiVersion: v1, kind: ConfigMap, metadata: {name: roots, namespace: "
	    "vault}}", false, true },
};

TEST(closure_of_a_gateway_has_what_its_own_tls_refers_to)
{
	struct model_object *edge = object_from("{" GATEWAY_API ", kind: "
	    "Gateway, metadata: {name: edge}, spec: {gatewayClassName: mesh, "
	    "tls: {backend: {clientCertificateRef: {name: own}}, frontend: "
	    "{default: {validation: {caCertificateRefs: [{kind: ConfigMap, "
	    "name: roots}, {kind: ConfigMap, name: roots, namespace: vault}]}}, "
	    "perPort: [{port: 1, tls: {validation: {caCertificateRefs: [{name: "
	    "port}]}}}]}}, listeners: [{name: a, " TLS("name: cert") "}}");
	struct model_object *to = object_from("{" GATEWAY_API ", kind: "
	    "ReferenceGrant, metadata: {name: g, namespace: vault}, spec: {from: "
	    "[{group: gateway.networking.k8s.io, kind: Gateway, namespace: "
	    "default}], to: [{group: '', kind: ConfigMap}]}}");

	for (size_t i = 0; i < sizeof(of_tls) / sizeof(of_tls[0]); i++) {
		struct model_object *o = object_from(of_tls[i].object);
		struct model_subject s;

		model_subject_init(&s, "default", "edge-1");
		model_subject_run(&s, "edge");
		model_subject_learn(&s, edge);
		assert_int_equal(model_concerns(&s, o), of_tls[i].is_sent);
		model_subject_learn(&s, to);
		assert_int_equal(model_concerns(&s, o), of_tls[i].is_granted);
		model_subject_fini(&s);
		model_object_unref(o);
	}
	model_object_unref(edge);
	model_object_unref(to);
}

TEST(closure_of_a_sidecar_has_no_gateway_and_no_secret)
{
	struct model_object *objects[COUNT], *out[COUNT];
	struct model_subject s;

	for (size_t i = 0; i < COUNT; i++)
		objects[i] = object_from(documents[i]);
	/* Its workload's name alone makes nobody a gateway. */
	model_subject_init(&s, "default", "edge");
	assert_int_equal(model_closure(&s, objects, COUNT, out), 0);
	model_subject_fini(&s);
	for (size_t i = 0; i < COUNT; i++)
		model_object_unref(objects[i]);
}
