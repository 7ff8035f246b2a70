#include <stdio.h>

#include "base/unit.h"
#include "model/authorization_policy.h"
#include "model/closure.h"
#include "model/inert.h"
#include "model/model_test.h"

#define POLICY								\
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: p}\n"

/* In the manner of the examples that the kind is explained with. */
TEST(authorization_policy_of_a_bookstore_reads)
{
	struct model_object *o = object_from(
	    "apiVersion: security.istio.io/v1beta1\n"
	    "kind: AuthorizationPolicy\n"
	    "metadata: {name: httpbin, namespace: foo}\n"
	    "spec:\n"
	    "  action: ALLOW\n"
	    "  selector: {matchLabels: {app: httpbin, version: v1}}\n"
	    "  rules:\n"
	    "  - from:\n"
	    "    - source: {principals: [cluster.local/ns/default/sa/curl]}\n"
	    "    - source: {namespaces: [test]}\n"
	    "    to:\n"
	    "    - operation: {methods: [GET], paths: ['/info*', '/{*}/x']}\n"
	    "    when:\n"
	    "    - {key: 'request.auth.claims[iss]', values: ['https://a']}\n");
	const struct model_authorization_policy *p =
	    model_authorization_policy(o);
	const struct model_authz_rule *r = &p->spec.rules[0];

	assert_string_equal(conf_get_string(o->node, "apiVersion"),
	    "security.istio.io/v1");
	assert_int_equal(p->spec.action, MODEL_AUTHZ_ALLOW);
	assert_int_equal(p->spec.selector->labels.len, 2);
	assert_int_equal(r->from_len, 2);
	assert_string_equal(r->from[0].terms.is[MODEL_BY_PRINCIPAL].v[0],
	    "cluster.local/ns/default/sa/curl");
	assert_int_equal(r->from[1].terms.is[MODEL_BY_NAMESPACE].v_len, 1);
	assert_int_equal(r->to[0].terms.is[MODEL_BY_PATH].v_len, 2);
	assert_int_equal(r->to[0].terms.not[MODEL_BY_PATH].v_len, 0);
	assert_string_equal(r->when[0].is.v[0], "https://a");
	assert_false(model_authz_is_dry_run(o));
	model_object_unref(o);
}

static const struct {
	const char *spec, *error;
} faults[] = {
	{ "{action: ALLOW, rule: []}", "t:4:23: spec: unknown field \"rule\", "
	    "did you mean \"rules\"?" },
	{ "{action: LOG}", "t:4:16: spec.action: expected one of ALLOW, DENY, "
	    "AUDIT, CUSTOM, found \"LOG\"" },
	{ "{action: DENY}", "t:4:7: spec: the required field \"rules\" is missing, "
	    "as DENY without one never acts; [{}] matches all" },
	{ "{action: CUSTOM, rules: [{}]}", "t:4:7: spec: the required field "
	    "\"provider\" is missing, which CUSTOM needs" },
	{ "{provider: {name: a}}", "t:4:18: spec.provider: expected none, as ALLOW "
	    "asks nobody" },
	{ "{selector: {matchLabels: {a: b}}, targetRefs: [{name: web}]}",
	    "t:4:53: spec.targetRefs: expected none beside selector, found 1" },
	{ "{selector: {matchLabels: {a: b}}, targetRef: {name: web}}",
	    "t:4:52: spec.targetRef: expected none beside selector" },
	{ "{targetRef: {name: web}, targetRefs: [{name: api}]}", "t:4:19: "
	    "spec.targetRef: expected none beside targetRefs" },
	{ "{targetRef: {name: web, sectionName: http}}", "t:4:44: "
	    "spec.targetRef.sectionName: expected none, as rules name ports, found "
	    "\"http\"" },
	{ "{rules: [{from: [{}]}]}", "t:4:24: spec.rules[0].from[0]: the required "
	    "field \"source\" is missing" },
	{ "{rules: [{from: [{source: {}}]}]}", "t:4:33: "
	    "spec.rules[0].from[0].source: expected at least one field, found "
	    "none" },
	{ "{rules: [{from: [{source: {serviceAccounts: ['*']}}]}]}", "t:4:52: "
	    "spec.rules[0].from[0].source.serviceAccounts[0]: expected "
	    "NAMESPACE/NAME or NAME, without \"*\", found \"*\"" },
	{ "{rules: [{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}]}",
	    "t:4:33: spec.rules[0].from[0].source: expected no principals or "
	    "namespaces beside serviceAccounts" },
	{ "{rules: [{from: [{source: {ipBlocks: [10.0.0.0/40]}}]}]}", "t:4:45: "
	    "spec.rules[0].from[0].source.ipBlocks[0]: expected an IP address or "
	    "a range, as 10.0.0.0/8, found \"10.0.0.0/40\"" },
	{ "{rules: [{to: [{operation: {ports: ['0']}}]}]}", "t:4:43: "
	    "spec.rules[0].to[0].operation.ports[0]: expected a port, 1 to "
	    "65535, found \"0\"" },
	{ "{rules: [{to: [{operation: {paths: ['/{**}/x/{*}']}}]}]}", "t:4:43: "
	    "spec.rules[0].to[0].operation.paths[0]: expected {*} and {**} as "
	    "whole segments, nothing but text behind {**} and no other \"*\", "
	    "found \"/{**}/x/{*}\"" },
	{ "{rules: [{when: [{key: request.method, values: [a]}]}]}", "t:4:30: "
	    "spec.rules[0].when[0].key: expected request.headers[NAME], "
	    "source.ip, remote.ip, source.namespace, source.principal, "
	    "request.auth.principal, .audiences, .presenter or .claims[NAME], "
	    "destination.ip, destination.port or connection.sni, found "
	    "\"request.method\"" },
	{ "{rules: [{when: [{key: source.ip}]}]}", "t:4:24: "
	    "spec.rules[0].when[0]: expected values or notValues, found neither" },
	{ "{rules: [{when: [{key: source.ip, values: [here]}]}]}", "t:4:50: "
	    "spec.rules[0].when[0].values[0]: expected an IP address or a range, "
	    "as 10.0.0.0/8, found \"here\"" },
};

