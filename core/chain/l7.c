#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "chain/grpc.h"
#include "chain/l7_body.h"
#include "chain/l7_run.h"

/* --- life ---------------------------------------------------------------------- */

/* What its library makes of a call that ended without a status. */
static int
grpc_status_of(const struct l7_summary *s)
{
	if (s->grpc_status != GRPC_NONE)
		return s->grpc_status;
	if (s->status != 0 && s->status != 200)
		return grpc_status_of_http(s->status);
	return s->flag == FLAG_DC ? GRPC_CANCELLED :
	    grpc_status_of_http(response_flag_status(s->flag));
}

static void
run_done(struct l7_run *r)
{
	r->summary.end_us = loop_now_us(r->loop);
	if (r->summary.is_grpc)
		r->summary.grpc_status = grpc_status_of(&r->summary);
	if (r->terminal_entered && r->route.terminal->done != NULL)
		r->route.terminal->done(&r->terminal, &r->summary);
	for (int i = r->entered - 1; i >= 0; i--) {
		struct l7_slot *s = l7_slot(r, i);
		const struct l7_filter *f = s->entry->filter;

		loop_timer_stop(&s->timer);
		if (f->done != NULL)
			f->done(&s->ctx, &r->summary);
	}
}

static void
note_request_end(struct l7_run *r)
{
	if (r->request_ended)
		return;
	r->request_ended = true;
	r->summary.request_end_us = loop_now_us(r->loop);
	r->owner_ops->request_ended(r->owner_arg);
}

/* Deferred, so that no hook or terminal returns into freed memory. */
static void
on_finish(void *arg)
{
	struct l7_run *r = arg;
	struct l7_route route = r->route;
	const struct l7_owner_ops *ops = r->owner_ops;
	void *owner_arg = r->owner_arg;

	note_request_end(r);
	run_done(r);
	/* What the codec still has to send is no longer this exchange's. */
	r->stream->flow = NULL;
	l7_way_fini(r, DIR_UP);
	l7_way_fini(r, DIR_DOWN);
	loop_task_cancel(&r->resume);
	for (int i = 0; i < r->extended_len; i++)
		l7_chain_unref(r->extended[i]);
	if (route.release != NULL)
		route.release(route.terminal_arg);
	stream_close(r->stream, r->close_error);	/* frees r with its arena */
	l7_chain_unref(route.chain);
	for (int i = 0; i < route.behind_len; i++)
		l7_chain_unref(route.behind[i]);
	ops->finished(owner_arg);
}

void
l7_end(struct l7_run *r, enum stream_error error)
{
	if (r->over)
		return;
	r->over = true;
	r->close_error = error;
	loop_defer(r->loop, &r->finish);
}

void
l7_cancel_terminal(struct l7_run *r)
{
	if (!r->terminal_entered || r->terminal_cancelled)
		return;
	r->terminal_cancelled = true;
	r->route.terminal->cancel(&r->terminal);
}

void
l7_way_delivered(struct l7_run *r, enum dir dir)
{
	r->way[dir].delivered = true;
	if (r->over || !r->way[DIR_DOWN].delivered)
		return;
	/* A tunnel ends with both directions, anything else with its answer. */
	if (!r->tunnel || r->way[DIR_UP].delivered)
		l7_end(r, r->way[DIR_UP].ended ? STREAM_OK : STREAM_CANCEL);
}

static void
on_way_flow(struct l7_run *r, enum dir dir, bool is_high)
{
	r->way[dir].is_high = is_high;
	if (r->over)
		return;
	if (dir == DIR_UP && is_high)
		stream_pause(r->stream);
	else if (dir == DIR_UP)
		stream_resume(r->stream);
	else if (r->terminal_entered && !r->terminal_cancelled &&
	    r->route.terminal->pause != NULL)
		r->route.terminal->pause(&r->terminal, is_high);
}

static void
on_flow_up(void *arg, bool is_high)
{
	on_way_flow(arg, DIR_UP, is_high);
}

static void
on_flow_down(void *arg, bool is_high)
{
	on_way_flow(arg, DIR_DOWN, is_high);
}

/* --- events of the downstream stream ---------------------------------------------- */

static void init_slots(struct l7_run *);

void
l7_run_note_request(struct l7_run *r, const struct http_head *head)
{
	struct l7_summary *s = &r->summary;

	s->method = head->method;
	s->authority = head->authority;
	s->path = head->path;
	s->query = head->query;
	s->minor = head->minor;
	s->is_grpc = grpc_is_asked(head);
	s->user_agent = http_fields_get(&head->fields, FIELD_USER_AGENT);
	s->forwarded_for = http_fields_get(&head->fields, FIELD_X_FORWARDED_FOR);
	s->is_personal = http_fields_count(&head->fields, FIELD_COOKIE) +
	    http_fields_count(&head->fields, FIELD_AUTHORIZATION) > 0;
}

