#include "upstream/window.h"

#define COUNT_BITS	24
#define COUNT_MAX	((UINT64_C(1) << COUNT_BITS) - 1)
#define TURN_MASK	(UINT64_MAX >> COUNT_BITS)

/* Eighths since the clock began, from 1: a slot that was never used is 0. */
static uint64_t
turn_of(uint64_t span_ms, uint64_t now_ms)
{
	return (now_ms / (span_ms / WINDOW_SLOTS) + 1) & TURN_MASK;
}

void
window_add(struct window *w, uint64_t span_ms, uint64_t now_ms)
{
	uint64_t turn = turn_of(span_ms, now_ms);
	atomic_ullong *slot = &w->slots[turn % WINDOW_SLOTS];
	unsigned long long old = atomic_load_explicit(slot,
	    memory_order_relaxed), new;

	do {
		new = old >> COUNT_BITS == turn ? old + 1 :
		    turn << COUNT_BITS | 1;
		if ((new & COUNT_MAX) == 0)
			return;
	} while (!atomic_compare_exchange_weak_explicit(slot, &old, new,
	    memory_order_relaxed, memory_order_relaxed));
}

uint64_t
window_sum(const struct window *w, uint64_t span_ms, uint64_t now_ms)
{
	uint64_t turn = turn_of(span_ms, now_ms), sum = 0;

	for (int i = 0; i < WINDOW_SLOTS; i++) {
		uint64_t slot = atomic_load_explicit(&w->slots[i],
		    memory_order_relaxed);

		if (((turn - (slot >> COUNT_BITS)) & TURN_MASK) < WINDOW_SLOTS)
			sum += slot & COUNT_MAX;
	}
	return sum;
}
