#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/oidc.h"

static const struct {
	const char *claim, *json;
	const char *user, *groups;	/* user NULL: refused */
	const char *why;
} cases[] = {
	{ "sub", "{\"sub\":\"anna\",\"exp\":9,\"groups\":[\"a\",\"b c\"]}",
	    "oidc:anna", "a|b c|", NULL },
	{ "sub", "{\"sub\":\"anna\",\"exp\":9,\"groups\":\"one\"}",
	    "oidc:anna", "one|", NULL },
	{ "sub", "{\"sub\":\"uid:0\",\"exp\":9}", "oidc:uid:0", "", NULL },
	/* Groups that are ours to give, and what is no name. */
	{ "sub", "{\"sub\":\"a\",\"exp\":9,\"groups\":[\"mesh:socket\",\"\",7,"
	    "\"x\\ny\",\"ok\",[\"z\"]]}", "oidc:a", "ok|", NULL },
	{ "sub", "{\"sub\":\"a\",\"exp\":9,\"groups\":{\"x\":1}}", "oidc:a", "",
	    NULL },
	{ "email", "{\"email\":\"a@b.example\",\"exp\":9}", "oidc:a@b.example",
	    "", NULL },
	{ "email", "{\"email\":\"a@b.example\",\"email_verified\":true,"
	    "\"exp\":9}", "oidc:a@b.example", "", NULL },
	{ "email", "{\"email\":\"a@b.example\",\"email_verified\":false,"
	    "\"exp\":9}", NULL, NULL, "did not verify the address" },
	{ "email", "{\"email\":\"a@b.example\",\"email_verified\":\"true\","
	    "\"exp\":9}", NULL, NULL, "did not verify the address" },
	{ "sub", "{\"exp\":9}", NULL, NULL, "no claim \"sub\"" },
	{ "sub", "{\"sub\":7,\"exp\":9}", NULL, NULL, "no claim \"sub\"" },
	{ "sub", "{\"sub\":\"\",\"exp\":9}", NULL, NULL, "no claim \"sub\"" },
	{ "sub", "{\"sub\":\"a\\u0007b\",\"exp\":9}", NULL, NULL,
	    "no claim \"sub\"" },
	{ "sub", "{\"sub\":\"a\"}", NULL, NULL, "no end" },
};

TEST(oidc_claims_name_a_person_and_groups)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_control_spec spec = {
			.oidc_username_claim = cases[i].claim,
			.oidc_groups_claim = "groups",
		};
		struct oidc_claims c;
		struct str groups = { 0 };
		struct err err = ERR_INIT;
		const char *why = NULL;
		struct arena a;

		arena_init(&a);
		bool ok = oidc_read_claims(&spec, &a, conf_json_read(&a,
		    slice_str(cases[i].json), "test", &err), &c, &why);

		assert_string_equal(err.text, "");
		if (cases[i].user == NULL) {
			assert_false(ok);
			assert_non_null(strstr(why, cases[i].why));
		} else {
			assert_true(ok);
			assert_true(slice_is(c.person.user, cases[i].user));
			assert_int_equal(c.until, 9);
			for (size_t g = 0; g < c.person.groups_len; g++)
				str_addf(&groups, "%.*s|",
				    SLICE_ARG(c.person.groups[g]));
			assert_string_equal(str_ptr(&groups), cases[i].groups);
		}
		str_fini(&groups);
		arena_fini(&a);
	}
}

TEST(oidc_groups_are_bounded)
{
	const struct model_control_spec spec = { .oidc_username_claim = "sub",
	    .oidc_groups_claim = "groups" };
	struct str json = { 0 };
	struct oidc_claims c;
	struct err err = ERR_INIT;
	const char *why;
	struct arena a;

	str_add(&json, "{\"sub\":\"a\",\"exp\":9,\"groups\":[\"g0\"");
	for (int i = 1; i < 2 * OIDC_GROUPS_MAX; i++)
		str_addf(&json, ",\"g%d\"", i);
	str_add(&json, "]}");
	arena_init(&a);
	assert_true(oidc_read_claims(&spec, &a, conf_json_read(&a,
	    str_slice(&json), "test", &err), &c, &why));
	assert_int_equal(c.person.groups_len, OIDC_GROUPS_MAX);
	str_fini(&json);
	arena_fini(&a);
}
