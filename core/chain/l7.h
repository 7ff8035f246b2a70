#ifndef CHAIN_L7_H
#define CHAIN_L7_H

#include "chain/filter.h"
#include "chain/l4.h"
#include "http/stream.h"

/*
 * l7: runs the L7 chain of one exchange.
 *
 * Life: l7_start (a server stream) -> listener's route() picks chains and terminal
 *       before any filter runs -> head, body, trailers up through the filters
 *       to the terminal -> its l7_respond_* down, in reverse through entered
 *       filters -> done of those, once -> the stream's arena is freed.
 *
 * HOLD freezes a direction at a filter.  What arrives meanwhile waits in front of
 * the chain, charged to the stream's flow: at FLOW_HIGH its source is paused.
 */
struct l7_run;

struct l7_terminal {
	const char *name;
	size_t      state_size;	/* zeroed, in the stream's arena */
	void (*head)(struct l7_ctx *, struct http_head *, bool end);
	void (*body)(struct l7_ctx *, struct buf *, bool end);
	void (*trailers)(struct l7_ctx *, struct http_fields *);
	/* The caller's side is slow (true) or can take more (false). */
	void (*pause)(struct l7_ctx *, bool paused);
	/* The caller is gone or a filter replied: give up, no l7_respond now. */
	void (*cancel)(struct l7_ctx *);
	/* The exchange is over; called once if the terminal was entered. */
	void (*done)(struct l7_ctx *, const struct l7_summary *);
};

/* Which chain an exchange runs; set by the listener's route(). */
struct l7_route {
	struct l7_chain          *chain;	/* a ref is taken */
	struct l7_chain          *behind[5];	/* then these, a ref of each */
	int                       behind_len;
	const struct l7_terminal *terminal;
	void                     *terminal_arg;	/* kept for the exchange's life */
	void                    (*release)(void *terminal_arg);	/* may be NULL */
	/* For l7_aside.h: another for the same, in that arena; NULL: none. */
	void                   *(*again)(const void *terminal_arg,
				    struct arena *);
};

/* What a listener decides for its exchanges. */
struct l7_listener {
	const char *name;
	/* Never fails: answers by a terminal when nothing matches. */
	void (*route)(void *arg, struct l7_ctx *, struct http_head *,
	    struct l7_route *);
	/* An unparsable request: for log and counters; fields of its answer. */
	void (*bad_request)(void *arg, struct l4_run *, int status, const char *why);
	void (*refusal)(void *arg, struct http_head *, const char *why);
	void *arg;
};

/* Whoever holds the connection: each is called once per exchange, in order. */
struct l7_owner_ops {
	void (*request_ended)(void *arg);	/* or will not end any more */
	void (*finished)(void *arg);
	void (*tunnelled)(void *arg);	/* before; may be NULL */
};

/* Becomes the stream's owner; keeps the listener, the run and ops. */
void l7_start(struct stream *, const struct l7_listener *, struct l4_run *,
    const struct l7_owner_ops *, void *arg);

/* --- for terminals ---------------------------------------------------------- */
void l7_respond_info(struct l7_ctx *, struct http_head *);
void l7_respond_head(struct l7_ctx *, struct http_head *, bool end);
void l7_respond_body(struct l7_ctx *, struct buf *, bool end);
void l7_respond_trailers(struct l7_ctx *, struct http_fields *);
/* For a terminal whose bytes up go into no stream: stop, and start again. */
void l7_block(struct l7_ctx *);
void l7_unblock(struct l7_ctx *);
bool l7_has_responded(const struct l7_ctx *);	/* a head went down */
/* What the bytes queued towards the service are charged to. */
struct flow *l7_flow(struct l7_ctx *, enum dir);

/* --- for filters and terminals ------------------------------------------------ */

struct l7_ctx {
	struct l7_run *run;
	void          *state;
	const void    *shared;	/* terminal: terminal_arg */
	int            index;
};

/*
 * Answers from here: goes down through the filters in front of this one.
 * body may be SLICE_NONE (then a short sentence stands for it).  A flag that is
 * an error shows in Proxy-Status (RFC 9209), with details.  From status 400 on
 * callers of gRPC are told by grpc.h.  If a head has gone down already the
 * exchange is aborted instead.  A filter returns STOP then.
 */
void l7_reply(struct l7_ctx *, int status, enum response_flag, const char *details,
    struct slice body);
/* As above with fields of its own; head lives in the arena; takes body. */
void l7_reply_with(struct l7_ctx *, struct http_head *, struct buf *body,
    enum response_flag, const char *details);
/* Breaks it off; the caller sees a truncated or missing answer; gRPC: trailers. */
void l7_abort(struct l7_ctx *, enum response_flag, const char *details);
/* Continues a held direction at the next filter, later in this turn. */
void l7_resume(struct l7_ctx *, enum dir);
/* As that, ms from now; one per filter and exchange. */
void l7_wake_after(struct l7_ctx *, enum dir, uint64_t ms);
/*
 * Puts chains behind this filter, which is the last one and has the request's
 * head; takes a reference of each.  Once per exchange.
 */
void l7_extend(struct l7_ctx *, struct l7_chain *const *, int n);
/*
 * For a filter that still has bytes of a body when the trailers come, in its
 * trailers hook: they go on to the next filter before the trailers do.  Drains
 * b.  A filter further on that collects this direction does not see them.
 */
void l7_emit(struct l7_ctx *, enum dir, struct buf *);
/* From now on both directions are opaque bytes (101, CONNECT). */
void l7_tunnel(struct l7_ctx *);

struct arena *l7_arena(struct l7_ctx *);
struct loop *l7_loop(struct l7_ctx *);
struct worker_env *l7_env(struct l7_ctx *);
struct conn *l7_conn(struct l7_ctx *);		/* downstream; aside: NULL */
const struct conn_peer *l7_peer(struct l7_ctx *);	/* of that, as the next */
const struct addr *l7_addr(struct l7_ctx *, struct addr *room);
const struct addr *l7_local(struct l7_ctx *, struct addr *room);
const char *l7_listener_name(struct l7_ctx *);
const void *l7_terminal_arg(const struct l7_ctx *);	/* of the route */
struct http_head *l7_request(struct l7_ctx *);	/* as it stands now */
struct l7_summary *l7_summary(struct l7_ctx *);
/* A place for what one filter leaves for another or the terminal. */
void *l7_note_get(struct l7_ctx *, const char *key);
void l7_note_set(struct l7_ctx *, const char *key, void *value);

#endif
