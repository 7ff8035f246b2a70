#include "base/check.h"
#include "base/mem.h"
#include "chain/chain.h"
#include "chain/l4_run.h"
#include "stat/metrics.h"

static void open_from(struct l4_run *, int at);
static void run_up(struct l4_run *);

static void
count(struct l4_run *r, int i, enum filter_count what, unsigned long long n)
{
	filter_count(r->chain->v[i].stat, r->env->index, what, n);
}

/* Index of the filter at a step of a direction. */
static int
filter_at(const struct l4_run *r, enum dir dir, int step)
{
	return dir == DIR_UP ? step : r->chain->len - 1 - step;
}

/*
 * Runs bytes through the filters from a step on.  Returns true when they came
 * out at the end, false when a filter holds or stopped.
 */
static bool
filter_bytes(struct l4_run *r, enum dir dir, int step, struct buf *b, bool end)
{
	struct l4_way *w = &r->way[dir];

	for (; step < r->chain->len; step++) {
		int i = filter_at(r, dir, step);
		const struct l4_filter *f = r->chain->v[i].filter;

		if (f->bytes == NULL)
			continue;
		count(r, i, FILTER_CALLS, 1);
		count(r, i, FILTER_BYTES, buf_len(b));
		w->in_hook = true;
		enum verdict v = f->bytes(&r->slots[i], dir, b, end);
		w->in_hook = false;

		if (r->is_closed)
			return false;
		if (v == STOP) {
			count(r, i, FILTER_STOPPED, 1);
			w->stopped = true;
			return false;
		}
		if (v == HOLD) {
			count(r, i, FILTER_HELD, 1);
			w->frozen = (short)step;
			flow_charge(&r->flow, buf_len(b));
			buf_move(&r->queues->held[dir], b);
			w->held_end = end;
			return false;
		}
	}
	return true;
}

static bool
has_pending(const struct l4_run *r)
{
	return r->queues != NULL &&
	    (buf_len(&r->queues->pending) > 0 || r->pending_end);
}

static void
deliver_up(struct l4_run *r)
{
	if (!r->paused && !r->is_closed && has_pending(r))
		r->terminal->bytes(r->terminal_state, &r->queues->pending,
		    r->pending_end);
}

static void
run_up(struct l4_run *r)
{
	struct l4_way *w = &r->way[DIR_UP];

	if (!r->is_open || r->is_closed || r->paused || w->frozen >= 0)
		return;
	struct buf *in = conn_in(r->conn);

	if (w->stopped) {
		buf_drain(in, buf_len(in));
		return;
	}
	if (r->queues == NULL) {
		/* No filter looks: the terminal takes from the conn itself. */
		if (buf_len(in) > 0 || conn_is_eof(r->conn))
			r->terminal->bytes(r->terminal_state, in,
			    conn_is_eof(r->conn));
		return;
	}
	if (buf_len(&r->queues->pending) < FLOW_HIGH && !w->ended &&
	    (buf_len(in) > 0 || conn_is_eof(r->conn))) {
		struct buf b = { 0 };
		bool end = conn_is_eof(r->conn);

		buf_move(&b, in);
		if (filter_bytes(r, DIR_UP, 0, &b, end)) {
			buf_move(&r->queues->pending, &b);
			r->pending_end = w->ended = end;
		}
		buf_fini(&b);
	}
	deliver_up(r);
}

static bool
send_out(struct l4_run *r, struct buf *b, bool end)
{
	bool room = conn_write(r->conn, b);

	if (end && !r->is_closed) {
		r->way[DIR_DOWN].ended = true;
		conn_shutdown(r->conn);
	}
	return room;
}

bool
l4_send(struct l4_run *r, struct buf *b, bool end)
{
	struct l4_way *w = &r->way[DIR_DOWN];

	if (r->is_closed || w->stopped || w->ended) {
		buf_drain(b, buf_len(b));
		return true;
	}
	if (w->frozen >= 0) {
		flow_charge(&r->flow, buf_len(b));
		buf_move(&r->queues->queue, b);
		w->queue_end |= end;
		return buf_len(&r->queues->queue) < FLOW_HIGH;
	}
	if (r->queues == NULL)
		return send_out(r, b, end);
	struct buf mine = { 0 };

	buf_move(&mine, b);
	bool room = true;

	if (filter_bytes(r, DIR_DOWN, 0, &mine, end))
		room = send_out(r, &mine, end);
	else
		room = buf_len(&r->queues->held[DIR_DOWN]) < FLOW_HIGH;
	buf_fini(&mine);
	return room;
}

