#ifndef STAT_HISTOGRAM_H
#define STAT_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * histogram: what a histogram says when it is read, and its boundaries.
 *
 * A bucket counts the values up to and including its boundary; the last one,
 * which has none, counts the rest.  The boundaries of durations contain those
 * of Istio, Linkerd and OpenTelemetry, those of sizes contain Istio's, so that
 * each of their lists can be rendered exactly, without interpolation.
 */
#define STAT_BUCKETS_MAX	48

struct stat_bounds {
	size_t   len;
	uint64_t at[STAT_BUCKETS_MAX - 1];	/* growing */
};

extern const struct stat_bounds stat_durations;	/* microseconds */
extern const struct stat_bounds stat_sizes;	/* bytes */

struct stat_histogram {
	const struct stat_bounds *bounds;
	uint64_t count, sum;
	uint64_t buckets[STAT_BUCKETS_MAX];	/* bounds->len + 1, not cumulative */
};

/* Index of the bucket for value. */
size_t stat_bounds_find(const struct stat_bounds *, uint64_t value);
void stat_histogram_init(struct stat_histogram *, const struct stat_bounds *);
/* Both have the same bounds. */
void stat_histogram_merge(struct stat_histogram *, const struct stat_histogram *);
/* What was added since the earlier reading. */
void stat_histogram_subtract(struct stat_histogram *,
    const struct stat_histogram *earlier);
/*
 * The value below which the share q (0..1) lies, interpolated within its
 * bucket as Prometheus does; the last boundary if it lies above that; NaN
 * when there are no values.
 */
double stat_histogram_quantile(const struct stat_histogram *, double q);

#endif