/* As Go's strconv.ParseBool reads it; what it does not is refused elsewhere. */
TEST(authorization_policy_is_tried_with_each_word_for_yes)
{
	static const struct {
		const char *word;
		bool        is_tried;
	} v[] = { { "1", true }, { "t", true }, { "T", true }, { "TRUE", true },
		{ "true", true }, { "True", true }, { "0", false }, { "f", false },
		{ "F", false }, { "FALSE", false }, { "false", false },
		{ "False", false } };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char text[256];
		struct model_object *o;

		snprintf(text, sizeof(text), "apiVersion: security.istio.io/v1\n"
		    "kind: AuthorizationPolicy\nmetadata: {name: p, annotations: "
		    "{istio.io/dry-run: '%s'}}\n", v[i].word);
		o = object_from(text);
		if (model_authz_is_dry_run(o) != v[i].is_tried)
			fail_msg("%s", v[i].word);
		model_object_unref(o);
	}
}

TEST(authorization_policy_takes_one_target_as_it_was_written_once)
{
	struct model_object *o = object_from(POLICY
	    "spec: {targetRef: {group: gateway.networking.k8s.io, kind: Gateway, "
	    "name: edge}, rules: [{}]}\n");
	const struct model_authorization_policy *p =
	    model_authorization_policy(o);
	const struct model_authz_place edge = { .namespace = "default",
		.gateway = "edge" }, other = { .namespace = "default",
		.gateway = "other" };

	assert_int_equal(p->spec.targets_len, 1);
	assert_string_equal(p->spec.targets[0].name, "edge");
	assert_true(model_authz_is_for(o, &edge));
	assert_false(model_authz_is_for(o, &other));
	model_object_unref(o);
}

TEST(authorization_policy_has_keys_of_tokens)
{
	static const struct {
		const char *key, *name;	/* NULL: refused */
	} v[] = {
		{ "request.auth.audiences", "aud" },
		{ "request.auth.presenter", "azp" },
		{ "request.auth.claims[iss]", "iss" },
		{ "request.auth.claims[a][b]", "a][b" },
		{ "request.auth.claims[https://a.b/c]", "https://a.b/c" },
		{ "request.auth.claims[]", NULL },
		{ "request.auth.claims[a", NULL },
		{ "request.auth.claims[a][]", NULL },
		{ "request.auth.claims[[a]", NULL },
		{ "request.auth.claims[a]b]", NULL },
		{ "request.auth.claims[a]]", NULL },
		{ "request.auth.claims[a][b", NULL },
	};
	enum model_authz_attribute by;
	struct slice name;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		if (model_authz_key(v[i].key, &by, &name) !=
		    (v[i].name != NULL))
			fail_msg("%s", v[i].key);
		if (v[i].name != NULL) {
			assert_int_equal(by, MODEL_BY_CLAIM);
			assert_true(slice_is(name, v[i].name));
		}
	}
	assert_true(model_authz_key("request.auth.principal", &by, &name));
	assert_int_equal(by, MODEL_BY_REQUEST_PRINCIPAL);
}

