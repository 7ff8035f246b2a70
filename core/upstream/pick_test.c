#include <string.h>

#include "base/unit.h"
#include "upstream/cluster.h"
#include "upstream/latency.h"

#define DRAWS	20000
#define NOW	100000

struct bench {
	struct cluster_registry *registry;
	struct cluster          *c;
};

/* Weights as digits, one for each endpoint. */
static void
bench_init(struct bench *b, enum lb_policy lb, const char *weights)
{
	*b = (struct bench){ .registry = cluster_registry_new() };
	b->c = cluster_new(b->registry, SLICE("default/web"), SLICE("80"));
	b->c->lb = lb;
	for (size_t i = 0; weights[i] != '\0'; i++) {
		struct endpoint e = { .weight = (uint32_t)(weights[i] - '0') };
		struct err err = ERR_INIT;

		assert_int_equal(addr_from_ip(SLICE("127.0.0.1"),
		    (uint16_t)(i + 1), &e.addr, &err), 0);
		cluster_add(b->c, b->registry, &e);
	}
	cluster_seal(b->c);
}

static void
bench_fini(struct bench *b)
{
	cluster_unref(b->c);
	cluster_registry_free(b->registry);
}

static size_t
pick(struct bench *b, const struct endpoint_state *const *avoid, size_t len)
{
	struct pick p = { avoid, len, NOW, 0, false, 0 };
	const struct endpoint *e = cluster_pick(b->c, &p);

	assert_non_null(e);
	return (size_t)(e - b->c->v);
}

static void
draw(struct bench *b, unsigned counts[9])
{
	memset(counts, 0, 9 * sizeof(counts[0]));
	for (int i = 0; i < DRAWS; i++)
		counts[pick(b, NULL, 0)]++;
}

/* Far outside what chance does in DRAWS draws. */
static void
assert_share(unsigned count, double share)
{
	assert_in_range(count, (unsigned)(DRAWS * (share - 0.03)),
	    (unsigned)(DRAWS * (share + 0.03)));
}

TEST(pick_shares_follow_weights)
{
	static const struct {
		const char *weights;
		double      shares[4];
	} v[] = {
		{ "1", { 1 } },
		{ "11", { 0.5, 0.5 } },
		{ "1111", { 0.25, 0.25, 0.25, 0.25 } },
		{ "31", { 0.75, 0.25 } },
		{ "5320", { 0.5, 0.3, 0.2, 0 } },
	};
	static const enum lb_policy policies[] = { LB_ROUND_ROBIN, LB_RANDOM };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		for (size_t lb = 0; lb < 2; lb++) {
			struct bench b;
			unsigned counts[9];

			bench_init(&b, policies[lb], v[i].weights);
			draw(&b, counts);
			for (size_t j = 0; j < b.c->len; j++)
				if (v[i].shares[j] > 0)
					assert_share(counts[j], v[i].shares[j]);
				else
					assert_int_equal(counts[j], 0);
			bench_fini(&b);
		}
	}
}

TEST(pick_round_robin_takes_turns)
{
	struct bench b;

	bench_init(&b, LB_ROUND_ROBIN, "111");
	size_t first = pick(&b, NULL, 0);	/* anywhere */

	for (size_t i = 1; i < 9; i++)
		assert_int_equal(pick(&b, NULL, 0), (first + i) % 3);
	bench_fini(&b);
}

/* Turns of a heavy endpoint are spread, not in a row. */
TEST(pick_round_robin_spreads_weights)
{
	struct bench b;
	int row = 0, longest = 0;

	bench_init(&b, LB_ROUND_ROBIN, "22");
	b.c->v[0].weight = 3;
	cluster_seal(b.c);
	for (int i = 0; i < 1000; i++) {
		row = pick(&b, NULL, 0) == 0 ? row + 1 : 0;
		longest = row > longest ? row : longest;
	}
	assert_in_range(longest, 1, 3);
	bench_fini(&b);
}

TEST(pick_nothing_to_pick)
{
	static const char *const weights[] = { "", "0", "00" };

	for (size_t i = 0; i < 3; i++) {
		struct bench b;

		bench_init(&b, LB_LEAST_REQUEST, weights[i]);
		struct pick p = { .now_ms = NOW };

		assert_null(cluster_pick(b.c, &p));
		bench_fini(&b);
	}
}

/* As good as the other: it gets its share at once, and no flood. */
TEST(pick_peak_ewma_tries_who_is_not_known)
{
	struct bench b;
	unsigned counts[9];

	bench_init(&b, LB_PEAK_EWMA, "11");
	for (int i = 0; i < 2; i++)	/* the first does not count */
		latency_add(b.c->v[0].state, 80000, 10000, NOW);
	draw(&b, counts);
	assert_share(counts[1], 0.5);
	atomic_store(&b.c->v[1].state->active, 3);
	draw(&b, counts);
	assert_in_range(counts[1], 0, DRAWS / 20);
	bench_fini(&b);
}

