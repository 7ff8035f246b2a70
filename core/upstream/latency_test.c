#include "base/unit.h"
#include "upstream/latency.h"

#define NOW	100000

TEST(latency_jumps_up_and_comes_down)
{
	struct endpoint_state s = { 0 };

	assert_int_equal(latency_us(&s, NOW), LATENCY_FIRST_US);
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
