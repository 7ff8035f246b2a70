#ifndef PROXY_ROUTER_RUN_H
#define PROXY_ROUTER_RUN_H

#include "modes/proxy/affinity.h"
#include "modes/proxy/router.h"
#include "modes/proxy/try_policy.h"
#include "modes/proxy/worker.h"

/*
 * router_run: the insides of the router, shared by router.c (life of an
 * exchange, rules, mirrors, what comes from the caller), router_try.c (its
 * tries, one after the other), router_retry.c (whether there is another),
 * router_hedge.c (tries beside each other) and router_tunnel.c (what it is after
 * an upgrade).
 */
#define TRIED_MAX	8	/* endpoints that the next try avoids */

/* What only an exchange has that a rule took, or that is retried as asked. */
struct ruled {
	struct try_policy policy;
	struct list       rivals;	/* of router_hedge.c; the elder first */
	struct loop_timer whole, each, pause;
	uint64_t          until_us;	/* of whole, on the loop's clock; 0: never */
	bool              has_deadline;	/* the caller gave one, by gRPC */
	bool              is_deadline_first;	/* and until_us is that */
	struct buf        copy;		/* of the body, for mirrors */
	bool              is_mirrored;	/* there are mirrors, and it fits */
};

struct router {
	struct l7_ctx     *ctx;
	struct router_job *job;
	struct upstream   *up;
	struct cluster    *cluster;	/* the job's */
	const struct retry_settings *retry;	/* of ruled, or the cluster's */
	struct attempt    *attempt;
	struct stream     *stream;	/* upstream, once connected */
	const struct conn_peer *peer;	/* of that */
	struct http_head  *request, *outgoing;	/* as it came, as it is sent */
	struct loop_timer  timer;
	struct buf         pending;	/* came before the stream was there */
	struct buf         replay;	/* the same blocks, kept for a retry */
	struct http_fields *trailers;
	struct ruled      *ruled;	/* NULL: no rule */
	struct tunnel     *tunnel;	/* NULL: it is none */
	const struct endpoint_state *tried[TRIED_MAX];
	struct affinity    affinity;	/* which endpoints suit the request */
	struct sticky     *sticky;	/* NULL: it has no session */
	uint64_t           sent_us;
	int                attempts;
	int                status;	/* of the service's answer */
	bool               ended, head_end;
	bool               no_replay;	/* too much was sent to repeat it */
	bool               answered;	/* a head came */
	bool               has_failed;	/* and it ended as no endpoint should */
	bool               retry_counted, is_tunnel;
	bool               was_stale;	/* a connection that was idle ended */
	bool               is_over_rate;	/* of retries, just now: 503 */
};

/* --- router.c ---------------------------------------------------------------------- */

bool router_is_late(const struct router *);	/* until_us has come */
void router_expire(struct router *);

/* --- router_try.c ------------------------------------------------------------------ */

/* What is sent, the same for all tries.  False: it cannot be sent. */
bool router_make_outgoing(struct router *);
void router_start_attempt(struct router *);
/* A head came: the try is over, or it is the answer. */
void router_take_head(struct router *, struct http_head *, bool end);
/* The endpoint of the attempt under way goes into the summary. */
void router_note_endpoint(struct router *);
extern const struct stream_events router_stream_events;
void router_send_body(struct router *, struct buf *, bool end);
void router_await_answer(struct router *);	/* the request was sent */
void router_await_body(struct router *);	/* more of one, of either */
/* Whether that status of gRPC is a failure of the endpoint. */
bool router_blames(const struct router *, int status);
void router_drop_attempt(struct router *, enum attempt_result,
    enum stream_error);
void router_stop_clocks(struct router *);
/* Answers for the service that did not, or breaks an answer off. */
void router_give_up(struct router *, enum attempt_result, enum response_flag,
    const char *details);
void router_fail(struct router *, enum response_flag, const char *details);

/* --- router_retry.c ---------------------------------------------------------------- */

/*
 * Tries a request again of which something may have been sent; nothing of the
 * answer was passed on.  False: no more tries, or no budget for them.
 */
bool router_try_again(struct router *, enum stream_error, const char *reason,
    uint64_t least_ms);
/* The same where such an answer, or end, is one that is tried again. */
bool router_try_again_for(struct router *, const struct http_head *, bool end);
bool router_try_again_for_reset(struct router *, enum stream_error);
bool router_is_idempotent(const struct router *);
bool router_has_attempts_left(const struct router *);
/* Counts a retry to begin, which router_drop_attempt ends, unless it may not. */
enum router_budget { BUDGET_TAKEN, BUDGET_BUSY, BUDGET_OVER_RATE };
enum router_budget router_take_budget(struct router *);
/* What was sent is to be sent again, in front of what was not. */
void router_rewind(struct router *, const char *reason);
/* Whether a call of gRPC is tried again that would end in this status of ours. */
bool router_takes_grpc(const struct router *, int status);
/* Whether an answer is none: what it says is tried again. */
bool router_takes_status(const struct router *, const struct http_head *, bool end);

/* --- router_hedge.c ---------------------------------------------------------------- */

/*
 * The try under way took too long: lets it go on, with another one beside it if
 * there may be one.  False: it cannot go on beside another.
 */
bool router_hedge(struct router *);
/* The try under way is lost: goes on with one beside it.  False: there is none. */
bool router_fall_back(struct router *);
void router_drop_rivals(struct router *, enum attempt_result);

/* --- router_tunnel.c --------------------------------------------------------------- */

/* Whether the service may be asked for the protocol that the request names. */
bool router_may_upgrade(const struct router *);
/* begin -> moved, for bytes either way ... -> stop -> end. */
void router_tunnel_begin(struct router *);
void router_tunnel_moved(struct router *);
void router_tunnel_stop(struct router *);	/* its clock; if it is one */
void router_tunnel_end(struct router *);	/* counts the rest; if it is one */

#endif
