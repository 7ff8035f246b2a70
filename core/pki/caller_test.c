#include <string.h>

#include "base/unit.h"
#include "pki/caller.h"

static const struct {
	const char *id;
	bool        is_foreign;
	const char *ns, *name;	/* NULL: no workload */
} cases[] = {
	{ "spiffe://td/ns/shop/sa/web", false, "shop", "web" },
	{ "spiffe://td/operator/web", false, NULL, NULL },
	{ "spiffe://td/control", false, NULL, NULL },
	{ "spiffe://td/x/y/shop/sa/web", false, NULL, NULL },
	{ "spiffe://td/a/shop/b/web", false, NULL, NULL },
	{ "", false, NULL, NULL },
	/* The classic fault: the same path in another domain is another. */
	{ "spiffe://far/ns/shop/sa/web", true, "shop@far", "web" },
	{ "spiffe://shop/ns/shop/sa/web", true, "shop@shop", "web" },
	{ "spiffe://far/operator/web", true, "@far", "operator:web" },
	{ "spiffe://far/control", true, "@far", "control" },
	{ "spiffe://far/a/shop/b/web", true, "@far", "a:shop:b:web" },
	{ "spiffe://far/ns/Shop/sa/web", true, "@far", "ns:Shop:sa:web" },
	{ "spiffe://far", true, "@far", "" },
};

TEST(caller_is_short_and_never_one_of_ours_when_foreign)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char account[CALLER_MAX];
		struct slice ns, name;

		caller_name(account, slice_str(cases[i].id),
		    cases[i].is_foreign);
		assert_int_equal(caller_split(slice_str(account), &ns, &name),
		    cases[i].ns != NULL);
		if (cases[i].ns == NULL) {
			assert_string_equal(account, "");
			assert_null(ns.ptr);
			assert_null(name.ptr);
			continue;
		}
		if (!slice_is(ns, cases[i].ns) ||
		    !slice_is(name, cases[i].name))
			fail_msg("%s: %s", cases[i].id, account);
		assert_true(!cases[i].is_foreign || slice_find(ns, '@') >= 0);
	}
}

TEST(caller_has_room_for_the_longest_id)
{
	char id[SPIFFE_MAX + 1], account[CALLER_MAX];
	struct slice ns, name;

	strcpy(id, "spiffe://d/");
	memset(id + 11, 'x', sizeof(id) - 12);
	id[sizeof(id) - 1] = '\0';
	caller_name(account, slice_str(id), true);
	assert_true(caller_split(slice_str(account), &ns, &name));
	assert_true(slice_is(ns, "@d"));
	assert_int_equal(name.len, sizeof(id) - 12);
}

static const struct {
	const char *text, *principal;	/* NULL: of here */
} principals[] = {
	{ "shop@far/web", "far/ns/shop/sa/web" },
	{ "@far/billing:api", "far/billing/api" },
	{ "@far/control", "far/control" },
	{ "shop/web", NULL },
	{ "shop@far", NULL },
	{ "", NULL },
};

TEST(caller_abroad_has_a_principal_again)
{
	for (size_t i = 0; i < sizeof(principals) / sizeof(principals[0]); i++) {
		struct str out = { 0 };

		assert_int_equal(caller_principal(&out,
		    slice_str(principals[i].text)),
		    principals[i].principal != NULL);
		if (principals[i].principal != NULL)
			assert_string_equal(str_ptr(&out),
			    principals[i].principal);
		str_fini(&out);
	}
}
