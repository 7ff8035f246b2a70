#include <math.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "chain/grpc.h"
#include "modes/control/traffic_impl.h"
#include "modes/control/traffic_mismatch.h"
#include "modes/control/traffic_seen.h"
#include "stat/metrics.h"

#define SENDER_MS	(3600 * 1000)	/* silent for so long: forgotten */
#define SILENCE_MS	(2 * TRAFFIC_STEP_MS)	/* it was away */
#define LATER_MS	60000		/* between looks for those */

/* Places of labels in metrics.c. */
#define RESPONSE_CODE	8
#define GRPC_STATUS	11

struct sender {
	struct stat_feed *feed;
	struct map        pairs;	/* "direction source destination" */
	uint64_t          heard_ms;
};

/* --- totals ------------------------------------------------------------------------ */

struct reading {
	struct map *pairs;
	bool        is_histogram;
};

static struct pair *
pair_at(struct map *pairs, struct slice key)
{
	struct pair *p = map_get(pairs, key);

	if (p == NULL) {
		p = mem_zalloc(sizeof(*p));
		stat_histogram_init(&p->durations, &stat_durations);
		map_put(pairs, key, p);
	}
	return p;
}

/* The labels of services come first, in the order of metrics.c. */
static void
add_pair(struct str *key, const struct slice *v)
{
	str_addf(key, "%.*s %.*s/%.*s %.*s/%.*s", SLICE_ARG(v[0]),
	    SLICE_ARG(v[1]), SLICE_ARG(v[2]), SLICE_ARG(v[3]), SLICE_ARG(v[4]));
}

/* An answer that was none of the service's failures. */
static bool
is_success(struct slice response_code, struct slice grpc_status)
{
	uint64_t status;

	return response_code.len == 3 && response_code.ptr[0] >= '1' &&
	    response_code.ptr[0] <= '4' && !(slice_u64(grpc_status, &status) &&
	    status < GRPC_STATUSES && grpc_is_error((int)status));
}

struct pair *
traffic_pair_of(struct map *pairs, const struct slice *labels)
{
	struct str key = { 0 };
	struct pair *p;

	add_pair(&key, labels);
	p = pair_at(pairs, str_slice(&key));
	str_fini(&key);
	return p;
}

static void
on_reading(void *ctx, const struct stat_reading *r)
{
	const struct reading *to = ctx;
	const struct slice *v = r->values;
	struct pair *p = traffic_pair_of(to->pairs, v);

	if (to->is_histogram) {
		stat_histogram_merge(&p->durations, r->hist);
		return;
	}
	p->requests += r->raw;
	if (is_success(v[RESPONSE_CODE], v[GRPC_STATUS]))
		p->success += r->raw;
}

void
traffic_read_totals(struct traffic *t, struct map *pairs)
{
	struct reading to = { .pairs = pairs };

	stat_read(t->stats, METRIC_REQUESTS, on_reading, &to);
	to.is_histogram = true;
	stat_read(t->stats, METRIC_REQUEST_DURATION, on_reading, &to);
	traffic_read_streams(t, pairs);
}

/* --- life --------------------------------------------------------------------------- */

struct traffic *
traffic_new(void)
{
	struct traffic *t = mem_zalloc(sizeof(*t));

	t->stats = stat_registry_new(metrics, METRIC_COUNT);
	t->worker = stat_worker_new(t->stats);
	list_init(&t->windows);
	return t;
}

static void
sender_free(void *arg)
{
	struct sender *s = arg;

	stat_feed_free(s->feed);
	map_fini(&s->pairs, NULL);
	mem_free(s);
}

void
traffic_free(struct traffic *t)
{
	if (t == NULL)
		return;
	map_fini(&t->senders, sender_free);
	map_fini(&t->mismatches, mem_free);
	map_fini(&t->seen, mem_free);
	for (size_t i = 0; i < TRAFFIC_NOTES; i++)
		map_fini(&t->notes[i].pairs, mem_free);
	stat_registry_free(t->stats);
	mem_free(t);
}

