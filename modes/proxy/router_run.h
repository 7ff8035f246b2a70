#ifndef PROXY_ROUTER_RUN_H
#define PROXY_ROUTER_RUN_H

#include "modes/proxy/affinity.h"
#include "modes/proxy/router.h"
#include "modes/proxy/try_policy.h"
#include "modes/proxy/worker.h"

/*
 * router_run: the insides of the router, shared by router.c (life of an
 * exchange, rules, mirrors, what comes from the caller) and router_try.c (its
 * tries, one after the other).
 */
#define TRIED_MAX	8	/* endpoints that the next try avoids */

/* What only an exchange that a rule took has. */
struct ruled {
	struct try_policy policy;
	struct loop_timer whole, each, pause;
	uint64_t          until_ms;	/* with policy.request_ms */
	struct buf        copy;		/* of the body, for mirrors */
	bool              is_mirrored;	/* there are mirrors, and it fits */
};

struct router {
	struct l7_ctx     *ctx;
	struct router_job *job;
	struct upstream   *up;
	struct cluster    *cluster;	/* the job's */
	struct lookup      lookup;
	struct attempt    *attempt;
	struct stream     *stream;	/* upstream, once connected */
	struct http_head  *request, *outgoing;	/* as it came, as it is sent */
	struct loop_timer  timer;
	struct buf         pending;	/* came before the stream was there */
	struct buf         replay;	/* the same blocks, kept for a retry */
	struct http_fields *trailers;
	struct ruled      *ruled;	/* NULL: no rule */
	const struct endpoint_state *tried[TRIED_MAX];
	struct affinity    affinity;	/* which endpoints suit the request */
	uint64_t           sent_us;
	int                attempts;
	int                status;	/* of the service's answer */
	bool               looking, ended, head_end;
	bool               no_replay;	/* too much was sent to repeat it */
	bool               answered;	/* a head came */
	bool               retry_counted, is_tunnel;
};

/* --- router_try.c ------------------------------------------------------------------ */

/* What is sent, the same for all tries.  False: it cannot be sent. */
bool router_make_outgoing(struct router *);
void router_start_attempt(struct router *);
/*
 * Tries a request again of which something may have been sent; nothing of the
 * answer was passed on.  False: no more tries, or no budget for them.
 */
bool router_try_again(struct router *, enum stream_error, const char *reason,
    uint64_t least_ms);
bool router_has_stanza(const struct router *);
void router_send_body(struct router *, struct buf *, bool end);
void router_await_answer(struct router *);	/* the request was sent */
void router_drop_attempt(struct router *, enum attempt_result,
    enum stream_error);
void router_stop_clocks(struct router *);
/* Answers for the service that did not, or breaks an answer off. */
void router_give_up(struct router *, enum attempt_result, enum response_flag,
    const char *details);
void router_fail(struct router *, enum response_flag, const char *details);

#endif
