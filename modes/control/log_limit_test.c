#include "base/unit.h"
#include "modes/control/log_limit.h"

TEST(log_limit_lets_some_lines_through_each_second)
{
	struct log_limit l = { 0 };
	uint64_t left_out = 7;

	for (uint64_t ms = 5000; ms < 6000; ms++) {
		bool want = ms < 5000 + LOG_LIMIT_PER_S;

		assert_int_equal(log_limit_take(&l, ms, &left_out), want);
		assert_int_equal(left_out, 0);
	}
	assert_true(log_limit_take(&l, 6000, &left_out));
	assert_int_equal(left_out, 1000 - LOG_LIMIT_PER_S);
	assert_true(log_limit_take(&l, 6000, &left_out));
	assert_int_equal(left_out, 0);
}
