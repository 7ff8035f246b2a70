#ifndef UPSTREAM_ADAPTIVE_H
#define UPSTREAM_ADAPTIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * adaptive: how many requests at a time are enough for an endpoint, learnt from
 * its latency.  While answers take about as long as with few requests the limit
 * grows by its square root; when they take longer it shrinks in proportion, by
 * half at most, each time that a window of answers is complete (after the
 * gradient of Netflix's concurrency-limits).  A limit that is not used does not
 * grow.  Any thread.
 */
#define ADAPTIVE_FIRST	20
#define ADAPTIVE_LEAST	4
#define ADAPTIVE_MOST	1000

struct adaptive {
	atomic_uint   limit;	/* 0: ADAPTIVE_FIRST */
	atomic_ullong sum_us;	/* of this window */
	atomic_uint   answers, busiest;
	atomic_ullong end_ms;
	atomic_bool   is_deciding;
	double        usual_us;	/* of whoever decides */
};

/* most: never above; 0: ADAPTIVE_MOST. */
uint32_t adaptive_limit(const struct adaptive *, uint32_t most);
/* An answer took so long while so many, with it, were under way. */
void adaptive_add(struct adaptive *, uint64_t us, uint32_t active,
    uint64_t now_ms);

#endif
