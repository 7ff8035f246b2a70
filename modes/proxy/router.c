#include "chain/grpc.h"
#include "chain/grpc.h"
#include "chain/grpc_timeout.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/mirror.h"
#include "modes/proxy/router_run.h"
#include "modes/proxy/sticky.h"
#include "upstream/mismatch.h"

/* --- clocks ------------------------------------------------------------------------- */

static void
on_timer(void *arg)
{
	struct router *r = arg;

	/* Before its end the request waits for the service, or for the caller. */
	bool is_stuck = l7_flow(r->ctx, DIR_UP)->queued > 0;

	if (r->answered)
		router_fail(r, FLAG_SI, "body_idle");
	else if (!r->ended && !is_stuck)
		router_give_up(r, ATTEMPT_CANCELLED, FLAG_SI, "body_idle");
	else
		router_fail(r, FLAG_UT, r->ended ? "response_timeout" : "body_idle");
}

bool
router_is_late(const struct router *r)
{
	return r->ruled != NULL && r->ruled->until_us > 0 &&
	    loop_now_us(l7_loop(r->ctx)) >= r->ruled->until_us;
}

void
router_expire(struct router *r)
{
	bool is_stuck = l7_flow(r->ctx, DIR_UP)->queued > 0;

	/* All of it may have gone by while the caller was sending. */
	bool was_slow = r->ended || is_stuck || r->answered;

	if (!r->ruled->is_deadline_first) {
		router_give_up(r, was_slow ? ATTEMPT_FAILED : ATTEMPT_CANCELLED,
		    FLAG_UT, "request_timeout");
		return;
	}
	router_give_up(r, was_slow && router_blames(r, GRPC_DEADLINE_EXCEEDED) ?
	    ATTEMPT_FAILED : ATTEMPT_CANCELLED, FLAG_DT, "grpc_timeout");
}

static void
on_whole(void *arg)
{
	router_expire(arg);
}

static void
on_each(void *arg)
{
	struct router *r = arg;

	if (router_hedge(r))
		return;
	if (!(retry_takes_timeout(r->retry, router_is_idempotent(r)) ||
	    router_takes_grpc(r, GRPC_DEADLINE_EXCEEDED)) ||
	    !router_try_again(r, STREAM_TIMEOUT, "try_timeout", 0))
		router_fail(r, FLAG_UT, "try_timeout");
}

static void
on_pause(void *arg)
{
	router_start_attempt(arg);
}

/* Of all tries, since the request began. */
static void
begin_whole(struct router *r, int64_t deadline_us)
{
	struct ruled *x = r->ruled;
	uint64_t start_us = l7_summary(r->ctx)->start_us;
	uint64_t now_us = loop_now_us(l7_loop(r->ctx));

	if (x->policy.request_ms > 0)
		x->until_us = start_us + x->policy.request_ms * 1000;
	if (deadline_us >= 0) {
		x->has_deadline = true;
		x->policy.head_ms = 0;
		x->is_deadline_first = x->until_us == 0 ||
		    start_us + (uint64_t)deadline_us < x->until_us;
	}
	if (x->is_deadline_first)
		x->until_us = start_us + (uint64_t)deadline_us;
	if (x->until_us > 0)
		loop_timer_start(&x->whole, x->until_us > now_us ?
		    (x->until_us - now_us + 999) / 1000 : 0);
}

/* deadline_us: of a caller of gRPC; -1: none. */
static void
begin_ruled(struct router *r, int64_t deadline_us)
{
	const struct proxy_worker *w = l7_env(r->ctx)->mode;
	const struct rule_choice *c = r->job->choice;
	struct loop *loop = l7_loop(r->ctx);
	struct ruled *x = arena_zalloc(l7_arena(r->ctx), sizeof(*x));

	r->ruled = x;
	list_init(&x->rivals);
	x->is_mirrored = c != NULL && c->mirrors_len > 0 && overload_level(
	    &w->plane->overload) == OVERLOAD_NONE;
	try_policy_init(&x->policy, c == NULL ? NULL : c->rule->orders, r->cluster);
	r->retry = &x->policy.retry;
	loop_timer_init(&x->whole, loop, on_whole, r);
	loop_timer_init(&x->each, loop, on_each, r);
	loop_timer_init(&x->pause, loop, on_pause, r);
	begin_whole(r, deadline_us);
}

