#include "base/unit.h"
#include "modes/control/workload_limit.h"

#define WEB	SLICE("shop/web-1")
#define PAY	SLICE("shop/pay-1")

TEST(workload_limit_counts_each_workload_and_each_wish_for_a_minute)
{
	struct workload_limit l;

	workload_limit_init(&l);
	for (int i = 0; i < WORKLOAD_LIMIT_CERTIFICATES; i++)
		assert_true(workload_limit_take(&l, WORKLOAD_CERTIFICATE, WEB, 7));
	assert_false(workload_limit_take(&l, WORKLOAD_CERTIFICATE, WEB, 60006));
	assert_true(workload_limit_take(&l, WORKLOAD_CERTIFICATE, PAY, 60006));
	assert_true(workload_limit_take(&l, WORKLOAD_TOKEN, WEB, 60006));
	assert_true(workload_limit_take(&l, WORKLOAD_CERTIFICATE, WEB, 60007));
	/* Who comes no more is forgotten. */
	assert_true(workload_limit_take(&l, WORKLOAD_TOKEN, PAY, 200000));
	assert_int_equal(l.by_name[WORKLOAD_CERTIFICATE].len, 0);
	assert_int_equal(l.by_name[WORKLOAD_TOKEN].len, 1);
	workload_limit_fini(&l);
}

/* One host that may serve whatever it likes is still one. */
TEST(workload_limit_counts_an_attested_host_by_itself)
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
		struct slice got = workload_limit_name(&a, &g,
		    slice_str(cases[i].attestor), slice_str(cases[i].host));

		assert_string_equal(got.ptr, cases[i].want);
	}
	arena_fini(&a);
}