TEST(pick_peak_ewma_keeps_weights)
{
	struct bench b;
	unsigned counts[9];

	bench_init(&b, LB_PEAK_EWMA, "31");
	for (size_t i = 0; i < 4; i++)
		latency_add(b.c->v[i % 2].state, 20000, 10000, NOW);
	draw(&b, counts);
	assert_share(counts[0], 0.75);
	/* Under load each has requests by its weight ... */
	atomic_store(&b.c->v[0].state->active, 30);
	atomic_store(&b.c->v[1].state->active, 12);
	draw(&b, counts);
	assert_share(counts[0], 1);
	/* ... and its latency: the heavy one is ten times as slow. */
	latency_add(b.c->v[0].state, 200000, 10000, NOW);
	draw(&b, counts);
	/* Five draws of the same may be in vain. */
	assert_in_range(counts[0], 0, DRAWS / 3);
	bench_fini(&b);
}

TEST(pick_least_request_sees_load)
{
	struct bench b;
	unsigned counts[9];

	/* Of two drawn at random the busy one is never taken. */
	bench_init(&b, LB_LEAST_REQUEST, "1111");
	atomic_store(&b.c->v[0].state->active, 100);
	draw(&b, counts);
	assert_in_range(counts[0], 0, DRAWS / 200);
	for (size_t i = 1; i < 4; i++)
		assert_share(counts[i], 1.0 / 3);
	bench_fini(&b);

	bench_init(&b, LB_LEAST_REQUEST, "11");
	atomic_store(&b.c->v[1].state->active, 1);
	draw(&b, counts);
	assert_in_range(counts[1], 0, DRAWS / 20);
	bench_fini(&b);
}

TEST(pick_least_request_evens_load_out)
{
	struct bench b;
	unsigned most = 0, least = UINT32_MAX;

	bench_init(&b, LB_LEAST_REQUEST, "11111111");
	for (int i = 0; i < 8 * 100; i++)
		atomic_fetch_add(&b.c->v[pick(&b, NULL, 0)].state->active, 1);
	for (size_t i = 0; i < 8; i++) {
		unsigned n = atomic_load(&b.c->v[i].state->active);

		most = n > most ? n : most;
		least = n < least ? n : least;
	}
	/* Random choice alone would spread by about thirty. */
	assert_in_range(most - least, 0, 12);
	bench_fini(&b);
}

TEST(pick_avoids_what_was_tried)
{
	static const enum lb_policy policies[] = {
		LB_LEAST_REQUEST, LB_ROUND_ROBIN, LB_RANDOM
	};

	for (size_t lb = 0; lb < 3; lb++) {
		struct bench b;

		bench_init(&b, policies[lb], "111");
		const struct endpoint_state *tried[] = {
			b.c->v[0].state, b.c->v[2].state, b.c->v[1].state
		};

		for (int i = 0; i < 100; i++) {
			assert_int_not_equal(pick(&b, tried, 1), 0);
			assert_int_equal(pick(&b, tried, 2), 1);
			pick(&b, tried, 3);	/* there is no other */
		}
		bench_fini(&b);
	}
}

/* To least request it looks idle: nobody waits for it. */
TEST(pick_leaves_who_is_down_alone)
{
	static const enum lb_policy policies[] = {
		LB_LEAST_REQUEST, LB_ROUND_ROBIN, LB_RANDOM
	};

	for (size_t lb = 0; lb < 3; lb++) {
		struct bench b;

		bench_init(&b, policies[lb], "111");
		endpoint_state_missed(b.c->v[1].state, NOW - 10, NOW);
		atomic_store(&b.c->v[0].state->active, 50);
		atomic_store(&b.c->v[2].state->active, 50);
		for (int i = 0; i < 1000; i++)
			assert_int_not_equal(pick(&b, NULL, 0), 1);
		const struct endpoint_state *tried[] = {
			b.c->v[0].state, b.c->v[2].state
		};

		/* Rather than one that was tried in vain. */
		for (int i = 0; i < 100; i++)
			assert_int_equal(pick(&b, tried, 2), 1);
		bench_fini(&b);
	}
}

TEST(pick_all_down_is_all_up)
{
	struct bench b;
	unsigned counts[9];

	bench_init(&b, LB_RANDOM, "11");
	for (size_t i = 0; i < 2; i++)
		endpoint_state_missed(b.c->v[i].state, NOW - 10, NOW);
	draw(&b, counts);
	assert_share(counts[0], 0.5);
	bench_fini(&b);
}

TEST(pick_one_request_finds_out_for_all)
{
	struct bench b;
	struct endpoint_state *s;
	int tries = 0;

	bench_init(&b, LB_ROUND_ROBIN, "11");
	s = b.c->v[0].state;
	endpoint_state_missed(s, NOW - 2000, NOW - 1500);
	assert_false(endpoint_state_is_down(s, NOW));
	for (int i = 0; i < 100; i++)
		tries += pick(&b, NULL, 0) == 0;
	assert_int_equal(tries, 1);
	endpoint_state_reached(s);
	assert_int_equal(pick(&b, NULL, 0) + pick(&b, NULL, 0), 1);
	bench_fini(&b);
}