void
traffic_add_past(struct note *n, const struct map *before,
    const struct map *after)
{
	size_t it = 0;
	struct slice key;
	void *value;

	while (map_next(after, &it, &key, &value)) {
		const struct pair *now = value, *then = map_get(before, key);
		struct stat_histogram more = now->durations;
		struct pair *p = pair_at(&n->pairs, key);

		if (then != NULL)
			stat_histogram_subtract(&more, &then->durations);
		p->requests += now->requests -
		    (then == NULL ? 0 : then->requests);
		p->success += now->success - (then == NULL ? 0 : then->success);
		stat_histogram_merge(&p->durations, &more);
		for (int k = 0; k < STREAM_KINDS; k++) {
			const struct stream_totals s = stream_totals_since(now,
			    then, (enum stream_kind)k);

			p->streams[k].opened += s.opened;
			p->streams[k].bytes_to += s.bytes_to;
			p->streams[k].bytes_from += s.bytes_from;
		}
	}
}

/* 0 is the oldest, len - 1 the newest. */
static size_t
note_index(const struct traffic *t, size_t i)
{
	return (t->len < TRAFFIC_NOTES ? i : t->last + 1 + i) % TRAFFIC_NOTES;
}

static const struct note *
oldest_note(const struct traffic *t)
{
	return &t->notes[note_index(t, 0)];
}

/* What a young sender counted is as old as itself, not as its first report. */
static void
date_pairs(struct traffic *t, const struct map *before, const struct map *after,
    uint64_t since_ms)
{
	size_t it = 0;
	struct slice key;
	void *value;

	while (map_next(after, &it, &key, &value))
		for (size_t i = 0; i < t->len && !map_has(before, key); i++)
			if (t->notes[i].at_ms >= since_ms)
				pair_at(&t->notes[i].pairs, key);
}

/* All that it counted came to be within what is shown. */
static bool
began_in_window(const struct traffic *t, uint64_t uptime_ms, uint64_t now_ms)
{
	return t->len > 0 && uptime_ms > 0 &&
	    oldest_note(t)->at_ms + uptime_ms <= now_ms;
}

/* --- what is believed ---------------------------------------------------------------- */

struct judgement {
	const struct traffic_report *report;
	struct sender               *sender;
};

static bool
is_own(const struct traffic_report *r, struct slice ns, struct slice service)
{
	if (slice_is(ns, METRIC_UNKNOWN) && slice_is(service, METRIC_UNKNOWN))
		return true;
	if (!slice_eq(ns, r->ns))
		return false;
	for (size_t i = 0; i < r->services_len; i++)
		if (slice_eq(service, r->services[i]))
			return true;
	return false;
}

static bool
is_believed(void *ctx, const struct stat_family *family,
    const struct slice *v)
{
	const struct judgement *j = ctx;
	struct map *pairs = &j->sender->pairs;
	bool is_in = slice_is(v[0], METRIC_INBOUND), yes;
	struct str key = { 0 };

	(void)family;
	if (!is_in && !slice_is(v[0], METRIC_OUTBOUND))
		return false;
	if (!is_own(j->report, v[is_in ? 3 : 1], v[is_in ? 4 : 2]))
		return false;
	add_pair(&key, v);
	yes = map_has(pairs, str_slice(&key));
	if (!yes && pairs->len < TRAFFIC_PAIRS_MAX) {
		map_put(pairs, str_slice(&key), NULL);
		yes = true;
	}
	str_fini(&key);
	return yes;
}

static int64_t
apply_counters(struct traffic *t, struct sender *s,
    const struct traffic_report *report, struct err *err)
{
	struct judgement j = { report, s };
	uint64_t before = stat_feed_refused(s->feed);
	int r;

	stat_feed_set_judge(s->feed, is_believed, &j);
	r = stat_feed_apply(s->feed, t->worker, report->counters, err);
	stat_feed_set_judge(s->feed, NULL, NULL);
	return r < 0 ? -1 : (int64_t)(stat_feed_refused(s->feed) - before);
}

