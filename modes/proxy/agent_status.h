#ifndef PROXY_AGENT_STATUS_H
#define PROXY_AGENT_STATUS_H

#include <stdatomic.h>

#include "base/str.h"

/*
 * agent_status: what an agent shows of itself: numbers for metrics, which any
 * thread reads, and the whole as JSON.
 * Life: agent_numbers_start -> the sync thread stores -> agent_numbers_stop.
 */
#define AGENT_SAMPLES_MAX 8

struct agent;

struct agent_numbers {
	atomic_int_least64_t  not_after;	/* wall seconds; 0: no identity */
	atomic_uint_least64_t revision;	/* of the documents in force */
	atomic_uint_least64_t confirmed_ms;	/* monotonic: control's last word */
	atomic_bool           is_connected;	/* and in step */
	atomic_uint           rejected;	/* documents in an earlier form */
	atomic_uint           leased, equal;	/* global limits, by share */
};

void agent_numbers_start(struct agent *);
void agent_numbers_stop(struct agent *);
void agent_write_status(struct agent *, struct str *out);	/* sync thread */

#endif
