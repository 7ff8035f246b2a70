#include <math.h>
#include <stddef.h>

#include "cmd/load/histogram.h"

#define LINEAR	((uint64_t)1 << (HISTOGRAM_BITS + 1))	/* below: exact */

/* How far a value is shifted so that HISTOGRAM_BITS + 1 bits are left. */
static unsigned int
shift_of(uint64_t value)
{
	if (value < LINEAR)
		return 0;
	return (unsigned int)(63 - __builtin_clzll(value)) - HISTOGRAM_BITS;
}

static size_t
bucket_of(uint64_t value)
{
	unsigned int shift = shift_of(value);

	return ((size_t)shift << HISTOGRAM_BITS) + (size_t)(value >> shift);
}

/* The largest value of a bucket. */
static uint64_t
bucket_end(size_t i)
{
	if (i < LINEAR)
		return i;
	unsigned int shift = (unsigned int)(i >> HISTOGRAM_BITS) - 1;
	uint64_t top = i - ((uint64_t)shift << HISTOGRAM_BITS);

	return ((top + 1) << shift) - 1;
}

void
histogram_add(struct histogram *h, uint64_t value)
{
	if (value > HISTOGRAM_MAX)
		value = HISTOGRAM_MAX;
	h->count++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
	h->buckets[bucket_of(value)]++;
}

uint64_t
histogram_quantile(const struct histogram *h, double q)
{
	uint64_t seen = 0, wanted = (uint64_t)ceil(q * (double)h->count);

	if (wanted == 0)
		wanted = 1;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= wanted)
			return bucket_end(i) < h->max ? bucket_end(i) : h->max;
	}
	return h->max;
}

double
histogram_mean(const struct histogram *h)
{
	return h->count == 0 ? 0 : (double)h->sum / (double)h->count;
}
