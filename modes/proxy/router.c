#include <string.h>

#include "base/random.h"
#include "chain/l7.h"
#include "modes/proxy/affinity.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/mirror.h"
#include "modes/proxy/router.h"
#include "modes/proxy/rule_filters.h"
#include "modes/proxy/try_policy.h"
#include "modes/proxy/worker.h"
#include "stat/metrics.h"

#define REPLAY_MAX	(64 * 1024)	/* bytes of a body kept for a retry */
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

static void start_attempt(struct router *);

static void
count_retry(struct router *r, const char *reason)
{
	worker_env_count_service(l7_env(r->ctx), METRIC_RETRIES,
	    r->cluster->service, reason, 1);
}

/* --- ends ------------------------------------------------------------------------ */

static void
drop_attempt(struct router *r, enum attempt_result result,
    enum stream_error error)
{
	struct attempt *a = r->attempt;

	r->attempt = NULL;
	r->stream = NULL;
	if (r->ruled != NULL)
		loop_timer_stop(&r->ruled->each);
	if (a != NULL)
		attempt_finish(a, result, error);
	if (r->retry_counted) {
		r->retry_counted = false;
		cluster_retry_end(r->cluster);
	}
}

static void
stop_clocks(struct router *r)
{
	loop_timer_stop(&r->timer);
	if (r->ruled == NULL)
		return;
	loop_timer_stop(&r->ruled->whole);
	loop_timer_stop(&r->ruled->each);
	loop_timer_stop(&r->ruled->pause);
}

static void
drop_bodies(struct router *r)
{
	flow_discharge(l7_flow(r->ctx, DIR_UP), buf_len(&r->pending));
	buf_fini(&r->pending);
	buf_fini(&r->replay);
	if (r->ruled != NULL)
		buf_fini(&r->ruled->copy);
}

/* Answers for the service that did not, or breaks an answer off. */
static void
give_up(struct router *r, enum attempt_result result, enum response_flag flag,
    const char *details)
{
	drop_attempt(r, result, STREAM_CANCEL);
	stop_clocks(r);
	if (l7_has_responded(r->ctx))
		l7_abort(r->ctx, flag, details);
	else
		l7_reply(r->ctx, response_flag_status(flag), flag, details,
		    SLICE_NONE);
}

static void
fail(struct router *r, enum response_flag flag, const char *details)
{
	give_up(r, ATTEMPT_FAILED, flag, details);
}

/* --- once more -------------------------------------------------------------------- */

static bool
has_stanza(const struct router *r)
{
	return r->ruled != NULL && r->ruled->policy.stanza != NULL;
}

static bool
has_attempts_left(const struct router *r)
{
	uint32_t retries = r->ruled != NULL ? r->ruled->policy.retries :
	    r->cluster->retries;

	return r->attempts <= (int)retries;
}

/* How long before the next try, or -1: longer than anybody waits for. */
static int64_t
wait_ms(const struct router *r, uint64_t least_ms)
{
	const struct ruled *x = r->ruled;
	uint64_t now = loop_now_ms(l7_loop(r->ctx)), left, wait;

	if (!has_stanza(r))
		return 0;
	left = x->policy.request_ms == 0 ? r->cluster->response_timeout_ms :
	    x->until_ms > now ? x->until_ms - now : 0;
	wait = try_policy_wait_ms(&x->policy, (uint32_t)r->attempts,
	    random_unit());
	if (wait < least_ms)
		wait = least_ms;
	return least_ms > 0 && left > 0 && wait >= left ? -1 : (int64_t)wait;
}

static void
start_after(struct router *r, int64_t ms)
{
	if (ms > 0)
		loop_timer_start(&r->ruled->pause, (uint64_t)ms);
	else
		start_attempt(r);
}

static bool
has_budget(struct router *r)
{
	if (cluster_retry_begin(r->cluster))
		return true;
	worker_env_count_service(l7_env(r->ctx), METRIC_UPSTREAM_OVERFLOWS,
	    r->cluster->service, "retry_limit", 1);
	return false;
}

/*
 * Tries a request again of which something may have been sent; nothing of the
 * answer was passed on.  False: no more tries, or no budget for them.
 */
static bool
try_again(struct router *r, enum stream_error error, const char *reason,
    uint64_t least_ms)
{
	struct buf all = { 0 };
	int64_t ms = wait_ms(r, least_ms);

	if (r->answered || r->no_replay || ms < 0 || !has_attempts_left(r) ||
	    !has_budget(r))
		return false;
	drop_attempt(r, ATTEMPT_FAILED, error);
	loop_timer_stop(&r->timer);
	r->retry_counted = true;
	/* What was sent is sent again, in front of what was not. */
	flow_charge(l7_flow(r->ctx, DIR_UP), buf_len(&r->replay));
	buf_move(&all, &r->replay);
	buf_move(&all, &r->pending);
	buf_move(&r->pending, &all);
	count_retry(r, reason);
	start_after(r, ms);
	return true;
}

