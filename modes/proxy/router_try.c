#include "chain/grpc.h"
#include "chain/grpc_timeout.h"
#include "chain/proxy_status.h"
#include "modes/proxy/announce.h"
#include "modes/proxy/egress.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/refuse.h"
#include "modes/proxy/router_run.h"
#include "modes/proxy/rule_filters.h"
#include "modes/proxy/sticky.h"

#define DETAILS_MAX	64	/* bytes that another proxy says */

/* --- ends ------------------------------------------------------------------------ */

void
router_drop_attempt(struct router *r, enum attempt_result result,
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

void
router_stop_clocks(struct router *r)
{
	loop_timer_stop(&r->timer);
	router_tunnel_stop(r);
	if (r->ruled == NULL)
		return;
	loop_timer_stop(&r->ruled->whole);
	loop_timer_stop(&r->ruled->each);
	loop_timer_stop(&r->ruled->pause);
}

void
router_give_up(struct router *r, enum attempt_result result,
    enum response_flag flag, const char *details)
{
	router_drop_rivals(r, result);
	router_drop_attempt(r, result, STREAM_CANCEL);
	router_stop_clocks(r);
	if (l7_has_responded(r->ctx))
		l7_abort(r->ctx, flag, details);
	else if (flag == FLAG_UF && l7_summary(r->ctx)->is_own &&
	    refuse_is_own(l7_env(r->ctx)->mode))
		l7_reply(r->ctx, response_flag_status(flag), flag,
		    REFUSE_OWN_DETAILS, SLICE(REFUSE_OWN_BODY));
	else
		l7_reply(r->ctx, response_flag_status(flag), flag, details,
		    SLICE_NONE);
}

void
router_fail(struct router *r, enum response_flag flag, const char *details)
{
	router_give_up(r, ATTEMPT_FAILED, flag, details);
}

/* --- events of the upstream stream -------------------------------------------------- */

/* By as little time as they like, strangers could eject any endpoint. */
bool
router_blames(const struct router *r, int status)
{
	return grpc_is_failure(status) && (status != GRPC_DEADLINE_EXCEEDED ||
	    r->ruled == NULL || !r->ruled->is_deadline_first ||
	    l7_summary(r->ctx)->is_own);
}

/* What others say by 429 and 500, gRPC says at the end of an answer. */
static void
note_grpc(struct router *r, const struct http_fields *last)
{
	int status = l7_summary(r->ctx)->is_grpc ? grpc_status_read(last) :
	    GRPC_NONE;

	if (r->attempt != NULL && status == GRPC_RESOURCE_EXHAUSTED)
		attempt_penalise(r->attempt);
	r->has_failed = router_blames(r, status);
}

/* Why a proxy of the mesh answered in place of the application that it is for. */
static void
note_details(struct l7_ctx *ctx, const struct http_head *head)
{
	struct l7_summary *s = l7_summary(ctx);
	struct slice details;

	if (head->status < 400 || s->upstream_id.len == 0)
		return;
	details = proxy_status_details(http_fields_find(&head->fields,
	    SLICE("proxy-status")));
	if (details.len > 0 && details.len <= DETAILS_MAX)
		s->details = arena_printf(l7_arena(ctx), "via_upstream[%.*s]",
		    SLICE_ARG(details));
}

void
router_take_head(struct router *r, struct http_head *head, bool end)
{
	struct l7_summary *s = l7_summary(r->ctx);

	attempt_answered(r->attempt, head->status);
	r->has_failed = false;
	if (end)
		note_grpc(r, &head->fields);
	if (router_try_again_for(r, head, end))
		return;
	router_drop_rivals(r, ATTEMPT_OUTRUN);
	note_details(r->ctx, head);
	r->answered = true;
	r->status = head->status;
	buf_fini(&r->replay);
	if (r->ruled != NULL)
		loop_timer_stop(&r->ruled->each);
	/* Whose request was not whole yet was not waited for. */
	if (r->sent_us > 0)
		s->upstream_us = loop_now_us(l7_loop(r->ctx)) - r->sent_us;
	if (end)
		loop_timer_stop(&r->timer);
	else
		router_await_body(r);
	if (r->stream != NULL && r->stream->is_tunnel) {
		r->is_tunnel = true;
		r->ended = false;
		router_stop_clocks(r);
		l7_tunnel(r->ctx);
		router_tunnel_begin(r);
	}
	if (r->job->choice != NULL)
		rule_response(r->job->choice, l7_arena(r->ctx), r->request, head);
	if (r->sticky != NULL)
		sticky_answer(r->sticky, l7_arena(r->ctx), r->request,
		    s->upstream_host, s->start_wall_us / 1000000, head);
	affinity_answer(&r->affinity, head);
	l7_respond_head(r->ctx, head, end);
}

static void
on_head(void *owner, struct http_head *head, bool end)
{
	router_take_head(owner, head, end);
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

	if (r->tunnel != NULL)
		router_tunnel_moved(r);
	else if (end)
		loop_timer_stop(&r->timer);
	else
		router_await_body(r);
	l7_respond_body(r->ctx, b, end);
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	struct router *r = owner;

	note_grpc(r, t);
	loop_timer_stop(&r->timer);
	l7_respond_trailers(r->ctx, t);
}

static void
on_drained(void *owner)
{
	struct router *r = owner;

	if (!r->ended && !r->is_tunnel)
		router_await_body(r);
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
fail_reset(struct router *r, enum stream_error error)
{
	/* As "gRPC over HTTP2", section Errors, has it, for what is no loss. */
	if (error == STREAM_CANCEL)
		l7_summary(r->ctx)->grpc_status = GRPC_CANCELLED;
	router_fail(r, flag_of(error), stream_error_name(error));
}

static void
on_reset(void *owner, enum stream_error error)
{
	struct router *r = owner;

	/* The service may keep the time that it was told before our clock does. */
	if (router_is_late(r)) {
		router_expire(r);
		return;
	}
	if (router_try_again_for_reset(r, error))
		return;
	if (r->answered || !router_fall_back(r))
		fail_reset(r, error);
}

const struct stream_events router_stream_events = {
	.on_head = on_head, .on_info = on_info, .on_body = on_body,
	.on_trailers = on_trailers, .on_drained = on_drained,
	.on_reset = on_reset,
};

/* --- sending ------------------------------------------------------------------------ */

void
router_await_answer(struct router *r)
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

void
router_await_body(struct router *r)
{
	if (r->ruled != NULL && r->ruled->has_deadline)
		loop_timer_stop(&r->timer);
	else
		loop_timer_start(&r->timer, r->cluster->body_idle_ms);
}

void
router_send_body(struct router *r, struct buf *b, bool end)
{
	if (!r->no_replay && !r->answered && buf_len(b) > 0) {
		if (buf_len(&r->replay) + buf_len(b) >
		    r->retry->body_limit) {
			r->no_replay = true;
			buf_fini(&r->replay);
		} else {
			buf_share(&r->replay, b);
		}
	}
	if (r->stream != NULL && (buf_len(b) > 0 || end))
		stream_send_body(r->stream, b, end);
}

bool
router_make_outgoing(struct router *r)
{
	struct http_head *h = arena_alloc(l7_arena(r->ctx), sizeof(*h));
	const struct http_head *from = r->request;

	if (r->job->choice != NULL)
		from = rule_request(r->job->choice, l7_arena(r->ctx), r->request);
	if (from == NULL)
		return false;
	*h = *from;
	h->is_absolute = false;
	/* Servers want to hear it, which HTTP/1.1 on the way does not carry. */
	h->takes_trailers |= l7_summary(r->ctx)->is_grpc;
	if (!r->job->is_inbound && !router_may_upgrade(r))
		h->upgrade = SLICE_NONE;
	r->outgoing = h;
	if (!r->job->is_inbound && r->job->source.len > 0)
		http_fields_set_id(&h->fields, FIELD_MESH_SOURCE,
		    r->job->source);
	egress_address(r->cluster, r->request, h, l7_arena(r->ctx));
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

	if (r->job->choice == NULL && !r->job->is_moved)
		return;
	if (attempt_endpoint(r->attempt)->id.len > 0)
		http_fields_set_id(f, FIELD_MESH_HOST, r->outgoing->host);
	else
		http_fields_remove_id(f, FIELD_MESH_HOST);
}

/* Where bytes tell what is spoken, the link's own version says nothing. */
static void
name_version(struct router *r)
{
	struct http_fields *f = &r->outgoing->fields;

	if (r->cluster->is_h2 && attempt_endpoint(r->attempt)->id.len > 0)
		http_fields_set_id(f, FIELD_MESH_VERSION, SLICE("2"));
	else
		http_fields_remove_id(f, FIELD_MESH_VERSION);
}

/* Who asks for tries is told which one this is. */
static void
number_try(struct router *r)
{
	if (r->retry->is_asked)
		http_fields_set(&r->outgoing->fields, SLICE("x-attempt-count"),
		    slice_str(arena_printf(l7_arena(r->ctx), "%d",
		    r->attempts)));
}

/* What is left of the time, for whoever does the work now. */
static void
tell_deadline(struct router *r)
{
	uint64_t now_us = loop_now_us(l7_loop(r->ctx));

	if (r->ruled != NULL && r->ruled->until_us > 0 &&
	    l7_summary(r->ctx)->is_grpc)
		grpc_timeout_set(&r->outgoing->fields, r->ruled->until_us >
		    now_us ? r->ruled->until_us - now_us : 0);
}

void
router_note_endpoint(struct router *r)
{
	struct l7_summary *s = l7_summary(r->ctx);
	const struct endpoint *e = attempt_endpoint(r->attempt);
	struct arena *a = l7_arena(r->ctx);

	/* The endpoint belongs to the cluster, which the job keeps. */
	s->upstream_host = e->host;
	s->workload = e->workload;
	s->connect_us = attempt_connect_us(r->attempt);
	s->is_upstream_tls = r->peer->is_tls;
	if (r->peer->id[0] != '\0')
		s->upstream_id = arena_dup(a, slice_str(r->peer->id));
}

static void
on_stream(void *owner, struct stream *st, const struct conn_peer *peer,
    bool reused)
{
	struct router *r = owner;
	bool body_end = r->ended && r->trailers == NULL;

	(void)reused;
	r->stream = st;
	r->peer = peer;
	st->flow = l7_flow(r->ctx, DIR_UP);
	stream_set_owner(st, &router_stream_events, r);
	router_note_endpoint(r);
	name_host(r);
	name_version(r);
	number_try(r);
	tell_deadline(r);
	stream_send_head(st, r->outgoing, r->head_end);
	if (!r->head_end && (buf_len(&r->pending) > 0 || body_end)) {
		struct buf b = { 0 };

		flow_discharge(st->flow, buf_len(&r->pending));
		buf_move(&b, &r->pending);
		router_send_body(r, &b, body_end);
		buf_fini(&b);
	}
	if (r->stream != NULL && r->trailers != NULL)
		stream_send_trailers(r->stream, r->trailers);
	if (r->ended)
		router_await_answer(r);
	else
		router_await_body(r);
}

static void
on_attempt_failed(void *owner, enum response_flag flag, const char *details)
{
	struct router *r = owner;

	/* A limit of ours is as full for the next try, and let none begin. */
	if (flag == FLAG_UO)
		r->attempts--;
	else if ((retry_takes_connect(r->retry) || router_takes_grpc(r,
	    grpc_status_of_http(response_flag_status(flag)))) &&
	    router_try_again(r, STREAM_OK, details, 0))
		return;
	if (!router_fall_back(r))
		router_fail(r, flag, details);
}

static const struct attempt_events attempt_events = {
	.on_stream = on_stream, .on_failed = on_attempt_failed,
};

/* Where the session is, for the first try; NULL: anywhere. */
static const struct endpoint *
session_endpoint(const struct router *r)
{
	return r->sticky == NULL || r->attempts > 0 ? NULL :
	    r->sticky->endpoint;
}

void
router_start_attempt(struct router *r)
{
	struct pick p = {
		.avoid = r->tried, .avoid_len = (size_t)(r->attempts <
		    TRIED_MAX ? r->attempts : TRIED_MAX),
		.now_ms = loop_now_ms(l7_loop(r->ctx)),
		.hash = r->affinity.hash, .has_hash = r->affinity.has_hash,
		.subset = r->affinity.subset,
	};
	const struct endpoint *e = session_endpoint(r);

	if (e == NULL)
		e = cluster_pick(r->cluster, &p);
	if (e == NULL && router_fall_back(r))
		return;
	if (e == NULL) {
		if (r->cluster->is_unresolved)
			router_fail(r, FLAG_DF, "dns_failed");
		else
			router_fail(r, FLAG_UH, "no_endpoint");
		return;
	}
	r->tried[r->attempts++ % TRIED_MAX] = e->state;
	l7_summary(r->ctx)->attempts = r->attempts;
	const struct attempt_order order = {
		.cluster = r->cluster, .endpoint = e,
		.arena = l7_arena(r->ctx),
		.is_idempotent = router_is_idempotent(r),
		.is_wary = r->was_stale,
		.announcement = announce_exchange(r->ctx, r->cluster),
	};

	if (r->ruled != NULL && r->ruled->policy.try_ms > 0)
		loop_timer_start(&r->ruled->each, r->ruled->policy.try_ms);
	r->attempt = attempt_start(r->up, &order, &attempt_events, r);
}
