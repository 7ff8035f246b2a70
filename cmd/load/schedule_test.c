#include "base/unit.h"
#include "cmd/load/schedule.h"

#define START	5000000000u
#define SECOND	1000000000u

TEST(nothing_is_due_before_its_time)
{
	struct schedule s;
	uint64_t due;

	schedule_init(&s, START, 1000);
	assert_false(schedule_take(&s, START - 1, &due));
	assert_true(schedule_take(&s, START, &due));
	assert_int_equal(due, START);
	assert_false(schedule_take(&s, START + 999999, &due));
	assert_int_equal(schedule_next_ns(&s), START + 1000000);
}

TEST(a_late_one_keeps_the_time_it_was_due_at)
{
	struct schedule s;
	uint64_t due = 0, taken = 0;

	schedule_init(&s, START, 10);
	while (schedule_take(&s, START + SECOND, &due))
		assert_int_equal(due, START + taken++ * SECOND / 10);
	assert_int_equal(taken, 11);
}

TEST(rates_that_do_not_divide_a_second_do_not_drift)
{
	static const uint64_t rates[] = { 3, 7, 9999, 123457, 3000000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct schedule s;

		schedule_init(&s, START, rates[i]);
		s.taken = rates[i] * 86400;
		assert_int_equal(schedule_next_ns(&s),
		    START + (uint64_t)86400 * SECOND);
	}
}

TEST(without_a_rate_one_is_due_whenever_asked)
{
	struct schedule s;
	uint64_t due;

	schedule_init(&s, START, 0);
	for (uint64_t now = START; now < START + 5; now++) {
		assert_true(schedule_take(&s, now, &due));
		assert_int_equal(due, now);
	}
}
