#ifndef PROXY_TCP_UPSTREAM_H
#define PROXY_TCP_UPSTREAM_H

#include "upstream/upstream.h"

/*
 * tcp_upstream: a stream of bytes to an endpoint of a cluster: raw to an
 * application, in frames over mutual TLS to another sidecar; its user does
 * not see the difference.  A server of another trust domain is a sidecar if it
 * agrees on the protocol of the frames; else it gets the bytes as they are.
 *
 * Life: tcp_upstream_start -> on_open (or on_failed) -> write, on_bytes ...
 *       -> tcp_upstream_close, once, whatever happened.
 *
 * A connect that fails is tried once more elsewhere.  End of a direction is
 * told once each way; what ends otherwise is on_failed, and no event follows.
 * No event comes from inside a call.
 */
struct tcp_upstream;

struct tcp_upstream_events {
	void (*on_open)(void *owner);
	/* Takes all bytes.  end: the endpoint ended its side. */
	void (*on_bytes)(void *owner, struct buf *, bool end);
	void (*on_drained)(void *owner);	/* after write returned false */
	void (*on_failed)(void *owner, enum response_flag, const char *details);
};

struct tcp_caller {
	struct slice source;	/* our workload; borrowed for the stream's life */
	struct conn *conn;	/* borrowed for the call: hashes go by its address */
	bool         is_inbound;	/* to our application: callers have the limits */
	bool         tells_client;	/* a sidecar there is told conn's addresses */
};

/* Refs the cluster; borrows the caller. */
struct tcp_upstream *tcp_upstream_start(struct upstream *, const struct cluster *,
    const struct tcp_caller *, const struct tcp_upstream_events *, void *owner);
/* After on_open.  Takes all; false: wait for on_drained. */
bool tcp_upstream_write(struct tcp_upstream *, struct buf *, bool end);
void tcp_upstream_pause(struct tcp_upstream *);
void tcp_upstream_resume(struct tcp_upstream *);
/* abort: the endpoint sees that the stream was cut off. */
void tcp_upstream_close(struct tcp_upstream *, bool abort);
/* The connection of an open stream without frames; NULL for others. */
struct conn *tcp_upstream_raw(const struct tcp_upstream *);
/* The proven SPIFFE ID of who is connected, borrowed until then; or empty. */
struct slice tcp_upstream_id(const struct tcp_upstream *);
/* NULL before the first pick. */
const struct endpoint *tcp_upstream_endpoint(const struct tcp_upstream *);

#endif
