#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "model/closure.h"
#include "model/inert.h"
#include "model/model_test.h"
#include "model/service.h"
#include "model/set.h"
#include "model/xbackend.h"

#define HEAD	"apiVersion: gateway.networking.x-k8s.io/v1alpha1\n"		\
	"kind: XBackend\nmetadata: {name: bank, namespace: shop}\nspec: "
#define HOST	"type: ExternalHostname, externalHostname: {hostname: "		\
	"api.bank.example}, "
#define ROOTS	"caCertificateRefs: [{group: '', kind: ConfigMap, name: roots}]"

TEST(xbackend_is_refused_with_its_reason)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ HEAD "{" HOST "port: {}}", "expected number or port, found "
		    "neither" },
		{ HEAD "{" HOST "port: {number: 1, port: 1}}", "found both" },
		{ HEAD "{type: ExternalHostname, port: {number: 1}}",
		    "externalHostname" },
		{ HEAD "{" HOST "port: {number: 1}, endpointSelector: "
		    "{matchLabels: {a: b}}}", "endpointSelector" },
		{ HEAD "{type: ExternalHostname, externalHostname: {hostname: "
		    "10.0.0.1}, port: {number: 1}}", "no IP address" },
		{ HEAD "{type: ExternalHostname, externalHostname: {hostname: "
		    "a.b.svc.cluster.local}, port: {number: 1}}",
		    "expected one outside" },
		{ HEAD "{" HOST "port: {number: 1}, protocol: HTTP2}",
		    "spec.tls: the required field is missing for protocol "
		    "HTTP2" },
		{ HEAD "{" HOST "port: {number: 1}, protocol: H2C, tls: {mode: "
		    "None}}", "expected none beside protocol H2C" },
		{ HEAD "{" HOST "port: {number: 1}, tls: {mode: "
		    "ClientAndServer}}", "clientCertificateRef" },
		{ HEAD "{" HOST "port: {number: 1}, tls: {mode: ServerOnly, "
		    "validation: {hostname: a.b}}}", "found neither" },
		{ "apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: "
		    "XBackend\nmetadata: {name: a.b}\nspec: {" HOST "port: "
		    "{number: 1}}", "metadata.name" },
		{ "apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: "
		    "XBackend\nmetadata: {name: a234567890b234567890c234567890"
		    "d234567890e234567890f2345}\nspec: {" HOST "port: "
		    "{number: 1}}", "expected at most 54 characters, found 55" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_set set;

		model_set_init(&set, MODEL_STRICT, "default");
		model_set_read_text(&set, slice_str(cases[i].text), "t",
		    CONF_YAML);
		if (set.faults_len != 1 || strstr(set.faults[0].err.text,
		    cases[i].says) == NULL)
			fail_msg("%zu: %s", i, set.faults_len == 0 ? "taken" :
			    set.faults[0].err.text);
		model_set_fini(&set);
	}
}

/* What one stands for. */
struct stands {
	struct arena         arena;
	struct model_object *from;
	struct model_object *const *all;
	size_t               len;
};

static void
stands_init(struct stands *s, const char *text)
{
	arena_init(&s->arena);
	s->from = object_from(text);
	s->len = 1;
	s->all = model_xbackends_expand(&s->arena, &s->from, &s->len);
}

static void
stands_fini(struct stands *s)
{
	arena_fini(&s->arena);
	model_object_unref(s->from);
}

TEST(xbackend_stands_for_a_service_and_its_policy)
{
	struct stands s;

	stands_init(&s, HEAD "{" HOST "port: {number: 443}, tls: {mode: "
	    "ServerOnly, validation: {hostname: bank.example, " ROOTS "}}}");
	assert_int_equal(s.len, 3);
	const struct model_service *service = model_service(s.all[1]);
	const struct model_backend_tls_policy *p =
	    model_backend_tls_policy(s.all[2]);

	assert_string_equal(model_object_name(s.all[1]), "shop/bank.xbackend");
	assert_int_equal(service->spec.type, MODEL_EXTERNAL_NAME);
	assert_string_equal(service->spec.external_name, "api.bank.example");
	assert_int_equal(service->spec.ports_len, 1);
	assert_int_equal(service->spec.ports[0].port, 443);
	assert_string_equal(p->spec.targets[0].name, "bank.xbackend");
	assert_string_equal(p->spec.validation.hostname, "bank.example");
	assert_int_equal(p->spec.validation.cas_len, 1);
	stands_fini(&s);
	/* Where nothing is said of the certificate. */
	stands_init(&s, HEAD "{" HOST "port: {port: 443}, tls: {mode: "
	    "ServerOnly}}");
	assert_int_equal(s.len, 3);
	p = model_backend_tls_policy(s.all[2]);
	assert_string_equal(p->spec.validation.hostname, "api.bank.example");
	assert_string_equal(p->spec.validation.well_known, "System");
	stands_fini(&s);
	stands_init(&s, HEAD "{" HOST "port: {number: 80}, tls: {mode: None}}");
	assert_int_equal(s.len, 2);
	stands_fini(&s);
	stands_init(&s, HEAD "{type: EndpointSelector, port: {number: 80}, "
	    "endpointSelector: {matchLabels: {a: b}}}");
	assert_int_equal(s.len, 1);
	stands_fini(&s);
}

