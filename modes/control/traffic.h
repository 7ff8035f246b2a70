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
 * TRAFFIC_STEP_MS, and what is shown is the difference between those of now
 * and of a minute ago.  A proxy that is heard for the first time brings totals
 * of its whole life: unless that began within the minute they are added to
 * the notes too, so that they do not show as a burst.
 *
 * A sender is believed about what its workload sees: one side of each pair is
 * a service of its own (or unknown, when its proxy was told of none), and of
 * pairs it has at most TRAFFIC_PAIRS_MAX.  The rest is refused.
 *
 * A request between two sidecars is reported by both.  The caller's view is
 * shown, which knows failures to connect and retries; the callee's where the
 * caller has no sidecar.
 */
#define TRAFFIC_STEP_MS		5000
#define TRAFFIC_WINDOW_MS	60000
#define TRAFFIC_PAIRS_MAX	4000	/* of one sender, before it is forgotten */

struct traffic;
struct traffic *traffic_new(void);
void traffic_free(struct traffic *);
struct traffic_report {
	struct slice sender;	/* a workload, the same over its sessions */
	struct slice ns;	/* its namespace, and what it serves there */
	const struct slice *services;
	size_t       services_len;
	struct slice counters;	/* empty: nothing to count yet, or no more */
	uint64_t     uptime_ms;	/* of the counters; 0: unknown */
};
/*
 * Gives how many series were refused, or -1: ERR_DATA, ERR_TOO_LARGE.
 */
int64_t traffic_apply(struct traffic *, const struct traffic_report *,
    uint64_t now_ms, struct err *);
void traffic_tick(struct traffic *, uint64_t now_ms);
/*
 * Adds to the list, for each pair of services that had requests within the
 * window: source, destination, requests, success (both numbers in the
 * window), p50, p95, p99 (milliseconds), window: the seconds in which these
 * were seen, which is less than the window for a pair that is new.
 * To streams (NULL: nowhere), for each that had something else: source,
 * destination, protocol ("tcp", "udp"), opened (connections or sessions), bytesTo
 * and bytesFrom (the destination).
 */
void traffic_write(struct traffic *, uint64_t now_ms, struct conf_node *list,
    struct conf_node *streams);

#endif
