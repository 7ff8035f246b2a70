#include <stdio.h>

#include "base/unit.h"
#include "model/closure.h"
#include "model/inert.h"
#include "model/model_test.h"
#include "model/request_authentication.h"

#define HEAD								\
	"apiVersion: security.istio.io/v1\nkind: RequestAuthentication\n"	\
	"metadata: {name: r}\n"
/* The base point of P-256. */
#define POINT	"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"axfR8uEsQkf4vOblY6RA8nc"	\
	"DfYEt6zOg9KE5RdiYwpY\",\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe"	\
	"_UfU\""
#define KEYS	"jwks: '{\"keys\":[{" POINT "}]}'"

TEST(request_authentication_with_every_field_reads)
{
	struct model_object *o = object_from(
	    "apiVersion: security.istio.io/v1beta1\n"
	    "kind: RequestAuthentication\n"
	    "metadata: {name: jwt, namespace: foo}\n"
	    "spec:\n"
	    "  selector: {matchLabels: {app: httpbin}}\n"
	    "  jwtRules:\n"
	    "  - issuer: https://issuer.example\n"
	    "    audiences: [web, orders]\n"
	    "    " KEYS "\n"
	    "    fromHeaders: [{name: x-jwt, prefix: 'Token '}, {name: x-b}]\n"
	    "    fromParams: [token]\n"
	    "    fromCookies: [session]\n"
	    "    outputPayloadToHeader: x-claims\n"
	    "    outputClaimToHeaders: [{header: x-group, claim: realm.group}]\n"
	    "    spaceDelimitedClaims: [roles]\n"
	    "    forwardOriginalToken: true\n"
	    "    timeout: 2s\n"
	    "  - {issuer: b, jwksUri: 'https://b.example/keys'}\n");
	const struct model_request_authentication_spec *s =
	    &model_request_authentication(o)->spec;
	const struct model_jwt_rule *r = s->rules;

	assert_string_equal(conf_get_string(o->node, "apiVersion"),
	    "security.istio.io/v1");
	assert_int_equal(s->rules_len, 2);
	assert_int_equal(s->selector->labels.len, 1);
	assert_string_equal(r[0].issuer, "https://issuer.example");
	assert_int_equal(r[0].audiences_len, 2);
	assert_non_null(r[0].jwks);
	assert_string_equal(r[0].from_headers[0].prefix, "Token ");
	assert_null(r[0].from_headers[1].prefix);
	assert_string_equal(r[0].from_params[0], "token");
	assert_string_equal(r[0].from_cookies[0], "session");
	assert_string_equal(r[0].output_payload, "x-claims");
	assert_string_equal(r[0].output_claims[0].claim, "realm.group");
	assert_string_equal(r[0].space_delimited[0], "roles");
	assert_true(r[0].forwards);
	assert_int_equal(r[0].timeout_ms, 2000);
	assert_string_equal(r[1].jwks_uri, "https://b.example/keys");
	assert_false(r[1].forwards);
	assert_int_equal(r[1].timeout_ms, 5000);
	model_object_unref(o);
}

