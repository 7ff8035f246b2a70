#include "base/unit.h"
#include "upstream/window.h"

TEST(window_holds_the_last_while)
{
	struct window w = { 0 };

	assert_int_equal(window_sum(&w, 800, 5), 0);
	for (uint64_t ms = 0; ms < 5000; ms++)
		window_add(&w, 800, ms);
	/* The eighth that is under way and the seven before it. */
	assert_int_equal(window_sum(&w, 800, 4999), 800);
	assert_int_equal(window_sum(&w, 800, 5000), 700);
	assert_int_equal(window_sum(&w, 800, 5299), 500);
	assert_int_equal(window_sum(&w, 800, 5699), 100);
	assert_int_equal(window_sum(&w, 800, 5700), 0);
	window_add(&w, 800, 5700);
	assert_int_equal(window_sum(&w, 800, 5700), 1);
}

TEST(window_that_was_left_alone_is_empty)
{
	struct window w = { 0 };

	for (int i = 0; i < 9; i++)
		window_add(&w, 8, 1);
	assert_int_equal(window_sum(&w, 8, 1), 9);
	for (uint64_t ms = 9; ms < 1000; ms++)
		assert_int_equal(window_sum(&w, 8, ms), 0);
}
