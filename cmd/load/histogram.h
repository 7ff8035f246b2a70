#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

/*
 * histogram: counts of values by size, log-linear: each power of two is cut
 * into 128 equal buckets, so what is read back is at most 1 % too high.
 * Values below 256 are exact; those above HISTOGRAM_MAX count as it.
 *
 * Life: all zeros -> histogram_add ... -> histogram_quantile.
 */
#define HISTOGRAM_BITS		7
#define HISTOGRAM_MAX		(((uint64_t)1 << 40) - 1)	/* 18 min in ns */
#define HISTOGRAM_BUCKETS	((40 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t count, sum, max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *, uint64_t value);
/*
 * The smallest value such that the share q (0..1) of all values is not above
 * it, rounded up to the end of its bucket; 0 when there are no values.
 */
uint64_t histogram_quantile(const struct histogram *, double q);
double histogram_mean(const struct histogram *);	/* 0 when empty */

#endif
