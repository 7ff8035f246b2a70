#include "base/unit.h"
#include "modes/proxy/balance.h"

static const struct {
	const char *what;
	size_t      conns[4];
	int         workers, own, want;
} cases[] = {
	{ "alone", { 1000 }, 1, 0, 0 },
	{ "nobody has any", { 0, 0 }, 2, 1, 1 },
	{ "one more is not worth a wake-up", { 1, 0 }, 2, 0, 0 },
	{ "two more is", { 2, 0 }, 2, 0, 1 },
	{ "whoever has the fewest keeps it", { 2, 0 }, 2, 1, 1 },
	{ "two of few", { 10, 8 }, 2, 0, 1 },
	{ "less than an eighth of many", { 800, 701 }, 2, 0, 0 },
	{ "an eighth of many", { 800, 700 }, 2, 0, 1 },
	{ "the fewest, not the next", { 50, 20, 10, 30 }, 4, 3, 2 },
	{ "the first of those with the fewest", { 50, 20, 10, 10 }, 4, 0, 2 },
	{ "not the most, but clearly more", { 90, 40, 10, 90 }, 4, 1, 2 },
	{ "no other has fewer", { 90, 40, 41, 90 }, 4, 1, 1 },
};

TEST(balance_takes_the_fewest_by_a_margin)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got = balance_choose(cases[i].conns, cases[i].workers,
		    cases[i].own);

		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].what, got);
	}
}

/* Whoever accepts, and if it is always the same: each has its share. */
TEST(balance_shares_what_one_worker_accepts)
{
	for (int workers = 1; workers <= 4; workers++) {
		size_t conns[4] = { 0 };
		const size_t fair = 1000 / (size_t)workers;

		for (int n = 0; n < 1000; n++)
			conns[balance_choose(conns, workers, 0)]++;
		for (int i = 0; i < workers; i++)
			assert_in_range(conns[i], fair * 9 / 10, fair * 6 / 5);
	}
}
