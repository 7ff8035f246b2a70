#ifndef UPSTREAM_UPSTREAM_H
#define UPSTREAM_UPSTREAM_H

#include "chain/l4.h"
#include "chain/response_flag.h"
#include "http/codec.h"
#include "tls/tls.h"
#include "upstream/cluster.h"

/*
 * upstream: one worker's connections to endpoints: making them, pooling them,
 * handing out streams.
 *
 * Life of an attempt: attempt_start -> (an idle connection, or a dial and a
 *       handshake that name the SPIFFE ID to expect) -> on_stream once, with
 *       a stream to send on, or on_failed once -> attempt_finish.
 *
 * A connection that becomes free serves who waits longest; idle ones are kept
 * last in, first out, for idle_ms, and are dropped when the endpoint leaves
 * its cluster, the peer's certificate ends, or we are somebody else or trust
 * others than when they were made.
 *
 * A server may end an idle connection just as a request is on its way.  What
 * is idempotent (RFC 9110, 9.2.2) is then sent again by its owner.  What is not
 * goes only where the last exchange ended less than fresh_ms ago, which is
 * less than servers keep idle connections (gunicorn 2 s, Apache and Node.js
 * 5 s; a sidecar that drains, 1 s), and else over a new connection.  For how long
 * a server keeps them is learnt, and ours are closed before (keepalive.h).
 *
 * Limits of a cluster refuse an attempt with FLAG_UO; with endpoint_requests it
 * may wait for its turn first (turn.h).  How attempts end tells balancing
 * (latency.h) and may eject the endpoint (outlier.h).
 */
struct upstream;
struct attempt;

/* What all workers share. */
struct upstream_env {
	struct tls_handshaker *handshaker;
	/* Gives a reference to who we are now, or NULL: no identity yet. */
	struct tls_identity *(*identity)(void *arg);
	void                  *arg;
	/* For counters: a handshake failed. */
	void (*on_tls_failure)(void *arg, const struct tls_result *);
	const struct http_limits *limits;
};

/* Keeps env. */
struct upstream *upstream_new(struct worker_env *, const struct upstream_env *);
void upstream_free(struct upstream *);	/* after upstream_close */
/*
 * A new set of endpoints is in force for a cluster: idle connections to those
 * that are gone (in `old`, not in `now`) are closed.  now may be NULL.
 */
void upstream_replace(struct upstream *, const struct cluster *old,
    const struct cluster *now);
/*
 * Identity and bundle of this generation, which only grows, are in use: TLS
 * connections of earlier ones are closed, those in use when they become idle.
 */
void upstream_identify(struct upstream *, uint64_t generation);
/*
 * The end, before the loop's own: closes its connections, gives up those being
 * made, makes none from now on.  Attempts are still finished by their owners.
 */
void upstream_close(struct upstream *);
struct upstream_counts {
	uint64_t idle, active, connecting, opened, reused, failed;
};
void upstream_count(const struct upstream *, struct upstream_counts *);
struct loop *upstream_loop(struct upstream *);

struct attempt_events {
	/* The owner sets itself as the stream's owner and sends. */
	void (*on_stream)(void *owner, struct stream *, const struct conn_peer *,
	    bool reused);
	/* FLAG_UF, FLAG_UO or FLAG_UT (connect timeout); nothing was sent. */
	void (*on_failed)(void *owner, enum response_flag, const char *details);
};

struct attempt_order {
	const struct cluster  *cluster;	/* a ref is taken */
	const struct endpoint *endpoint;	/* in cluster */
	struct arena          *arena;	/* kept: stream and attempt live in it */
	bool                   is_idempotent;	/* any idle connection will do */
	bool                   is_wary;	/* none that is idle will do */
	struct slice           announcement;	/* of upstream_announce; kept */
};

/* Borrows the order; keeps events and owner. */
struct attempt *attempt_start(struct upstream *, const struct attempt_order *,
    const struct attempt_events *, void *owner);
enum attempt_result {
	ATTEMPT_OK,		/* a complete answer (any status below 500) */
	ATTEMPT_FAILED,		/* 5xx, reset, timeout */
	ATTEMPT_CANCELLED,	/* the caller went away: says nothing about it */
	ATTEMPT_OUTRUN,		/* likewise: another try was faster */
};
/* Closes the stream if one was given; the attempt is gone afterwards. */
void attempt_finish(struct attempt *, enum attempt_result, enum stream_error);
/*
 * The head of the final answer came.  May be left out: then the whole exchange
 * counts as latency, and no 429 as a sign to go elsewhere.
 */
void attempt_answered(struct attempt *, int status);
/* The answer says in another way that it has too much to do. */
void attempt_penalise(struct attempt *);
const struct endpoint *attempt_endpoint(const struct attempt *);
uint64_t attempt_connect_us(const struct attempt *);
/* Its connection had served an exchange before; NULL: false. */
bool attempt_is_reused(const struct attempt *);
/* For how long it had been idle then; NULL: 0. */
uint64_t attempt_idle_ms(const struct attempt *);

/* --- byte streams -------------------------------------------------------------- */

/*
 * A connection of its own to an endpoint, for TCP.  alpn: NULL-terminated.
 * done is called once, later: conn (owned by the callee) or a failure.
 */
struct connector;
struct connector *connector_start(struct upstream *, const struct cluster *,
    const struct endpoint *, const char *const *alpn,
    void (*done)(void *arg, struct conn *, enum response_flag, const char *details),
    void *arg);
void connector_cancel(struct connector *);
/*
 * The first thing on a new connection: to an endpoint that is to be told for whom
 * it is, and is no member of the mesh, this header of PROXY protocol; empty: one
 * that says for nobody.
 */
void upstream_announce(const struct cluster *, const struct endpoint *,
    struct conn *, struct slice header);
/* Counts of a TCP session begin with the pick and end here. */
void endpoint_session_begin(const struct endpoint *);
void endpoint_session_end(struct endpoint_state *);

#endif