/* From when on the sender counted what it says now; 0: unknown. */
static uint64_t
counted_since(const struct sender *s, const struct traffic_report *r,
    uint64_t now_ms)
{
	if (s->heard_ms > 0)
		return s->heard_ms;
	return r->uptime_ms > 0 && r->uptime_ms < now_ms ?
	    now_ms - r->uptime_ms : 0;
}

/* Applies what may be older than notes and windows, and dates it. */
static int64_t
apply_past(struct traffic *t, struct sender *s, const struct traffic_report *r,
    uint64_t now_ms, struct err *err)
{
	uint64_t since_ms = counted_since(s, r, now_ms);
	struct map before = { 0 }, after = { 0 };
	int64_t refused;

	traffic_read_totals(t, &before);
	refused = apply_counters(t, s, r, err);
	traffic_read_totals(t, &after);
	if (s->heard_ms == 0 && !began_in_window(t, r->uptime_ms, now_ms))
		for (size_t i = 0; i < t->len; i++)
			traffic_add_past(&t->notes[i], &before, &after);
	else if (s->heard_ms == 0)
		date_pairs(t, &before, &after, since_ms);
	traffic_windows_add_past(t, since_ms, &before, &after);
	map_fini(&before, mem_free);
	map_fini(&after, mem_free);
	return refused;
}

int64_t
traffic_apply(struct traffic *t, const struct traffic_report *report,
    uint64_t now_ms, struct err *err)
{
	struct sender *s = map_get(&t->senders, report->sender);
	int64_t r = 0;

	if (s == NULL) {
		s = mem_zalloc(sizeof(*s));
		s->feed = stat_feed_new(t->stats);
		map_put(&t->senders, report->sender, s);
	}
	if (report->counters.len > 0)
		r = s->heard_ms == 0 || now_ms > s->heard_ms + SILENCE_MS ?
		    apply_past(t, s, report, now_ms, err) :
		    apply_counters(t, s, report, err);
	s->heard_ms = now_ms;
	return r;
}

static void
forget_silent(struct traffic *t, uint64_t now_ms)
{
	size_t it = 0;
	struct slice key;
	void *value;

	if (now_ms < t->expired_ms + LATER_MS)
		return;
	t->expired_ms = now_ms;
	while (map_next(&t->senders, &it, &key, &value))
		if (now_ms > ((struct sender *)value)->heard_ms + SENDER_MS)
			sender_free(map_del(&t->senders, key));
	stat_registry_expire(t->stats, now_ms);
}

void
traffic_tick(struct traffic *t, uint64_t now_ms)
{
	struct note *n = &t->notes[t->last];

	forget_silent(t, now_ms);
	if (t->len > 0 && now_ms < n->at_ms + TRAFFIC_STEP_MS)
		return;
	traffic_mismatches_look(t, now_ms);
	traffic_seen_look(t, now_ms);
	if (t->len > 0)
		t->last = (t->last + 1) % TRAFFIC_NOTES;
	if (t->len < TRAFFIC_NOTES)
		t->len++;
	n = &t->notes[t->last];
	map_fini(&n->pairs, mem_free);
	n->at_ms = now_ms;
	traffic_read_totals(t, &n->pairs);
}

/* --- showing -------------------------------------------------------------------------- */

/* Whether the caller's side told of the same pair. */
bool
traffic_is_told_by_caller(const struct map *pairs, struct slice source,
    struct slice destination)
{
	struct str key = { 0 };
	bool yes;

	str_addf(&key, METRIC_OUTBOUND " %.*s %.*s", SLICE_ARG(source),
	    SLICE_ARG(destination));
	yes = map_has(pairs, str_slice(&key));
	str_fini(&key);
	return yes;
}

