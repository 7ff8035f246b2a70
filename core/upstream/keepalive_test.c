#include "base/random.h"
#include "base/unit.h"
#include "upstream/keepalive.h"

#define NOW	100000
#define ASKED	30000

TEST(keepalive_learns_from_ends)
{
	struct keepalive k = { 0 };

	assert_int_equal(keepalive_idle_ms(&k, ASKED), ASKED);
	keepalive_ended(&k, 10, NOW);		/* no timeout */
	assert_int_equal(keepalive_idle_ms(&k, ASKED), ASKED);
	keepalive_ended(&k, 5000, NOW);
	assert_int_equal(keepalive_idle_ms(&k, ASKED), 3750);
	assert_int_equal(keepalive_idle_ms(&k, 1000), 1000);
	keepalive_ended(&k, 1000, NOW + 10000);
	assert_int_equal(keepalive_idle_ms(&k, ASKED), 750);
	keepalive_ended(&k, 9000, NOW + 20000);	/* not that one */
	assert_int_equal(keepalive_idle_ms(&k, ASKED), 750);
	keepalive_ended(&k, 120000, NOW + 20000);
	assert_int_equal(keepalive_idle_ms(&k, ASKED), 750);
}

TEST(keepalive_forgets_a_restart)
{
	struct keepalive k = { 0 };
	int retired = 0;

	/* All at once, after whatever time. */
	for (uint64_t idle = 100; idle < 2000; idle += 10)
		keepalive_ended(&k, idle, NOW);
	assert_int_equal(keepalive_idle_ms(&k, ASKED), 75);
	for (; keepalive_idle_ms(&k, ASKED) < ASKED; retired++)
		keepalive_retired(&k);
	assert_in_range(retired, 200, 350);
	/* And what is seen then counts. */
	keepalive_ended(&k, 5000, NOW + 1000000);
	assert_int_equal(keepalive_idle_ms(&k, ASKED), 3750);
}

TEST(keepalive_is_sure_after_two)
{
	struct keepalive k = { 0 };

	keepalive_ended(&k, 1000, NOW);
	keepalive_ended(&k, 1005, NOW + 3000);
	for (int i = 0; i < 1000; i++)
		keepalive_retired(&k);
	assert_int_equal(keepalive_idle_ms(&k, ASKED), 750);
}

/*
 * A peer that ends connections after 1 s idle, seen 20 ms later, and one
 * connection used again after whatever time: 10,000 requests, of which those
 * that meet the end on its way fail.
 */
TEST(keepalive_loses_no_request_once_sure)
{
	struct keepalive k = { 0 };
	uint64_t now = NOW;
	int lost = 0, early = 0, reused = 0, ended = 0;

	for (int i = 0; i < 10000; i++) {
		uint64_t gap = random_below(3000);
		uint64_t keep = keepalive_idle_ms(&k, ASKED);
		bool is_sure = k.is_sure;

		now += gap;
		if (gap >= 1020 && keep > 1020) {
			ended++;
			keepalive_ended(&k, 1020, now - gap + 1020);
		} else if (gap >= keep) {
			keepalive_retired(&k);
		} else if (gap >= 980) {	/* both on their way */
			lost += is_sure;
			early += !is_sure;
			keepalive_ended(&k, gap, now);
		} else {
			reused++;
		}
	}
	assert_int_equal(lost, 0);
	/* Before, hardly one, which is sent again if it can be. */
	assert_in_range(early, 0, 3);
	assert_in_range(ended, 1, 6);
	assert_in_range(reused, 2000, 3000);
}
