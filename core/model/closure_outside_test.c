#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "model/authorities.h"
#include "model/closure.h"
#include "model/endpoints.h"
#include "model/model_test.h"

#define EXTERNAL(ns)	"{apiVersion: v1, kind: Service, metadata: {name: api, "	\
	"namespace: " ns "}, spec: {type: ExternalName, externalName: "		\
	"api.example.com, ports: [{port: 80, targetPort: 443}]}}"
#define POLICY(ns)	"{apiVersion: gateway.networking.k8s.io/v1, kind: "	\
	"BackendTLSPolicy, metadata: {name: api, namespace: " ns "}, spec: "	\
	"{targetRefs: [{group: '', kind: Service, name: api}], validation: "	\
	"{hostname: api.example.com, caCertificateRefs: [{group: '', kind: "	\
	"ConfigMap, name: roots}]}}}"
#define ROOTS(ns)	"{apiVersion: v1, kind: ConfigMap, metadata: {name: "	\
	"roots, namespace: " ns "}, data: {ca.crt: x}}"

enum { N = 6 };

struct world {
	struct model_object *objects[N];
	struct model_subject subject;
};

static void
world_init(struct world *w)
{
	static const char *const texts[N] = {
		ROOTS("default"), ROOTS("shop"), EXTERNAL("default"),
		EXTERNAL("shop"), POLICY("default"), POLICY("shop"),
	};

	for (size_t i = 0; i < N; i++)
		w->objects[i] = object_from(texts[i]);
	model_subject_init(&w->subject, "default", "web-1");
}

static void
world_fini(struct world *w)
{
	for (size_t i = 0; i < N; i++)
		model_object_unref(w->objects[i]);
	model_subject_fini(&w->subject);
}

static bool
is_sent(const struct world *w, int i)
{
	return model_concerns(&w->subject, w->objects[i]);
}

TEST(closure_has_the_hosts_outside_of_its_own_namespace)
{
	struct model_object *out[N];
	struct world w;

	world_init(&w);
	assert_int_equal(model_closure(&w.subject, w.objects, N, out), 3);
	assert_true(is_sent(&w, 0) && is_sent(&w, 2) && is_sent(&w, 4));
	/* Of another namespace: if it is called. */
	model_subject_call(&w.subject, "shop", "api");
	assert_int_equal(model_closure(&w.subject, w.objects, N, out), 6);
	model_subject_uncall(&w.subject, "shop", "api");
	assert_int_equal(model_closure(&w.subject, w.objects, N, out), 3);
	world_fini(&w);
}

TEST(closure_sends_authorities_as_long_as_a_policy_trusts_them)
{
	struct world w;

	world_init(&w);
	assert_false(is_sent(&w, 0));
	assert_true(model_subject_learn(&w.subject, w.objects[4]));
	assert_false(model_subject_learn(&w.subject, w.objects[4]));
	assert_true(is_sent(&w, 0));
	assert_false(is_sent(&w, 1));
	/* Of no concern, and so no news. */
	assert_false(model_subject_learn(&w.subject, w.objects[5]));
	assert_false(is_sent(&w, 1));
	assert_true(model_subject_unlearn(&w.subject, w.objects[4]));
	assert_false(is_sent(&w, 0));
	world_fini(&w);
}

static const struct model_object *
find(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	(void)namespace;
	return kind == &model_config_map_kind && strcmp(name, "roots") == 0 ?
	    arg : NULL;
}

static const struct {
	const char            *refs, *map, *why;
	enum model_authorities answer;
} cases[] = {
	{ "{group: '', kind: ConfigMap, name: gone}", "{}",
	    "spec.validation.caCertificateRefs[0]: there is no ConfigMap gone",
	    MODEL_AUTHORITIES_ABSENT },
	{ "{group: '', kind: ConfigMap, name: roots}", "{other: x}",
	    "spec.validation.caCertificateRefs[0]: ConfigMap roots has no ca.crt",
	    MODEL_AUTHORITIES_REF },
	{ "{group: '', kind: ConfigMap, name: roots}", "{ca.crt: x}",
	    "ConfigMap roots: ca.crt: there is no certificate in it",
	    MODEL_AUTHORITIES_REF },
	{ "{group: '', kind: Secret, name: roots}", "{}",
	    "expected a ConfigMap, found Secret", MODEL_AUTHORITIES_KIND },
};

