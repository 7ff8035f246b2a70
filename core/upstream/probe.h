#ifndef UPSTREAM_PROBE_H
#define UPSTREAM_PROBE_H

#include "upstream/upstream.h"

/*
 * probe: one health check of one endpoint, over a connection of its own that is
 * made as traffic's are, with the identity that is expected there.  TCP is well
 * once that stands; HTTP when GET of the path has an answer that is asked for;
 * gRPC, always over HTTP/2, when its health service says so.
 *
 * Life: probe_start -> done once, later, or probe_cancel.
 */
enum probe_result {
	PROBE_OK,
	PROBE_FAILED,
	PROBE_UNKNOWN,	/* we could not ask, which says nothing about it */
};
struct probe;

/* Takes a reference to the cluster, whose endpoint it is. */
struct probe *probe_start(struct upstream *, const struct cluster *,
    const struct endpoint *, void (*done)(void *arg, enum probe_result),
    void *arg);
void probe_cancel(struct probe *);

#endif
