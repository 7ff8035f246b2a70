#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "upstream/hash.h"
#include "upstream/latency.h"
#include "upstream/plan.h"

#define NOW	100000
#define KEYS	20000

/*
 * A cluster from a text of endpoints: each a weight, then its priority as 'p'
 * and a digit, its zone as 'z' and a letter, its version as 'v' and a digit, '!'
 * if degraded: "1p0za 1p1".
 */
struct bench {
	struct cluster_registry *registry;
	struct cluster          *c;
};

static void
add(struct bench *b, struct cluster *c, const char *text, uint16_t number)
{
	struct endpoint e = { 0 };
	struct endpoint_label label = { .key = SLICE("version") };
	struct err err = ERR_INIT;

	for (const char *p = text; *p != ' ' && *p != '\0'; p++) {
		if (*p >= '0' && *p <= '9')
			e.weight = e.weight * 10 + (uint32_t)(*p - '0');
		else if (*p == 'p')
			e.priority = (uint32_t)(*++p - '0');
		else if (*p == 'z')
			e.zone = slice_of(++p, 1);
		else if (*p == 'v')
			label.value = slice_of(++p, 1);
		else if (*p == '!')
			e.is_degraded = true;
	}
	e.labels = &label;
	e.labels_len = label.value.len;
	assert_int_equal(addr_from_ip(SLICE("10.0.0.1"), number, &e.addr,
	    &err), 0);
	cluster_add(c, b->registry, &e);
}

/* skip: an endpoint that is not there; it keeps the others' addresses. */
static struct cluster *
make(struct bench *b, const char *text, int skip)
{
	struct cluster *c = cluster_new(b->registry, SLICE("default/web"),
	    SLICE("80"));
	uint16_t number = 1;

	for (const char *p = text; p != NULL; number++) {
		if (number - 1 != skip)
			add(b, c, p, number);
		p = strchr(p, ' ');
		p = p == NULL ? NULL : p + 1;
	}
	return c;
}

static void
bench_open(struct bench *b, enum lb_policy lb, const char *text)
{
	b->registry = cluster_registry_new();
	b->c = make(b, text, -1);
	b->c->lb = lb;
}

static void
bench_init(struct bench *b, enum lb_policy lb, const char *text)
{
	bench_open(b, lb, text);
	cluster_seal(b->c);
}

static void
bench_fini(struct bench *b)
{
	cluster_unref(b->c);
	cluster_registry_free(b->registry);
}

static size_t
pick_key(const struct cluster *c, uint64_t key)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "user-%u", (unsigned)key);
	struct pick p = {
		.now_ms = NOW, .has_hash = true,
		.hash = hash_bytes(slice_of(text, (size_t)n)),
	};
	const struct endpoint *e = cluster_pick(c, &p);

	assert_non_null(e);
	return (size_t)(e - c->v);
}

#define MANY	128

static void
draw_at(const struct cluster *c, uint64_t now_ms, unsigned counts[MANY])
{
	struct pick p = { .now_ms = now_ms };

	memset(counts, 0, MANY * sizeof(counts[0]));
	for (int i = 0; i < KEYS; i++)
		counts[cluster_pick(c, &p) - c->v]++;
}

/* In percent of all, from which chance does not stray. */
static void
assert_percent(unsigned count, double percent, double stray)
{
	double is = count * 100. / KEYS;

	if (is < percent - stray || is > percent + stray)
		fail_msg("%.1f %%, not %.1f", is, percent);
}

static void
mark_out(const struct cluster *c, size_t from, size_t upto)
{
	for (size_t i = from; i < upto; i++)
		endpoint_mark(c->v[i].state, MARK_UNHEALTHY);
}

/* --- order ----------------------------------------------------------------- */

/* The order of nginx for 5, 1, 1. */
TEST(plan_round_robin_is_smooth)
{
	static const size_t order[] = { 0, 0, 1, 0, 2, 0, 0 };
	struct bench b;
	struct pick p = { .now_ms = NOW };

	bench_init(&b, LB_ROUND_ROBIN, "5 1 1");
	atomic_store(b.c->plan->only->turn, 0);
	for (size_t i = 0; i < 70; i++)
		assert_int_equal(cluster_pick(b.c, &p) - b.c->v, order[i % 7]);
	bench_fini(&b);
}

