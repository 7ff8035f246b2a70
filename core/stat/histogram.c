#include <math.h>

#include "base/check.h"
#include "stat/histogram.h"

#define MS	UINT64_C(1000)
#define S	UINT64_C(1000000)

const struct stat_bounds stat_durations = {
	.len = 39,
	.at = {
		100, 250, 500,	/* sidecars answer faster than the lists begin */
		1 * MS, 2 * MS, 3 * MS, 4 * MS, 5 * MS, 10 * MS, 20 * MS,
		25 * MS, 30 * MS, 40 * MS, 50 * MS, 75 * MS, 100 * MS, 200 * MS,
		250 * MS, 300 * MS, 400 * MS, 500 * MS, 750 * MS,
		1 * S, 2 * S, 2500 * MS, 3 * S, 4 * S, 5 * S, 7500 * MS, 10 * S,
		20 * S, 30 * S, 40 * S, 50 * S, 60 * S, 300 * S, 600 * S,
		1800 * S, 3600 * S,
	},
};

const struct stat_bounds stat_sizes = {
	.len = 22,
	.at = {
		0,	/* stands for Istio's 0.5 */
		1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000,
		60000, 300000, 600000, 1800000, 3600000, 10000000, 100000000,
		1000000000,
	},
};

size_t
stat_bounds_find(const struct stat_bounds *b, uint64_t value)
{
	size_t low = 0, high = b->len;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (value <= b->at[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void
stat_histogram_init(struct stat_histogram *h, const struct stat_bounds *bounds)
{
	*h = (struct stat_histogram){ .bounds = bounds };
}

void
stat_histogram_merge(struct stat_histogram *h, const struct stat_histogram *other)
{
	check(h->bounds == other->bounds);
	h->count += other->count;
	h->sum += other->sum;
	for (size_t i = 0; i <= h->bounds->len; i++)
		h->buckets[i] += other->buckets[i];
}

void
stat_histogram_subtract(struct stat_histogram *h,
    const struct stat_histogram *earlier)
{
	check(h->bounds == earlier->bounds && h->count >= earlier->count);
	h->count -= earlier->count;
	h->sum -= earlier->sum;
	for (size_t i = 0; i <= h->bounds->len; i++)
		h->buckets[i] -= earlier->buckets[i];
}

double
stat_histogram_quantile(const struct stat_histogram *h, double q)
{
	const struct stat_bounds *b = h->bounds;
	double rank = q * (double)h->count, below = 0;

	if (h->count == 0)
		return (double)NAN;
	for (size_t i = 0; i < b->len; i++) {
		double here = (double)h->buckets[i];

		if (here == 0 || below + here < rank) {
			below += here;
			continue;
		}
		double low = i == 0 ? 0 : (double)b->at[i - 1];

		return low + ((double)b->at[i] - low) * (rank - below) / here;
	}
	return (double)b->at[b->len - 1];
}
