#include <math.h>

#include "upstream/latency.h"

/*
 * The word: 40 bits of units of 1/16 us, above them 24 bits of time in units of
 * 16 ms that wrap after three days; 0: nothing is known.
 */
#define VALUE_BITS	40
#define VALUE_MAX	((UINT64_C(1) << VALUE_BITS) - 1)
#define STAMP_MASK	((UINT64_C(1) << 24) - 1)
#define UNIT		16.

static uint64_t
age_ms(uint64_t word, uint64_t now_ms)
{
	uint64_t units = ((now_ms >> 4) - (word >> VALUE_BITS)) & STAMP_MASK;

	/* Another thread's clock may be ahead by a moment. */
	return units > STAMP_MASK / 2 ? 0 : units << 4;
}

static double
faded(uint64_t word, uint64_t decay_ms, uint64_t now_ms)
{
	return (double)(word & VALUE_MAX) / UNIT *
	    exp(-(double)age_ms(word, now_ms) / (double)decay_ms);
}

/* Without traffic it fades more slowly, so that one spike is not forgotten soon. */
#define IDLE_DECAY_MS	10000

double
latency_us(const struct endpoint_state *s, uint64_t now_ms)
{
	uint64_t word = atomic_load_explicit(&s->ewma, memory_order_relaxed);

	/* It only fades, so what is less already needs no arithmetic. */
	if ((word & VALUE_MAX) <= (uint64_t)(LATENCY_LEAST_US * UNIT))
		return word == 0 ? 0 : LATENCY_LEAST_US;
	return fmax(LATENCY_LEAST_US, faded(word, IDLE_DECAY_MS, now_ms));
}

static void
latency_put(struct endpoint_state *s, uint64_t us, uint64_t decay_ms,
    uint64_t now_ms)
{
	uint64_t word = atomic_load_explicit(&s->ewma, memory_order_relaxed);
	double value = (double)us;

	if (word != 0 && decay_ms > 0) {
		double old = (double)(word & VALUE_MAX) / UNIT;
		double keep = exp(-(double)age_ms(word, now_ms) /
		    (double)decay_ms);

		if (value < old)
			value = old * keep + value * (1 - keep);
	}
	uint64_t units = (uint64_t)fmin(value * UNIT, (double)VALUE_MAX);

	atomic_store_explicit(&s->ewma, (units > 0 ? units : 1) |
	    (now_ms >> 4 & STAMP_MASK) << VALUE_BITS, memory_order_relaxed);
}

void
latency_add_failure(struct endpoint_state *s, uint64_t us, uint64_t decay_ms,
    uint64_t now_ms)
{
	double times = LATENCY_FAILED_TIMES *
	    fmax(LATENCY_LEAST_US, latency_us(s, now_ms));

	latency_put(s, (uint64_t)fmax((double)us,
	    fmin(times, LATENCY_PENALTY_US)), decay_ms, now_ms);
}

/* The first was cold, and whom it asked: that would send others all for long. */
void
latency_add(struct endpoint_state *s, uint64_t us, uint64_t decay_ms,
    uint64_t now_ms)
{
	bool is_first = atomic_load_explicit(&s->ewma,
	    memory_order_relaxed) == 0;

	latency_put(s, is_first && us < LATENCY_PENALTY_US ? 0 : us, decay_ms,
	    now_ms);
}