/* A table would be too long: exact over time all the same. */
TEST(plan_round_robin_of_great_weights)
{
	struct bench b;
	unsigned counts[MANY];

	bench_init(&b, LB_ROUND_ROBIN, "999983 500009 250007");
	assert_null(b.c->plan->only->table);
	draw_at(b.c, NOW, counts);
	assert_percent(counts[0], 57.14, 0.05);
	assert_percent(counts[1], 28.57, 0.05);
	assert_percent(counts[2], 14.29, 0.05);
	bench_fini(&b);
}

TEST(plan_least_request_with_weights)
{
	struct bench b;
	unsigned counts[MANY];
	struct pick p = { .now_ms = NOW };

	bench_init(&b, LB_LEAST_REQUEST, "6 3 1");
	draw_at(b.c, NOW, counts);	/* idle */
	assert_percent(counts[0], 60, 2);
	assert_percent(counts[1], 30, 2);
	assert_percent(counts[2], 10, 2);
	for (int i = 0; i < 1000; i++)	/* nobody ever answers */
		atomic_fetch_add(&cluster_pick(b.c, &p)->state->active, 1);
	assert_in_range(b.c->v[0].state->active, 580, 620);
	assert_in_range(b.c->v[1].state->active, 285, 315);
	assert_in_range(b.c->v[2].state->active, 85, 115);
	/* The light one is stuck: the others go on. */
	atomic_store(&b.c->v[2].state->active, 1000);
	draw_at(b.c, NOW, counts);
	assert_percent(counts[2], 0, 1.2);
	bench_fini(&b);
}

/* --- latency --------------------------------------------------------------- */

TEST(plan_peak_ewma_sees_latency)
{
	struct bench b;
	unsigned counts[MANY];

	bench_init(&b, LB_PEAK_EWMA, "1 1 1 1");
	for (size_t i = 0; i < 8; i++)	/* the first does not count */
		latency_add(b.c->v[i % 4].state, i % 4 == 0 ? 90000 : 1000,
		    10000, NOW);
	draw_at(b.c, NOW, counts);
	assert_percent(counts[0], 0, 0.6);	/* only when drawn twice */
	for (size_t i = 1; i < 4; i++)
		assert_percent(counts[i], 33.3, 2);
	/* Requests under way count as much. */
	atomic_store(&b.c->v[1].state->active, 100);
	draw_at(b.c, NOW, counts);
	assert_percent(counts[1], 0, 18);
	bench_fini(&b);
}

/* --- hashes ---------------------------------------------------------------- */

#define TEN	"1 1 1 1 1 1 1 1 1 1"

TEST(plan_hashes_share_evenly_and_move_few_keys)
{
	static const struct {
		enum lb_policy lb;
		double         stray;	/* of an even share, in percent points */
		double         moved;	/* of keys that need not move */
	} v[] = {
		{ LB_RING_HASH, 5, 0 },
		{ LB_MAGLEV, 1, 3 },
	};

	for (size_t k = 0; k < 2; k++) {
		struct bench b;
		unsigned counts[MANY] = { 0 }, moved = 0;

		bench_init(&b, v[k].lb, TEN);
		struct cluster *less = make(&b, TEN, 3);

		less->lb = v[k].lb;
		cluster_seal(less);
		for (uint64_t i = 0; i < KEYS; i++) {
			size_t at = pick_key(b.c, i);
			size_t then = pick_key(less, i);

			counts[at]++;
			then += then >= 3;
			moved += at != 3 && at != then;
			/* And always the same. */
			assert_int_equal(pick_key(b.c, i), at);
		}
		for (size_t i = 0; i < 10; i++)
			assert_percent(counts[i], 10, v[k].stray);
		if (moved * 100. / KEYS > v[k].moved)
			fail_msg("%u of %u keys moved", moved, KEYS);
		cluster_unref(less);
		bench_fini(&b);
	}
}

TEST(plan_hashes_heed_weights)
{
	static const enum lb_policy policies[] = { LB_RING_HASH, LB_MAGLEV };

	for (size_t k = 0; k < 2; k++) {
		struct bench b;
		unsigned counts[MANY] = { 0 };

		bench_init(&b, policies[k], "6 3 1 0");
		for (uint64_t i = 0; i < KEYS; i++)
			counts[pick_key(b.c, i)]++;
		assert_percent(counts[0], 60, 5);
		assert_percent(counts[1], 30, 5);
		assert_percent(counts[2], 10, 5);
		assert_int_equal(counts[3], 0);
		bench_fini(&b);
	}
}

