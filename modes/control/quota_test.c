#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/quota.h"

#define WHOLE	SYNC_QUOTA_WHOLE

/* --- one answer ------------------------------------------------------------ */

/* One that obeys what it is told at once. */
struct asker {
	const char        *name;
	uint64_t           id;
	struct quota_share has;
};

static uint64_t
ask(struct quota *q, struct asker *p, uint64_t wanted, uint64_t now_ms)
{
	const struct quota_ask a = {
		.who = slice_str(p->name), .wanted = wanted,
		.holds = p->has.share, .proxies = p->has.proxies,
		.id = p->id + 1, .seen = p->id,
	};

	p->has = quota_ask(q, &a, now_ms);
	p->id++;
	return p->has.share;
}

#define ROUNDS	8

TEST(quota_follows_what_is_wanted)
{
	static const struct {
		uint64_t wanted[3];
		uint64_t least[3], most[3];	/* in percent */
	} cases[] = {
		/* Nobody wants anything; a little is free for the next. */
		{ { 0, 0, 0 }, { 32, 32, 32 }, { 33, 33, 33 } },
		/* All want too much. */
		{ { 5 * WHOLE, 5 * WHOLE, 5 * WHOLE }, { 32, 32, 32 },
		    { 33, 33, 33 } },
		/* One does, the others have what they want, and room. */
		{ { 5 * WHOLE, WHOLE / 100, 0 }, { 91, 2, 2 }, { 93, 3, 3 } },
		{ { 5 * WHOLE, WHOLE / 10, WHOLE / 5 }, { 59, 12, 25 },
		    { 61, 13, 25 } },
		/* The two that want too much share what is left. */
		{ { 2 * WHOLE, WHOLE / 10, 7 * WHOLE }, { 42, 12, 42 },
		    { 43, 13, 43 } },
		/* Less than there is: the rest is for all. */
		{ { WHOLE / 10, WHOLE / 5, 0 }, { 31, 44, 21 }, { 32, 45, 22 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asker p[] = { { .name = "a" }, { .name = "b" },
		    { .name = "c" } };
		struct quota q;
		uint64_t now = 5;

		quota_init(&q, now);
		for (int round = 0; round < ROUNDS; round++) {
			uint64_t sum = 0;

			for (size_t j = 0; j < 3; j++, now += 300)
				ask(&q, &p[j], cases[i].wanted[j], now);
			for (size_t j = 0; j < 3; j++)
				sum += p[j].has.share;
			assert_true(sum <= WHOLE);
		}
		for (size_t j = 0; j < 3; j++) {
			uint64_t percent = p[j].has.share * 100 / WHOLE;

			if (percent < cases[i].least[j] ||
			    percent > cases[i].most[j])
				fail_msg("case %zu: %s has %llu%%", i,
				    p[j].name, (unsigned long long)percent);
			assert_int_equal(p[j].has.proxies, 3);
		}
		quota_fini(&q);
	}
}

/* Also of a limit with keys, of which it says that it wants nothing. */
TEST(quota_of_one_alone_is_nearly_all_of_it)
{
	static const uint64_t wanted[] = { 0, WHOLE / 100, WHOLE, 9 * WHOLE };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct asker a = { .name = "a" };
		struct quota q;

		quota_init(&q, 0);
		for (uint64_t now = 0; now < 30000; now += 1000)
			assert_in_range(ask(&q, &a, wanted[i], now),
			    WHOLE * 94 / 100, WHOLE);
		quota_fini(&q);
	}
}

TEST(quota_gives_only_what_others_have_let_go)
{
	struct asker a = { .name = "a" }, b = { .name = "b" };
	struct quota q;

	quota_init(&q, 0);
	ask(&q, &a, 9 * WHOLE, 0);
	uint64_t all = ask(&q, &a, 9 * WHOLE, 1);

	assert_true(all > WHOLE * 9 / 10);
	/* a does not know yet that it has less. */
	assert_true(ask(&q, &b, 9 * WHOLE, 10) <= WHOLE - all);
	/* It is told, and has it until it says that it obeys. */
	uint64_t had = a.id;

	assert_true(ask(&q, &a, 9 * WHOLE, 20) < WHOLE / 2);
	assert_true(ask(&q, &b, 9 * WHOLE, 30) <= WHOLE - all);
	a.id = had;
	ask(&q, &a, 9 * WHOLE, 40);	/* the answer was not seen */
	assert_true(ask(&q, &b, 9 * WHOLE, 50) <= WHOLE - all);
	ask(&q, &a, 9 * WHOLE, 60);
	assert_true(ask(&q, &b, 9 * WHOLE, 70) > WHOLE * 4 / 10);
	quota_fini(&q);
}

TEST(quota_keeps_a_part_for_who_is_silent)
{
	struct asker a = { .name = "a" }, b = { .name = "b" };
	struct quota q;
	uint64_t now = 0;

	quota_init(&q, now);
	for (; now < 10000; now += 500) {
		ask(&q, &a, 9 * WHOLE, now);
		ask(&q, &b, 0, now);
	}
	assert_true(a.has.share > WHOLE * 8 / 10);
	/* Before b's lease ends, a has let its part go. */
	for (; now < 10000 + SYNC_QUOTA_LIFE_MS - 1000; now += 500)
		ask(&q, &a, 9 * WHOLE, now);
	assert_true(a.has.share <= WHOLE / 2);
	for (; now < 10000 + QUOTA_ABSENT_MS; now += 500)
		ask(&q, &a, 9 * WHOLE, now);
	assert_true(a.has.share > WHOLE * 8 / 10);
	assert_int_equal(a.has.proxies, 1);
	quota_fini(&q);
}

TEST(quota_keeps_nothing_for_who_left)
{
	struct asker a = { .name = "a" }, b = { .name = "b" };
	struct quota q;
	uint64_t now = 0;

	quota_init(&q, now);
	for (; now < 5000; now += 500) {
		ask(&q, &a, 9 * WHOLE, now);
		ask(&q, &b, 9 * WHOLE, now);
	}
	quota_leave(&q, SLICE("b"));
	quota_leave(&q, SLICE("nobody"));
	ask(&q, &a, 9 * WHOLE, now);
	assert_true(a.has.share <= WHOLE - b.has.share);
	for (; now < 5000 + SYNC_QUOTA_LIFE_MS + 1000; now += 500)
		ask(&q, &a, 9 * WHOLE, now);
	assert_true(a.has.share > WHOLE * 9 / 10);
	quota_fini(&q);
}

TEST(quota_believes_leases_of_a_control_before)
{
	struct asker a = { "a", 70, { WHOLE * 9 / 10, 3 } },
	    b = { "b", 60, { WHOLE / 20, 3 } };
	struct quota q;
	uint64_t now = 0;

	quota_init(&q, now);
	/* Two others are heard of: half is kept for them. */
	assert_true(ask(&q, &b, 9 * WHOLE, now) <= WHOLE / 2);
	b.id = 60, b.has = (struct quota_share){ WHOLE / 20, 3 };
	quota_fini(&q);

	quota_init(&q, now);
	ask(&q, &a, 9 * WHOLE, now);
	assert_true(ask(&q, &b, 9 * WHOLE, now) <= WHOLE / 10);
	for (; now < 5000; now += 1000) {
		ask(&q, &a, 9 * WHOLE, now);
		ask(&q, &b, 9 * WHOLE, now);
	}
	/* The third may be there, and may be not. */
	assert_int_equal(b.has.proxies, 3);
	assert_true(a.has.share + b.has.share <= WHOLE * 2 / 3 + 1);
	assert_true(b.has.share > WHOLE * 3 / 10);
	for (; now < QUOTA_ABSENT_MS + 3000; now += 1000) {
		ask(&q, &a, 9 * WHOLE, now);
		ask(&q, &b, 9 * WHOLE, now);
	}
	assert_int_equal(b.has.proxies, 2);
	assert_true(b.has.share > WHOLE * 4 / 10);
	quota_fini(&q);
}

TEST(quota_is_not_had_by_lies)
{
	struct asker a = { .name = "a" }, liar = { .name = "liar" };
	struct quota q;
	uint64_t now = 0;

	quota_init(&q, now);
	for (; now < 30000; now += 500) {
		/* Wants everything, has everything, obeys nothing. */
		liar.id = (now + 1) * 2;
		liar.has = (struct quota_share){ UINT64_MAX, UINT64_MAX };
		ask(&q, &liar, UINT64_MAX, now);
		ask(&q, &a, 9 * WHOLE, now);
	}
	assert_true(a.has.share > WHOLE * 2 / 10);
	quota_fini(&q);
}

TEST(quota_of_a_key_begins_and_ends_as_that_of_the_others)
{
	struct asker a = { .name = "a" }, b = { .name = "b" }, on_key[2];
	struct quota base, hot;
	uint64_t now = 0;

	quota_init(&base, now);
	for (; now < 5000; now += 1000) {
		ask(&base, &a, 0, now);
		ask(&base, &b, 0, now);
	}
	quota_begin(&hot, &base);
	assert_int_equal(quota_len(&hot), 2);
	assert_true(quota_is_even(&hot, &base));
	on_key[0] = a, on_key[1] = b;
	for (; now < 9000; now += 1000) {
		ask(&base, &a, 0, now);
		ask(&base, &b, 0, now);
		ask(&hot, &on_key[0], 9 * WHOLE, now);
		ask(&hot, &on_key[1], 0, now);
		assert_true(on_key[0].has.share + on_key[1].has.share <= WHOLE);
	}
	assert_true(on_key[0].has.share > WHOLE * 8 / 10);
	assert_false(quota_is_even(&hot, &base));
	for (; now < 15000; now += 1000) {
		ask(&base, &a, 0, now);
		ask(&base, &b, 0, now);
		ask(&hot, &on_key[0], 0, now);
		ask(&hot, &on_key[1], 0, now);
	}
	assert_true(quota_is_even(&hot, &base));
	quota_fini(&hot);
	quota_fini(&base);
}