static bool
is_retried_for(struct router *r, const struct http_head *head)
{
	if (!has_stanza(r) ||
	    !try_policy_takes_status(&r->ruled->policy, head->status))
		return false;
	if (try_again(r, STREAM_OK, "status", try_retry_after_ms(
	    http_fields_find(&head->fields, SLICE("retry-after")))))
		return true;
	if (r->attempts > 1)
		l7_summary(r->ctx)->flag = FLAG_URX;
	return false;
}

/* --- events of the upstream stream -------------------------------------------------- */

static void
on_head(void *owner, struct http_head *head, bool end)
{
	struct router *r = owner;
	struct l7_summary *s = l7_summary(r->ctx);

	attempt_answered(r->attempt, head->status);
	if (is_retried_for(r, head))
		return;
	r->answered = true;
	r->status = head->status;
	buf_fini(&r->replay);
	if (r->ruled != NULL)
		loop_timer_stop(&r->ruled->each);
	s->upstream_us = loop_now_us(l7_loop(r->ctx)) - r->sent_us;
	if (end)
		loop_timer_stop(&r->timer);
	else
		loop_timer_start(&r->timer, r->cluster->body_idle_ms);
	if (r->stream != NULL && r->stream->is_tunnel) {
		r->is_tunnel = true;
		r->ended = false;
		stop_clocks(r);
		l7_tunnel(r->ctx);
	}
	if (r->job->choice != NULL)
		rule_response(r->job->choice, l7_arena(r->ctx), r->request, head);
	affinity_answer(&r->affinity, head);
	l7_respond_head(r->ctx, head, end);
}

static void
on_info(void *owner, struct http_head *head)
{
	struct router *r = owner;

	l7_respond_info(r->ctx, head);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct router *r = owner;

	if (end || r->is_tunnel)
		loop_timer_stop(&r->timer);
	else
		loop_timer_start(&r->timer, r->cluster->body_idle_ms);
	l7_respond_body(r->ctx, b, end);
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	struct router *r = owner;

	loop_timer_stop(&r->timer);
	l7_respond_trailers(r->ctx, t);
}

static void
on_drained(void *owner)
{
	struct router *r = owner;

	if (!r->ended && !r->is_tunnel)
		loop_timer_start(&r->timer, r->cluster->body_idle_ms);
}

static bool
is_repeatable(const struct router *r, enum stream_error error, bool reused)
{
	bool is_lost = error == STREAM_CONN_CLOSED || error == STREAM_CONN_RESET;

	if (error == STREAM_REFUSED)
		return true;
	if (has_stanza(r))
		return is_lost;
	/*
	 * A connection that was idle may end just as we use it: the service
	 * never saw the request, or saw one that is safe to repeat.
	 */
	return reused && is_lost &&
	    http_method_is_idempotent(r->request->method_id);
}

static enum response_flag
flag_of(enum stream_error error)
{
	switch (error) {
	case STREAM_PROTOCOL:
	case STREAM_TOO_LARGE:
		return FLAG_UPE;
	case STREAM_CANCEL:
	case STREAM_REFUSED:
	case STREAM_INTERNAL:
		return FLAG_UR;
	case STREAM_TIMEOUT:
		return FLAG_UT;
	default:
		return FLAG_UC;
	}
}

static void
on_reset(void *owner, enum stream_error error)
{
	struct router *r = owner;

	if (!is_repeatable(r, error, attempt_is_reused(r->attempt)) ||
	    !try_again(r, error, stream_error_name(error), 0))
		fail(r, flag_of(error), stream_error_name(error));
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_info = on_info, .on_body = on_body,
	.on_trailers = on_trailers, .on_drained = on_drained,
	.on_reset = on_reset,
};

/* --- sending ------------------------------------------------------------------------ */

static void
await_answer(struct router *r)
{
	if (r->is_tunnel)
		return;
	r->sent_us = loop_now_us(l7_loop(r->ctx));
	if (r->answered)
		return;
	uint64_t ms = r->ruled != NULL ? r->ruled->policy.head_ms :
	    r->cluster->response_timeout_ms;

	if (ms > 0)
		loop_timer_start(&r->timer, ms);
	else
		loop_timer_stop(&r->timer);
}

