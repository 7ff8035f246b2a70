#ifndef PROXY_ROUTER_H
#define PROXY_ROUTER_H

#include "chain/l7.h"
#include "modes/proxy/lookup.h"
#include "modes/proxy/rules.h"
#include "upstream/upstream.h"

/*
 * router: the L7 terminal that sends an exchange to an endpoint of a cluster
 * and brings the answer back.
 *
 * Life: head -> pick -> attempt -> send head and body -> answer -> done.  What
 * fails before anything was answered, and is safe to repeat, is tried once more
 * elsewhere.
 *
 * Clocks: the connect, inside the attempt; body_idle_ms between signs of life of
 * a body; from the end of the request response_timeout_ms until the head of the
 * answer.  A caller of gRPC that says how long it waits needs neither of these
 * two: the exchange ends then, or when its rule says, whichever is first.
 */

/* What an exchange is for; lives in the stream's arena. */
struct router_job {
	struct cluster     *cluster;	/* counted; NULL: late.h finds it */
	struct service_name service;	/* with cluster NULL */
	uint16_t            port;
	struct slice        host;	/* besides, as lookup.h says; may be empty */
	bool                has_service;
	bool                is_inbound;	/* to the application */
	bool                is_h2;	/* inbound: its caller's sidecar says so */
	bool                is_moved;	/* by a route of connections */
	struct slice        source;	/* outbound: our workload, told to the peer */
	struct rule_choice *choice;	/* what routes say; NULL: there are none */
};

extern const struct l7_terminal router_terminal;

/* Of AUTO the one for callers of that version of HTTP; any other is itself. */
struct cluster *router_version(struct cluster *, bool is_h2);
/* Gives the job's references back; for l7_route.release. */
void router_job_release(void *job);
/* A job for the same endpoints by the same rule; for l7_route.again. */
void *router_job_again(const void *job, struct arena *);

#endif
