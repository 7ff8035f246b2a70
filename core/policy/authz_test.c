#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "conf/json.h"
#include "policy/authz_test.h"

#define POLICY								\
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: p}\nspec: "

static struct slice
header_of(void *arg, struct slice name)
{
	struct slice pair = slice_str(arg), key;

	return slice_cut(&pair, '=', &key) && slice_eq(key, name) ? pair :
	    SLICE_NONE;
}

/* GET /a/b of web:80 (8080) in default by default/caller, unless told. */
static struct authz_facts
a_request(void)
{
	struct authz_facts f = {
		.id = SLICE("spiffe://mesh.internal/ns/default/sa/caller"),
		.port = 80, .app_port = 8080, .sni = SLICE("80.web.default.mesh"),
		.is_http = true, .method = SLICE("GET"), .path = SLICE("/a/b"),
		.host = SLICE("web.default.mesh"),
		.authority = SLICE("web.default.mesh:80"), .header = header_of,
		.header_arg = "x-team=red",
	};

	authz_ip_read(SLICE("10.1.2.3"), &f.source);
	authz_ip_read(SLICE("192.0.2.7"), &f.remote);
	authz_ip_read(SLICE("2001:db8::1"), &f.destination);
	return f;
}

static struct authz_answer
decide_by(const char *yaml, const struct authz_facts *f)
{
	struct model_object *o = object_from(yaml);
	struct authz *z = authz_new(&o, 1, AUTHZ_ALLOW_ALL, NULL);
	struct authz_verdict v, wanted;

	authz_decide(z, f, &v);
	oracle_decide(&o, 1, AUTHZ_ALLOW_ALL, f, &wanted);
	if (v.answer.is_denied != wanted.answer.is_denied)
		fail_msg("%s: %d", yaml, v.answer.is_denied);
	authz_unref(z);
	model_object_unref(o);
	v.answer.policy = NULL;
	return v.answer;
}

/* A rule for the request of above; whether it matches. */
static const struct {
	const char *rule;
	bool        matches;
} rules[] = {
	{ "{}", true },
	{ "{from: [{source: {principals: ['*']}}]}", true },
	{ "{from: [{source: {principals: ['mesh.internal/ns/default/sa/caller']}}]}",
	    true },
	{ "{from: [{source: {principals: ['spiffe://mesh.internal/ns/default/*']}}]"
	    "}", true },
	{ "{from: [{source: {principals: ['*/sa/caller']}}]}", true },
	{ "{from: [{source: {principals: ['*/sa/call']}}]}", false },
	{ "{from: [{source: {notPrincipals: ['*/sa/caller']}}]}", false },
	{ "{from: [{source: {namespaces: [other]}}, {source: {namespaces: "
	    "['def*']}}]}", true },
	{ "{from: [{source: {namespaces: [default], notNamespaces: ['*ult']}}]}",
	    false },
	{ "{from: [{source: {serviceAccounts: [caller]}}]}", true },
	{ "{from: [{source: {serviceAccounts: [other/caller]}}]}", false },
	{ "{from: [{source: {trustDomains: [mesh.internal]}}]}", true },
	{ "{from: [{source: {ipBlocks: [10.1.0.0/16]}}]}", true },
	{ "{from: [{source: {ipBlocks: [10.1.2.3]}}]}", true },
	{ "{from: [{source: {ipBlocks: [10.1.2.0/31]}}]}", false },
	{ "{from: [{source: {notIpBlocks: [10.0.0.0/8]}}]}", false },
	{ "{from: [{source: {remoteIpBlocks: [192.0.2.0/24]}}]}", true },
	{ "{to: [{operation: {methods: [GET], paths: [/a/b]}}]}", true },
	{ "{to: [{operation: {methods: [get]}}]}", false },
	{ "{to: [{operation: {methods: [POST]}}, {operation: {paths: ['/a/*']}}]}",
	    true },
	{ "{to: [{operation: {paths: ['*/b']}}]}", true },
	{ "{to: [{operation: {paths: ['/a/{*}']}}]}", true },
	{ "{to: [{operation: {paths: ['/{*}']}}]}", false },
	{ "{to: [{operation: {paths: ['/{**}']}}]}", true },
	{ "{to: [{operation: {paths: ['/{*}/{**}']}}]}", true },
	{ "{to: [{operation: {paths: ['/a/{**}/']}}]}", false },
	{ "{to: [{operation: {paths: ['/a/b/{**}']}}]}", false },
	{ "{to: [{operation: {notPaths: ['/a/*']}}]}", false },
	{ "{to: [{operation: {hosts: [WEB.default.mesh]}}]}", true },
	{ "{to: [{operation: {hosts: ['web.default.mesh:*']}}]}", true },
	{ "{to: [{operation: {hosts: ['web.default.mesh:81']}}]}", false },
	{ "{to: [{operation: {hosts: ['*.default.mesh']}}]}", true },
	{ "{to: [{operation: {ports: ['80']}}]}", true },
	{ "{to: [{operation: {ports: ['8080']}}]}", true },
	{ "{to: [{operation: {ports: ['81']}}]}", false },
	{ "{when: [{key: 'request.headers[X-Team]', values: [red]}]}", true },
	{ "{when: [{key: 'request.headers[x-team]', notValues: ['r*']}]}", false },
	{ "{when: [{key: 'request.headers[x-none]', values: ['*']}]}", false },
	{ "{when: [{key: 'request.headers[x-none]', notValues: ['*']}]}", true },
	{ "{when: [{key: source.ip, values: [10.0.0.0/8]}, {key: source.namespace, "
	    "values: [default]}]}", true },
	{ "{when: [{key: destination.ip, values: ['2001:db8::/32']}]}", true },
	{ "{when: [{key: destination.port, values: ['80']}]}", true },
	{ "{when: [{key: connection.sni, values: ['*.mesh']}]}", true },
	{ "{when: [{key: source.principal, values: ['*/caller']}]}", true },
	{ "{when: [{key: remote.ip, notValues: [192.0.2.7]}]}", false },
};

