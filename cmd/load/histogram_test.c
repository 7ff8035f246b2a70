#include "base/mem.h"
#include "base/unit.h"
#include "cmd/load/histogram.h"

static struct histogram *
of_range(uint64_t from, uint64_t to)
{
	struct histogram *h = mem_zalloc(sizeof(*h));

	for (uint64_t v = from; v <= to; v++)
		histogram_add(h, v);
	return h;
}

TEST(an_empty_histogram_says_zero)
{
	struct histogram *h = mem_zalloc(sizeof(*h));

	assert_int_equal(histogram_quantile(h, 0.5), 0);
	assert_true(histogram_mean(h) == 0);
	mem_free(h);
}

TEST(small_values_are_exact)
{
	struct histogram *h = of_range(1, 200);

	assert_int_equal(histogram_quantile(h, 0), 1);
	assert_int_equal(histogram_quantile(h, 0.5), 100);
	assert_int_equal(histogram_quantile(h, 0.99), 198);
	assert_int_equal(histogram_quantile(h, 1), 200);
	assert_true(histogram_mean(h) == 100.5);
	mem_free(h);
}

TEST(each_value_is_read_back_within_a_hundredth)
{
	struct histogram *h = mem_zalloc(sizeof(*h));

	for (uint64_t v = 1; v <= HISTOGRAM_MAX; v += 1 + v / 37) {
		*h = (struct histogram){ 0 };
		histogram_add(h, v);
		/* A larger one, so that the greatest value does not help. */
		histogram_add(h, HISTOGRAM_MAX);
		uint64_t got = histogram_quantile(h, 0.5);

		assert_true(got >= v);
		assert_true(got - v <= v / 100);
	}
	mem_free(h);
}

TEST(quantiles_of_many_values_are_in_order)
{
	struct histogram *h = of_range(1, 100000);
	uint64_t p50 = histogram_quantile(h, 0.5);
	uint64_t p99 = histogram_quantile(h, 0.99);

	assert_in_range(p50, 50000, 50500);
	assert_in_range(p99, 99000, 99990);
	assert_int_equal(histogram_quantile(h, 1), 100000);
	mem_free(h);
}

TEST(what_is_too_large_counts_as_the_largest)
{
	struct histogram *h = mem_zalloc(sizeof(*h));

	histogram_add(h, UINT64_MAX);
	assert_int_equal(histogram_quantile(h, 1), HISTOGRAM_MAX);
	assert_int_equal(h->count, 1);
	mem_free(h);
}
