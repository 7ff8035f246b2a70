#include "modes/proxy/router_run.h"

/*
 * A rival is a try that went on for longer than try_ms, beside the one under
 * way: whichever is answered first is the one that counts.  It has sent all of
 * the request.
 */
struct rival {
	struct list             link;	/* in ruled->rivals */
	struct router          *router;
	struct attempt         *attempt;
	struct stream          *stream;
	const struct conn_peer *peer;
	uint64_t                sent_us;
	bool                    retry_counted;
};

static void
drop(struct rival *v, enum attempt_result result, enum stream_error error)
{
	list_remove(&v->link);
	attempt_finish(v->attempt, result, error);
	if (v->retry_counted)
		cluster_retry_end(v->router->cluster);
}

/* The rival is the try under way from now on; there is none at the moment. */
static void
promote(struct rival *v)
{
	struct router *r = v->router;

	list_remove(&v->link);
	loop_timer_stop(&r->ruled->pause);
	/* Nobody is left to whom it has to be sent. */
	flow_discharge(l7_flow(r->ctx, DIR_UP), buf_len(&r->pending));
	buf_move(&r->replay, &r->pending);
	r->attempt = v->attempt;
	r->stream = v->stream;
	r->peer = v->peer;
	r->retry_counted = v->retry_counted;
	stream_set_owner(r->stream, &router_stream_events, r);
	router_note_endpoint(r);
	router_await_answer(r);
	r->sent_us = v->sent_us;
}

/* --- events of a rival's stream ------------------------------------------------- */

static void
on_head(void *owner, struct http_head *head, bool end)
{
	struct rival *v = owner;
	struct router *r = v->router;

	attempt_answered(v->attempt, head->status);
	if (router_takes_status(r, head, end)) {
		drop(v, ATTEMPT_FAILED, STREAM_OK);
		return;
	}
	router_drop_attempt(r, ATTEMPT_OUTRUN, STREAM_CANCEL);
	promote(v);
	router_take_head(r, head, end);
}

static void
on_reset(void *owner, enum stream_error error)
{
	drop(owner, ATTEMPT_FAILED, error);
}

/* What follows a head goes to the router. */
static const struct stream_events rival_events = {
	.on_head = on_head, .on_reset = on_reset,
};

/* --- from the router ------------------------------------------------------------- */

/* All of it was sent, may be sent again, and nothing came back. */
static bool
may_have_rivals(const struct router *r)
{
	const struct retry_settings *s = &r->cluster->retry;

	return s->hedges && (s->unsafe || router_is_idempotent(r)) &&
	    r->stream != NULL && r->ended && !r->no_replay && !r->answered &&
	    !r->is_tunnel && r->request->upgrade.len == 0;
}

bool
router_hedge(struct router *r)
{
	struct rival *v;

	if (!may_have_rivals(r))
		return false;
	if (r->cluster->len < 2 || !router_has_attempts_left(r) ||
	    router_take_budget(r) != BUDGET_TAKEN)
		return true;
	v = arena_zalloc(l7_arena(r->ctx), sizeof(*v));
	*v = (struct rival){
		.router = r, .attempt = r->attempt, .stream = r->stream,
		.peer = r->peer, .sent_us = r->sent_us,
		.retry_counted = r->retry_counted,
	};
	list_append(&r->ruled->rivals, &v->link);
	stream_set_owner(v->stream, &rival_events, v);
	r->attempt = NULL;
	r->stream = NULL;
	r->retry_counted = true;
	router_rewind(r, "hedge");
	router_start_attempt(r);
	return true;
}

bool
router_fall_back(struct router *r)
{
	if (r->ruled == NULL || list_is_empty(&r->ruled->rivals))
		return false;
	router_drop_attempt(r, ATTEMPT_FAILED, STREAM_OK);
	promote(list_entry(r->ruled->rivals.next, struct rival, link));
	return true;
}

void
router_drop_rivals(struct router *r, enum attempt_result result)
{
	while (r->ruled != NULL && !list_is_empty(&r->ruled->rivals))
		drop(list_entry(r->ruled->rivals.next, struct rival, link),
		    result, STREAM_CANCEL);
}