/* The same request by the same path in another trust domain. */
static const struct {
	const char *rule;
	bool        matches;
} abroad[] = {
	{ "{from: [{source: {principals: ['*']}}]}", true },
	{ "{from: [{source: {principals: ['far.example/ns/default/sa/caller']}}]}",
	    true },
	{ "{from: [{source: {principals: ['spiffe://far.example/ns/default/sa/caller']"
	    "}}]}", true },
	{ "{from: [{source: {principals: ['mesh.internal/ns/default/sa/caller']}}]}",
	    false },
	{ "{from: [{source: {principals: ['*/ns/default/sa/caller']}}]}", true },
	{ "{from: [{source: {trustDomains: [far.example]}}]}", true },
	{ "{from: [{source: {trustDomains: [mesh.internal]}}]}", false },
	{ "{from: [{source: {notTrustDomains: [mesh.internal]}}]}", true },
	{ "{from: [{source: {namespaces: [default]}}]}", false },
	{ "{from: [{source: {namespaces: ['*']}}]}", false },
	{ "{from: [{source: {serviceAccounts: [caller]}}]}", false },
	{ "{from: [{source: {serviceAccounts: [default/caller]}}]}", false },
	{ "{when: [{key: source.namespace, values: [default]}]}", false },
	{ "{when: [{key: source.principal, values: ['mesh.internal/*']}]}", false },
};

TEST(authz_takes_nobody_abroad_for_an_account_of_ours)
{
	struct authz_facts f = a_request();

	f.id = SLICE("spiffe://far.example/ns/default/sa/caller");
	f.is_foreign = true;
	for (size_t i = 0; i < sizeof(abroad) / sizeof(abroad[0]); i++) {
		char *text = mem_printf("%s{rules: [%s]}", POLICY,
		    abroad[i].rule);

		if (decide_by(text, &f).is_denied == abroad[i].matches)
			fail_msg("%s: %d", abroad[i].rule, abroad[i].matches);
		mem_free(text);
	}
}

/* Whether the same caller is meant, by a policy that was written for Istio. */
static const struct {
	const char *rule;
	bool        is_own, is_abroad;	/* matches them */
} local[] = {
	{ "{from: [{source: {principals: [cluster.local/ns/default/sa/caller]}}]}",
	    true, false },
	{ "{from: [{source: {principals: ['spiffe://cluster.local/ns/default/sa/"
	    "caller']}}]}", true, false },
	{ "{from: [{source: {principals: ['cluster.local/*']}}]}", true, false },
	{ "{from: [{source: {principals: ['cluster.local/ns/default/*']}}]}", true,
	    false },
	{ "{from: [{source: {principals: [cluster.local/ns/default/sa/other]}}]}",
	    false, false },
	{ "{from: [{source: {principals: [cluster.local.b/ns/default/sa/caller]}"
	    "}]}", false, false },
	{ "{from: [{source: {notPrincipals: ['cluster.local/*']}}]}", false, true },
	{ "{from: [{source: {trustDomains: [cluster.local]}}]}", true, false },
	{ "{from: [{source: {notTrustDomains: [cluster.local]}}]}", false, true },
	{ "{when: [{key: source.principal, values: ['cluster.local/ns/default/sa/"
	    "caller']}]}", true, false },
	{ "{when: [{key: source.principal, notValues: ['cluster.local/ns/default/"
	    "sa/caller']}]}", false, true },
	{ "{when: [{key: source.trustDomain, values: [cluster.local]}]}", true,
	    false },
	{ "{when: [{key: 'request.headers[x-team]', values: [cluster.local]}]}",
	    false, false },
};

