#ifndef UPSTREAM_HEALTH_H
#define UPSTREAM_HEALTH_H

#include "upstream/probe.h"

/*
 * health: watches the clusters in force from one loop: asks their endpoints how
 * they are, as each cluster's health settings say, and compares their failures
 * (outlier_sweep).  What it finds out is in the endpoints' states, where picks of
 * all workers see it; what it counted so far as well, so that a new snapshot
 * begins nothing anew.
 *
 * Life: health_new -> health_watch ... -> health_close -> health_free.
 */
struct health;

struct health *health_new(struct upstream *);	/* keeps; of the same loop */
/* These and no others, from now on; takes references. */
void health_watch(struct health *, struct cluster *const *, size_t len);
void health_close(struct health *);	/* before upstream_close */
void health_free(struct health *);

/*
 * What a result makes of an endpoint; gives when to ask again, in ms.  It says
 * nothing about an ejection: who answers its check may still fail requests.
 */
uint64_t health_result(const struct cluster *, struct endpoint_state *,
    enum probe_result, uint64_t now_ms);

#endif
