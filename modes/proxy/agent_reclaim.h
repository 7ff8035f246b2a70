#ifndef PROXY_AGENT_RECLAIM_H
#define PROXY_AGENT_RECLAIM_H

#include "modes/proxy/agent_run.h"

/*
 * agent_reclaim: a certificate in place of one that has ended, as of a machine
 * that was off for longer than it lives.  It is of no use in a handshake, but
 * we hold its key, and show that by a signature (pki/possession.h).  Control
 * decides for how long after the end it takes that.
 */

/* Asks, with next_key; done as of agent_call_start, whose call is g->renewal. */
int agent_reclaim_start(struct agent *, void (*done)(void *agent,
    const struct agent_reply *), struct err *);

#endif