/* Ejection leaves the table alone: its keys scatter, the others stay. */
TEST(plan_hashes_keep_keys_when_one_is_out)
{
	static const enum lb_policy policies[] = { LB_RING_HASH, LB_MAGLEV };

	for (size_t k = 0; k < 2; k++) {
		struct bench b;
		unsigned counts[MANY] = { 0 }, of_it = 0;
		static size_t before[KEYS];

		bench_init(&b, policies[k], TEN);
		for (uint64_t i = 0; i < KEYS; i++)
			before[i] = pick_key(b.c, i);
		const void *table = b.c->plan->scopes[0].v[0].all.table;

		mark_out(b.c, 3, 4);
		for (uint64_t i = 0; i < KEYS; i++) {
			size_t now = pick_key(b.c, i);

			assert_int_not_equal(now, 3);
			if (before[i] != 3)
				assert_int_equal(now, before[i]);
			else
				of_it += ++counts[now] > 0;
		}
		for (size_t i = 0; i < 10; i++)
			if (i != 3)
				assert_in_range(counts[i], of_it / 18, of_it / 4);
		assert_ptr_equal(table, b.c->plan->scopes[0].v[0].all.table);
		endpoint_unmark(b.c->v[3].state, MARK_UNHEALTHY);
		for (uint64_t i = 0; i < KEYS; i++)
			assert_int_equal(pick_key(b.c, i), before[i]);
		bench_fini(&b);
	}
}

/* One hot key may not take more than 150 % of the mean. */
TEST(plan_hashes_are_bounded)
{
	static const enum lb_policy policies[] = { LB_RING_HASH, LB_MAGLEV };

	for (size_t k = 0; k < 2; k++) {
		struct bench b;

		bench_open(&b, policies[k], TEN);
		b.c->balance.bounded_percent = 150;
		cluster_seal(b.c);
		for (int i = 0; i < 1000; i++) {
			size_t at = pick_key(b.c, 1);

			atomic_fetch_add(&b.c->v[at].state->active, 1);
			atomic_fetch_add(&b.c->state->requests, 1);
		}
		unsigned most = 0;

		for (size_t i = 0; i < 10; i++)
			if (b.c->v[i].state->active > most)
				most = b.c->v[i].state->active;
		assert_in_range(most, 148, 151);
		bench_fini(&b);
	}
}

/* --- subsets --------------------------------------------------------------- */

TEST(plan_subsets)
{
	const struct endpoint_label one = { SLICE("version"), SLICE("1") };
	const struct endpoint_label nine = { SLICE("version"), SLICE("9") };
	const struct cluster_subset v1 = { SLICE("v1"), &one, 1 };
	const struct cluster_subset v9 = { SLICE("v9"), &nine, 1 };

	for (int strict = 0; strict < 2; strict++) {
		struct bench b;
		struct pick p = { .now_ms = NOW };

		bench_open(&b, LB_RANDOM, "1v1 1v2 1v1 1");
		b.c->balance.is_subset_strict = strict;
		cluster_add_subset(b.c, &v1);
		cluster_add_subset(b.c, &v9);
		cluster_seal(b.c);
		assert_int_equal(cluster_subset(b.c, SLICE("v2")), 0);
		p.subset = cluster_subset(b.c, SLICE("v1"));
		for (int i = 0; i < 100; i++)
			assert_int_equal((cluster_pick(b.c, &p) - b.c->v) % 2, 0);
		p.subset = cluster_subset(b.c, SLICE("v9"));
		assert_int_equal(cluster_pick(b.c, &p) == NULL, strict);
		bench_fini(&b);
	}
}

/* --- priorities ------------------------------------------------------------ */

#define LEVEL(p)							\
	"1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p	\
	" 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p	\
	" 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p " 1p" p

