#include <string.h>

#include "base/unit.h"
#include "upstream/outlier.h"

#define NOW	100000

struct bench {
	struct cluster_registry *registry;
	struct cluster          *c;
};

static void
bench_init_len(struct bench *b, size_t len)
{
	b->registry = cluster_registry_new();
	b->c = cluster_new(b->registry, SLICE("default/web"), SLICE("80"));
	b->c->outlier.jitter_percent = 0;
	for (size_t i = 0; i < len; i++) {
		struct endpoint e = { .weight = 1 };
		struct err err = ERR_INIT;

		assert_int_equal(addr_from_ip(SLICE("10.0.0.1"),
		    (uint16_t)(i + 1), &e.addr, &err), 0);
		cluster_add(b->c, b->registry, &e);
	}
	cluster_seal(b->c);
}

static void
bench_close(struct bench *b)
{
	cluster_unref(b->c);
	cluster_registry_free(b->registry);
}

static enum endpoint_out
fail_times(struct bench *b, size_t at, int times, uint64_t now_ms)
{
	enum endpoint_out why = OUT_NONE;

	while (times-- > 0)
		why = outlier_add(b->c, b->c->v[at].state, true, now_ms);
	return why;
}

/* The pick that reaches it, if one in a hundred does. */
static bool
is_picked(struct bench *b, size_t at, uint64_t now_ms)
{
	struct pick p = { .now_ms = now_ms };
	bool is = false;

	for (int i = 0; i < 100 && !is; i++)
		is = cluster_pick(b->c, &p) == &b->c->v[at];
	return is;
}

TEST(outlier_failures_in_a_row)
{
	struct bench b;
	struct endpoint_report r;

	bench_init_len(&b, 10);
	struct endpoint_state *s = b.c->v[0].state;

	assert_int_equal(fail_times(&b, 0, 6, NOW), OUT_NONE);
	outlier_add(b.c, s, false, NOW);	/* not in a row */
	assert_int_equal(fail_times(&b, 0, 6, NOW), OUT_NONE);
	assert_true(is_picked(&b, 0, NOW));
	assert_int_equal(fail_times(&b, 0, 1, NOW), OUT_CONSECUTIVE);
	assert_false(is_picked(&b, 0, NOW + 999));
	endpoint_report(s, NOW + 400, &r);
	assert_string_equal(r.state, "ejected");
	assert_string_equal(r.why, "consecutive-failures");
	assert_int_equal(r.left_ms, 600);
	/* What was under way when it was ejected says nothing. */
	outlier_add(b.c, s, false, NOW + 10);
	assert_int_equal(fail_times(&b, 0, 20, NOW + 10), OUT_NONE);
	assert_false(is_picked(&b, 0, NOW + 999));
	bench_close(&b);
}

TEST(outlier_probation_by_one_request)
{
	static const uint64_t waits[] = {
		1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000
	};
	struct bench b;
	struct endpoint_report r;
	uint64_t now = NOW;

	bench_init_len(&b, 10);
	struct endpoint_state *s = b.c->v[0].state;

	fail_times(&b, 0, 7, now);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_false(is_picked(&b, 0, now + waits[i] - 1));
		now += waits[i];
		assert_true(is_picked(&b, 0, now));
		assert_false(is_picked(&b, 0, now));	/* the others wait */
		endpoint_report(s, now, &r);
		assert_string_equal(r.state, "probing");
		assert_int_equal(fail_times(&b, 0, 1, now), OUT_CONSECUTIVE);
	}
	now += 60000;
	assert_true(is_picked(&b, 0, now));
	outlier_add(b.c, s, false, now + 5);
	assert_true(is_picked(&b, 0, now + 5));
	endpoint_report(s, now + 5, &r);
	assert_string_equal(r.state, "available");
	/* Soon bad again: it goes on where it was; after long: anew. */
	fail_times(&b, 0, 7, now + 10);
	assert_int_equal(s->out_until_ms, now + 10 + 60000);
	outlier_readmit(s);
	now += 10 + 60000 + 60001;
	fail_times(&b, 0, 7, now);
	assert_int_equal(s->out_until_ms, now + 1000);
	bench_close(&b);
}

