#include <stdio.h>

#include "base/unit.h"
#include "conf/yaml.h"
#include "model/closure.h"
#include "model/mesh_config.h"
#include "model/model_test.h"

#define MESH	"apiVersion: mesh/v1\nkind: MeshConfig\n"		\
	"metadata: {name: default}\n"

TEST(extension_provider_is_istios)
{
	struct model_object *o = object_from(MESH
	    "spec:\n"
	    "  extensionProviders:\n"
	    "  - name: sample-ext-authz-grpc\n"
	    "    envoyExtAuthzGrpc:\n"
	    "      service: ext-authz.foo.svc.cluster.local\n"
	    "      port: 9000\n"
	    "  - name: sample-ext-authz-http\n"
	    "    envoyExtAuthzHttp:\n"
	    "      service: foo/ext-authz.foo.svc.cluster.local\n"
	    "      port: 8000\n"
	    "      timeout: 3s\n"
	    "      failOpen: true\n"
	    "      statusOnError: '503'\n"
	    "      pathPrefix: /check\n"
	    "      includeRequestHeadersInCheck: [x-ext-authz, X-Team-*]\n"
	    "      includeAdditionalHeadersInCheck: {X-Mesh: here}\n"
	    "      includeRequestBodyInCheck: {maxRequestBytes: 1024, "
	    "allowPartialMessage: true, packAsBytes: true}\n"
	    "      headersToUpstreamOnAllow: [authorization, X-User]\n"
	    "      headersToDownstreamOnDeny: [set-cookie]\n"
	    "      headersToDownstreamOnAllow: ['*-id']\n");
	const struct model_extension_provider *p = model_extension_provider(o,
	    "sample-ext-authz-grpc");

	assert_non_null(p);
	assert_null(p->http);
	assert_ptr_equal(model_auth_provider(p), p->grpc);
	assert_string_equal(p->grpc->namespace, "foo");
	assert_string_equal(p->grpc->service, "ext-authz");
	assert_int_equal(p->grpc->port, 9000);
	assert_int_equal(p->grpc->timeout_ms, 200);
	assert_false(p->grpc->fails_open);
	assert_null(p->grpc->error_status);
	p = model_extension_provider(o, "sample-ext-authz-http");
	assert_non_null(p);
	assert_ptr_equal(model_auth_provider(p), p->http);
	assert_string_equal(p->http->namespace, "foo");
	assert_string_equal(p->http->service, "ext-authz");
	assert_int_equal(p->http->timeout_ms, 3000);
	assert_true(p->http->fails_open);
	assert_string_equal(p->http->error_status, "503");
	assert_string_equal(p->http->path, "/check");
	assert_string_equal(p->http->headers[1], "x-team-*");
	assert_string_equal(p->http->more_headers.items[0].key, "x-mesh");
	assert_int_equal(p->http->body->max, 1024);
	assert_true(p->http->body->allows_part && p->http->body->as_bytes);
	assert_string_equal(p->http->up_allow[1], "x-user");
	assert_string_equal(p->http->down_deny[0], "set-cookie");
	assert_string_equal(p->http->down_allow[0], "*-id");
	assert_null(model_extension_provider(o, "other"));
	assert_null(model_extension_provider(NULL, "other"));
	model_object_unref(o);
}