static const struct {
	const char *rule, *error;	/* error: behind the place */
} faults[] = {
	{ "{}", "spec.jwtRules[0]: the required field \"issuer\" is missing" },
	{ "{issuer: ''}", "spec.jwtRules[0].issuer: expected 1 to 1024 bytes, "
	    "found 0" },
	{ "{issuer: a, audience: [b]}", "spec.jwtRules[0]: unknown field "
	    "\"audience\", did you mean \"audiences\"?" },
	{ "{issuer: a, jwks: '[]'}", "spec.jwtRules[0].jwks: expected a JSON "
	    "object with a list \"keys\"" },
	{ "{issuer: a, jwks: '{\"keys\":[]}'}", "spec.jwtRules[0].jwks: expected a "
	    "key for signatures, found no keys in it" },
	{ "{issuer: a, jwks: '{\"keys\":[{" POINT ",\"use\":\"enc\"}]}'}",
	    "spec.jwtRules[0].jwks: expected a key for signatures, RSA of 2048 to "
	    "4096 bits or EC on P-256 or P-384, found 1 others" },
	{ "{issuer: a, jwks: '{\"keys\":[{" POINT ",\"d\":\"AA\"}]}'}",
	    "spec.jwtRules[0].jwks: expected public keys, found a private or a "
	    "shared one" },
	{ "{issuer: a, jwksUri: 'ftp://a'}", "spec.jwtRules[0].jwksUri: expected "
	    "http:// or https://, found \"ftp://a\"" },
	{ "{issuer: a, jwksUri: 'https://a', " KEYS "}", "spec.jwtRules[0].jwksUri: "
	    "expected none beside jwks" },
	{ "{issuer: a, outputPayloadToHeader: Host}",
	    "spec.jwtRules[0].outputPayloadToHeader: expected a field that does "
	    "not say how a message is carried, found \"Host\"" },
	{ "{issuer: a, outputClaimToHeaders: [{header: te, claim: a}]}",
	    "spec.jwtRules[0].outputClaimToHeaders[0].header: expected a field "
	    "that does not say how a message is carried, found \"te\"" },
	{ "{issuer: a, outputClaimToHeaders: [{header: x}]}",
	    "spec.jwtRules[0].outputClaimToHeaders[0]: the required field "
	    "\"claim\" is missing" },
};

static void
refuse(const char *spec, const char *error)
{
	struct err err;
	char text[1024];

	snprintf(text, sizeof(text), HEAD "spec: %s\n", spec);
	err = object_refusal(text);
	if (!slice_has_suffix(slice_str(err.text), slice_str(error)))
		fail_msg("%s: %s", spec, err.text);
}

TEST(request_authentication_takes_one_target_as_it_was_written_once)
{
	struct model_object *o = object_from(
	    "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\n"
	    "metadata: {name: p}\nspec: {targetRef: {name: web}}\n");
	const struct model_authz_place web = { .namespace = "default",
		.service = "web" }, api = { .namespace = "default",
		.service = "api" };

	assert_true(model_request_authentication_is_for(o, &web));
	assert_false(model_request_authentication_is_for(o, &api));
	model_object_unref(o);
	assert_string_equal(strrchr(object_refusal("apiVersion: "
	    "security.istio.io/v1\nkind: RequestAuthentication\nmetadata: "
	    "{name: p}\nspec: {targetRef: {name: a}, targetRefs: [{name: b}]}\n"
	    ).text, ':'), ": expected none beside targetRefs");
}

TEST(request_authentication_refuses_what_could_not_act)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char spec[800];

		snprintf(spec, sizeof(spec), "{jwtRules: [%s]}", faults[i].rule);
		refuse(spec, faults[i].error);
	}
	refuse("{selector: {matchLabels: {a: b}}, targetRefs: [{name: web}]}",
	    "spec.targetRefs: expected none beside selector, found 1");
	refuse("{targetRefs: [{name: web, sectionName: http}]}",
	    "spec.targetRefs[0].sectionName: expected none, as rules name ports, "
	    "found \"http\"");
}

TEST(request_authentication_goes_to_what_it_is_about)
{
	static const struct {
		const char *spec;
		bool        concerns;	/* the gateway gw */
	} cases[] = {
		{ "{}", true }, { "{selector: {matchLabels: {app: x}}}", false },
		{ "{targetRefs: [{group: gateway.networking.k8s.io, kind: "
		    "Gateway, name: gw}]}", true },
		{ "{targetRefs: [{group: gateway.networking.k8s.io, kind: "
		    "Gateway, name: other}]}", false },
	};
	struct model_subject s;

	model_subject_init(&s, "default", "gw-1");
	model_subject_run(&s, "gw");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), HEAD "spec: %s\n", cases[i].spec);
		struct model_object *o = object_from(text);

		if (model_concerns(&s, o) != cases[i].concerns)
			fail_msg("%s", cases[i].spec);
		model_object_unref(o);
	}
	model_subject_fini(&s);
}