/* --- rules ---------------------------------------------------------------------------- */

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

/* The rule's, or the service's. */
static void
find_session(struct router *r)
{
	const struct cluster *c = r->cluster;

	if (r->job->choice != NULL)
		r->sticky = r->job->choice->sticky;
	if (r->sticky != NULL || c->session.kind == SESSION_NONE)
		return;
	r->sticky = sticky_begin(&c->session, c->name, l7_arena(r->ctx),
	    r->request, l7_summary(r->ctx)->start_wall_us / 1000000);
	sticky_seek(r->sticky, c);
}

static void
use_cluster(struct router *r, struct cluster *c)
{
	struct l7_summary *s = l7_summary(r->ctx);
	int64_t deadline_us = s->is_grpc ?
	    grpc_timeout_us(&r->request->fields) : -1;

	r->cluster = c;
	s->service = c->service;
	r->retry = &c->retry;
	if (r->job->choice != NULL || c->retry.is_asked || deadline_us >= 0)
		begin_ruled(r, deadline_us);
	if (router_is_late(r)) {
		router_expire(r);
		return;
	}
	find_session(r);
	affinity_find(&r->affinity, r->ctx, c, r->request,
	    r->job->source);
	if (r->affinity.is_refused) {
		l7_reply(r->ctx, 503, FLAG_UH, "no_subset", SLICE_NONE);
		return;
	}
	if (!router_make_outgoing(r)) {
		l7_reply(r->ctx, 500, FLAG_LR, "bad_rewrite", SLICE_NONE);
		return;
	}
	copy_body(r, &r->pending, r->ended);
	router_start_attempt(r);
}

struct cluster *
router_version(struct cluster *c, bool is_h2)
{
	return is_h2 && c->as_h2 != NULL ? c->as_h2 : c;
}

/* --- the terminal ------------------------------------------------------------------ */

/*
 * Whether an application of AUTO is to be asked in HTTP/2.  By ALPN a caller
 * says what itself can do; without, it knows what it calls.
 */
static bool
is_for_h2(const struct router *r, struct l7_ctx *ctx,
    const struct http_head *head)
{
	if (r->job->is_inbound)
		return r->job->is_h2;
	return head->minor == 2 && (!l7_peer(ctx)->is_tls || grpc_is_asked(head));
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
	struct cluster *c = router_version(r->job->cluster,
	    is_for_h2(r, ctx, head));

	if (!r->job->is_inbound && !c->is_h2 && grpc_is_asked(head))
		mismatch_look(l7_env(ctx), c, MISMATCH_CALLER, SPOKEN_HTTP2);
	use_cluster(r, c);
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
	if (r->tunnel != NULL)
		router_tunnel_moved(r);
	router_send_body(r, b, end);
	if (r->stream == NULL || r->is_tunnel)
		return;
	if (end)
		router_await_answer(r);
	else
		router_await_body(r);
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
	router_await_answer(r);
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
			router_await_body(r);
		stream_resume(r->stream);
	}
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

static void
clean(struct router *r, enum attempt_result result, enum stream_error error)
{
	router_stop_clocks(r);
	router_drop_rivals(r, result);
	router_drop_attempt(r, result, error);
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
	clean(r, r->status >= 500 || r->has_failed ? ATTEMPT_FAILED :
	    r->status > 0 ? ATTEMPT_OK : ATTEMPT_CANCELLED, STREAM_OK);
	router_tunnel_end(r);
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

void *
router_job_again(const void *p, struct arena *a)
{
	struct router_job *job = arena_alloc(a, sizeof(*job));

	*job = *(const struct router_job *)p;
	job->source = arena_dup(a, job->source);
	if (job->choice != NULL) {
		job->choice = rule_choice_again(job->choice, a);
		job->cluster = job->choice->cluster;
	} else if (job->cluster != NULL) {
		cluster_ref(job->cluster);
	}
	return job;
}

const struct l7_terminal router_terminal = {
	.name = "router", .state_size = sizeof(struct router),
	.head = router_head, .body = router_body, .trailers = router_trailers,
	.pause = router_pause, .cancel = router_cancel, .done = router_done,
};
