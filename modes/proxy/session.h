#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "chain/http.h"
#include "chain/l4.h"
#include "upstream/upstream.h"

/*
 * session: the L4 terminal that carries bytes between a connection and an
 * endpoint of a cluster, both ways, with each half-close and each reset
 * passed on and back-pressure from end to end.
 *
 * A side that comes or goes over mutual TLS speaks the link's frames
 * (ALPN mesh-tcp/1), a plain side raw bytes.
 *
 * For whom a gateway of ours calls it says in its first frame, and is believed:
 * the connection is the client's from then on, in logs and in what an
 * application is told that asks for it (announce.h), which is connected to only
 * then.  Of anybody else it is passed over.
 *
 * Life: open -> pick and connect (one retry elsewhere) -> bytes ... -> both
 *       directions ended, or one side died -> close.
 *
 * Where nobody declared a protocol it looks at the caller's first bytes before
 * it passes any on (session_look.h), and gives way to HTTP if it is that.  While
 * the caller is silent the endpoint is connected to: what that says goes down
 * at once.
 */
struct session_job {
	struct cluster *cluster;	/* counted */
	bool            is_inbound;	/* to the application */
	bool            down_framed;	/* downstream speaks frames */
	struct slice    source;		/* our workload; borrowed from the plane */
	/* Of AUTO: how it goes on if the caller speaks HTTP; NULL: it does not. */
	struct http_options *http;
	/* What turns out to be a request on its way as bytes is cut off. */
	bool            is_guarded;
	bool            tells_client;	/* a gateway's: the sidecar of the endpoint is
					   told for whom it calls */
};

/*
 * arg of l4_start: a heap job from session_job_new, freed by the terminal.
 * With down_framed the terminal unframes what comes up and frames what goes
 * down.
 */
struct session_job *session_job_new(struct cluster *, bool is_inbound,
    bool down_framed, struct slice source);
void session_job_free(struct session_job *);
extern const struct l4_terminal session_terminal;

#endif
