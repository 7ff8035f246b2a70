#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "stat/metrics.h"
#include "stat/report.h"
#include "stat/text.h"

/* Twice over: the second time strings and families are known. */
int
fuzz_report(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct stat_registry *r = stat_registry_new(metrics, METRIC_COUNT);
	struct stat_worker *w = stat_worker_new(r);
	struct stat_feed *feed = stat_feed_new(r);
	struct err err = ERR_INIT;
	struct str out = { 0 };
	int first = stat_feed_apply(feed, w, text, &err);

	check(first == 0 || err.kind != ERR_NONE);
	stat_render(r, STAT_PROMETHEUS, &out);
	check(stat_feed_apply(feed, w, text, &err) == first);
	stat_render(r, STAT_OPENMETRICS, &out);
	str_fini(&out);
	stat_feed_free(feed);
	stat_registry_free(r);
	return 0;
}
