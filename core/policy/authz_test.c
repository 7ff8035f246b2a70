#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "policy/authz_test.h"

static const char *const in_order[] = {
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
	    "metadata: {name: allow}\nspec: {rules: [{to: [{operation: "
	    "{paths: ['/a/*', /x]}}]}]}",
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
	    "metadata: {name: deny}\nspec: {action: DENY, rules: [{to: "
	    "[{operation: {methods: [PUT]}}]}, {to: [{operation: {paths: "
	    "[/x]}}]}]}",
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
	    "metadata: {name: ask}\nspec: {action: CUSTOM, provider: "
	    "{name: opa}, rules: [{to: [{operation: {paths: [/c]}}]}]}",
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
	    "metadata: {name: watch}\nspec: {action: AUDIT, rules: [{}]}",
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
	    "metadata: {name: later, annotations: {istio.io/dry-run: "
	    "'true'}}\nspec: {action: DENY, rules: [{to: [{operation: "
	    "{paths: [/a/b]}}]}]}",
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
	    "metadata: {name: tried, annotations: {istio.io/dry-run: "
	    "'true'}}\nspec: {action: CUSTOM, provider: {name: opa}, "
	    "rules: [{to: [{operation: {paths: [/a/c]}}]}]}",
};

static const struct {
	const char *method, *path, *policy;
	int         rule;
	bool        is_denied, is_dry_denied;
	const char *ask, *dry_ask;
} ordered[] = {
	{ "GET", "/a/b", "default/allow", 0, false, true, NULL, NULL },
	{ "GET", "/a/c", "default/allow", 0, false, false, NULL,
	    "default/tried" },
	{ "PUT", "/a/b", "default/deny", 0, true, true, NULL, NULL },
	{ "GET", "/x", "default/deny", 1, true, true, NULL, NULL },
	/* Who is asked may say yes; what is refused then stays so. */
	{ "PUT", "/c", "default/deny", 0, true, true, "default/ask",
	    NULL },
	{ "GET", "/c", NULL, 0, true, true, "default/ask", NULL },
	{ "GET", "/other", NULL, 0, true, true, NULL, NULL },
};

TEST(authz_has_istios_order)
{
	enum { N = sizeof(in_order) / sizeof(in_order[0]) };
	struct model_object *o[N];
	struct authz_facts f = a_request();

	for (size_t i = 0; i < N; i++)
		o[i] = object_from(in_order[i]);
	struct authz *z = authz_new(o, N, AUTHZ_ALLOW_ALL, NULL);

	for (size_t i = 0; i < sizeof(ordered) / sizeof(ordered[0]); i++) {
		struct authz_verdict v;

		f.method = slice_str(ordered[i].method);
		f.path = slice_str(ordered[i].path);
		authz_decide(z, &f, &v);
		assert_int_equal(v.answer.is_denied, ordered[i].is_denied);
		assert_int_equal(v.dry.is_denied, ordered[i].is_dry_denied);
		assert_int_equal(v.asks_len, ordered[i].ask != NULL);
		if (ordered[i].ask != NULL) {
			assert_string_equal(v.asks[0].policy, ordered[i].ask);
			assert_string_equal(v.asks[0].provider, "opa");
			assert_string_equal(authz_unasked(&v).policy,
			    ordered[i].ask);
		}
		assert_int_equal(v.dry_ask.policy != NULL,
		    ordered[i].dry_ask != NULL);
		if (ordered[i].dry_ask != NULL)
			assert_string_equal(v.dry_ask.policy, ordered[i].dry_ask);
		assert_int_equal(v.audits_len, 1);
		assert_string_equal(v.audits[0].policy, "default/watch");
		if (ordered[i].policy == NULL) {
			assert_null(v.answer.policy);
			continue;
		}
		assert_string_equal(v.answer.policy, ordered[i].policy);
		assert_int_equal(v.answer.rule, ordered[i].rule);
	}
	assert_true(authz_is_of(z, o, N, AUTHZ_ALLOW_ALL, NULL));
	assert_false(authz_is_of(z, o, N - 1, AUTHZ_ALLOW_ALL, NULL));
	assert_false(authz_is_of(z, o, N, AUTHZ_DENY_ALL, NULL));
	assert_false(authz_is_of(z, o, N, AUTHZ_ALLOW_ALL, "mesh.internal"));
	authz_unref(z);
	for (size_t i = 0; i < N; i++)
		model_object_unref(o[i]);
}