static void
send_body(struct router *r, struct buf *b, bool end)
{
	if (!r->no_replay && !r->answered && buf_len(b) > 0) {
		if (buf_len(&r->replay) + buf_len(b) > REPLAY_MAX) {
			r->no_replay = true;
			buf_fini(&r->replay);
		} else {
			buf_share(&r->replay, b);
		}
	}
	if (r->stream != NULL && (buf_len(b) > 0 || end))
		stream_send_body(r->stream, b, end);
}

/* The head as the next hop shall see it.  False: it cannot be sent. */
static bool
make_outgoing(struct router *r)
{
	struct http_head *h = arena_alloc(l7_arena(r->ctx), sizeof(*h));
	const struct http_head *from = r->request;

	if (r->job->choice != NULL)
		from = rule_request(r->job->choice, l7_arena(r->ctx), r->request);
	if (from == NULL)
		return false;
	*h = *from;
	h->is_absolute = false;
	r->outgoing = h;
	if (!r->job->is_inbound && r->job->source.len > 0)
		http_fields_set_id(&h->fields, FIELD_MESH_SOURCE,
		    r->job->source);
	return true;
}

/*
 * A route may lead to a service of another name than the host has; that this
 * is meant is told to the sidecar there, and to nobody else.
 */
static void
name_host(struct router *r)
{
	struct http_fields *f = &r->outgoing->fields;

	if (r->job->choice == NULL)
		return;
	if (attempt_endpoint(r->attempt)->id.len > 0)
		http_fields_set_id(f, FIELD_MESH_HOST, r->outgoing->host);
	else
		http_fields_remove_id(f, FIELD_MESH_HOST);
}

static void
note_endpoint(struct router *r, const struct conn_peer *peer)
{
	struct l7_summary *s = l7_summary(r->ctx);
	const struct endpoint *e = attempt_endpoint(r->attempt);
	struct arena *a = l7_arena(r->ctx);

	/* The endpoint belongs to the cluster, which the job keeps. */
	s->upstream_host = e->host;
	s->workload = e->workload;
	s->connect_us = attempt_connect_us(r->attempt);
	if (peer->id[0] != '\0')
		s->upstream_id = arena_dup(a, slice_str(peer->id));
}

static void
on_stream(void *owner, struct stream *st, struct conn_peer *peer, bool reused)
{
	struct router *r = owner;
	bool body_end = r->ended && r->trailers == NULL;

	(void)reused;
	r->stream = st;
	st->flow = l7_flow(r->ctx, DIR_UP);
	stream_set_owner(st, &stream_events, r);
	note_endpoint(r, peer);
	name_host(r);
	stream_send_head(st, r->outgoing, r->head_end);
	if (!r->head_end && (buf_len(&r->pending) > 0 || body_end)) {
		struct buf b = { 0 };

		flow_discharge(st->flow, buf_len(&r->pending));
		buf_move(&b, &r->pending);
		send_body(r, &b, body_end);
		buf_fini(&b);
	}
	if (r->stream != NULL && r->trailers != NULL)
		stream_send_trailers(r->stream, r->trailers);
	if (r->ended)
		await_answer(r);
	else
		loop_timer_start(&r->timer, r->cluster->body_idle_ms);
}

static void
on_attempt_failed(void *owner, enum response_flag flag, const char *details)
{
	struct router *r = owner;

	/* Nothing reached the service: this costs it nothing, so is not limited. */
	if (flag != FLAG_UO && has_attempts_left(r)) {
		drop_attempt(r, ATTEMPT_FAILED, STREAM_OK);
		count_retry(r, details);
		start_after(r, wait_ms(r, 0));
		return;
	}
	fail(r, flag, details);
}

static const struct attempt_events attempt_events = {
	.on_stream = on_stream, .on_failed = on_attempt_failed,
};

static void
start_attempt(struct router *r)
{
	struct pick p = {
		.avoid = r->tried, .avoid_len = (size_t)(r->attempts <
		    TRIED_MAX ? r->attempts : TRIED_MAX),
		.now_ms = loop_now_ms(l7_loop(r->ctx)),
		.hash = r->affinity.hash, .has_hash = r->affinity.has_hash,
		.subset = r->affinity.subset,
	};
	const struct endpoint *e = cluster_pick(r->cluster, &p);

	if (e == NULL) {
		fail(r, FLAG_UH, "no_endpoint");
		return;
	}
	r->tried[r->attempts++ % TRIED_MAX] = e->state;
	l7_summary(r->ctx)->attempts = r->attempts;
	const struct attempt_order order = {
		.cluster = r->cluster, .endpoint = e,
		.arena = l7_arena(r->ctx), .is_idempotent =
		    http_method_is_idempotent(r->request->method_id),
	};

	if (r->ruled != NULL && r->ruled->policy.try_ms > 0)
		loop_timer_start(&r->ruled->each, r->ruled->policy.try_ms);
	r->attempt = attempt_start(r->up, &order, &attempt_events, r);
}

