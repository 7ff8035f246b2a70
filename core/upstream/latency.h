#ifndef UPSTREAM_LATENCY_H
#define UPSTREAM_LATENCY_H

#include "upstream/endpoint.h"

/*
 * latency: a peak-sensitive moving average of how long an endpoint takes to
 * answer: it jumps up at once and comes down over ewma_decay_ms, also while
 * nothing is sent there.  Kept in one atomic word; of two answers at the same
 * time one may be lost.
 */
#define LATENCY_FIRST_US	30000	/* of whom nothing is known */
#define LATENCY_PENALTY_US	5000000	/* for an answer that sends callers away */

double latency_us(const struct endpoint_state *, uint64_t now_ms);
void latency_add(struct endpoint_state *, uint64_t us, uint64_t decay_ms,
    uint64_t now_ms);

#endif