TEST(outlier_jitter_only_adds)
{
	struct bench b;
	uint64_t most = 0;

	bench_init_len(&b, 10);
	b.c->outlier.jitter_percent = 50;
	for (int i = 0; i < 200; i++) {
		struct endpoint_state *s = b.c->v[0].state;

		atomic_store(&s->out_times, 0);
		fail_times(&b, 0, 7, NOW);
		assert_in_range(s->out_until_ms, NOW + 1000, NOW + 1500);
		if (s->out_until_ms > most)
			most = s->out_until_ms;
		outlier_readmit(s);
	}
	assert_true(most > NOW + 1250);
	bench_close(&b);
}

TEST(outlier_caps)
{
	static const struct {
		size_t   len, out;
		uint32_t percent;
	} v[] = {
		{ 1, 0, 10 }, { 2, 1, 10 }, { 10, 1, 10 }, { 30, 3, 10 },
		{ 10, 5, 50 }, { 3, 3, 100 }, { 10, 1, 0 },
	};

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		struct bench b;
		size_t out = 0;

		bench_init_len(&b, v[k].len);
		b.c->outlier.max_ejected_percent = v[k].percent;
		for (size_t i = 0; i < v[k].len; i++)
			out += fail_times(&b, i, 20, NOW) != OUT_NONE ||
			    endpoint_marks(b.c->v[i].state) & MARK_OUT;
		assert_int_equal(out, v[k].out);
		bench_close(&b);
	}
}

TEST(outlier_can_be_turned_off)
{
	struct bench b;

	bench_init_len(&b, 3);
	b.c->outlier.consecutive = 0;
	assert_int_equal(fail_times(&b, 0, 1000, NOW), OUT_NONE);
	bench_close(&b);
}

/* --- comparing ------------------------------------------------------------------ */

static void
serve(struct endpoint_state *s, unsigned requests, unsigned failures)
{
	atomic_fetch_add(&s->requests, requests);
	atomic_fetch_add(&s->failures, failures);
}

struct told {
	const struct endpoint *e;
	enum endpoint_out      why;
	int                    times;
};

static void
on_told(void *arg, const struct endpoint *e, enum endpoint_out why)
{
	struct told *t = arg;

	*t = (struct told){ e, why, t->times + 1 };
}

TEST(outlier_sweep_finds_who_stands_apart)
{
	static const struct {
		unsigned requests, failures;	/* of the last of ten */
		uint32_t stdev, percent;
		enum endpoint_out why;
	} v[] = {
		{ 100, 30, 1900, 0, OUT_SUCCESS_RATE },
		{ 99, 30, 1900, 0, OUT_NONE },	/* too few to say */
		{ 100, 1, 1900, 0, OUT_NONE },	/* as the others */
		{ 100, 30, 0, 0, OUT_NONE },
		{ 100, 30, 0, 30, OUT_FAILURE_SHARE },
		{ 100, 29, 0, 30, OUT_NONE },
	};

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		struct bench b;
		struct told t = { 0 };

		bench_init_len(&b, 10);
		b.c->outlier.stdev_permille = v[k].stdev;
		b.c->outlier.failure_percent = v[k].percent;
		for (size_t i = 0; i < 9; i++)
			serve(b.c->v[i].state, 1000, i % 2 == 0 ? 10 : 12);
		serve(b.c->v[9].state, v[k].requests, v[k].failures);
		outlier_sweep(b.c, NOW, on_told, &t);
		assert_int_equal(t.why, v[k].why);
		assert_int_equal(t.times, v[k].why != OUT_NONE);
		if (t.times > 0)
			assert_ptr_equal(t.e, &b.c->v[9]);
		/* What was seen is not seen again. */
		outlier_readmit(b.c->v[9].state);
		outlier_sweep(b.c, NOW, on_told, &t);
		assert_int_equal(t.times, v[k].why != OUT_NONE);
		bench_close(&b);
	}
}

TEST(outlier_sweep_needs_others_to_compare_with)
{
	struct bench b;
	struct told t = { 0 };

	bench_init_len(&b, 4);
	for (size_t i = 0; i < 4; i++)
		serve(b.c->v[i].state, 1000, i == 0 ? 900 : 0);
	outlier_sweep(b.c, NOW, on_told, &t);
	assert_int_equal(t.times, 0);
	bench_close(&b);
}
