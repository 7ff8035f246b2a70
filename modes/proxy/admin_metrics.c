#include "base/mem.h"
#include "modes/proxy/admin_metrics.h"
#include "stat/metrics.h"

/* One number of one filter, and how much of it is in its series. */
struct mirrored {
	struct stat_series *series;
	unsigned long long  added;
};

void
admin_metrics_init(struct admin_metrics *m, struct stat_registry *stats,
    struct stat_worker *stat)
{
	*m = (struct admin_metrics){ .stats = stats, .stat = stat };
}

static void
mirrored_free(void *p)
{
	struct mirrored *f = p;

	stat_series_unref(f->series);
	mem_free(f);
}

void
admin_metrics_fini(struct admin_metrics *m)
{
	map_fini(&m->filters, mirrored_free);
}

static struct mirrored *
find(struct admin_metrics *m, const char *chain, const char *filter,
    enum filter_count what)
{
	const struct slice values[] = { slice_str(chain), slice_str(filter),
		slice_str(filter_count_name(what)) };
	char *key = mem_printf("%s/%s/%s", chain, filter,
	    filter_count_name(what));
	struct mirrored *f = map_get(&m->filters, slice_str(key));

	if (f == NULL) {
		f = mem_zalloc(sizeof(*f));
		/* The family of bytes has no third label. */
		f->series = stat_series_get(m->stats, what == FILTER_BYTES ?
		    METRIC_FILTER_BYTES : METRIC_FILTER_CALLS, values);
		map_put(&m->filters, slice_str(key), f);
	}
	mem_free(key);
	return f;
}

static void
on_filter(void *arg, const char *chain, const char *filter,
    enum filter_count what, unsigned long long n)
{
	struct admin_metrics *m = arg;
	struct mirrored *f = find(m, chain, filter, what);

	if (n > f->added)
		stat_counter_add(m->stat, f->series, n - f->added);
	f->added = n;
}

void
admin_metrics_update(struct admin_metrics *m, struct filter_stats *filters)
{
	filter_stats_each(filters, on_filter, m);
}
