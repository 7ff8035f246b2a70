#ifndef PROXY_AGENT_CALL_H
#define PROXY_AGENT_CALL_H

#include "modes/proxy/agent_dial.h"

/*
 * agent_call: one request to control's API over a connection of its own.
 * Life: agent_call_start -> done once, or agent_call_cancel and no call.
 */
struct agent_call;

struct agent_call_request {
	struct agent_dial_request dial;
	const char               *method;	/* "GET", "POST" */
	const char               *target;	/* "/v1/join" */
	struct slice              body;		/* JSON; absent: none */
};

struct agent_reply {
	int          status;	/* 0: none came, see err */
	struct slice body;
	struct slice peer_chain;	/* unverified: as tls.h gives it */
	struct err   err;	/* for any status but 200: what control said */
	bool         is_final;	/* refused: trying again cannot help */
};

/* Copies the body; keeps the strings. */
struct agent_call *agent_call_start(const struct agent_call_request *,
    void (*done)(void *arg, const struct agent_reply *), void *arg);
void agent_call_cancel(struct agent_call *);	/* NULL allowed */

#endif
