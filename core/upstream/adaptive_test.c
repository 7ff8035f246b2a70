#include "base/unit.h"
#include "upstream/adaptive.h"

/* A window of answers; gives the limit after it. */
static uint32_t
window(struct adaptive *a, uint64_t us, uint32_t active, uint64_t *now_ms)
{
	*now_ms += 200;
	for (int i = 0; i < 10; i++)
		adaptive_add(a, us, active, *now_ms);
	return adaptive_limit(a, 0);
}

TEST(adaptive_limit_grows_while_answers_are_quick)
{
	struct adaptive a = { 0 };
	uint64_t now = 1000;
	uint32_t before = adaptive_limit(&a, 0);

	assert_int_equal(before, ADAPTIVE_FIRST);
	for (int i = 0; i < 10; i++) {
		uint32_t limit = window(&a, 1000, before, &now);

		assert_true(limit > before);
		before = limit;
	}
	assert_int_equal(adaptive_limit(&a, 7), 7);
	for (int i = 0; i < 1000; i++)
		before = window(&a, 1000, before, &now);
	assert_int_equal(before, ADAPTIVE_MOST);
}

TEST(adaptive_limit_that_is_not_used_stays)
{
	struct adaptive a = { 0 };
	uint64_t now = 1000;

	for (int i = 0; i < 10; i++)
		assert_int_equal(window(&a, 1000, 9, &now), ADAPTIVE_FIRST);
}

TEST(adaptive_limit_needs_a_window)
{
	struct adaptive a = { 0 };

	for (int i = 0; i < 9; i++)
		adaptive_add(&a, 1000, 20, 1000);
	assert_int_equal(adaptive_limit(&a, 0), ADAPTIVE_FIRST);
	adaptive_add(&a, 1000, 20, 1000);
	uint32_t limit = adaptive_limit(&a, 0);

	assert_true(limit > ADAPTIVE_FIRST);
	for (int i = 0; i < 100; i++)	/* too soon */
		adaptive_add(&a, 1000, 24, 1099);
	assert_int_equal(adaptive_limit(&a, 0), limit);
}

/*
 * A server that works on 30 at a time in 1 ms each; what is more waits.  The
 * limit settles where answers take not much longer, wherever it began.
 */
TEST(adaptive_limit_finds_what_a_server_can_do)
{
	static const unsigned from[] = { ADAPTIVE_LEAST, 30, ADAPTIVE_MOST };

	for (size_t k = 0; k < 3; k++) {
		struct adaptive a = { 0 };
		uint64_t now = 1000;
		uint32_t limit = 4;

		for (int i = 0; i < 5; i++)
			window(&a, 1000, 1, &now);	/* as it is usually */
		atomic_store(&a.limit, from[k]);
		for (int i = 0; i < 2000; i++) {
			limit = adaptive_limit(&a, 0);
			window(&a, limit > 30 ? limit * 1000 / 30 : 1000, limit,
			    &now);
		}
		assert_in_range(limit, 20, 90);
	}
}

/* It became three times slower for good: that is usual after a while. */
TEST(adaptive_limit_gets_used_to_a_slower_server)
{
	struct adaptive a = { 0 };
	uint64_t now = 1000;
	uint32_t limit = 0;

	for (int i = 0; i < 20; i++)
		window(&a, 1000, adaptive_limit(&a, 0), &now);
	assert_true(adaptive_limit(&a, 0) > 40);
	for (int i = 0; i < 10; i++)
		limit = window(&a, 3000, adaptive_limit(&a, 0), &now);
	assert_in_range(limit, ADAPTIVE_LEAST, 2 * ADAPTIVE_LEAST);
	for (int i = 0; i < 200; i++)
		limit = window(&a, 3000, adaptive_limit(&a, 0), &now);
	assert_true(limit > 40);
}