/* A held direction goes on behind the filter that held it. */
static void
thaw(struct l4_run *r, enum dir dir)
{
	struct l4_way *w = &r->way[dir];

	if (w->frozen < 0 || r->is_closed)
		return;
	int step = w->frozen + 1;
	bool end = w->held_end;
	struct buf b = { 0 };

	w->frozen = -1;
	flow_discharge(&r->flow, buf_len(&r->queues->held[dir]));
	buf_move(&b, &r->queues->held[dir]);
	if (filter_bytes(r, dir, step, &b, end)) {
		if (dir == DIR_UP) {
			buf_move(&r->queues->pending, &b);
			r->pending_end = w->ended = end;
			deliver_up(r);
			run_up(r);
			if (!r->is_closed && !r->paused)
				conn_resume(r->conn);
		} else {
			send_out(r, &b, end);
			flow_discharge(&r->flow, buf_len(&r->queues->queue));
			if (buf_len(&r->queues->queue) > 0 || w->queue_end)
				l4_send(r, &r->queues->queue, w->queue_end);
			if (!r->is_closed && w->frozen < 0)
				r->terminal->drained(r->terminal_state);
		}
	}
	buf_fini(&b);
}

static void
on_resume(void *arg)
{
	struct l4_run *r = arg;
	unsigned mask = r->resume_mask;

	r->resume_mask = 0;
	if (r->held_open && (mask & 1u << DIR_UP)) {
		r->held_open = false;
		open_from(r, r->entered);
		return;
	}
	if (mask & 1u << DIR_UP)
		thaw(r, DIR_UP);
	if (mask & 1u << DIR_DOWN)
		thaw(r, DIR_DOWN);
}

static void
free_run(void *p)
{
	struct l4_run *r = p;
	struct l4_queues *q = r->queues;

	if (q != NULL) {
		buf_fini(&q->held[DIR_UP]);
		buf_fini(&q->held[DIR_DOWN]);
		buf_fini(&q->queue);
		buf_fini(&q->pending);
	}
	flow_fini(&r->flow);
	l4_chain_unref(r->chain);
	mem_free(r);
}

static void
count_active(struct l4_run *r, int by)
{
	struct slice listener = slice_str(r->listener);

	worker_env_count(r->env, METRIC_CONNECTIONS_ACTIVE, &listener, 1, by);
}

static void
on_conn_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct l4_run *r = owner;

	(void)c;
	check(!r->is_closed);
	r->is_closed = true;
	count_active(r, -1);
	loop_task_cancel(&r->resume);
	list_remove(&r->link);
	atomic_fetch_sub_explicit(&r->env->runs_len, 1,
	    memory_order_relaxed);
	if (r->is_open)
		r->terminal->close(r->terminal_state, why);
	else if (!r->was_offered && r->terminal->refused != NULL)
		r->terminal->refused(r->terminal_arg);
	for (int i = r->entered - 1; i >= 0; i--) {
		const struct l4_filter *f = r->chain->v[i].filter;

		if (f->close != NULL)
			f->close(&r->slots[i], why);
	}
	loop_free_later(r->env->loop, free_run, r);
}

static void
on_conn_data(struct conn *c, void *owner)
{
	(void)c;
	run_up(owner);
}

static void
on_conn_drained(struct conn *c, void *owner)
{
	struct l4_run *r = owner;

	(void)c;
	if (r->is_open && !r->is_closed && r->way[DIR_DOWN].frozen < 0)
		r->terminal->drained(r->terminal_state);
}

static const struct conn_ops conn_ops = {
	on_conn_data, on_conn_drained, on_conn_closed
};

void
l4_drain_if_due(struct l4_run *r)
{
	const struct worker_env *env = r->env;

	if (r->terminal->drain != NULL && (env->is_draining ||
	    (env->is_leaving != NULL &&
	    env->is_leaving(env->leaving_arg, conn_peer(r->conn)))))
		r->terminal->drain(r->terminal_state);
}

/* False: it refused, and the connection is closed. */
static bool
open_terminal(struct l4_run *r)
{
	r->is_open = r->was_offered = true;
	r->terminal_state = r->terminal->open(r->terminal_arg, r);
	if (r->terminal_state == NULL) {
		r->is_open = false;
		if (!r->is_closed && !conn_is_closed(r->conn))
			conn_close(r->conn, CLOSE_LOCAL);
		return false;
	}
	l4_drain_if_due(r);
	return true;
}

/* Opens the filters from one on, then the terminal. */
static void
open_from(struct l4_run *r, int at)
{
	for (int i = at; i < r->chain->len; i++) {
		const struct l4_filter *f = r->chain->v[i].filter;

		r->entered = i + 1;
		count(r, i, FILTER_ENTERED, 1);
		if (f->open == NULL)
			continue;
		enum verdict v = f->open(&r->slots[i]);

		if (r->is_closed)
			return;
		if (v == STOP) {
			count(r, i, FILTER_STOPPED, 1);
			if (!conn_is_closed(r->conn))
				conn_close(r->conn, CLOSE_DENIED);
			return;
		}
		if (v == HOLD) {
			count(r, i, FILTER_HELD, 1);
			r->held_open = true;
			return;
		}
	}
	if (open_terminal(r))
		run_up(r);
}