/* --- the terminal --------------------------------------------------------------------- */

static void
on_timer(void *arg)
{
	struct router *r = arg;

	/* Before its end the request waits for the service, or for the caller. */
	bool is_stuck = l7_flow(r->ctx, DIR_UP)->queued > 0;

	if (r->answered)
		fail(r, FLAG_SI, "body_idle");
	else if (!r->ended && !is_stuck)
		give_up(r, ATTEMPT_CANCELLED, FLAG_SI, "body_idle");
	else
		fail(r, FLAG_UT, r->ended ? "response_timeout" : "body_idle");
}

static void
on_whole(void *arg)
{
	struct router *r = arg;
	bool is_stuck = l7_flow(r->ctx, DIR_UP)->queued > 0;

	/* All of it may have gone by while the caller was sending. */
	give_up(r, r->ended || is_stuck || r->answered ? ATTEMPT_FAILED :
	    ATTEMPT_CANCELLED, FLAG_UT, "request_timeout");
}

static void
on_each(void *arg)
{
	struct router *r = arg;

	if (!has_stanza(r) || !try_again(r, STREAM_TIMEOUT, "try_timeout", 0))
		fail(r, FLAG_UT, "try_timeout");
}

static void
on_pause(void *arg)
{
	start_attempt(arg);
}

/* The clocks of a rule; the first runs since the request began. */
static void
begin_ruled(struct router *r)
{
	struct loop *loop = l7_loop(r->ctx);
	struct ruled *x = arena_zalloc(l7_arena(r->ctx), sizeof(*x));
	uint64_t spent_ms = (loop_now_us(loop) - l7_summary(r->ctx)->start_us) /
	    1000;

	r->ruled = x;
	x->is_mirrored = r->job->choice->mirrors_len > 0;
	try_policy_init(&x->policy, r->job->choice->rule->doc, r->cluster);
	loop_timer_init(&x->whole, loop, on_whole, r);
	loop_timer_init(&x->each, loop, on_each, r);
	loop_timer_init(&x->pause, loop, on_pause, r);
	if (x->policy.request_ms == 0)
		return;
	uint64_t left = x->policy.request_ms > spent_ms ?
	    x->policy.request_ms - spent_ms : 0;

	x->until_ms = loop_now_ms(loop) + left;
	loop_timer_start(&x->whole, left);
}

/* More of the body, which mirrors get whole, as soon as it is. */
static void
copy_body(struct router *r, const struct buf *b, bool end)
{
	const struct rule_choice *c = r->job->choice;
	struct ruled *x = r->ruled;

	if (x == NULL || !x->is_mirrored)
		return;
	if (buf_len(&x->copy) + buf_len(b) <= MIRROR_BODY_MAX) {
		buf_share(&x->copy, b);
		for (size_t i = 0; end && i < c->mirrors_len; i++)
			mirror_send(l7_env(r->ctx)->mode, c->mirrors[i],
			    r->outgoing, &x->copy);
		if (!end)
			return;
	}
	x->is_mirrored = false;
	buf_fini(&x->copy);
}

/* What routes answer by themselves. */
static bool
is_answered_here(struct router *r)
{
	const struct rule_choice *c = r->job->choice;

	if (c == NULL || c->status == 0)
		return false;
	rule_choice_reply(r->ctx, c);
	return true;
}

static void
use_cluster(struct router *r, struct cluster *c)
{
	r->cluster = r->job->cluster = c;
	l7_summary(r->ctx)->service = c->service;
	if (r->job->choice != NULL)
		begin_ruled(r);
	affinity_find(&r->affinity, r->ctx, c, r->request);
	if (r->affinity.is_refused) {
		l7_reply(r->ctx, 503, FLAG_UH, "no_subset", SLICE_NONE);
		return;
	}
	if (!make_outgoing(r)) {
		l7_reply(r->ctx, 500, FLAG_LR, "bad_rewrite", SLICE_NONE);
		return;
	}
	copy_body(r, &r->pending, r->ended);
	start_attempt(r);
}