TEST(endpoint_is_left_alone_longer_each_time)
{
	struct endpoint_state s = { 0 };
	static const uint64_t waits[] = { 1000, 2000, 4000, 8000, 16000, 30000,
	    30000 };
	uint64_t now = NOW;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		endpoint_state_missed(&s, now - 1, now);
		/* Others that were under way say nothing new. */
		endpoint_state_missed(&s, now - 1, now);
		assert_true(endpoint_state_is_down(&s, now + waits[i] - 1));
		assert_false(endpoint_state_is_down(&s, now + waits[i]));
		now += waits[i] + 1;
	}
	endpoint_state_reached(&s);
	assert_false(endpoint_state_is_down(&s, now));
	endpoint_state_missed(&s, now - 1, now);
	assert_false(endpoint_state_is_down(&s, now + 1000));
	assert_int_equal(s.connect_failures, 15);
}

/* --- clusters and states ------------------------------------------------------ */

/* Its health and load are the same; its pools are not: pool_shared_test.c. */
TEST(cluster_states_are_of_both_versions_of_http)
{
	struct bench b;
	struct endpoint e = { .weight = 1 };
	struct err err = ERR_INIT;

	bench_init(&b, LB_RANDOM, "1");
	struct cluster *two = cluster_new(b.registry, SLICE("default/web"),
	    SLICE("80"));

	addr_from_ip(SLICE("127.0.0.1"), 1, &e.addr, &err);
	two->is_h2 = true;
	cluster_add(two, b.registry, &e);
	cluster_seal(two);
	assert_ptr_equal(two->state, b.c->state);
	assert_ptr_equal(two->v[0].state, b.c->v[0].state);
	cluster_unref(two);
	bench_fini(&b);
}

TEST(cluster_states_outlive_clusters)
{
	struct bench a, b;
	struct endpoint e = { .weight = 1 };
	struct err err = ERR_INIT;

	bench_init(&a, LB_RANDOM, "11");
	struct cluster *next = cluster_new(a.registry, SLICE("default/web"),
	    SLICE("80"));

	assert_ptr_equal(next->state, a.c->state);
	addr_from_ip(SLICE("127.0.0.1"), 2, &e.addr, &err);
	cluster_add(next, a.registry, &e);
	cluster_seal(next);
	assert_ptr_equal(next->v[0].state, a.c->v[1].state);
	assert_false(cluster_is_same(next, a.c));
	cluster_unref(a.c);
	a.c = next;
	cluster_registry_sweep(a.registry);
	assert_int_equal(a.c->v[0].state->refs, 1);
	bench_fini(&a);

	bench_init(&a, LB_RANDOM, "12");
	bench_init(&b, LB_RANDOM, "12");
	/* Another registry has other states: never the same. */
	assert_false(cluster_is_same(a.c, b.c));
	assert_true(cluster_is_same(a.c, a.c));
	bench_fini(&b);
	bench_fini(&a);
}

/* --- retries -------------------------------------------------------------------- */

TEST(cluster_retries_have_a_budget)
{
	static const struct {
		unsigned requests, retries, percent, begun;
	} v[] = {
		{ 0, 3, 20, 3 }, { 15, 3, 20, 3 }, { 100, 3, 20, 20 },
		{ 100, 3, 0, 3 }, { 100, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;
		unsigned begun = 0;

		bench_init(&b, LB_RANDOM, "1");
		b.c->limits.retries = v[i].retries;
		b.c->limits.retry_percent = v[i].percent;
		atomic_store(&b.c->state->requests, v[i].requests);
		for (int k = 0; k < 100; k++)
			begun += cluster_retry_begin(b.c, 0);
		assert_int_equal(begun, v[i].begun);
		if (begun > 0) {
			cluster_retry_end(b.c);
			assert_true(cluster_retry_begin(b.c, 0));
		}
		assert_false(cluster_retry_begin(b.c, 0));
		bench_fini(&b);
	}
}

/* A fifth of the requests of ten seconds, or two in a second. */
TEST(cluster_retries_may_have_a_budget_over_time)
{
	struct bench b;
	unsigned begun = 0;

	bench_init(&b, LB_RANDOM, "1");
	b.c->limits = (struct cluster_limits){ .retry_percent = 20,
		.retry_interval_ms = 10000, .rate_retries = 2, .rate_ms = 1000 };
	for (int i = 0; i < 100; i++)
		window_add(&b.c->state->started, 10000, 50000);
	for (int i = 0; i < 100; i++) {
		if (!cluster_retry_begin(b.c, 50000))
			continue;
		begun++;
		cluster_retry_end(b.c);	/* over or not, it has been */
		window_add(&b.c->state->started, 10000, 50000);
	}
	assert_int_equal(begun, 20);
	/* The least rate, while the share is used up and when nothing comes. */
	for (uint64_t now_ms = 52000; now_ms < 90000; now_ms += 2000) {
		assert_true(cluster_retry_begin(b.c, now_ms));
		assert_true(cluster_retry_begin(b.c, now_ms));
		assert_false(cluster_retry_begin(b.c, now_ms));
		cluster_retry_end(b.c);
		cluster_retry_end(b.c);
	}
	bench_fini(&b);
}