/*
 * For how long a pair has been seen, at most since the oldest note.  Between
 * two notes it came by a report about the time before it, so half a step is
 * added.
 */
static uint64_t
seen_ms(const struct traffic *t, struct slice key, uint64_t now_ms)
{
	uint64_t whole = now_ms - oldest_note(t)->at_ms, seen;
	size_t i = 0;

	while (i < t->len && !map_has(&t->notes[note_index(t, i)].pairs, key))
		i++;
	if (i == 0)
		return whole;
	seen = now_ms - t->notes[note_index(t, i - 1)].at_ms +
	    TRAFFIC_STEP_MS / 2;
	if (seen < TRAFFIC_STEP_MS)
		seen = TRAFFIC_STEP_MS;
	return seen < whole ? seen : whole;
}

static void
set_quantile(struct conf_node *row, const char *name,
    const struct stat_histogram *h, double q)
{
	double us = stat_histogram_quantile(h, q);

	if (!isnan(us))
		conf_set_float(row, name, us / 1000);
}

static void
add_row(struct conf_node *list, struct slice source, struct slice destination,
    const struct pair *now, const struct pair *then, uint64_t window_ms)
{
	struct stat_histogram h = now->durations;
	uint64_t requests = now->requests, success = now->success;
	struct conf_node *row;

	if (then != NULL) {
		requests -= then->requests;
		success -= then->success;
		stat_histogram_subtract(&h, &then->durations);
	}
	if (requests == 0 || requests > now->requests)
		return;
	row = conf_add_map(list);
	conf_set_slice(row, "source", source);
	conf_set_slice(row, "destination", destination);
	conf_set_string(row, "protocol", "http");
	conf_set_int(row, "requests", (int64_t)requests);
	conf_set_int(row, "success", (int64_t)success);
	set_quantile(row, "p50", &h, 0.5);
	set_quantile(row, "p95", &h, 0.95);
	set_quantile(row, "p99", &h, 0.99);
	conf_set_float(row, "window", (double)window_ms / 1000);
}

/* By source and destination, which follow the direction. */
static int
compare_keys(const void *a, const void *b)
{
	struct slice x = *(const struct slice *)a, y = *(const struct slice *)b;
	struct slice direction;

	slice_cut(&x, ' ', &direction);
	slice_cut(&y, ' ', &direction);
	return slice_cmp(x, y);
}

/* Borrows the keys; the caller frees the array. */
static struct slice *
sorted_keys(const struct map *pairs, size_t *n)
{
	struct slice *keys = mem_zalloc_array(pairs->len + 1, sizeof(*keys));
	size_t it = 0;
	void *value;

	*n = 0;
	while (map_next(pairs, &it, &keys[*n], &value))
		(*n)++;
	qsort(keys, *n, sizeof(*keys), compare_keys);
	return keys;
}

void
traffic_write(struct traffic *t, uint64_t now_ms, struct conf_node *list,
    struct conf_node *streams)
{
	const struct note *then = oldest_note(t);
	struct map now = { 0 };
	struct slice *keys;
	size_t n;

	if (t->len == 0 || now_ms <= then->at_ms)
		return;
	traffic_read_totals(t, &now);
	keys = sorted_keys(&now, &n);
	for (size_t i = 0; i < n; i++) {
		struct slice rest = keys[i], direction, source;

		if (!slice_cut(&rest, ' ', &direction) ||
		    !slice_cut(&rest, ' ', &source))
			continue;
		if (slice_is(direction, METRIC_INBOUND) &&
		    traffic_is_told_by_caller(&now, source, rest))
			continue;
		add_row(list, source, rest, map_get(&now, keys[i]),
		    map_get(&then->pairs, keys[i]),
		    seen_ms(t, keys[i], now_ms));
		if (streams == NULL)
			continue;
		traffic_write_streams(streams, source, rest,
		    map_get(&now, keys[i]), map_get(&then->pairs, keys[i]));
	}
	mem_free(keys);
	map_fini(&now, mem_free);
}
