#ifndef CONTROL_TRAFFIC_WINDOW_H
#define CONTROL_TRAFFIC_WINDOW_H

#include "modes/control/traffic.h"

/*
 * traffic_window: the requests to one service since a moment that its owner
 * chooses, whoever sent them.
 * Life: traffic_window_new -> traffic_window_begin, traffic_window_read ...
 *     -> traffic_window_free (before traffic_free).
 *
 * It holds what was reported, which is up to TRAFFIC_STEP_MS behind what
 * happened, unless proxies were asked (sessions_ask_counters).  What a proxy
 * that comes back brings from before the beginning is not part of it.
 */
struct traffic_window;
struct traffic_counts {
	uint64_t requests, success;
	double   p99_ms;	/* NaN: unknown */
};

/* Borrows the destination, "ns/name".  It begins now. */
struct traffic_window *traffic_window_new(struct traffic *,
    struct slice destination, uint64_t now_ms);
void traffic_window_free(struct traffic_window *);	/* NULL is allowed */
void traffic_window_begin(struct traffic_window *, uint64_t now_ms);
void traffic_window_read(const struct traffic_window *,
    struct traffic_counts *);

#endif
