#include <math.h>

#include "base/unit.h"
#include "stat/histogram.h"

static const struct stat_bounds three = { .len = 3, .at = { 10, 20, 40 } };

TEST(histogram_boundary_belongs_to_its_bucket)
{
	static const struct {
		uint64_t value;
		size_t   bucket;
	} cases[] = {
		{ 0, 0 }, { 9, 0 }, { 10, 0 }, { 11, 1 }, { 20, 1 }, { 21, 2 },
		{ 40, 2 }, { 41, 3 }, { UINT64_MAX, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(stat_bounds_find(&three, cases[i].value),
		    cases[i].bucket);
}

TEST(histogram_bounds_grow)
{
	const struct stat_bounds *all[] = { &stat_durations, &stat_sizes };

	for (size_t i = 0; i < 2; i++) {
		assert_in_range(all[i]->len, 1, STAT_BUCKETS_MAX - 1);
		for (size_t k = 1; k < all[i]->len; k++)
			assert_true(all[i]->at[k - 1] < all[i]->at[k]);
	}
}

static bool
has_bound(const struct stat_bounds *b, uint64_t at)
{
	size_t i = stat_bounds_find(b, at);

	return i < b->len && b->at[i] == at;
}

/* The lists of others, in tenths of a millisecond. */
TEST(histogram_durations_contain_the_lists_of_others)
{
	static const uint64_t istio[] = {
		5, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000,
		100000, 300000, 600000, 3000000, 6000000, 18000000, 36000000,
	};
	static const uint64_t linkerd[] = { 1, 2, 3, 4, 5 };	/* x 1, 10 ... ms */
	static const uint64_t otel[] = {
		50, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000, 25000,
		50000, 75000, 100000,
	};

	for (size_t i = 0; i < sizeof(istio) / sizeof(istio[0]); i++)
		assert_true(has_bound(&stat_durations, istio[i] * 100));
	for (size_t i = 0; i < sizeof(otel) / sizeof(otel[0]); i++)
		assert_true(has_bound(&stat_durations, otel[i] * 100));
	for (uint64_t unit = 1000; unit <= 10000000; unit *= 10)
		for (size_t i = 0; i < sizeof(linkerd) / sizeof(linkerd[0]); i++)
			assert_true(has_bound(&stat_durations,
			    linkerd[i] * unit));
}

TEST(histogram_sizes_contain_istios_list)
{
	static const uint64_t istio[] = {
		0, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
		30000, 60000, 300000, 600000, 1800000, 3600000,
	};

	for (size_t i = 0; i < sizeof(istio) / sizeof(istio[0]); i++)
		assert_true(has_bound(&stat_sizes, istio[i]));
}

static struct stat_histogram
filled(uint64_t a, uint64_t b, uint64_t c, uint64_t rest)
{
	struct stat_histogram h;

	stat_histogram_init(&h, &three);
	h.buckets[0] = a;
	h.buckets[1] = b;
	h.buckets[2] = c;
	h.buckets[3] = rest;
	h.count = a + b + c + rest;
	return h;
}

TEST(histogram_quantile_interpolates)
{
	struct stat_histogram even = filled(10, 10, 20, 0);
	struct stat_histogram gap = filled(0, 4, 0, 0);
	struct stat_histogram high = filled(1, 0, 0, 9);
	struct stat_histogram none = filled(0, 0, 0, 0);

	assert_float_equal(stat_histogram_quantile(&even, 0.125), 5, 1e-9);
	assert_float_equal(stat_histogram_quantile(&even, 0.25), 10, 1e-9);
	assert_float_equal(stat_histogram_quantile(&even, 0.5), 20, 1e-9);
	assert_float_equal(stat_histogram_quantile(&even, 0.75), 30, 1e-9);
	assert_float_equal(stat_histogram_quantile(&even, 1), 40, 1e-9);
	assert_float_equal(stat_histogram_quantile(&gap, 0), 10, 1e-9);
	assert_float_equal(stat_histogram_quantile(&gap, 0.5), 15, 1e-9);
	assert_float_equal(stat_histogram_quantile(&high, 0.99), 40, 1e-9);
	assert_true(isnan(stat_histogram_quantile(&none, 0.5)));
}

TEST(histogram_window_is_later_minus_earlier)
{
	struct stat_histogram sum = filled(1, 2, 3, 4);
	struct stat_histogram more = filled(10, 0, 0, 1);

	sum.sum = 100;
	more.sum = 50;
	stat_histogram_merge(&sum, &more);
	assert_int_equal(sum.count, 21);
	assert_int_equal(sum.sum, 150);
	assert_int_equal(sum.buckets[0], 11);
	stat_histogram_subtract(&sum, &more);
	assert_int_equal(sum.count, 10);
	assert_int_equal(sum.sum, 100);
	assert_int_equal(sum.buckets[0], 1);
	assert_int_equal(sum.buckets[3], 4);
}
