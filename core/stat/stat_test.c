#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/unit.h"
#include "stat/memo.h"
#include "stat/stat.h"

enum { HITS, OPEN, TIME, CAPPED, PLAIN, FAMILIES };

static const struct stat_family table[FAMILIES] = {
	[HITS] = {
		.name = "hits_total", .help = "Hits", .type = STAT_COUNTER,
		.labels = { "who", "code" },
	},
	[OPEN] = {
		.name = "open", .help = "Open", .type = STAT_GAUGE,
		.labels = { "who" },
	},
	[TIME] = {
		.name = "time_seconds", .help = "Time",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.labels = { "who" },
	},
	[CAPPED] = {
		.name = "capped_total", .help = "Capped", .type = STAT_COUNTER,
		.series_max = 3, .labels = { "who", "code" },
	},
	[PLAIN] = {
		.name = "plain_total", .help = "Plain", .type = STAT_COUNTER,
	},
};

struct sums {
	size_t                len;
	double                value;
	uint64_t              raw;
	struct stat_histogram hist;
	char                  labels[1024];	/* "a,b;" each */
};

static void
on_reading(void *ctx, const struct stat_reading *r)
{
	struct sums *s = ctx;
	size_t at = 0;

	s->len++;
	s->value += r->value;
	s->raw += r->raw;
	if (r->hist != NULL)
		s->hist = *r->hist;
	while (s->labels[at] != '\0')
		at++;
	for (size_t i = 0; r->family->labels[i] != NULL; i++)
		at += (size_t)snprintf(s->labels + at, sizeof(s->labels) - at,
		    "%s%.*s", i > 0 ? "," : "", SLICE_ARG(r->values[i]));
	snprintf(s->labels + at, sizeof(s->labels) - at, ";");
}

static struct sums
read_all(struct stat_registry *r, size_t family)
{
	struct sums s = { 0 };

	stat_read(r, family, on_reading, &s);
	return s;
}

static struct stat_series *
get(struct stat_registry *r, size_t family, const char *a, const char *b)
{
	struct slice values[] = { slice_str(a), slice_str(b) };

	return stat_series_get(r, family, values);
}

TEST(stat_same_labels_are_one_series)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_worker *w = stat_worker_new(r);
	struct stat_series *a = get(r, HITS, "web", "200");
	struct stat_series *b = get(r, HITS, "web", "200");
	struct stat_series *c = get(r, HITS, "200", "web");

	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	stat_counter_add(w, a, 2);
	stat_counter_add(w, b, 3);
	stat_counter_add(w, c, 10);
	struct sums s = read_all(r, HITS);

	assert_string_equal(s.labels, "200,web;web,200;");
	assert_int_equal(s.raw, 15);
	stat_series_unref(a);
	stat_series_unref(b);
	stat_series_unref(c);
	stat_registry_free(r);
}

TEST(stat_gauge_adds_up_over_workers)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_worker *one = stat_worker_new(r), *two = stat_worker_new(r);
	struct stat_series *g = get(r, OPEN, "web", NULL);

	stat_gauge_add(one, g, 5);
	stat_gauge_add(two, g, -7);	/* what the other opened */
	assert_float_equal(read_all(r, OPEN).value, -2, 0);
	stat_gauge_set(g, 0.5);
	assert_float_equal(read_all(r, OPEN).value, -1.5, 0);
	stat_series_unref(g);
	stat_registry_free(r);
}

static double
forty_two(void *ctx)
{
	++*(int *)ctx;
	return 42;
}

TEST(stat_sample_is_asked_when_read)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_series *g = get(r, OPEN, "web", NULL);
	int asked = 0;

	stat_series_sample(g, forty_two, &asked);
	assert_int_equal(asked, 0);
	assert_float_equal(read_all(r, OPEN).value, 42, 0);
	assert_int_equal(asked, 1);
	stat_series_sample(g, NULL, NULL);
	assert_float_equal(read_all(r, OPEN).value, 0, 0);
	stat_series_unref(g);
	stat_registry_free(r);
}