TEST(authorization_policy_refuses_what_could_not_act)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct err err;
		char text[512];

		snprintf(text, sizeof(text), POLICY "spec: %s\n", faults[i].spec);
		err = object_refusal(text);
		assert_string_equal(err.text, faults[i].error);
	}
}

/* --- to whom --------------------------------------------------------------------- */

static const struct {
	const char *namespace, *spec;
	bool        concerns;	/* web-1, with app=web, which backs web */
} policies[] = {
	{ "default", "{}", true },
	{ "default", "{selector: {matchLabels: {app: web}}}", true },
	{ "default", "{selector: {matchLabels: {app: web, tier: x}}}", false },
	{ "default", "{targetRefs: [{name: web}]}", true },
	{ "default", "{targetRefs: [{name: front}]}", false },
	{ "default", "{targetRefs: [{group: gateway.networking.k8s.io, kind: "
	    "Gateway, name: gw}]}", false },
	{ "other", "{}", false },
	{ "other", "{selector: {matchLabels: {app: web}}}", false },
	{ "other", "{targetRefs: [{name: web}]}", false },
	{ "mesh-system", "{}", true },
	{ "istio-system", "{selector: {matchLabels: {app: web}}}", true },
	{ "mesh-system", "{selector: {matchLabels: {app: x}}}", false },
};
enum { POLICIES = sizeof(policies) / sizeof(policies[0]) };

TEST(authorization_policy_goes_to_the_workloads_that_it_is_about)
{
	struct model_object *o[POLICIES + 2], *out[POLICIES + 2];
	struct model_subject s;

	for (size_t i = 0; i < POLICIES; i++) {
		char text[512];

		snprintf(text, sizeof(text), "apiVersion: security.istio.io/v1\n"
		    "kind: AuthorizationPolicy\nmetadata: {name: p%zu, "
		    "namespace: %s}\nspec: %s\n", i, policies[i].namespace,
		    policies[i].spec);
		o[i] = object_from(text);
	}
	o[POLICIES] = object_from("{apiVersion: v1, kind: Service, metadata: {name: "
	    "web}, spec: {selector: {app: web}, ports: [{port: 80}]}}");
	o[POLICIES + 1] = object_from("{apiVersion: mesh/v1, kind: Workload, "
	    "metadata: {name: web-1, labels: {app: web}}, spec: {serviceAccount: "
	    "web, address: a}}");
	model_subject_init(&s, "default", "web-1");
	model_subject_call(&s, "default", "front");
	model_closure(&s, o, POLICIES + 2, out);
	for (size_t i = 0; i < POLICIES; i++)
		if (model_concerns(&s, o[i]) != policies[i].concerns)
			fail_msg("%s %s: %d", policies[i].namespace,
			    policies[i].spec, policies[i].concerns);
	for (size_t i = 0; i < POLICIES + 2; i++)
		model_object_unref(o[i]);
	model_subject_fini(&s);
}

TEST(authorization_policy_goes_to_the_gateway_that_it_names)
{
	struct model_object *o = object_from(POLICY "spec: {targetRefs: [{group: "
	    "gateway.networking.k8s.io, kind: Gateway, name: gw}]}");
	struct model_subject s;

	model_subject_init(&s, "default", "gw-1");
	assert_false(model_concerns(&s, o));
	model_subject_run(&s, "gw");
	assert_true(model_concerns(&s, o));
	model_subject_fini(&s);
	model_object_unref(o);
}

static void
note(void *arg, const struct model_inert_field *f, const char *path,
    const struct conf_node *n)
{
	(void)f;
	(void)n;
	str_addf(arg, "%s ", path);
}

TEST(authorization_policy_has_nothing_that_does_not_act)
{
	struct str found = { 0 };
	struct model_object *o = object_from(POLICY "spec: {action: CUSTOM, "
	    "provider: {name: opa}, rules: [{when: [{key: source.ip, values: "
	    "[10.0.0.1]}, {key: request.auth.presenter, values: [a]}]}, {from: "
	    "[{source: {requestPrincipals: ['*']}}]}]}");

	model_inert(o, note, &found);
	assert_string_equal(str_ptr(&found), "");
	str_fini(&found);
	model_object_unref(o);
}