TEST(authz_without_policies_is_what_the_mesh_says)
{
	static const struct {
		enum authz_default  word;
		bool                named, near, far;	/* denied */
		bool                abroad_near, abroad_far;
	} cases[] = {
		{ AUTHZ_DENY_ALL, true, true, true, true, true },
		{ AUTHZ_ALLOW_ALL, false, false, false, false, false },
		{ AUTHZ_ALLOW_IDENTITIES, false, true, true, false, false },
		{ AUTHZ_ALLOW_OWN, false, true, true, true, true },
		{ AUTHZ_ALLOW_NEAR, false, false, true, false, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct authz *z = authz_new(NULL, 0, cases[i].word, NULL);
		struct authz_facts f = a_request();
		struct authz_verdict v;

		authz_decide(z, &f, &v);
		assert_int_equal(v.answer.is_denied, cases[i].named);
		f.is_foreign = true;
		authz_decide(z, &f, &v);
		assert_int_equal(v.answer.is_denied, cases[i].abroad_near);
		f.is_foreign = false;
		f.id = SLICE("");
		authz_decide(z, &f, &v);
		assert_int_equal(v.answer.is_denied, cases[i].near);
		authz_ip_read(SLICE("203.0.113.9"), &f.source);
		authz_decide(z, &f, &v);
		assert_int_equal(v.answer.is_denied, cases[i].far);
		f.id = SLICE("spiffe://far.example/ns/default/sa/caller");
		f.is_foreign = true;
		authz_decide(z, &f, &v);
		assert_int_equal(v.answer.is_denied, cases[i].abroad_far);
		authz_unref(z);
	}
	/* "spec: {}" allows nothing, whatever the mesh says. */
	const struct authz_facts f = a_request();

	assert_true(decide_by(POLICY "{}", &f).is_denied);
	assert_false(decide_by(POLICY "{rules: [{}]}", &f).is_denied);
}

/* More rules than a block has; the last one decides. */
TEST(authz_finds_one_rule_of_thousands)
{
	enum { N = 5 };
	struct model_object *o[N];
	struct authz_facts f = a_request();
	struct authz_verdict v;

	for (int p = 0; p < N; p++) {
		struct str s = { 0 };

		str_addf(&s, "apiVersion: security.istio.io/v1\n"
		    "kind: AuthorizationPolicy\nmetadata: {name: p%d}\nspec:\n"
		    "  rules:\n", p);
		for (int i = 0; i < 512; i++)
			str_addf(&s, "  - from: [{source: {principals: "
			    "[mesh.internal/ns/default/sa/c%d]}}]\n"
			    "    to: [{operation: {paths: ['/p%d/*'], methods: "
			    "[GET]}}]\n", p * 512 + i, p * 512 + i);
		o[p] = object_from(str_ptr(&s));
		str_fini(&s);
	}
	struct authz *z = authz_new(o, N, AUTHZ_ALLOW_ALL, NULL);

	f.id = SLICE("spiffe://mesh.internal/ns/default/sa/c2559");
	f.path = SLICE("/p2559/x");
	authz_decide(z, &f, &v);
	assert_false(v.answer.is_denied);
	assert_string_equal(v.answer.policy, "default/p4");
	assert_int_equal(v.answer.rule, 511);
	f.path = SLICE("/p2558/x");
	authz_decide(z, &f, &v);
	assert_true(v.answer.is_denied);
	authz_unref(z);
	for (int p = 0; p < N; p++)
		model_object_unref(o[p]);
}

TEST(authz_names_the_providers_of_what_is_in_force)
{
	static const char *const texts[] = {
		POLICY "{action: CUSTOM, provider: {name: a}, rules: [{to: "
		    "[{operation: {paths: [/x]}}]}]}",
		POLICY "{action: CUSTOM, provider: {name: a}, rules: [{}]}",
		POLICY "{action: DENY, rules: [{}]}",
		POLICY "{action: CUSTOM, provider: {name: b}, rules: [{to: "
		    "[{operation: {paths: [/y]}}]}]}",
		"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
		    "metadata: {name: p, annotations: {istio.io/dry-run: 'true'}}\n"
		    "spec: {action: CUSTOM, provider: {name: c}, rules: [{}]}",
	};
	enum { N = sizeof(texts) / sizeof(texts[0]) };
	struct model_object *o[N];
	const char *const *names;
	size_t n;

	for (size_t i = 0; i < N; i++)
		o[i] = object_from(texts[i]);
	struct authz *z = authz_new(o, N, AUTHZ_ALLOW_ALL, NULL);

	names = authz_providers(z, &n);
	assert_int_equal(n, 2);
	assert_true(strcmp(names[0], names[1]) != 0);
	for (size_t i = 0; i < n; i++)
		assert_true(strcmp(names[i], "a") == 0 ||
		    strcmp(names[i], "b") == 0);
	authz_unref(z);
	for (size_t i = 0; i < N; i++)
		model_object_unref(o[i]);
}
