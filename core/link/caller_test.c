#include <string.h>

#include "base/unit.h"
#include "link/caller.h"

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
};

TEST(caller_is_short_and_never_one_of_ours_when_foreign)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct conn_peer peer = { .id = cases[i].id,
			.is_foreign = cases[i].is_foreign };
		struct caller c;

		assert_int_equal(caller_split(&c, &peer), cases[i].ns != NULL);
		if (cases[i].ns == NULL) {
			assert_null(c.ns.ptr);
			assert_null(c.name.ptr);
			continue;
		}
		if (!slice_is(c.ns, cases[i].ns) ||
		    !slice_is(c.name, cases[i].name))
			fail_msg("%s: %.*s %.*s", cases[i].id, SLICE_ARG(c.ns),
			    SLICE_ARG(c.name));
		assert_true(!peer.is_foreign || slice_find(c.ns, '@') >= 0);
	}
}

TEST(caller_has_room_for_the_longest_id)
{
	char id[CONN_ID_MAX];
	struct conn_peer peer = { .id = id, .is_foreign = true };
	struct caller c;

	strcpy(id, "spiffe://d/");
	memset(id + 11, 'x', sizeof(id) - 12);
	id[sizeof(id) - 1] = '\0';
	assert_true(caller_split(&c, &peer));
	assert_true(slice_is(c.ns, "@d"));
	assert_int_equal(c.name.len, sizeof(id) - 12);
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
