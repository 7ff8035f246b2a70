#ifndef PROXY_AGENT_ASK_H
#define PROXY_AGENT_ASK_H

#include "modes/proxy/agent_call.h"
#include "pki/key.h"

/*
 * agent_ask: what a workload that has joined asks of control by itself, each
 * over a connection of its own, on the sync thread.
 */
struct agent;

/* POST as who we are now; body is borrowed as agent_call_start does. */
struct agent_call_request agent_ask(const struct agent *, const char *target,
    struct slice body);
/*
 * Begins to ask for a certificate; *key is a new one for it, which is the
 * caller's, as is the answer.  done gets the agent.
 */
struct agent_call *agent_ask_certificate(struct agent *, const char *target,
    struct key *key, void (*done)(void *agent, const struct agent_reply *));

#endif
