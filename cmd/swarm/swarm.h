#ifndef SWARM_SWARM_H
#define SWARM_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/swarm/issue.h"
#include "loop/loop.h"
#include "modes/proxy/agent_link.h"

/*
 * swarm: many proxies as control sees them, in one process: each has an
 * identity and a session of its own, says what it calls, and acknowledges
 * every revision at once.  None carries traffic, keeps documents or computes
 * a digest, so that what is measured is control.
 *
 * Life: swarm_init -> swarm_add ... -> swarm_run -> swarm_fini.
 *
 * On standard output:
 *	synced N		when all have their first state
 *	acked REVISION NS	when all have acknowledged that, or a later one;
 *				NS is CLOCK_MONOTONIC
 *	renewed N NS calls N failed N late N
 *				SIGUSR1: each has got another certificate, all
 *				together after NS and so many calls; late: after
 *				the end of the one before
 *	closed WORKLOAD WHY	a session ended, which is a failure
 */
struct member {
	struct swarm        *swarm;
	struct agent_link   *link;
	struct tls_identity *identity;
	char                *workload;
	uint64_t             revision;	/* the last acknowledged */
	bool                 is_synced;
};

struct swarm {
	struct loop               *loop;
	struct tls_handshaker     *handshaker;
	struct agent_dial_request  request;
	struct slice               service;	/* that all call */
	struct member             *members;
	size_t                     len, cap, started, synced;
	uint64_t                   lowest;	/* of all revisions */
	size_t                     at_lowest;	/* how many have that */
	uint64_t                   born_ms;
	struct loop_timer          alive;
	struct issue               renewal;
	bool                       has_failed;
};

/* Keeps control, control_id, service. */
void swarm_init(struct swarm *, const char *control, const char *control_id,
    const char *service);
/* Takes the identity's reference; copies workload ("ns/name"). */
void swarm_add(struct swarm *, const char *workload, struct tls_identity *);
/* Until SIGTERM or SIGINT, or a session ends. */
void swarm_run(struct swarm *);
void swarm_fini(struct swarm *);

#endif
