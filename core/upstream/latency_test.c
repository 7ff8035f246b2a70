#include "base/unit.h"
#include "upstream/latency.h"

#define NOW	100000

TEST(latency_jumps_up_and_comes_down)
{
	struct endpoint_state s = { 0 };

	assert_int_equal(latency_us(&s, NOW), 0);
	latency_add(&s, 300000, 10000, NOW);	/* cold */
	assert_int_equal(latency_us(&s, NOW), LATENCY_LEAST_US);
	latency_add(&s, 1000, 10000, NOW);
	assert_in_range(latency_us(&s, NOW), 990, 1010);
	latency_add(&s, 50000, 10000, NOW + 100);
	assert_in_range(latency_us(&s, NOW + 100), 49900, 50010);
	latency_add(&s, 1000, 10000, NOW + 10100);	/* e^-1 of it is left */
	assert_in_range(latency_us(&s, NOW + 10100), 18500, 19600);
	assert_in_range(latency_us(&s, NOW + 20100), 6500, 7500);
	/* The clock of another worker is behind. */
	assert_in_range(latency_us(&s, NOW + 10050), 18500, 19600);
}

TEST(latency_below_a_millisecond_is_all_the_same)
{
	struct endpoint_state s = { 0 };

	latency_add(&s, 3, 10000, NOW);
	assert_int_equal(latency_us(&s, NOW), LATENCY_LEAST_US);
	latency_add(&s, 2000, 10000, NOW);
	assert_in_range(latency_us(&s, NOW), 1990, 2010);
	assert_int_equal(latency_us(&s, NOW + 60000), LATENCY_LEAST_US);
}

/* One failure says little, several say much, and none is for ever. */
TEST(latency_of_failures_grows)
{
	struct endpoint_state s = { 0 };
	static const int least[] = { 9990, 99900, 999000, 4999000, 4999000 };

	for (size_t i = 0; i < 5; i++) {
		latency_add_failure(&s, 10, 10000, NOW);
		assert_in_range(latency_us(&s, NOW), least[i],
		    least[i] + least[i] / 100);
	}
	latency_add_failure(&s, 9000000, 10000, NOW);
	assert_in_range(latency_us(&s, NOW), 8999000, 9001000);
}