static void
on_head(void *owner, struct http_head *head, bool end)
{
	struct l7_run *r = owner;

	r->request = head;
	l7_run_note_request(r, head);
	if (end)
		note_request_end(r);
	r->terminal = (struct l7_ctx){ .run = r, .index = -1 };
	r->listener->route(r->listener->arg, &r->terminal, head, &r->route);
	check(r->route.terminal != NULL && r->route.chain != NULL);
	init_slots(r);
	l7_put_head(r, DIR_UP, head, end);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct l7_run *r = owner;

	r->summary.bytes_up += buf_len(b);
	if (end)
		note_request_end(r);
	l7_put_body(r, DIR_UP, b, end);
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	struct l7_run *r = owner;

	note_request_end(r);
	l7_put_trailers(r, DIR_UP, t);
}

static void
on_drained(void *owner)
{
	/* The flow of the direction has said so already. */
	(void)owner;
}

static void
on_reset(void *owner, enum stream_error error)
{
	struct l7_run *r = owner;

	if (r->over)
		return;
	if (r->summary.flag == FLAG_NONE) {
		bool broke = error == STREAM_PROTOCOL || error == STREAM_TOO_LARGE;

		r->summary.flag = r->env->is_closing ? FLAG_LR :
		    broke ? FLAG_DPE : FLAG_DC;
		r->summary.details = r->env->is_closing ? "drained" :
		    stream_error_name(error);
	}
	l7_cancel_terminal(r);
	l7_end(r, error);
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_drained = on_drained, .on_reset = on_reset,
};

static void
on_resume(void *arg)
{
	struct l7_run *r = arg;
	unsigned mask = r->resume_mask;

	r->resume_mask = 0;
	for (int dir = 0; dir < 2; dir++)
		if (mask & 1u << dir)
			l7_thaw(r, (enum dir)dir);
}

static void
on_timer(void *arg)
{
	struct l7_slot *s = arg;

	l7_resume(&s->ctx, s->timer_dir);
}

static struct l7_slot *
slots_new(struct l7_run *r, int n)
{
	return arena_zalloc(r->stream->arena, (size_t)n *
	    sizeof(struct l7_slot) + 1);
}

void
l7_run_add(struct l7_run *r, const struct l7_entry *e)
{
	struct l7_slot *s = l7_slot(r, r->len);
	size_t size = e->filter->base.state_size;

	s->ctx = (struct l7_ctx){
		r, size ? arena_zalloc(r->stream->arena, size) : NULL,
		e->part->shared, r->len++
	};
	s->entry = e;
	loop_timer_init(&s->timer, r->loop, on_timer, s);
	r->has_info |= e->filter->info != NULL;
}

void
l7_run_add_terminal(struct l7_run *r)
{
	size_t size = r->route.terminal->state_size;

	r->terminal = (struct l7_ctx){
		r, size ? arena_zalloc(r->stream->arena, size) : NULL,
		r->route.terminal_arg, r->len
	};
}

/* The next slots are this chain's, of which we take a reference. */
static void
fill_slots(struct l7_run *r, struct l7_chain *chain)
{
	l7_chain_ref(chain);
	for (int i = 0; i < chain->len; i++) {
		const struct l7_filter *f = chain->v[i].filter;

		if (f->concerns == NULL || f->concerns(r->env))
			l7_run_add(r, &chain->v[i]);
	}
}

static void
init_slots(struct l7_run *r)
{
	r->slots_len = r->route.chain->len;
	for (int i = 0; i < r->route.behind_len; i++)
		r->slots_len += r->route.behind[i]->len;
	r->slots = slots_new(r, r->slots_len);
	fill_slots(r, r->route.chain);
	for (int i = 0; i < r->route.behind_len; i++)
		fill_slots(r, r->route.behind[i]);
	r->slots_len = r->len;
	l7_run_add_terminal(r);
}

void
l7_extend(struct l7_ctx *ctx, struct l7_chain *const *chains, int n)
{
	struct l7_run *r = ctx->run;
	int len = 0;

	if (r->over)
		return;
	check(r->more == NULL && ctx->index == r->len - 1 &&
	    r->entered == r->len && !r->terminal_entered);
	for (int i = 0; i < n; i++)
		len += chains[i]->len;
	r->more = slots_new(r, len);
	r->extended = arena_alloc(r->stream->arena, (size_t)n *
	    sizeof(struct l7_chain *) + 1);
	for (r->extended_len = 0; r->extended_len < n; r->extended_len++) {
		r->extended[r->extended_len] = chains[r->extended_len];
		fill_slots(r, chains[r->extended_len]);
	}
	r->terminal.index = r->len;
}