struct l4_run *
l4_start(struct l4_chain *chain, struct conn *c, struct worker_env *env,
    const char *listener, const struct l4_terminal *terminal, void *arg)
{
	size_t states = 0;

	for (int i = 0; i < chain->len; i++)
		states += (chain->v[i].filter->base.state_size + 15) & ~15ul;
	size_t fixed = sizeof(struct l4_run) +
	    sizeof(struct l4_ctx) * (size_t)chain->len;

	fixed = (fixed + 15) & ~15ul;
	size_t queues = chain->has_bytes ? sizeof(struct l4_queues) : 0;
	struct l4_run *r = mem_zalloc(fixed + states + queues);
	char *state = (char *)r + fixed;

	if (chain->has_bytes)
		r->queues = (struct l4_queues *)(void *)(state + states);
	r->chain = l4_chain_ref(chain);
	r->conn = c;
	r->env = env;
	r->listener = listener;
	r->terminal = terminal;
	r->terminal_arg = arg;
	r->way[DIR_UP].frozen = r->way[DIR_DOWN].frozen = -1;
	flow_init(&r->flow, &env->flow, 0, 0, NULL, NULL);
	loop_task_init(&r->resume, on_resume, r);
	for (int i = 0; i < chain->len; i++) {
		r->slots[i] = (struct l4_ctx){
			r, state, chain->v[i].shared, i
		};
		state += (chain->v[i].filter->base.state_size + 15) & ~15ul;
	}
	list_append(&env->runs, &r->link);
	atomic_fetch_add_explicit(&env->runs_len, 1, memory_order_relaxed);
	count_active(r, 1);
	conn_set_owner(c, &conn_ops, r);
	open_from(r, 0);
	return r;
}

void
l4_become(struct l4_run *r, const struct l4_terminal *terminal, void *arg)
{
	check(r->is_open && !r->is_closed);
	r->terminal = terminal;
	r->terminal_arg = arg;
	if (open_terminal(r))
		l4_pull(r);
}

void
l4_pull(struct l4_run *r)
{
	if (r->is_closed || !r->is_open)
		return;
	if (r->chain->has_bytes)
		deliver_up(r);
	if (!r->is_closed)
		run_up(r);
	/* Room was made in conn_in outside its own call: it may read on. */
	if (!r->is_closed && !r->paused)
		conn_resume(r->conn);
}

void
l4_pause(struct l4_run *r)
{
	r->paused = true;
	if (!r->is_closed)
		conn_pause(r->conn);
}

static void
run_up_later(struct l4_run *r)
{
	/* What waits in the conn is told later; what waits here, now. */
	conn_resume(r->conn);
	if (has_pending(r))
		deliver_up(r);
	else if (conn_is_eof(r->conn))
		run_up(r);
}

void
l4_resume_up(struct l4_run *r)
{
	if (!r->paused)
		return;
	r->paused = false;
	if (!r->is_closed)
		run_up_later(r);
}

void
l4_close(struct l4_run *r, enum close_reason why)
{
	if (!r->is_closed)
		conn_close(r->conn, why);
}

void
l4_close_linger(struct l4_run *r, enum close_reason why)
{
	if (!r->is_closed)
		conn_close_linger(r->conn, why);
}

void
l4_abort(struct l4_run *r, enum close_reason why)
{
	if (!r->is_closed)
		conn_abort(r->conn, why);
}

struct conn *
l4_conn(struct l4_run *r)
{
	return r->conn;
}

const struct l4_terminal *
l4_terminal_of(const struct l4_run *r)
{
	return r->terminal;
}

struct worker_env *
l4_env(struct l4_run *r)
{
	return r->env;
}

const char *
l4_listener(const struct l4_run *r)
{
	return r->listener;
}

struct flow *
l4_flow(struct l4_run *r)
{
	return &r->flow;
}

bool
l4_is_closed(const struct l4_run *r)
{
	return r->is_closed;
}

bool
l4_reads_bytes(const struct l4_run *r)
{
	return r->chain->has_bytes;
}

const struct conn_peer *
l4_peer(struct l4_ctx *ctx)
{
	return conn_peer(ctx->run->conn);
}

void
l4_resume(struct l4_ctx *ctx, enum dir dir)
{
	struct l4_run *r = ctx->run;

	if (r->is_closed)
		return;
	r->resume_mask |= (unsigned char)(1u << dir);
	loop_defer(r->env->loop, &r->resume);
}

void
l4_filter_close(struct l4_ctx *ctx, enum close_reason why)
{
	l4_close(ctx->run, why);
}
