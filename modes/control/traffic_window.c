#include <math.h>

#include "base/mem.h"
#include "modes/control/traffic_impl.h"
#include "modes/control/traffic_window.h"
#include "stat/metrics.h"

struct traffic_window {
	struct list     link;
	struct traffic *traffic;
	char           *destination;
	struct note     begin;
};

struct traffic_window *
traffic_window_new(struct traffic *t, struct slice destination, uint64_t now_ms)
{
	struct traffic_window *w = mem_zalloc(sizeof(*w));

	w->traffic = t;
	w->destination = mem_dup(destination.ptr, destination.len);
	list_append(&t->windows, &w->link);
	traffic_window_begin(w, now_ms);
	return w;
}

void
traffic_window_free(struct traffic_window *w)
{
	if (w == NULL)
		return;
	list_remove(&w->link);
	map_fini(&w->begin.pairs, mem_free);
	mem_free(w->destination);
	mem_free(w);
}

void
traffic_window_begin(struct traffic_window *w, uint64_t now_ms)
{
	map_fini(&w->begin.pairs, mem_free);
	w->begin.at_ms = now_ms;
	traffic_read_totals(w->traffic, &w->begin.pairs);
}

/* Of "direction source destination", whether it counts here. */
static bool
is_counted(const struct traffic_window *w, const struct map *pairs,
    struct slice key)
{
	struct slice direction, source;

	if (!slice_cut(&key, ' ', &direction) || !slice_cut(&key, ' ', &source))
		return false;
	return slice_is(key, w->destination) &&
	    (slice_is(direction, METRIC_OUTBOUND) ||
	    !traffic_is_told_by_caller(pairs, source, key));
}

static void
add_pair(struct traffic_counts *out, struct stat_histogram *durations,
    const struct pair *now, const struct pair *then)
{
	struct stat_histogram more = now->durations;

	/* Series that expired begin at nothing again. */
	if (then != NULL && then->requests <= now->requests &&
	    then->durations.count <= now->durations.count) {
		out->requests -= then->requests;
		out->success -= then->success;
		stat_histogram_subtract(&more, &then->durations);
	}
	out->requests += now->requests;
	out->success += now->success;
	stat_histogram_merge(durations, &more);
}

void
traffic_window_read(const struct traffic_window *w, struct traffic_counts *out)
{
	struct stat_histogram durations;
	struct map now = { 0 };
	struct slice key;
	size_t it = 0;
	void *value;

	*out = (struct traffic_counts){ 0 };
	stat_histogram_init(&durations, &stat_durations);
	traffic_read_totals(w->traffic, &now);
	while (map_next(&now, &it, &key, &value))
		if (is_counted(w, &now, key))
			add_pair(out, &durations, value,
			    map_get(&w->begin.pairs, key));
	map_fini(&now, mem_free);
	/* NaN where there are none. */
	out->p99_ms = stat_histogram_quantile(&durations, 0.99) / 1000;
}

void
traffic_windows_add_past(struct traffic *t, uint64_t since_ms,
    const struct map *before, const struct map *after)
{
	LIST_FOREACH(at, &t->windows) {
		struct traffic_window *w = list_entry(at, struct traffic_window,
		    link);

		if (since_ms < w->begin.at_ms)
			traffic_add_past(&w->begin, before, after);
	}
}