TEST(stat_histogram_counts_microseconds)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_worker *one = stat_worker_new(r), *two = stat_worker_new(r);
	struct stat_series *h = get(r, TIME, "web", NULL);

	stat_histogram_add(one, h, 100);
	stat_histogram_add(two, h, 101);
	stat_histogram_add(two, h, UINT64_C(4000000000));
	struct sums s = read_all(r, TIME);

	assert_int_equal(s.hist.count, 3);
	assert_int_equal(s.hist.sum, UINT64_C(4000000201));
	assert_int_equal(s.hist.buckets[0], 1);
	assert_int_equal(s.hist.buckets[1], 1);
	assert_int_equal(s.hist.buckets[stat_durations.len], 1);
	stat_series_unref(h);
	stat_registry_free(r);
}

TEST(stat_series_over_the_cap_share_overflow)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_worker *w = stat_worker_new(r);
	char name[16];

	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		struct stat_series *s = get(r, CAPPED, name, "x");

		stat_counter_add(w, s, 1);
		stat_series_unref(s);
	}
	struct sums all = read_all(r, CAPPED);

	assert_string_equal(all.labels, "overflow,overflow;s0,x;s1,x;s2,x;");
	assert_int_equal(all.raw, 10);
	/* Those that are in are still found. */
	struct stat_series *s = get(r, CAPPED, "s1", "x");

	stat_counter_add(w, s, 1);
	assert_int_equal(read_all(r, CAPPED).len, 4);
	stat_series_unref(s);
	stat_registry_free(r);
}

TEST(stat_idle_series_expire_unless_held)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_worker *w = stat_worker_new(r);
	struct stat_series *held = get(r, CAPPED, "held", "x");
	struct stat_series *idle = get(r, CAPPED, "idle", "x");
	struct stat_series *plain = stat_series_get(r, PLAIN, NULL);

	stat_counter_add(w, idle, 7);
	stat_counter_add(w, plain, 1);
	stat_series_unref(idle);
	stat_series_unref(plain);
	assert_int_equal(stat_registry_expire(r, 1000), 0);
	assert_int_equal(stat_registry_expire(r, 1000 + STAT_IDLE_MS - 1), 0);
	assert_int_equal(read_all(r, CAPPED).len, 2);
	assert_int_equal(stat_registry_expire(r, 1000 + STAT_IDLE_MS), 1);
	assert_string_equal(read_all(r, CAPPED).labels, "held,x;");
	assert_int_equal(read_all(r, PLAIN).raw, 1);

	/* The place is free again, and its cells begin at zero. */
	idle = get(r, CAPPED, "idle", "x");
	assert_int_equal(read_all(r, CAPPED).raw, 0);
	stat_counter_add(w, idle, 1);
	assert_string_equal(read_all(r, CAPPED).labels, "held,x;idle,x;");
	stat_series_unref(held);
	stat_series_unref(idle);
	stat_registry_free(r);
}

TEST(stat_use_puts_expiry_off)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_worker *w = stat_worker_new(r);
	struct stat_series *s = get(r, HITS, "a", "b");

	stat_series_unref(s);
	assert_int_equal(stat_registry_expire(r, 0), 0);
	s = get(r, HITS, "a", "b");
	stat_counter_add(w, s, 1);
	stat_series_unref(s);
	assert_int_equal(stat_registry_expire(r, STAT_IDLE_MS), 0);
	assert_int_equal(stat_registry_expire(r, 2 * STAT_IDLE_MS), 1);
	stat_registry_free(r);
}

TEST(stat_labels_are_made_fit_to_show)
{
	static char long_value[STAT_LABEL_LEN_MAX + 50];
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_series *a = get(r, HITS, "a\x1b[31m\xff", "\xc3\xa9\n");
	struct sums s = read_all(r, HITS);

	assert_string_equal(s.labels,
	    "a\xef\xbf\xbd[31m\xef\xbf\xbd,\xc3\xa9\xef\xbf\xbd;");
	for (size_t i = 0; i < sizeof(long_value) - 1; i++)
		long_value[i] = 'x';
	struct stat_series *b = get(r, HITS, long_value, "");

	long_value[STAT_LABEL_LEN_MAX] = '\0';
	struct stat_series *c = get(r, HITS, long_value, "");

	assert_ptr_equal(b, c);
	stat_series_unref(a);
	stat_series_unref(b);
	stat_series_unref(c);
	stat_registry_free(r);
}