/* Of 100 endpoints of the first priority so many are healthy. */
TEST(plan_priorities_fail_over)
{
	static const struct {
		size_t healthy;
		double first;
	} v[] = {
		{ 100, 100 }, { 72, 100 }, { 71, 99.4 }, { 50, 70 }, { 25, 35 },
		{ 0, 0 },
	};

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		struct bench b;
		unsigned counts[MANY], first = 0, second = 0;

		bench_init(&b, LB_RANDOM, LEVEL("0") " " LEVEL("0") " "
		    LEVEL("0") " " LEVEL("0") " " LEVEL("1"));
		mark_out(b.c, v[k].healthy, 100);
		draw_at(b.c, NOW, counts);
		for (size_t i = 0; i < 100; i++)
			first += counts[i];
		for (size_t i = 100; i < 125; i++)
			second += counts[i];
		assert_percent(first, v[k].first, 1.5);
		assert_percent(second, 100 - v[k].first, 1.5);
		bench_fini(&b);
	}
}

TEST(plan_degraded_help_out)
{
	struct bench b;
	unsigned counts[MANY];

	bench_init(&b, LB_RANDOM, "1 1 1 1!");
	draw_at(b.c, NOW, counts);
	assert_percent(counts[3], 0, 0);
	mark_out(b.c, 1, 3);		/* 25 % x 1.4 for who is healthy */
	draw_at(b.c, NOW, counts);
	assert_percent(counts[0], 50, 2);
	assert_percent(counts[3], 50, 2);
	assert_int_equal(counts[1] + counts[2], 0);
	mark_out(b.c, 0, 1);
	struct pick p = { .now_ms = NOW };

	b.c->plan->set.panic_percent = 0;
	plan_look(b.c->plan, NOW);
	assert_int_equal(cluster_pick(b.c, &p) - b.c->v, 3);
	bench_fini(&b);
}

/* --- panic ----------------------------------------------------------------- */

TEST(plan_panic_ignores_health)
{
	struct bench b;
	unsigned counts[MANY];
	struct pick p = { .now_ms = NOW };

	bench_init(&b, LB_LEAST_REQUEST, TEN);
	mark_out(b.c, 5, 10);
	draw_at(b.c, NOW, counts);
	for (size_t i = 0; i < 10; i++)
		assert_percent(counts[i], i < 5 ? 20 : 0, i < 5 ? 2 : 0);
	mark_out(b.c, 4, 5);		/* fewer than half */
	draw_at(b.c, NOW, counts);
	for (size_t i = 0; i < 10; i++)
		assert_percent(counts[i], 10, 2);
	mark_out(b.c, 0, 4);		/* none: no outage */
	draw_at(b.c, NOW, counts);
	for (size_t i = 0; i < 10; i++)
		assert_percent(counts[i], 10, 2);
	/* Who cannot be reached is left alone even then. */
	endpoint_state_missed(b.c->v[0].state, NOW - 1, NOW);
	draw_at(b.c, NOW, counts);
	assert_int_equal(counts[0], 0);
	b.c->balance.panic_percent = 0;
	for (size_t i = 0; i < 10; i++)
		endpoint_state_reached(b.c->v[i].state);
	cluster_seal(b.c);
	assert_null(cluster_pick(b.c, &p));
	bench_fini(&b);
}

/* --- zones ----------------------------------------------------------------- */

/* Shares of zones a, b and c for a caller in each, 1, 3 and 5 endpoints there. */
TEST(plan_zones_even)
{
	static const double shares[3][3] = {
		{ 33.3, 0, 66.7 }, { 0, 100, 0 }, { 0, 0, 100 },
	};

	for (int zone = 0; zone < 3; zone++) {
		struct bench b;
		unsigned counts[MANY];
		const char name[] = { (char)('a' + zone) };

		bench_open(&b, LB_LEAST_REQUEST,
		    "1za 1zb 1zb 1zb 1zc 1zc 1zc 1zc 1zc");
		b.c->balance.zone_mode = ZONE_EVEN;
		b.c->balance.zone = slice_of(name, 1);
		cluster_seal(b.c);
		draw_at(b.c, NOW, counts);
		assert_percent(counts[0], shares[zone][0], 2);
		assert_percent(counts[1] + counts[2] + counts[3],
		    shares[zone][1], 2);
		assert_percent(counts[4] + counts[5] + counts[6] + counts[7] +
		    counts[8], shares[zone][2], 2);
		bench_fini(&b);
	}
}