TEST(extension_provider_reads_names_of_services)
{
	static const struct { const char *text, *namespace, *name; } cases[] = {
		{ "auth.shop", "shop", "auth" },
		{ "auth.shop.mesh", "shop", "auth" },
		{ "auth.shop.svc", "shop", "auth" },
		{ "shop/auth", "shop", "auth" },
		{ "shop/auth.shop.mesh", "shop", "auth" },
		{ "auth", NULL, NULL }, { "shop/", NULL, NULL },
		{ "/auth", NULL, NULL }, { "auth.example.com", NULL, NULL },
		{ "shop/auth.other.mesh", NULL, NULL },
		{ "AUTH.shop", NULL, NULL }, { "", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		char text[512];
		struct model_object *o;

		snprintf(text, sizeof(text), MESH "spec: {extensionProviders: "
		    "[{name: a, envoyExtAuthzHttp: {service: '%s', port: 1}}]}\n",
		    cases[i].text);
		const struct conf_node *n = conf_yaml_read(&a, slice_str(text),
		    "t", &err);

		o = model_object_read(n, MODEL_STRICT, "default", &err);
		if ((o != NULL) != (cases[i].name != NULL))
			fail_msg("%s: %s", cases[i].text, err.text);
		if (o != NULL) {
			const struct model_auth_provider *p =
			    model_extension_provider(o, "a")->http;

			assert_string_equal(p->namespace, cases[i].namespace);
			assert_string_equal(p->service, cases[i].name);
		} else {
			assert_non_null(strstr(err.text, "spec."
			    "extensionProviders[0].envoyExtAuthzHttp.service: "
			    "expected a service such as NAME.NAMESPACE.mesh"));
		}
		model_object_unref(o);
		arena_fini(&a);
	}
}

TEST(extension_provider_refuses_what_could_not_be_asked)
{
	static const struct { const char *list, *error; } cases[] = {
		{ "{name: a}", "spec.extensionProviders[0]: expected one of "
		    "envoyExtAuthzHttp and envoyExtAuthzGrpc" },
		{ "{name: a, envoyExtAuthzHttp: {service: a.b, port: 1}, "
		    "envoyExtAuthzGrpc: {service: a.b, port: 1}}",
		    "spec.extensionProviders[0]: expected one of "
		    "envoyExtAuthzHttp and envoyExtAuthzGrpc" },
		{ "{name: a, envoyExtAuthzGrpc: {service: a.b, port: 1}}, "
		    "{name: a, envoyExtAuthzGrpc: {service: a.b, port: 2}}",
		    "spec.extensionProviders[1].name: \"a\" stands twice, "
		    "expected it once" },
		{ "{name: a, envoyExtAuthzGrpc: {service: a.b, port: 1, "
		    "statusOnError: '200'}}", "statusOnError: expected a status "
		    "from \"400\" to \"599\", found \"200\"" },
		{ "{name: a, envoyExtAuthzGrpc: {service: a.b, port: 1, "
		    "pathPrefix: /a}}", "unknown field \"pathPrefix\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err;
		char text[512];

		snprintf(text, sizeof(text), MESH "spec: {extensionProviders: "
		    "[%s]}\n", cases[i].list);
		err = object_refusal(text);
		if (strstr(err.text, cases[i].error) == NULL)
			fail_msg("%s", err.text);
	}
}

/* --- who needs it ------------------------------------------------------------------ */

static const char *const texts[] = {
	"{apiVersion: v1, kind: Service, metadata: {name: auth, namespace: "
	    "infra}, spec: {selector: {app: auth}, ports: [{port: 80}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: other, namespace: "
	    "infra}, spec: {selector: {app: auth}, ports: [{port: 80}]}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: auth-1, "
	    "namespace: infra, labels: {app: auth}}, spec: {serviceAccount: "
	    "auth, address: a}}",
	"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, "
	    "metadata: {name: ask}, spec: {action: CUSTOM, provider: {name: p}, "
	    "targetRefs: [{name: web}], rules: [{}]}}",
	"{apiVersion: mesh/v1, kind: MeshConfig, metadata: {name: default}, "
	    "spec: {extensionProviders: [{name: p, envoyExtAuthzHttp: {service: "
	    "auth.infra, port: 80}}, {name: q, envoyExtAuthzHttp: {service: "
	    "other.infra, port: 80}}]}}",
	"{apiVersion: v1, kind: Service, metadata: {name: web}, "
	    "spec: {selector: {app: web}, ports: [{port: 80}]}}",
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: web-1, labels: "
	    "{app: web}}, spec: {serviceAccount: web, address: a}}",
};
enum { N = sizeof(texts) / sizeof(texts[0]), POLICY = 3, CONFIG = 4 };

static void
assert_concerns(const struct model_subject *s, struct model_object *const *v,
    const char *wanted)
{
	for (size_t i = 0; i < N; i++)
		if (model_concerns(s, v[i]) != (wanted[i] == 'y'))
			fail_msg("%s: not %c", v[i]->key, wanted[i]);
}

/* In whatever order documents come, and whatever goes. */
TEST(extension_provider_concerns_whom_a_policy_makes_ask_it)
{
	for (size_t first = 0; first < N; first++) {
		struct model_object *v[N], *out[N];
		struct model_subject s, stranger;

		model_subject_init(&s, "default", "web-1");
		model_subject_init(&stranger, "default", "web-2");
		for (size_t i = 0; i < N; i++)
			v[i] = object_from(texts[i]);
		struct model_object *turned[N];

		for (size_t i = 0; i < N; i++)
			turned[i] = v[(i + first) % N];
		model_closure(&s, turned, N, out);
		assert_concerns(&s, v, "ynyyyyy");
		model_closure(&stranger, turned, N, out);
		assert_concerns(&stranger, v, "nnnnynn");
		assert_true(model_subject_unlearn(&s, v[CONFIG]));
		assert_concerns(&s, v, "nnnyyyy");
		assert_true(model_subject_learn(&s, v[CONFIG]));
		model_closure(&s, turned, N, out);
		assert_concerns(&s, v, "ynyyyyy");
		assert_true(model_subject_unlearn(&s, v[POLICY]));
		assert_concerns(&s, v, "nnnyyyy");
		model_subject_fini(&s);
		model_subject_fini(&stranger);
		for (size_t i = 0; i < N; i++)
			model_object_unref(v[i]);
	}
}