TEST(authorities_say_which_reference_leads_nowhere)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct web_roots *roots = web_roots_new();
		struct err err = ERR_INIT;
		char text[512];

		snprintf(text, sizeof(text), "{apiVersion: "
		    "gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, "
		    "metadata: {name: api}, spec: {targetRefs: [{group: '', "
		    "kind: Service, name: api}], validation: {hostname: a.b, "
		    "caCertificateRefs: [%s]}}}", cases[i].refs);
		struct model_object *policy = object_from(text);

		snprintf(text, sizeof(text), "{apiVersion: v1, kind: ConfigMap, "
		    "metadata: {name: roots}, data: %s}", cases[i].map);
		struct model_object *map = object_from(text);

		assert_int_equal(model_authorities(policy, find, map, roots,
		    &err), cases[i].answer);
		if (strstr(err.text, cases[i].why) == NULL)
			fail_msg("%s", err.text);
		assert_int_equal(web_roots_len(roots), 0);
		model_object_unref(policy);
		model_object_unref(map);
		web_roots_unref(roots);
	}
}

TEST(a_host_outside_is_reached_at_the_target_port)
{
	struct model_object *o = object_from(EXTERNAL("default"));
	const struct model_endpoints_query q = { .service = o, .port = 80 };
	struct model_endpoints found;
	struct arena a;

	arena_init(&a);
	model_endpoints(&a, &q, &found);
	assert_int_equal(found.len, 1);
	assert_string_equal(found.items[0].address, "api.example.com");
	assert_int_equal(found.items[0].port, 443);
	arena_fini(&a);
	model_object_unref(o);
}

#define BACKEND(ns, ref) "{apiVersion: gateway.networking.x-k8s.io/v1alpha1, "	\
	"kind: XBackend, metadata: {name: api, namespace: " ns "}, spec: "	\
	"{type: ExternalHostname, externalHostname: {hostname: "		\
	"api.example.com}, port: {number: 443}, tls: {mode: ClientAndServer, "	\
	"clientCertificateRef: {" ref "}}}}"
#define SECRET(ns, name) "{apiVersion: v1, kind: Secret, metadata: {name: "	\
	name ", namespace: " ns "}}"

static const struct {
	const char *backend, *secret;
	bool        is_sent;	/* to web-1 of default, which calls all of them */
} keys[] = {
	{ BACKEND("default", "name: own"), SECRET("default", "own"), true },
	{ BACKEND("default", "name: own"), SECRET("default", "else"), false },
	{ BACKEND("shop", "name: own"), SECRET("shop", "own"), false },
	{ BACKEND("default", "name: own, namespace: shop"),
	    SECRET("shop", "own"), false },
	{ BACKEND("shop", "name: own, namespace: default"),
	    SECRET("default", "own"), false },
};

TEST(closure_has_no_key_of_another_namespace)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct model_object *x = object_from(keys[i].backend);
		struct model_object *secret = object_from(keys[i].secret);
		struct model_subject s;

		model_subject_init(&s, "default", "web-1");
		model_subject_call(&s, "shop", "api.xbackend");
		assert_false(model_concerns(&s, secret));
		model_subject_learn(&s, x);
		assert_int_equal(model_concerns(&s, secret), keys[i].is_sent);
		model_subject_unlearn(&s, x);
		assert_false(model_concerns(&s, secret));
		model_subject_fini(&s);
		model_object_unref(x);
		model_object_unref(secret);
	}
}
