#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/yaml.h"
#include "filter/filters.h"
#include "filter/rate_limit.h"
#include "modes/proxy/shares.h"

#define WHOLE	SYNC_QUOTA_WHOLE
#define START	UINT64_C(100000)
#define NAME	"/mesh/ratelimits/shop/all service shop/web"

struct bench {
	struct shares   shares;
	struct arena    arena;
	struct l7_part *part;
	uint64_t        now_ms;
};

static struct l7_part *
part_new(struct arena *a, const char *yaml)
{
	struct err err = ERR_INIT;
	void *shared = NULL;
	struct l7_part *part;

	assert_int_equal(filter_rate_limit.base.configure(&shared,
	    conf_yaml_read(a, slice_str(yaml), "test", &err), &err), 0);
	part = l7_part_new(&filter_rate_limit, shared);
	rate_limit_lease_all(rate_limit_of(part));
	return part;
}

static void
bench_init(struct bench *b, const char *yaml)
{
	arena_init(&b->arena);
	shares_init(&b->shares);
	b->part = part_new(&b->arena, yaml);
	b->now_ms = START;
	shares_begin(&b->shares);
	shares_add(&b->shares, SLICE(NAME), b->part, b->now_ms);
	shares_end(&b->shares);
}

static void
bench_fini(struct bench *b)
{
	shares_fini(&b->shares);
	l7_part_unref(b->part);
	arena_fini(&b->arena);
}

/* So many pass at once. */
static int
count_passing(struct bench *b, size_t index, uint64_t key)
{
	struct lease *l = rate_limit_lease(rate_limit_of(b->part), index);

	for (int n = 0;; n++) {
		const struct lease_place p = lease_place(l, key);

		if (!buckets_take(p.buckets, p.key, b->now_ms * 1000000).
		    is_allowed)
			return n;
	}
}

static struct sync_message
ask(struct bench *b)
{
	struct sync_message m;

	if (!shares_ask(&b->shares, &b->arena, b->now_ms, &m))
		fail_msg("it is not time to ask");
	return m;
}

static void
answer(struct bench *b, uint64_t id, const struct sync_quota_row *rows,
    size_t n)
{
	const struct sync_message m = { .type = SYNC_LEASE, .id = id,
		.rows = rows, .rows_len = n };

	shares_answer(&b->shares, &m, b->now_ms);
}

static void
lease_all(struct bench *b, uint64_t id, uint64_t parts, uint64_t proxies)
{
	answer(b, id, &(struct sync_quota_row){ SLICE(NAME), 0, 0, parts,
	    proxies, 0 }, 1);
}

TEST(shares_are_leased_and_end)
{
	struct bench b;

	bench_init(&b, "limits: [{requests: 100}]");
	struct sync_message m = ask(&b);

	assert_int_equal(m.type, SYNC_DEMAND);
	assert_int_equal(m.seen, 0);
	assert_int_equal(m.rows_len, 1);
	assert_true(slice_is(m.rows[0].limit, NAME));
	assert_int_equal(m.rows[0].holds, WHOLE);
	assert_int_equal(m.rows[0].proxies, 0);
	/* Good from when we asked, not from when the answer came. */
	b.now_ms += 500;
	assert_int_equal(shares_leased(&b.shares), 0);
	lease_all(&b, m.id, WHOLE / 10, 4);
	assert_int_equal(shares_leased(&b.shares), 1);
	assert_int_equal(shares_tick(&b.shares, b.now_ms), SYNC_QUOTA_ASK_MS);
	assert_int_equal(count_passing(&b, 0, 0), 10);
	b.now_ms = START + SYNC_QUOTA_LIFE_MS - 1;
	assert_int_equal(shares_tick(&b.shares, b.now_ms), 1);
	assert_int_equal(count_passing(&b, 0, 0), 10);
	assert_int_equal(ask(&b).seen, m.id);
	/* Then an equal part: nothing now, more from now on. */
	b.now_ms++;
	shares_tick(&b.shares, b.now_ms);
	assert_int_equal(count_passing(&b, 0, 0), 0);
	b.now_ms += 1000;
	assert_int_equal(count_passing(&b, 0, 0), 25);
	b.now_ms += 1000;
	m = ask(&b);
	assert_int_equal(m.seen, 0);
	assert_int_equal(m.rows[0].holds, WHOLE / 4);
	assert_int_equal(m.rows[0].proxies, 4);
	bench_fini(&b);
}

