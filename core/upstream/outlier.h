#ifndef UPSTREAM_OUTLIER_H
#define UPSTREAM_OUTLIER_H

#include "upstream/cluster.h"

/*
 * outlier: endpoints that answer badly are ejected, that is left alone for a
 * while: base_ms, doubled each time that it happens again before max_ms have
 * passed, with jitter.  Then one real request at a time is sent there: if it goes
 * well the endpoint is back, if not it is out for longer.
 *
 * Failures in a row are seen as they happen.  Shares of failures are compared by
 * outlier_sweep, which one thread calls for a cluster each interval_ms.
 *
 * No more than max_ejected_percent of a cluster are out, but one may always be,
 * unless it is the only one; panic is a matter of picking.
 */

/* An exchange with it ended.  Gives why it was ejected by that, or OUT_NONE. */
enum endpoint_out outlier_add(const struct cluster *, struct endpoint_state *,
    bool failed, uint64_t now_ms);
/* Ejects by comparing; told is called for each. */
void outlier_sweep(const struct cluster *, uint64_t now_ms,
    void (*told)(void *arg, const struct endpoint *, enum endpoint_out),
    void *arg);
/* Back at once: a request found it well. */
void outlier_readmit(struct endpoint_state *);

/* Whether outlier_add has anything to do for one that went well. */
static inline bool
outlier_has_news(const struct endpoint_state *s)
{
	return atomic_load_explicit(&s->failed_in_row, memory_order_relaxed) > 0 ||
	    endpoint_marks(s) & MARK_OUT;
}

#endif
