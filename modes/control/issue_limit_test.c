#include "base/unit.h"
#include "modes/control/issue_limit.h"

#define WEB	SLICE("shop/web-1")
#define PAY	SLICE("shop/pay-1")

TEST(issue_limit_counts_each_workload_and_each_kind_for_a_minute)
{
	struct issue_limit l;

	issue_limit_init(&l);
	for (int i = 0; i < ISSUE_LIMIT_CERTIFICATES; i++)
		assert_true(issue_limit_take(&l, ISSUE_CERTIFICATE, WEB, 7));
	assert_false(issue_limit_take(&l, ISSUE_CERTIFICATE, WEB, 59999));
	assert_true(issue_limit_take(&l, ISSUE_CERTIFICATE, PAY, 59999));
	assert_true(issue_limit_take(&l, ISSUE_TOKEN, WEB, 59999));
	assert_true(issue_limit_take(&l, ISSUE_CERTIFICATE, WEB, 60000));
	assert_int_equal(issue_limit_left_s(59999), 1);
	assert_int_equal(issue_limit_left_s(60000), 60);
	issue_limit_fini(&l);
}

/* One host that may serve whatever it likes is still one. */
TEST(issue_limit_counts_an_attested_host_by_itself)
{
	static const struct {
		const char *name, *attestor, *host, *want;
	} cases[] = {
		{ "web-1", NULL, NULL, "shop/web-1" },
		{ "web-1", "shop/racks", "a.example", "shop/racks a.example" },
		{ "pay-1", "shop/racks", "a.example", "shop/racks a.example" },
		{ "web-1", "shop/racks", "b.example", "shop/racks b.example" },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct grant g = { .ns = SLICE("shop"),
		    .name = slice_str(cases[i].name) };
		struct slice got = issue_limit_name(&a, &g,
		    slice_str(cases[i].attestor), slice_str(cases[i].host));

		assert_string_equal(got.ptr, cases[i].want);
	}
	arena_fini(&a);
}