/* Its routes became known together with the service. */
static void
obey_rules(struct router *r, struct cluster *c)
{
	struct proxy_worker *w = l7_env(r->ctx)->mode;
	const struct service_port *p = service_port(snapshot_service(
	    w->snapshot, &r->job->service), r->job->port);

	if (p == NULL || p->rules == NULL) {
		use_cluster(r, c);
		return;
	}
	cluster_unref(c);
	r->job->choice = rules_choose(p->rules, r->ctx, r->request,
	    r->job->port);
	if (!is_answered_here(r))
		use_cluster(r, r->job->choice->cluster);
}

static void
on_lookup(void *arg, enum lookup_answer answer, struct cluster *c)
{
	struct router *r = arg;

	r->looking = false;
	switch (answer) {
	case LOOKUP_FOUND:
		obey_rules(r, c);
		return;
	case LOOKUP_NO_SERVICE:
		l7_reply(r->ctx, 404, FLAG_NR, "no_service", SLICE_NONE);
		return;
	case LOOKUP_NO_PORT:
		l7_reply(r->ctx, 404, FLAG_NR, "no_port", SLICE_NONE);
		return;
	default:
		l7_reply(r->ctx, 503, FLAG_NC, "lookup_timeout", SLICE_NONE);
	}
}

static void
router_head(struct l7_ctx *ctx, struct http_head *head, bool end)
{
	struct router *r = ctx->state;
	union { const void *from; struct router_job *to; } job = { ctx->shared };
	struct proxy_worker *w = l7_env(ctx)->mode;

	r->ctx = ctx;
	r->job = job.to;
	r->up = w->upstream;
	r->request = head;
	r->head_end = r->ended = end;
	loop_timer_init(&r->timer, l7_loop(ctx), on_timer, r);
	if (is_answered_here(r))
		return;
	if (r->job->cluster != NULL) {
		use_cluster(r, r->job->cluster);
		return;
	}
	struct cluster *c = NULL;

	r->lookup.name = r->job->service;
	r->lookup.port = r->job->port;
	r->lookup.done = on_lookup;
	r->lookup.arg = r;
	r->looking = true;
	enum lookup_answer answer = lookup_start(w, &r->lookup, &c);

	if (answer != LOOKUP_WAIT)
		on_lookup(r, answer, c);
}

static void
router_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	struct router *r = ctx->state;

	r->ended |= end;
	copy_body(r, b, end);
	if (r->stream == NULL) {
		flow_charge(l7_flow(ctx, DIR_UP), buf_len(b));
		buf_move(&r->pending, b);
		return;
	}
	send_body(r, b, end);
	if (r->stream == NULL || r->is_tunnel)
		return;
	if (end)
		await_answer(r);
	else
		loop_timer_start(&r->timer, r->cluster->body_idle_ms);
}

static const struct buf no_bytes;

static void
router_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	struct router *r = ctx->state;

	entrance_apply_trailers(t);
	r->ended = true;
	r->trailers = t;
	copy_body(r, &no_bytes, true);
	if (r->stream == NULL)
		return;
	stream_send_trailers(r->stream, t);
	await_answer(r);
}

static void
router_pause(struct l7_ctx *ctx, bool paused)
{
	struct router *r = ctx->state;

	if (r->stream == NULL)
		return;
	if (paused) {
		/* The caller is slow, not the service. */
		loop_timer_stop(&r->timer);
		stream_pause(r->stream);
	} else {
		if (r->answered && !r->is_tunnel)
			loop_timer_start(&r->timer, r->cluster->body_idle_ms);
		stream_resume(r->stream);
	}
}

static void
clean(struct router *r, enum attempt_result result, enum stream_error error)
{
	if (r->looking)
		lookup_cancel(&r->lookup);
	r->looking = false;
	stop_clocks(r);
	drop_attempt(r, result, error);
	drop_bodies(r);
}

static void
router_cancel(struct l7_ctx *ctx)
{
	clean(ctx->state, ATTEMPT_CANCELLED, STREAM_CANCEL);
}

static void
router_done(struct l7_ctx *ctx, const struct l7_summary *s)
{
	struct router *r = ctx->state;

	/* What others made of its answer is not the endpoint's. */
	(void)s;
	clean(r, r->status >= 500 ? ATTEMPT_FAILED : r->status > 0 ? ATTEMPT_OK :
	    ATTEMPT_CANCELLED, STREAM_OK);
}

void
router_job_release(void *p)
{
	struct router_job *job = p;

	if (job->choice == NULL)
		cluster_unref(job->cluster);
	else
		rule_choice_fini(job->choice);	/* it is the choice's */
}

const struct l7_terminal router_terminal = {
	.name = "router", .state_size = sizeof(struct router),
	.head = router_head, .body = router_body, .trailers = router_trailers,
	.pause = router_pause, .cancel = router_cancel, .done = router_done,
};