/* among: so many rules about others, so that it is looked for by its index. */
static bool
is_meant(const char *rule, int among, const struct authz_facts *f,
    const char *cluster_local)
{
	struct str yaml = { 0 };
	struct authz_verdict v;

	str_addf(&yaml, POLICY "{rules: [%s", rule);
	for (int i = 0; i < among; i++)
		str_addf(&yaml, ", {from: [{source: {principals: "
		    "[cluster.local/ns/none/sa/no%d]}}]}", i);
	str_add(&yaml, "]}");
	struct model_object *o = object_from(str_ptr(&yaml));
	struct authz *z = authz_new(&o, 1, AUTHZ_DENY_ALL, cluster_local);

	authz_decide(z, f, &v);
	authz_unref(z);
	model_object_unref(o);
	str_fini(&yaml);
	return !v.answer.is_denied;
}

TEST(authz_takes_cluster_local_for_our_own_trust_domain)
{
	struct authz_facts own = a_request(), abroad_too = own, named = own;

	own.id = SLICE("spiffe://mesh.internal/ns/default/sa/caller");
	abroad_too.id = SLICE("spiffe://far.example/ns/default/sa/caller");
	named.id = SLICE("spiffe://cluster.local/ns/default/sa/caller");
	abroad_too.is_foreign = named.is_foreign = true;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		for (int among = 0; among < 60; among += 30) {
			const char *rule = local[i].rule;

			if (is_meant(rule, among, &own, "mesh.internal") !=
			    local[i].is_own || is_meant(rule, among,
			    &abroad_too, "mesh.internal") != local[i].is_abroad)
				fail_msg("%s among %d", rule, among);
			/* Federated under that name, it is meant itself. */
			if (is_meant(rule, among, &named, NULL) !=
			    local[i].is_own)
				fail_msg("%s of that name", rule);
		}
	assert_false(is_meant(local[0].rule, 0, &own, NULL));
}

TEST(authz_matches_rules_as_the_kind_says)
{
	const struct authz_facts f = a_request();

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char *text = mem_printf("%s{rules: [%s]}", POLICY, rules[i].rule);
		char *deny = mem_printf("%s{action: DENY, rules: [%s]}", POLICY,
		    rules[i].rule);

		if (decide_by(text, &f).is_denied == rules[i].matches ||
		    decide_by(deny, &f).is_denied != rules[i].matches)
			fail_msg("%s: %d", rules[i].rule, rules[i].matches);
		mem_free(text);
		mem_free(deny);
	}
}

/* What cannot be known fails in an ALLOW and matches in a DENY. */
TEST(authz_of_what_cannot_be_known_errs_to_the_safe_side)
{
	static const char *const unknown[] = {
		"{from: [{source: {notRequestPrincipals: ['*']}}]}",
		"{when: [{key: 'request.auth.claims[group]', notValues: [a]}]}",
		"{to: [{operation: {methods: [GET]}}]}",
		"{to: [{operation: {notPaths: ['/x']}}]}",
		"{when: [{key: 'request.headers[x-team]', values: [red]}]}",
	};
	struct authz_facts request = a_request(), bytes = a_request();

	bytes.is_http = false;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char *allow = mem_printf("%s{rules: [%s]}", POLICY,
		    unknown[i]);
		char *deny = mem_printf("%s{action: DENY, rules: [%s]}", POLICY,
		    unknown[i]);

		assert_true(decide_by(allow, &bytes).is_denied);
		assert_true(decide_by(deny, &bytes).is_denied);
		assert_false(decide_by(allow, &request).is_denied);
		mem_free(allow);
		mem_free(deny);
	}
	/* A rule of bytes falls back to what else it asks for. */
	assert_false(decide_by(POLICY "{action: DENY, rules: [{to: [{operation: "
	    "{methods: [GET], ports: ['81']}}]}]}", &bytes).is_denied);
}

static struct slice
count_header(void *arg, struct slice name)
{
	unsigned *asked = arg;

	(*asked)++;
	return slice_is(name, "x-a") ? SLICE("1") : SLICE("r");
}

/* To put the lines of one together costs memory, which a caller may choose. */
TEST(authz_looks_for_each_header_once)
{
	struct str yaml = { 0 };
	struct authz_facts f = a_request();
	struct authz_verdict v;
	unsigned asked = 0;

	str_add(&yaml, POLICY "{rules: [");
	for (int i = 0; i < 200; i++)
		str_addf(&yaml, "{when: [{key: 'request.headers[x-a]', values: "
		    "['1*']}, {key: 'request.headers[x-%c]', values: ['r%d*']}"
		    "]},", 'a' + i % 8, i);
	str_add(&yaml, "{to: [{operation: {methods: [PUT]}}]}]}");
	struct model_object *o = object_from(str_ptr(&yaml));
	struct authz *z = authz_new(&o, 1, AUTHZ_ALLOW_ALL, NULL);

	f.header = count_header;
	f.header_arg = &asked;
	authz_decide(z, &f, &v);
	assert_true(v.answer.is_denied);
	assert_in_range(asked, 1, 8);
	authz_unref(z);
	model_object_unref(o);
	str_fini(&yaml);
}

