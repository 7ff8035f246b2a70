#include <stdlib.h>

#include "base/mem.h"
#include "modes/control/traffic_impl.h"
#include "modes/control/traffic_seen.h"
#include "stat/metrics.h"

/* Labels of METRIC_REQUESTS, and of what is no request. */
#define RESPONSE_FLAGS_AT	9
#define REQUEST_SECURITY_AT	10
#define STREAM_SECURITY_AT	7

/* By "destination source". */
struct seen {
	uint64_t total, summed;	/* as of the last look; in this one */
	uint64_t last_ms;
	uint64_t plain, plain_summed, plain_ms;	/* of these, in plain text */
};

struct looking {
	struct traffic *traffic;
	bool            of_requests;
};

static void
on_reading(void *ctx, const struct stat_reading *r)
{
	const struct looking *to = ctx;
	const struct slice *v = r->values;
	struct map *known = &to->traffic->seen;
	struct str key = { 0 };
	struct seen *s;

	/* Callers do not know why they were refused. */
	if (!slice_is(v[0], METRIC_INBOUND) || (to->of_requests &&
	    slice_is(v[RESPONSE_FLAGS_AT], "UAEX")))
		return;
	str_addf(&key, "%.*s/%.*s %.*s/%.*s", SLICE_ARG(v[3]), SLICE_ARG(v[4]),
	    SLICE_ARG(v[1]), SLICE_ARG(v[2]));
	s = map_get(known, str_slice(&key));
	if (s == NULL && known->len < TRAFFIC_SEEN_MAX) {
		s = mem_zalloc(sizeof(*s));
		map_put(known, str_slice(&key), s);
	}
	if (s != NULL)
		s->summed += r->raw;
	if (s != NULL && slice_is(v[to->of_requests ? REQUEST_SECURITY_AT :
	    STREAM_SECURITY_AT], "none"))
		s->plain_summed += r->raw;
	str_fini(&key);
}

static bool
is_over(const struct seen *s, uint64_t now_ms)
{
	return now_ms > s->last_ms + TRAFFIC_SEEN_MS;
}

void
traffic_seen_look(struct traffic *t, uint64_t now_ms)
{
	static const enum metric streams[] = { METRIC_TCP_OPENED,
		METRIC_UDP_OPENED };
	struct looking to = { t, true };
	size_t it = 0;
	struct slice key;
	void *value;

	stat_read(t->stats, METRIC_REQUESTS, on_reading, &to);
	to.of_requests = false;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		stat_read(t->stats, streams[i], on_reading, &to);
	while (map_next(&t->seen, &it, &key, &value)) {
		struct seen *s = value;

		/* Less than before: series that are forgotten. */
		if (s->summed > s->total)
			s->last_ms = now_ms;
		if (s->plain_summed > s->plain)
			s->plain_ms = now_ms;
		s->total = s->summed;
		s->plain = s->plain_summed;
		s->summed = s->plain_summed = 0;
		/* One that is still reported would look new again. */
		if (s->total == 0 && is_over(s, now_ms))
			mem_free(map_del(&t->seen, key));
	}
}

static int
compare(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

void
traffic_seen_write(struct traffic *t, struct slice destination,
    uint64_t now_ms, struct conf_node *list)
{
	size_t it = 0, n = 0;
	void *value;

	traffic_seen_look(t, now_ms);
	struct slice *keys = mem_zalloc_array(t->seen.len + 1, sizeof(*keys));

	while (map_next(&t->seen, &it, &keys[n], &value)) {
		struct slice rest = keys[n], to;

		n += ((struct seen *)value)->last_ms > 0 &&
		    !is_over(value, now_ms) &&
		    slice_cut(&rest, ' ', &to) && slice_eq(to, destination);
	}
	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 0; i < n; i++) {
		const struct seen *s = map_get(&t->seen, keys[i]);
		struct conf_node *row = conf_add_map(list);

		conf_set_slice(row, "source", slice_from(keys[i],
		    destination.len + 1));
		conf_set_int(row, "secondsAgo", (int64_t)((now_ms -
		    s->last_ms) / 1000));
		if (s->plain_ms > 0)
			conf_set_int(row, "plaintextSecondsAgo",
			    (int64_t)((now_ms - s->plain_ms) / 1000));
	}
	mem_free(keys);
}