TEST(shares_take_no_answer_that_is_late_or_strange)
{
	struct bench b;

	bench_init(&b, "limits: [{requests: 100}]");
	uint64_t first = ask(&b).id;

	lease_all(&b, first + 1, 0, 1);
	lease_all(&b, first + 1000, 0, 1);
	b.now_ms += SYNC_QUOTA_LIFE_MS;
	lease_all(&b, first, 0, 1);
	answer(&b, first, &(struct sync_quota_row){ SLICE("other"), 0, 0, 0, 1,
	    0 }, 1);
	assert_int_equal(ask(&b).seen, 0);
	answer(&b, first + 1, &(struct sync_quota_row){ SLICE(NAME), 0, 7, 0, 1,
	    0 }, 1);
	lease_all(&b, first, 0, 1);
	assert_int_equal(count_passing(&b, 0, 0), 100);
	bench_fini(&b);
}

/* One question at a time, but for one that has no answer. */
TEST(shares_ask_when_it_is_time)
{
	struct bench b;
	struct sync_message m;

	bench_init(&b, "limits: [{requests: 100}]");
	uint64_t id = ask(&b).id;

	b.now_ms += SYNC_QUOTA_ASK_MS;
	assert_false(shares_ask(&b.shares, &b.arena, b.now_ms, &m));
	lease_all(&b, id, WHOLE, 1);
	assert_int_equal(ask(&b).id, id + 1);
	assert_false(shares_ask(&b.shares, &b.arena, b.now_ms, &m));
	b.now_ms += 2 * SYNC_QUOTA_ASK_MS;
	assert_int_equal(ask(&b).id, id + 2);
	shares_restart(&b.shares);
	assert_int_equal(ask(&b).id, id + 3);
	shares_begin(&b.shares);
	shares_end(&b.shares);
	b.now_ms += 2 * SYNC_QUOTA_ASK_MS;
	assert_false(shares_ask(&b.shares, &b.arena, b.now_ms, &m));
	bench_fini(&b);
}

/* All that is asked about until it is over; gives the messages. */
static size_t
ask_round(struct bench *b, uint64_t first_id, size_t parts, bool is_first)
{
	struct sync_message m;
	size_t n = 0;

	for (; shares_ask(&b->shares, &b->arena, b->now_ms, &m); n++) {
		struct sync_quota_row *rows = arena_alloc(&b->arena,
		    m.rows_len * sizeof(*rows));

		assert_true(m.rows_len <= SYNC_QUOTA_ROWS_MAX);
		/* As each of them had its answer the time before. */
		assert_int_equal(m.seen, is_first ? 0 : first_id + n - parts);
		for (size_t i = 0; i < m.rows_len; i++) {
			rows[i] = m.rows[i];
			rows[i].parts = WHOLE / 10;
			rows[i].proxies = 7;
		}
		b->now_ms += 10;
		answer(b, m.id, rows, m.rows_len);
	}
	return n;
}

