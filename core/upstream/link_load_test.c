#include "base/unit.h"
#include "upstream/link_load.h"

/* A window of them, so large each. */
static void
ask(struct link_load *l, uint64_t under_way, uint64_t bytes)
{
	for (int i = 0; i < 64; i++) {
		link_load_ask(l, under_way);
		link_load_bytes(l, bytes);
	}
	link_load_ask(l, under_way);
	l->asks = 0;
	l->under_way = l->bytes = 0;
}

static bool
shares(const struct link_load *l, uint64_t under_way)
{
	return link_load_shares(l, LINK_BY_LOAD, under_way);
}

TEST(link_is_as_it_is_set)
{
	struct link_load many = { .is_shared = true }, few = { 0 };

	assert_false(link_load_shares(&many, LINK_HTTP1, 1000));
	assert_true(link_load_shares(&few, LINK_HTTP2, 1));
}

TEST(link_is_shared_by_many_small_requests)
{
	static const struct {
		uint64_t under_way, bytes;
		bool     is_shared;	/* then */
	} v[] = {
		{ 1, 500, false }, { 11, 500, false }, { 12, 500, true },
		{ 11, 500, true },	/* it stays as it is */
		{ 6, 500, true }, { 5, 500, false }, { 6, 500, false },
		{ 64, 500, true }, { 64, 25000, true }, { 64, 30000, false },
		{ 64, 25000, false }, { 64, 17000, true }, { 64, 1000000, false },
	};
	struct link_load l = { 0 };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		ask(&l, v[i].under_way, v[i].bytes);
		if (shares(&l, 1) != v[i].is_shared)
			fail_msg("step %zu", i);
	}
}

TEST(link_shares_a_burst_unless_bodies_are_long)
{
	struct link_load l = { 0 };

	assert_false(shares(&l, 15));
	assert_true(shares(&l, 16));
	ask(&l, 1, 40000);
	assert_false(shares(&l, 1000));
	ask(&l, 1, 2000);
	assert_true(shares(&l, 16));
}