TEST(xbackend_is_spoken_to_by_its_protocol)
{
	static const struct {
		const char         *says;
		enum model_protocol spoken;
	} cases[] = {
		{ "", MODEL_HTTP }, { "protocol: HTTP", MODEL_HTTP },
		{ "protocol: HTTP11", MODEL_HTTP },
		{ "protocol: HTTP2, tls: {mode: ServerOnly}", MODEL_H2C },
		{ "protocol: H2C", MODEL_H2C }, { "protocol: GRPC", MODEL_H2C },
		{ "protocol: MCP", MODEL_HTTP },
		{ "protocol: WSS, tls: {mode: ServerOnly}", MODEL_WS },
		{ "protocol: TCP", MODEL_OPAQUE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stands s;
		char text[512];

		snprintf(text, sizeof(text), HEAD "{" HOST "port: {number: 80}, "
		    "%s}", cases[i].says);
		stands_init(&s, text);
		assert_int_equal(model_port_protocol(
		    &model_service(s.all[1])->spec.ports[0]), cases[i].spoken);
		stands_fini(&s);
	}
}

TEST(backend_is_a_service_that_nobody_can_write)
{
	static const char x[] = MODEL_X_GROUP;
	static const struct {
		const char *group, *kind, *name, *service;
	} cases[] = {
		{ "", "Service", "bank", "bank" },
		{ x, "XBackend", "bank", "bank.xbackend" },
		{ "", "Service", "bank.xbackend", NULL },
		{ "", "XBackend", "bank", NULL },
		{ x, "Service", "bank", NULL },
		{ "", "ConfigMap", "bank", NULL },
	};
	char name[MODEL_BACKEND_NAME_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool is_there = model_backend_service_name(cases[i].group,
		    cases[i].kind, cases[i].name, name);

		assert_int_equal(is_there, cases[i].service != NULL);
		if (is_there)
			assert_string_equal(name, cases[i].service);
	}
	assert_true(slice_is(model_xbackend_of("bank.xbackend"), "bank"));
	assert_int_equal(model_xbackend_of("bank").len, 0);
}

TEST(closure_has_the_xbackends_that_routes_send_to)
{
	struct model_object *all[] = {
		object_from(HEAD "{" HOST "port: {number: 443}, tls: {mode: "
		    "ServerOnly, validation: {hostname: a.b, " ROOTS "}}}"),
		object_from("{apiVersion: v1, kind: ConfigMap, metadata: {name: "
		    "roots, namespace: shop}, data: {ca.crt: x}}"),
		object_from("{apiVersion: gateway.networking.k8s.io/v1, kind: "
		    "HTTPRoute, metadata: {name: r, namespace: default}, spec: "
		    "{parentRefs: [{group: '', kind: Service, name: front}], "
		    "rules: [{backendRefs: [{group: gateway.networking.x-k8s.io, "
		    "kind: XBackend, name: bank, namespace: shop}]}]}}"),
	}, *out[3];
	struct model_subject s;

	/* In its own namespace it is called by the host's name. */
	model_subject_init(&s, "shop", "web-1");
	assert_int_equal(model_closure(&s, all, 2, out), 2);
	model_subject_fini(&s);
	model_subject_init(&s, "default", "web-1");
	assert_int_equal(model_closure(&s, all, 3, out), 0);
	model_subject_call(&s, "default", "front");
	assert_int_equal(model_closure(&s, all, 3, out), 3);
	model_subject_unlearn(&s, all[2]);
	assert_false(model_concerns(&s, all[0]));
	model_subject_fini(&s);
	for (size_t i = 0; i < 3; i++)
		model_object_unref(all[i]);
}