TEST(plan_zones_know_where_callers_are)
{
	static const struct zone_callers callers[] = {
		{ SLICE("a"), 3 }, { SLICE("b"), 1 },
	};
	struct bench b;
	unsigned counts[MANY];

	/* Half of the endpoints for three quarters of the callers. */
	bench_open(&b, LB_RANDOM, "1za 1za 1za 1zb 1zb 1zb");
	b.c->balance.zone_mode = ZONE_EVEN;
	b.c->balance.zone = SLICE("a");
	b.c->balance.callers = callers;
	b.c->balance.callers_len = 2;
	cluster_seal(b.c);
	draw_at(b.c, NOW, counts);
	assert_percent(counts[0] + counts[1] + counts[2], 66.7, 2);
	bench_fini(&b);
}

TEST(plan_zones_local_spill_over)
{
	static const struct {
		size_t out;	/* of five in our zone */
		double ours;
	} v[] = { { 0, 100 }, { 1, 100 }, { 2, 84 }, { 4, 28 }, { 5, 0 } };

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		struct bench b;
		unsigned counts[MANY], ours = 0;

		bench_open(&b, LB_ROUND_ROBIN, "1za 1za 1za 1za 1za 1zb 1zb "
		    "1zb 1zb 1zb 1zc 1zc 1zc 1zc 1zc");
		b.c->balance.zone_mode = ZONE_LOCAL;
		b.c->balance.zone = SLICE("a");
		cluster_seal(b.c);
		mark_out(b.c, 0, v[k].out);
		draw_at(b.c, NOW, counts);
		for (size_t i = 0; i < 5; i++)
			ours += counts[i];
		assert_percent(ours, v[k].ours, 2);
		assert_percent(counts[5] + counts[6] + counts[7] + counts[8] +
		    counts[9], (100 - v[k].ours) / 2, 2);
		bench_fini(&b);
	}
}

/* --- slow start ------------------------------------------------------------ */

TEST(plan_slow_start)
{
	static const enum lb_policy policies[] = {
		LB_LEAST_REQUEST, LB_ROUND_ROBIN, LB_RANDOM, LB_PEAK_EWMA
	};

	for (size_t k = 0; k < 4; k++) {
		struct bench b;
		unsigned counts[MANY];

		bench_init(&b, policies[k], "1 1 1");
		/* The first set is not new to anybody. */
		assert_int_equal(endpoint_marks(b.c->v[0].state), 0);
		struct cluster *more = make(&b, "1 1 1 1", -1);

		more->lb = policies[k];
		more->balance.slow_start_ms = 10000;
		cluster_seal(more);
		cluster_unref(b.c);
		b.c = more;
		assert_int_equal(endpoint_marks(more->v[0].state), 0);
		assert_int_equal(endpoint_marks(more->v[3].state), MARK_WARMING);
		const struct plan *plan = more->plan;

		atomic_store(&more->v[3].state->warm_from_ms, NOW);
		draw_at(more, NOW, counts);	/* a tenth of a share at least */
		assert_percent(counts[3], 3.2, 1);
		draw_at(more, NOW + 5000, counts);
		assert_percent(counts[3], 14.3, 2);
		draw_at(more, NOW + 10000, counts);
		assert_percent(counts[3], 25, 2);
		assert_int_equal(endpoint_marks(more->v[3].state), 0);
		assert_ptr_equal(plan, more->plan);
		bench_fini(&b);
	}
}

/* --- sharing --------------------------------------------------------------- */

TEST(plan_is_shared_while_its_set_stays)
{
	struct bench b;

	bench_init(&b, LB_MAGLEV, TEN);
	struct cluster *next = make(&b, TEN, -1), *less = make(&b, TEN, 0);
	struct cluster *other = make(&b, TEN, -1);

	next->lb = less->lb = other->lb = LB_MAGLEV;
	next->response_timeout_ms = 1;
	cluster_seal(next);
	assert_ptr_equal(next->plan, b.c->plan);
	assert_false(cluster_is_same(next, b.c));
	next->response_timeout_ms = b.c->response_timeout_ms;
	assert_true(cluster_is_same(next, b.c));
	cluster_seal(less);
	assert_ptr_not_equal(less->plan, b.c->plan);
	other->balance.maglev_size = 251;
	cluster_seal(other);
	assert_ptr_not_equal(other->plan, b.c->plan);
	assert_false(cluster_is_same(other, b.c));
	cluster_unref(other);
	cluster_unref(less);
	cluster_unref(next);
	bench_fini(&b);
}
