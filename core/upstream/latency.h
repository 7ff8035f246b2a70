#ifndef UPSTREAM_LATENCY_H
#define UPSTREAM_LATENCY_H

#include "upstream/endpoint.h"

/*
 * latency: a peak-sensitive moving average of how long an endpoint takes to
 * answer: it jumps up at once and comes down over ewma_decay_ms, also while
 * nothing is sent there.  Kept in one atomic word; of two answers at the same
 * time one may be lost.
 *
 * An endpoint's first answer does not count, nor does what a new connection
 * took.  What is below a millisecond is noise, and all the same: there the
 * requests under way decide alone.
 */
#define LATENCY_LEAST_US	1000
#define LATENCY_PENALTY_US	5000000	/* for an answer that sends callers away */
#define LATENCY_FAILED_TIMES	10	/* for a failure: so much slower than before */

/* At least LATENCY_LEAST_US; 0: nothing is known. */
double latency_us(const struct endpoint_state *, uint64_t now_ms);
/* For an exchange that failed after so long. */
void latency_add_failure(struct endpoint_state *, uint64_t us, uint64_t decay_ms,
    uint64_t now_ms);
void latency_add(struct endpoint_state *, uint64_t us, uint64_t decay_ms,
    uint64_t now_ms);

#endif
