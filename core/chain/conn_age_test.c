#include "base/unit.h"
#include "chain/conn_age.h"

TEST(conn_age_without_limits_never_ends)
{
	struct conn_age a;

	conn_age_start(&a, &(struct age_limits){ 0 }, 5);
	for (int i = 0; i < 1000; i++)
		assert_false(conn_age_request(&a, 5));
	assert_false(conn_age_ends(&a, UINT64_MAX));
	assert_false(conn_age_is_cut(&a, UINT64_MAX));
	assert_true(conn_age_wake_ms(&a, 5) == UINT64_MAX);
}

TEST(conn_age_ends_a_little_early_and_not_all_at_once)
{
	struct age_limits l = { .max_ms = 1000 };
	uint64_t least = UINT64_MAX, most = 0;

	for (int i = 0; i < 1000; i++) {
		struct conn_age a;

		conn_age_start(&a, &l, 100);
		assert_in_range(a.end_ms, 1000, 1100);
		assert_false(conn_age_ends(&a, a.end_ms - 1));
		assert_int_equal(conn_age_wake_ms(&a, a.end_ms - 7), 7);
		assert_true(conn_age_ends(&a, a.end_ms));
		assert_false(conn_age_ends(&a, a.end_ms + 1));
		assert_true(conn_age_wake_ms(&a, a.end_ms) == UINT64_MAX);
		least = a.end_ms < least ? a.end_ms : least;
		most = a.end_ms > most ? a.end_ms : most;
	}
	assert_true(most - least > 50);
}

TEST(conn_age_cuts_after_the_grace)
{
	struct age_limits l = { .max_ms = 1000, .grace_ms = 50 };
	struct conn_age a;

	conn_age_start(&a, &l, 0);
	assert_true(conn_age_ends(&a, 1000));
	assert_false(conn_age_is_cut(&a, 1049));
	assert_int_equal(conn_age_wake_ms(&a, 1049), 1);
	assert_true(conn_age_is_cut(&a, 1050));
	/* It began to end earlier, when the proxy did. */
	conn_age_start(&a, &l, 0);
	conn_age_end(&a, 10);
	assert_false(conn_age_ends(&a, 5000));
	assert_true(conn_age_is_cut(&a, 60));
}

TEST(conn_age_counts_exchanges)
{
	struct conn_age a;

	conn_age_start(&a, &(struct age_limits){ .requests = 3 }, 0);
	assert_false(conn_age_request(&a, 0));
	assert_false(conn_age_request(&a, 0));
	assert_true(conn_age_request(&a, 0));
	assert_false(conn_age_request(&a, 0));
	assert_true(a.is_over);
}
