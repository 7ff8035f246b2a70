#include "base/unit.h"
#include "loop/flow.h"

struct seen {
	int highs, lows;
};

static void
on_change(void *arg, bool is_high)
{
	struct seen *s = arg;

	if (is_high)
		s->highs++;
	else
		s->lows++;
}

TEST(flow_tells_each_crossing_once)
{
	static const struct {
		int step;
		int highs, lows;
	} cases[] = {
		{ 100, 0, 0 }, { 1, 1, 0 }, { 50, 1, 0 }, { -100, 1, 0 },
		{ -30, 1, 0 }, { -1, 1, 1 }, { 80, 1, 1 }, { 1, 2, 1 },
		{ -101, 2, 2 },
	};
	struct seen seen = { 0 };
	struct flow f;

	flow_init(&f, NULL, 100, 20, on_change, &seen);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].step > 0)
			flow_charge(&f, (size_t)cases[i].step);
		else
			flow_discharge(&f, (size_t)-cases[i].step);
		assert_int_equal(seen.highs, cases[i].highs);
		assert_int_equal(seen.lows, cases[i].lows);
	}
	assert_int_equal(f.queued, 0);
	flow_fini(&f);
}

TEST(flow_sums_into_parents)
{
	struct seen seen = { 0 };
	struct flow worker, other, conn, stream[2];

	flow_init(&worker, NULL, 0, 0, NULL, NULL);
	flow_init(&other, NULL, 0, 0, NULL, NULL);
	flow_init(&conn, &worker, 100, 10, on_change, &seen);
	flow_init(&stream[0], &conn, 0, 0, NULL, NULL);
	flow_init(&stream[1], &conn, 0, 0, NULL, NULL);
	flow_charge(&stream[0], 60);
	flow_charge(&stream[1], 60);
	assert_int_equal(worker.queued, 120);
	assert_int_equal(seen.highs, 1);
	flow_fini(&stream[0]);
	assert_int_equal(conn.queued, 60);
	flow_set_parent(&conn, &other);
	assert_int_equal(worker.queued, 0);
	assert_int_equal(other.queued, 60);
	flow_fini(&stream[1]);
	assert_int_equal(other.queued, 0);
	assert_int_equal(seen.lows, 1);
	flow_fini(&conn);
}
