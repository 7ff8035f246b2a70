#ifndef UPSTREAM_MISMATCH_H
#define UPSTREAM_MISMATCH_H

#include "chain/worker_env.h"
#include "http/detect.h"
#include "upstream/cluster.h"

/*
 * mismatch: somebody speaks what nobody said is spoken at a port.
 *
 * Who sees first bytes tells of them here; what does not fit the cluster is counted
 * (METRIC_PROTOCOL_MISMATCHES, which control gets, too), and logged the first
 * time for each way in which a service may be wrong.  Nothing else becomes of it.
 *
 * Callers fit a port of HTTP that speak either version of it, as both are
 * translated, but gRPC needs version 2; its user says HTTP2 of that alone.
 * Any bytes but requests fit a port of TCP.  An application fits that answers in
 * the version in which it is asked.
 */
enum mismatch_speaker { MISMATCH_CALLER, MISMATCH_APPLICATION };

void mismatch_look(struct worker_env *, const struct cluster *,
    enum mismatch_speaker, enum spoken);
bool mismatch_is(const struct cluster *, enum mismatch_speaker, enum spoken);
/* Of "ns/service:80", "...:80/udp" or "...:app-80": "80". */
struct slice mismatch_port(const struct cluster *);

#endif