struct l7_run *
l7_run_new(struct stream *stream, const struct l7_listener *listener,
    struct worker_env *env, struct flow *parent, const struct l7_owner_ops *ops,
    void *arg)
{
	struct l7_run *r = arena_zalloc(stream->arena, sizeof(*r));

	r->stream = stream;
	r->listener = listener;
	r->env = env;
	r->loop = env->loop;
	r->worker = env->index;
	r->owner_ops = ops;
	r->owner_arg = arg;
	r->summary.start_us = loop_now_us(env->loop);
	r->summary.start_wall_us = (int64_t)clock_wall_us();
	r->summary.details = "";
	r->summary.grpc_status = GRPC_NONE;
	l7_way_init(r, DIR_UP);
	l7_way_init(r, DIR_DOWN);
	flow_init(&r->way[DIR_UP].flow, parent, FLOW_HIGH, FLOW_LOW,
	    on_flow_up, r);
	flow_init(&r->way[DIR_DOWN].flow, parent, FLOW_HIGH, FLOW_LOW,
	    on_flow_down, r);
	loop_task_init(&r->finish, on_finish, r);
	loop_task_init(&r->resume, on_resume, r);
	stream->flow = &r->way[DIR_DOWN].flow;
	stream_set_owner(stream, &stream_events, r);
	return r;
}

void
l7_start(struct stream *stream, const struct l7_listener *listener,
    struct l4_run *l4, const struct l7_owner_ops *ops, void *arg)
{
	l7_run_new(stream, listener, l4_env(l4), l4_flow(l4), ops, arg)->l4 = l4;
}

/* --- what filters may do ------------------------------------------------------------ */

void
l7_resume(struct l7_ctx *ctx, enum dir dir)
{
	struct l7_run *r = ctx->run;

	if (r->over)
		return;
	r->resume_mask |= 1u << dir;
	loop_defer(r->loop, &r->resume);
}

void
l7_wake_after(struct l7_ctx *ctx, enum dir dir, uint64_t ms)
{
	struct l7_slot *s = l7_slot(ctx->run, ctx->index);

	s->timer_dir = dir;
	loop_timer_start(&s->timer, ms);
}

void
l7_collect(struct l7_ctx *ctx, enum dir dir, size_t max)
{
	struct l7_way *w = &ctx->run->way[dir];

	check(w->collect < 0);
	w->collect = ctx->index;
	w->collect_max = max;
	w->collects_part = w->collect_whole = false;
}

void
l7_collect_part(struct l7_ctx *ctx, enum dir dir, size_t max)
{
	l7_collect(ctx, dir, max);
	ctx->run->way[dir].collects_part = true;
}

void
l7_tunnel(struct l7_ctx *ctx)
{
	struct l7_run *r = ctx->run;

	/* The request had its end; the tunnel has one more. */
	r->tunnel = true;
	r->way[DIR_UP].ended = r->way[DIR_UP].delivered = false;
	stream_set_tunnel(r->stream);
	if (r->owner_ops->tunnelled != NULL)
		r->owner_ops->tunnelled(r->owner_arg);
}

void
l7_block(struct l7_ctx *ctx)
{
	stream_pause(ctx->run->stream);
}

void
l7_unblock(struct l7_ctx *ctx)
{
	/* What waits at a filter may still be too much. */
	if (!ctx->run->over && !ctx->run->way[DIR_UP].is_high)
		stream_resume(ctx->run->stream);
}

struct flow *
l7_flow(struct l7_ctx *ctx, enum dir dir)
{
	return &ctx->run->way[dir].flow;
}

struct arena *
l7_arena(struct l7_ctx *ctx)
{
	return ctx->run->stream->arena;
}

struct loop *
l7_loop(struct l7_ctx *ctx)
{
	return ctx->run->loop;
}

struct worker_env *
l7_env(struct l7_ctx *ctx)
{
	return ctx->run->env;
}

struct conn *
l7_conn(struct l7_ctx *ctx)
{
	return ctx->run->l4 != NULL ? l4_conn(ctx->run->l4) : NULL;
}

const struct conn_peer *
l7_peer(struct l7_ctx *ctx)
{
	return ctx->run->l4 != NULL ? conn_peer(l7_conn(ctx)) :
	    ctx->run->origin->peer;
}

const struct addr *
l7_addr(struct l7_ctx *ctx, struct addr *room)
{
	return ctx->run->l4 != NULL ? conn_addr(l7_conn(ctx), room) :
	    &ctx->run->origin->addr;
}

const struct addr *
l7_local(struct l7_ctx *ctx, struct addr *room)
{
	return ctx->run->l4 != NULL ? conn_local(l7_conn(ctx), room) :
	    &ctx->run->origin->local;
}

const char *
l7_listener_name(struct l7_ctx *ctx)
{
	return ctx->run->listener->name;
}

const void *
l7_terminal_arg(const struct l7_ctx *ctx)
{
	return ctx->run->route.terminal_arg;
}

struct http_head *
l7_request(struct l7_ctx *ctx)
{
	return ctx->run->request;
}

struct l7_summary *
l7_summary(struct l7_ctx *ctx)
{
	return &ctx->run->summary;
}

void *
l7_note_get(struct l7_ctx *ctx, const char *key)
{
	for (struct l7_note *n = ctx->run->notes; n != NULL; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n->value;
	return NULL;
}

void
l7_note_set(struct l7_ctx *ctx, const char *key, void *value)
{
	struct l7_note *n = arena_alloc(l7_arena(ctx), sizeof(*n));

	*n = (struct l7_note){ ctx->run->notes, key, value };
	ctx->run->notes = n;
}
