#include <math.h>

#include "upstream/adaptive.h"

#define WINDOW_MS	100
#define WINDOW_ANSWERS	10	/* at least */
#define TOLERANCE	1.5	/* so much longer than usual is nothing */
#define MEMORY		0.05	/* what one window adds to what is usual */
#define MEMORY_DOWN	0.3

static uint32_t
load(const atomic_uint *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

uint32_t
adaptive_limit(const struct adaptive *a, uint32_t most)
{
	uint32_t limit = load(&a->limit);

	if (limit == 0)
		limit = ADAPTIVE_FIRST;
	return most > 0 && most < limit ? most : limit;
}

/*
 * What is usual is what answers take when few requests are under way: more than
 * that may be our own doing, and counts for nothing.
 */
static void
learn(struct adaptive *a, double mean_us, uint32_t busiest, double limit)
{
	if (a->usual_us == 0)
		a->usual_us = mean_us;
	else if (mean_us < a->usual_us)
		a->usual_us += (mean_us - a->usual_us) * MEMORY_DOWN;
	else if (busiest < limit / 2 || limit <= 2 * ADAPTIVE_LEAST)
		a->usual_us += (mean_us - a->usual_us) * MEMORY;
}

/* A window is complete: what its mean says of the limit. */
static void
decide(struct adaptive *a, double mean_us, uint32_t busiest)
{
	double limit = adaptive_limit(a, 0);

	learn(a, mean_us, busiest, limit);
	double gradient = fmax(0.5, fmin(1, TOLERANCE * a->usual_us / mean_us));

	if (gradient == 1 && busiest < limit / 2)
		return;
	limit = limit * gradient + sqrt(limit) * (gradient == 1);
	limit = fmax(ADAPTIVE_LEAST, fmin(ADAPTIVE_MOST, limit));
	atomic_store_explicit(&a->limit, (unsigned)limit, memory_order_relaxed);
}

void
adaptive_add(struct adaptive *a, uint64_t us, uint32_t active, uint64_t now_ms)
{
	atomic_fetch_add_explicit(&a->sum_us, us, memory_order_relaxed);
	uint32_t n = 1 + atomic_fetch_add_explicit(&a->answers, 1,
	    memory_order_relaxed);

	if (active > load(&a->busiest))
		atomic_store_explicit(&a->busiest, active,
		    memory_order_relaxed);
	if (n < WINDOW_ANSWERS || now_ms < atomic_load_explicit(&a->end_ms,
	    memory_order_relaxed) || atomic_exchange_explicit(&a->is_deciding,
	    true, memory_order_acquire))
		return;
	uint64_t sum = atomic_exchange_explicit(&a->sum_us, 0,
	    memory_order_relaxed);

	n = atomic_exchange_explicit(&a->answers, 0, memory_order_relaxed);
	uint32_t busiest = atomic_exchange_explicit(&a->busiest, 0,
	    memory_order_relaxed);

	atomic_store_explicit(&a->end_ms, now_ms + WINDOW_MS,
	    memory_order_relaxed);
	if (n >= WINDOW_ANSWERS)
		decide(a, fmax(1, (double)sum / n), busiest);
	atomic_store_explicit(&a->is_deciding, false, memory_order_release);
}