TEST(stat_memo_finds_every_key)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_series *series[100];
	struct stat_memo m = { 0 };
	char code[8];

	for (uint64_t i = 0; i < 100; i++) {
		snprintf(code, sizeof(code), "%d", (int)i);
		series[i] = get(r, HITS, "a", code);
		/* Keys that differ in their high bits only, and zero. */
		assert_null(stat_memo_find(&m, i << 56));
		stat_memo_put(&m, i << 56, series[i]);
		for (uint64_t k = 0; k <= i; k++)
			assert_ptr_equal(stat_memo_find(&m, k << 56), series[k]);
	}
	stat_memo_put(&m, 0, get(r, HITS, "b", ""));
	assert_int_equal(m.len, 100);
	assert_ptr_not_equal(stat_memo_find(&m, 0), series[0]);
	stat_memo_fini(&m);
	stat_registry_free(r);
}

TEST(stat_memo_lets_go_of_what_it_does_not_meet)
{
	struct stat_registry *r = stat_registry_new(table, FAMILIES);
	struct stat_memo m = { 0 };
	char code[8];

	assert_null(stat_memo_find(&m, 200));
	for (uint64_t i = 200; i < 220; i++) {
		snprintf(code, sizeof(code), "%d", (int)i);
		stat_memo_put(&m, i, get(r, HITS, "a", code));
	}
	stat_memo_sweep(&m);	/* all are new: all stay */
	struct stat_series *kept = stat_memo_find(&m, 207);

	assert_ptr_equal(kept, get(r, HITS, "a", "207"));
	stat_series_unref(kept);	/* of the line above */
	stat_memo_sweep(&m);
	assert_int_equal(m.len, 1);
	stat_registry_expire(r, 0);
	assert_int_equal(stat_registry_expire(r, STAT_IDLE_MS), 19);
	assert_ptr_equal(stat_memo_find(&m, 207), kept);
	stat_memo_fini(&m);
	stat_registry_free(r);
}

#define THREADS		4
#define ROUNDS		2000

struct race {
	struct stat_registry *registry;
	atomic_int            running;
};

/* Counts into a shared series and into ones that come and go. */
static void *
count_up(void *arg)
{
	struct race *race = arg;
	struct stat_worker *w = stat_worker_new(race->registry);
	struct stat_series *shared = get(race->registry, HITS, "shared", "x");
	struct stat_series *time = get(race->registry, TIME, "shared", NULL);
	char name[16];

	for (int i = 0; i < ROUNDS; i++) {
		stat_counter_add(w, shared, 1);
		stat_histogram_add(w, time, (uint64_t)i);
		snprintf(name, sizeof(name), "s%d", i % 50);
		struct stat_series *s = get(race->registry, HITS, name, "x");

		stat_counter_add(w, s, 1);
		stat_series_unref(s);
	}
	stat_series_unref(shared);
	stat_series_unref(time);
	atomic_fetch_sub(&race->running, 1);
	return NULL;
}

TEST(stat_workers_count_while_others_read_and_expire)
{
	struct race race = { stat_registry_new(table, FAMILIES), THREADS };
	pthread_t threads[THREADS];
	uint64_t now_ms = 0, last = 0;
	/* Held, or it could expire between two threads that use it. */
	struct stat_series *shared = get(race.registry, TIME, "shared", NULL);

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up,
		    &race), 0);
	while (atomic_load(&race.running) > 0) {
		struct sums s = read_all(race.registry, TIME);

		assert_true(s.hist.count >= last);
		last = s.hist.count;
		stat_registry_expire(race.registry, now_ms);
		now_ms += STAT_IDLE_MS / 2;
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(read_all(race.registry, TIME).hist.count,
	    THREADS * ROUNDS);
	stat_series_unref(shared);
	stat_registry_free(race.registry);
}
