#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "conf/json.h"
#include "policy/authz_test.h"

/* A rule for a_request(); whether it matches. */
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
