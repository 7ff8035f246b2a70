#include "base/mem.h"
#include "base/unit.h"
#include "policy/authz.h"
#include "policy/authz_test.h"

TEST(authz_says_what_a_rule_wants_that_bytes_have_not)
{
	static const struct { const char *rule, *about; } cases[] = {
		{ "{to: [{operation: {notPaths: [/a]}}]}", "paths" },
		{ "{to: [{operation: {methods: [GET], ports: ['80']}}]}",
		    "methods" },
		{ "{to: [{operation: {ports: ['80']}}, {operation: {hosts: [a]}}]}",
		    "hosts" },
		{ "{when: [{key: 'request.headers[a]', values: [b]}]}",
		    "headers" },
		{ "{from: [{source: {requestPrincipals: ['*']}}]}", "tokens" },
		{ "{to: [{operation: {ports: ['80']}}]}", NULL },
		{ "{from: [{source: {namespaces: [a]}}]}", NULL },
		{ "{}", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = mem_printf(POLICY "{action: DENY, rules: [{}, %s]}",
		    cases[i].rule);
		struct model_object *o = object_from(text);
		struct authz *z = authz_new(&o, 1, AUTHZ_ALLOW_ALL, NULL);
		struct authz_answer by = { true, model_object_name(o), 1 };
		const char *about = authz_about_http(z, &by);

		if (cases[i].about == NULL)
			assert_null(about);
		else
			assert_string_equal(about, cases[i].about);
		by.rule = 0;
		assert_null(authz_about_http(z, &by));
		by.policy = NULL;
		assert_null(authz_about_http(z, &by));
		authz_unref(z);
		model_object_unref(o);
		mem_free(text);
	}
}
