#ifndef CHAIN_L4_H
#define CHAIN_L4_H

#include "chain/filter.h"
#include "chain/worker_env.h"
#include "net/conn.h"

/*
 * l4: runs the L4 chain of one connection.
 *
 * Life: l4_start (takes over the conn's events) -> each filter's open, then
 *       the terminal's -> bytes both ways -> closes, once, in reverse
 *       -> the run is freed at the end of the turn.
 *
 * Bytes up: conn -> filters forward -> terminal.  Bytes down: l4_send by the
 * terminal -> filters in reverse -> conn.  A filter that holds freezes its
 * direction; what arrives meanwhile waits in front of the whole chain.
 */
struct l4_run;

/* What stands at the end of a chain: bytes (session) or exchanges (http). */
struct l4_terminal {
	const char *name;
	/* Gives the terminal's state; NULL refuses (arg is the terminal's then). */
	void *(*open)(void *arg, struct l4_run *);
	/* Takes what it can use of the bytes; what stays is offered again. */
	void  (*bytes)(void *state, struct buf *, bool end);
	void  (*drained)(void *state);	/* l4_send may go on */
	/* The connection is over; the state is the terminal's to free. */
	void  (*close)(void *state, enum close_reason);
	/* The connection ended before open: arg is not used any more.  May be NULL. */
	void  (*refused)(void *arg);
	/* Finish what is under way, begin nothing new, then l4_close.  May be NULL. */
	void  (*drain)(void *state);
};

/* Keeps chain (a ref), env, terminal, arg.  listener: static or interned. */
struct l4_run *l4_start(struct l4_chain *, struct conn *, struct worker_env *,
    const char *listener, const struct l4_terminal *, void *arg);

/* --- for terminals ------------------------------------------------------ */

/* Takes all bytes; false: wait for drained.  end: our side ends after them. */
bool l4_send(struct l4_run *, struct buf *, bool end);
/*
 * Another terminal goes on with the connection and with the bytes that this one
 * left, which are offered before it returns.  The caller, whose state this was,
 * is told nothing any more: it frees itself first.
 */
void l4_become(struct l4_run *, const struct l4_terminal *, void *arg);
/* Offers bytes that the terminal left, and what came since, once more. */
void l4_pull(struct l4_run *);
/* Stop and restart bytes up. */
void l4_pause(struct l4_run *);
void l4_resume_up(struct l4_run *);
/* Ends the connection; with linger the bytes sent so far still arrive. */
void l4_close(struct l4_run *, enum close_reason);
void l4_close_linger(struct l4_run *, enum close_reason);
void l4_abort(struct l4_run *, enum close_reason);	/* the peer sees a reset */
struct conn *l4_conn(struct l4_run *);
struct worker_env *l4_env(struct l4_run *);
const char *l4_listener(const struct l4_run *);
const struct l4_terminal *l4_terminal_of(const struct l4_run *);
struct flow *l4_flow(struct l4_run *);	/* sum of the connection's streams */
bool l4_is_closed(const struct l4_run *);
/* Whether a filter of the chain looks at bytes. */
bool l4_reads_bytes(const struct l4_run *);

/* --- for filters ---------------------------------------------------------- */

struct l4_ctx {
	struct l4_run *run;
	void          *state;	/* state_size bytes, zeroed */
	const void    *shared;	/* what configure made */
	int            index;
};

const struct conn_peer *l4_peer(struct l4_ctx *);
/* Continues a held direction at the next filter, later in this turn. */
void l4_resume(struct l4_ctx *, enum dir);
/* The hook that runs next should return STOP. */
void l4_filter_close(struct l4_ctx *, enum close_reason);

#endif
