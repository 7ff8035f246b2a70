#ifndef UPSTREAM_WINDOW_H
#define UPSTREAM_WINDOW_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * window: how many of something there were in the last while, to within an eighth
 * of it.  Any thread; no lock.
 */
#define WINDOW_SLOTS	8

struct window {
	atomic_ullong slots[WINDOW_SLOTS];	/* which eighth, and how many */
};

/* span_ms: at least WINDOW_SLOTS; the same each time. */
void window_add(struct window *, uint64_t span_ms, uint64_t now_ms);
uint64_t window_sum(const struct window *, uint64_t span_ms, uint64_t now_ms);

#endif
