#ifndef CONTROL_TRAFFIC_H
#define CONTROL_TRAFFIC_H

#include "conf/node.h"
#include "stat/report.h"

/*
 * traffic: who calls whom, how often and how fast, from what proxies report.
 * Life: traffic_new -> traffic_apply per report, traffic_tick every second
 *     -> traffic_write -> traffic_free.
 *
 * Reports are summed in a registry of series; its totals are noted every
 * TRAFFIC_STEP_MS, and what is shown is the difference over the last minute.
 * A proxy that is heard for the first time brings totals of its whole life:
 * they are added to the notes too, so that they do not show as a burst.
 *
 * A request between two sidecars is reported by both.  The caller's view is
 * shown, which knows failures to connect and retries; the callee's where the
 * caller has no sidecar.
 */
#define TRAFFIC_STEP_MS		5000
#define TRAFFIC_WINDOW_MS	60000

struct traffic;
struct traffic *traffic_new(void);
void traffic_free(struct traffic *);
/* sender: of a workload, stable over its sessions.  ERR_DATA, ERR_TOO_LARGE. */
int traffic_apply(struct traffic *, struct slice sender, struct slice report,
    uint64_t now_ms, struct err *);
void traffic_tick(struct traffic *, uint64_t now_ms);
/*
 * Adds to the list, for each pair of services that had requests within the
 * window: source, destination, requests, success (both numbers in the
 * window), p50, p95, p99 (milliseconds), window (seconds).
 */
void traffic_write(struct traffic *, struct conf_node *list);

#endif