/* More than a message has room for are asked about one after the other. */
TEST(shares_of_many_limits_are_asked_for_in_turns)
{
	static const struct {
		const char *limits;
		size_t      n, messages;
	} cases[] = {
		{ "limits: [{requests: 100}]", 4096, 1 },
		{ "limits: [{requests: 100}]", 4097, 2 },
		{ "limits: [{requests: 100}]", 3 * 4096, 3 },
		/* A limit of keys may be answered with many rows. */
		{ "limits: [{requests: 100, byHeader: x}]", 63, 1 },
		{ "limits: [{requests: 100, byHeader: x}]", 130, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench b;

		bench_init(&b, cases[i].limits);
		shares_begin(&b.shares);
		for (size_t j = 0; j < cases[i].n; j++)
			shares_add(&b.shares, slice_str(arena_printf(&b.arena,
			    NAME "%zu", j)), b.part, b.now_ms);
		shares_end(&b.shares);
		for (uint64_t round = 0; round < 3; round++) {
			assert_int_equal(ask_round(&b, 1 + round *
			    cases[i].messages, cases[i].messages, round == 0),
			    cases[i].messages);
			assert_int_equal(shares_leased(&b.shares), cases[i].n);
			b.now_ms += SYNC_QUOTA_ASK_MS;
			shares_tick(&b.shares, b.now_ms);
		}
		bench_fini(&b);
	}
}

/* One that comes is asked about at once, and then with the others. */
TEST(shares_of_a_new_limit_are_asked_for_soon)
{
	struct sync_message m;
	struct bench b;

	bench_init(&b, "limits: [{requests: 100}]");
	lease_all(&b, ask(&b).id, WHOLE, 1);
	assert_false(shares_ask(&b.shares, &b.arena, b.now_ms, &m));
	shares_add(&b.shares, SLICE(NAME "2"), b.part, b.now_ms);
	m = ask(&b);
	assert_int_equal(m.rows_len, 1);
	assert_true(slice_is(m.rows[0].limit, NAME "2"));
	answer(&b, m.id, NULL, 0);
	assert_false(shares_ask(&b.shares, &b.arena, b.now_ms, &m));
	b.now_ms += SYNC_QUOTA_ASK_MS;
	assert_int_equal(ask(&b).rows_len, 2);
	/* On the next session all of them, whatever was left of the round. */
	shares_restart(&b.shares);
	assert_int_equal(ask(&b).rows_len, 2);
	bench_fini(&b);
}

/* Asked so often in a second, then never: what is said each second. */
TEST(shares_say_what_is_wanted)
{
	static const struct {
		const char *limits;
		int         asked;
		uint64_t    wanted[4];
	} cases[] = {
		{ "limits: [{requests: 100}]", 50, { 500000, 10000, 5000, 3333 } },
		{ "limits: [{requests: 100}]", 900, { WHOLE, 10000, 5000, 3333 } },
		{ "limits: [{requests: 6, per: 1m}]", 1, { WHOLE, WHOLE, WHOLE,
		    WHOLE } },
		{ "limits: [{requests: 30, per: 1m}]", 1, { WHOLE, WHOLE, WHOLE,
		    666666 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench b;

		bench_init(&b, cases[i].limits);
		lease_all(&b, ask(&b).id, WHOLE, 1);
		for (int n = 0; n < cases[i].asked; n++)
			lease_place(rate_limit_lease(rate_limit_of(b.part), 0),
			    0);
		for (size_t j = 0; j < 4; j++) {
			b.now_ms += SYNC_QUOTA_ASK_MS;
			struct sync_message m = ask(&b);

			assert_int_equal(m.rows[0].parts, cases[i].wanted[j]);
			lease_all(&b, m.id, WHOLE, 1);
		}
		bench_fini(&b);
	}
}

TEST(shares_of_keys_come_and_go)
{
	struct bench b;
	uint64_t often = lease_key(SLICE("often")),
	    seldom = lease_key(SLICE("seldom"));

	bench_init(&b, "limits: [{requests: 100, byHeader: x}]");
	struct lease *l = rate_limit_lease(rate_limit_of(b.part), 0);

	lease_all(&b, ask(&b).id, WHOLE / 2, 2);
	for (int i = 0; i < 100; i++)
		lease_place(l, often);
	lease_place(l, seldom);
	b.now_ms += SYNC_QUOTA_ASK_MS;
	struct sync_message m = ask(&b);

	/* All of it together is nobody's demand. */
	assert_int_equal(m.rows_len, 2);
	assert_int_equal(m.rows[0].parts, 0);
	assert_true(m.rows[1].key == often);
	assert_int_equal(m.rows[1].parts, WHOLE);
	assert_int_equal(m.rows[1].holds, WHOLE / 2);
	const struct sync_quota_row rows[] = {
		{ SLICE(NAME), 0, 0, WHOLE / 2, 2, 0 },
		{ SLICE(NAME), 0, often, WHOLE * 9 / 10, 2, 0 },
		{ SLICE(NAME), 0, seldom, WHOLE / 20, 2, 0 },
	};

	answer(&b, m.id, rows, 3);
	b.now_ms += 1000;
	assert_int_equal(count_passing(&b, 0, often), 90);
	assert_int_equal(count_passing(&b, 0, seldom), 5);
	assert_int_equal(count_passing(&b, 0, lease_key(SLICE("other"))), 50);
	/* What the next answer leaves out is as all others. */
	m = ask(&b);
	answer(&b, m.id, rows, 2);
	b.now_ms += 1010;	/* a part is rounded down */
	assert_int_equal(count_passing(&b, 0, often), 90);
	assert_int_equal(count_passing(&b, 0, seldom), 50);
	b.now_ms += SYNC_QUOTA_LIFE_MS;
	shares_tick(&b.shares, b.now_ms);
	b.now_ms += 1000;
	assert_int_equal(count_passing(&b, 0, often), 50);
	bench_fini(&b);
}

/* However many keys control names, and however often it names others. */
TEST(shares_of_keys_are_bounded)
{
	struct bench b;

	bench_init(&b, "limits: [{requests: 100, byHeader: x}]");
	for (uint64_t round = 0; round < 10; round++) {
		struct sync_quota_row rows[200] = {
			{ SLICE(NAME), 0, 0, WHOLE / 2, 2, 0 } };

		for (uint64_t i = 1; i < 200; i++)
			rows[i] = (struct sync_quota_row){ SLICE(NAME), 0,
				1000 * round + i + 9, WHOLE / 10, 2, 0 };
		answer(&b, ask(&b).id, rows, 200);
		b.now_ms += 1000;
		assert_int_equal(count_passing(&b, 0, 1000 * round + 10), 10);
		assert_int_equal(count_passing(&b, 0, 1000 * round + 9 +
		    SYNC_QUOTA_HOT_MAX), 10);
		assert_int_equal(count_passing(&b, 0, 1000 * round + 10 +
		    SYNC_QUOTA_HOT_MAX), 50);
	}
	bench_fini(&b);
}

/* One that starts again while control is away. */
TEST(shares_are_equal_after_a_restart)
{
	struct bench b, again;
	struct str text = { 0 };
	struct err err = ERR_INIT;
	static const char *const bad[] = { "", "{}", "[7]", "[[\"a\"]]" };

	bench_init(&b, "limits: [{requests: 100}]");
	assert_false(b.shares.is_unsaved);
	lease_all(&b, ask(&b).id, WHOLE / 10, 5);
	assert_true(b.shares.is_unsaved);
	shares_save(&b.shares, &text);
	assert_false(b.shares.is_unsaved);
	bench_fini(&b);

	bench_init(&again, "limits: [{requests: 100}]");
	shares_begin(&again.shares);
	shares_end(&again.shares);
	assert_int_equal(shares_load(&again.shares, str_slice(&text), &err), 0);
	shares_add(&again.shares, SLICE(NAME), again.part, again.now_ms);
	assert_int_equal(count_passing(&again, 0, 0), 20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(shares_load(&again.shares, slice_str(bad[i]),
		    &err), -1);
	bench_fini(&again);
	str_fini(&text);
}

TEST(shares_stay_when_the_limit_changes)
{
	struct bench b;
	struct str out = { 0 };

	bench_init(&b, "limits: [{requests: 100}]");
	lease_all(&b, ask(&b).id, WHOLE / 10, 4);
	l7_part_unref(b.part);
	b.part = part_new(&b.arena, "limits: [{requests: 200}]");
	shares_begin(&b.shares);
	shares_add(&b.shares, SLICE(NAME), b.part, b.now_ms);
	shares_end(&b.shares);
	assert_int_equal(count_passing(&b, 0, 0), 20);
	shares_write(&b.shares, b.now_ms, &out);
	assert_string_equal(str_ptr(&out), "[{\"limit\":\"" NAME "\","
	    "\"index\":0,\"leased\":true,\"percent\":10.00,"
	    "\"wantedPercent\":0.00,\"proxies\":4,\"keys\":0,"
	    "\"leaseMs\":6000}]");
	str_fini(&out);
	bench_fini(&b);
}
