#include "base/unit.h"
#include "filter/lease.h"

#define MS	UINT64_C(1000000)
#define START	(UINT64_C(5000000) * MS)

static const struct buckets_rate hundred = { 100, 1000 * MS, 100 };

static int
count_taken(struct lease *l, uint64_t key, uint64_t now_ns)
{
	for (int n = 0;; n++) {
		const struct lease_place p = lease_place(l, key);

		if (!buckets_take(p.buckets, p.key, now_ns).is_allowed)
			return n;
	}
}

TEST(lease_lets_its_parts_pass)
{
	static const struct {
		uint64_t parts;
		int      burst, second;	/* at once, then in each second */
	} cases[] = {
		{ LEASE_WHOLE, 100, 100 }, { LEASE_WHOLE / 2, 50, 50 },
		{ LEASE_WHOLE / 3, 33, 33 }, { 2 * LEASE_WHOLE, 100, 100 },
		{ LEASE_WHOLE / 1000, 1, 0 }, { 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lease *l = lease_new(&hundred, false);

		lease_set(l, 0, cases[i].parts, START);
		assert_int_equal(count_taken(l, 0, START), cases[i].burst);
		assert_int_equal(count_taken(l, 0, START + 1000 * MS),
		    cases[i].second);
		lease_free(l);
	}
}

/* Who gets the part of others does not get what they have spent. */
TEST(lease_that_grows_holds_no_more_than_before)
{
	struct lease *l = lease_new(&hundred, false);

	lease_set(l, 0, LEASE_WHOLE / 10, START);
	lease_set(l, 0, LEASE_WHOLE, START);
	assert_int_equal(count_taken(l, 0, START), 10);
	lease_free(l);
}

TEST(lease_gives_keys_their_own_parts)
{
	struct lease *l = lease_new(&hundred, true);
	uint64_t a = lease_key(SLICE("a")), b = lease_key(SLICE("b"));

	assert_true(a != b);
	lease_set(l, 0, LEASE_WHOLE / 10, START);
	lease_set(l, a, LEASE_WHOLE / 2, START);
	assert_int_equal(count_taken(l, a, START), 10);
	assert_int_equal(count_taken(l, a, START + 1000 * MS), 50);
	assert_int_equal(count_taken(l, b, START), 10);
	assert_int_equal(count_taken(l, b, START + 1000 * MS), 10);
	/* What it spent is spent. */
	lease_unset(l, a, START + 1000 * MS);
	assert_int_equal(count_taken(l, a, START + 1000 * MS), 0);
	assert_int_equal(count_taken(l, a, START + 1100 * MS), 1);
	lease_free(l);
}

TEST(lease_has_room_for_so_many_keys_again_and_again)
{
	struct lease *l = lease_new(&hundred, true);

	for (uint64_t round = 0; round < 20; round++) {
		for (uint64_t i = 0; i <= LEASE_KEYS_MAX; i++)
			lease_set(l, 1000 * round + i + 10, LEASE_WHOLE / 2,
			    START);
		/* The last one had no room. */
		for (uint64_t i = 0; i <= LEASE_KEYS_MAX; i++)
			assert_int_equal(lease_place(l, 1000 * round + i + 10).
			    key == LEASE_ALL, i < LEASE_KEYS_MAX);
		for (uint64_t i = 0; i <= LEASE_KEYS_MAX; i++)
			lease_unset(l, 1000 * round + i + 10, START);
	}
	lease_free(l);
}

TEST(lease_counts_who_asks_most)
{
	struct lease *l = lease_new(&hundred, true);
	uint64_t often = lease_key(SLICE("often")),
	    less = lease_key(SLICE("less"));
	struct lease_demand v[2];

	for (uint64_t i = 0; i < 20000; i++) {
		lease_place(l, i + 10);
		if (i % 10 == 0)
			lease_place(l, often);
		if (i % 20 == 0)
			lease_place(l, less);
	}
	assert_int_equal(lease_asked(l), 23000);
	assert_int_equal(lease_asked(l), 0);
	assert_int_equal(lease_asked_keys(l, v, 2), 2);
	assert_true(v[0].key == often);
	assert_true(v[0].asked >= 1900 && v[0].asked < 2200);
	assert_true(v[1].key == less);
	assert_int_equal(lease_asked_keys(l, v, 2), 0);
	lease_free(l);
}