/* Whether each matches a request with a token of this, and one without. */
static const struct {
	const char *rule;
	bool        with, without;
} token_rules[] = {
	{ "{from: [{source: {requestPrincipals: ['*']}}]}", true, false },
	{ "{from: [{source: {requestPrincipals: ['https://idp/ann']}}]}", true,
	    false },
	{ "{from: [{source: {requestPrincipals: ['https://idp/*']}}]}", true,
	    false },
	{ "{from: [{source: {requestPrincipals: ['*/bob']}}]}", false, false },
	{ "{from: [{source: {notRequestPrincipals: ['*']}}]}", false, true },
	{ "{from: [{source: {notRequestPrincipals: ['*/bob']}}]}", true, true },
	{ "{when: [{key: request.auth.principal, values: ['*/ann']}]}", true,
	    false },
	{ "{when: [{key: request.auth.audiences, values: [shop]}]}", true,
	    false },
	{ "{when: [{key: request.auth.audiences, values: [bank]}]}", false,
	    false },
	{ "{when: [{key: request.auth.presenter, values: ['app*']}]}", true,
	    false },
	{ "{when: [{key: 'request.auth.claims[groups]', values: [eng]}]}", true,
	    false },
	{ "{when: [{key: 'request.auth.claims[Groups]', values: [eng]}]}", false,
	    false },
	{ "{when: [{key: 'request.auth.claims[groups]', notValues: [eng]}]}",
	    false, true },
	{ "{when: [{key: 'request.auth.claims[groups]', notValues: [x]}]}", true,
	    true },
	{ "{when: [{key: 'request.auth.claims[org][unit]', values: [a]}]}", true,
	    false },
	{ "{when: [{key: 'request.auth.claims[org]', values: ['*']}]}", false,
	    false },
	{ "{when: [{key: 'request.auth.claims[org][unit][x]', values: ['*']}]}",
	    false, false },
	{ "{when: [{key: 'request.auth.claims[https://a.b/c]', values: [d]}]}",
	    true, false },
	{ "{when: [{key: 'request.auth.claims[admin]', values: ['true']}]}",
	    false, false },
};

TEST(authz_knows_what_a_token_says_and_when_there_is_none)
{
	static const char text[] = "{\"iss\":\"https://idp\",\"sub\":\"ann\","
	    "\"aud\":[\"shop\",\"web\"],\"azp\":\"app-1\",\"admin\":true,"
	    "\"groups\":[\"ops\",\"eng\",7],\"org\":{\"unit\":\"a\"},"
	    "\"https://a.b/c\":\"d\"}";
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	const struct authz_token token = { SLICE("https://idp/ann"),
		conf_json_read(&a, slice_str(text), "t", &err) };
	struct authz_facts with = a_request(), without = a_request();

	assert_non_null(token.claims);
	with.token = &token;
	for (size_t i = 0; i < sizeof(token_rules) / sizeof(token_rules[0]);
	    i++) {
		const char *rule = token_rules[i].rule;
		char *allow = mem_printf("%s{rules: [%s]}", POLICY, rule);
		char *deny = mem_printf("%s{action: DENY, rules: [%s]}", POLICY,
		    rule);

		if (decide_by(allow, &with).is_denied == token_rules[i].with ||
		    decide_by(deny, &with).is_denied != token_rules[i].with ||
		    decide_by(allow, &without).is_denied ==
		    token_rules[i].without || decide_by(deny, &without).
		    is_denied != token_rules[i].without)
			fail_msg("%s", rule);
		mem_free(allow);
		mem_free(deny);
	}
	arena_fini(&a);
}

TEST(authz_of_a_caller_without_identity_has_no_names)
{
	struct authz_facts f = a_request();

	f.id = SLICE("");
	assert_true(decide_by(POLICY "{rules: [{from: [{source: {principals: "
	    "['*']}}]}]}", &f).is_denied);
	assert_true(decide_by(POLICY "{action: DENY, rules: [{from: [{source: "
	    "{notPrincipals: ['*']}}]}]}", &f).is_denied);
	assert_true(decide_by(POLICY "{action: DENY, rules: [{from: [{source: "
	    "{notNamespaces: [default]}}]}]}", &f).is_denied);
	assert_false(decide_by(POLICY "{action: DENY, rules: [{from: [{source: "
	    "{serviceAccounts: [caller]}}]}]}", &f).is_denied);
}

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
