#include "base/arena.h"
#include "base/check.h"
#include "stat/metrics.h"
#include "upstream/latency.h"
#include "upstream/outlier.h"
#include "upstream/turn.h"
#include "upstream/upstream_run.h"

/* Requests at a time that are enough for the endpoint; 0: there is no limit. */
static uint32_t
turns_of(const struct attempt *a)
{
	const struct cluster_limits *l = &a->cluster->limits;

	return l->is_adaptive ? adaptive_limit(&a->endpoint->state->adaptive,
	    l->endpoint_requests) : l->endpoint_requests;
}

/*
 * Without what a new connection took: the first request would count against an
 * endpoint for long, and the others would get all.
 */
static uint64_t
latency_of(const struct attempt *a)
{
	uint64_t all = a->answer_us > 0 ? a->answer_us :
	    loop_now_us(a->up->worker->loop) - a->start_us;

	return all - a->connect_us;
}

static void
note_latency(const struct attempt *a, bool failed)
{
	struct endpoint_state *s = a->endpoint->state;
	uint64_t decay_ms = a->cluster->balance.ewma_decay_ms;
	uint64_t now_ms = loop_now_ms(a->up->worker->loop);

	if (a->is_penalised)
		latency_add(s, LATENCY_PENALTY_US, decay_ms, now_ms);
	else if (failed)
		latency_add_failure(s, latency_of(a), decay_ms, now_ms);
	else
		latency_add(s, latency_of(a), decay_ms, now_ms);
}

/* How it went, for balancing and ejecting. */
static void
judge(struct attempt *a, bool failed)
{
	const struct cluster *c = a->cluster;
	struct endpoint_state *s = a->endpoint->state;
	struct loop *loop = a->up->worker->loop;

	if (c->lb == LB_PEAK_EWMA && c->len > 1)
		note_latency(a, failed);
	if (c->limits.is_adaptive && !failed)
		adaptive_add(&s->adaptive, latency_of(a), 1 + atomic_load(
		    &s->active), loop_now_ms(loop));
	if (!failed && !outlier_has_news(s))
		return;
	enum endpoint_out why = outlier_add(c, s, failed, loop_now_ms(loop));

	if (why != OUT_NONE)
		worker_env_count_service(a->up->worker,
		    METRIC_UPSTREAM_EJECTIONS, c->service,
		    endpoint_out_name(why), 1);
}

/* It would have taken longer than it has; how much, nobody knows. */
static void
note_slow(struct attempt *a)
{
	struct endpoint_state *s = a->endpoint->state;
	uint64_t now_ms = loop_now_ms(a->up->worker->loop);

	if (a->cluster->lb == LB_PEAK_EWMA &&
	    (double)latency_of(a) > latency_us(s, now_ms))
		latency_add(s, latency_of(a), a->cluster->balance.ewma_decay_ms,
		    now_ms);
}

static void
count_end(struct attempt *a, enum attempt_result result)
{
	struct endpoint_state *s = a->endpoint->state;

	if (!a->counted)
		return;
	a->counted = false;
	if (a->has_turn)
		turn_give(s, turns_of(a));
	a->has_turn = false;
	atomic_fetch_sub_explicit(&s->active, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&a->cluster->state->requests, 1,
	    memory_order_relaxed);
	if (result == ATTEMPT_OUTRUN)
		note_slow(a);
	if (result == ATTEMPT_CANCELLED || result == ATTEMPT_OUTRUN) {
		atomic_fetch_add_explicit(&s->cancelled, 1,
		    memory_order_relaxed);
		return;
	}
	if (result == ATTEMPT_FAILED)
		atomic_fetch_add_explicit(&s->failures, 1,
		    memory_order_relaxed);
	judge(a, result == ATTEMPT_FAILED);
}

void
attempt_answered(struct attempt *a, int status)
{
	a->answer_us = loop_now_us(a->up->worker->loop) - a->start_us;
	a->is_penalised = status == 429;
}

void
attempt_penalise(struct attempt *a)
{
	a->is_penalised = true;
}

static bool
count_begin(struct attempt *a)
{
	struct endpoint_state *s = a->endpoint->state;
	unsigned before = atomic_fetch_add_explicit(
	    &a->cluster->state->requests, 1, memory_order_relaxed);

	atomic_fetch_add_explicit(&s->active, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
	a->counted = true;
	if (a->cluster->limits.retry_interval_ms > 0)
		window_add(&a->cluster->state->started,
		    a->cluster->limits.retry_interval_ms,
		    loop_now_ms(a->up->worker->loop));
	return before < a->cluster->limits.requests;
}

/* Runs the step that attempt_start decided on, outside its caller. */
static void
on_start(void *arg)
{
	struct attempt *a = arg;

	if (a->conn != NULL)
		attempt_bind(a, a->conn);
	else
		attempt_fail(a, a->flag, a->details);
}

/* For how long a connection that is used for it may have been idle. */
static uint64_t
idle_max_ms(const struct attempt *a)
{
	if (a->is_wary)
		return 0;
	return a->is_idempotent ? UINT64_MAX : a->cluster->pool.fresh_ms;
}

/* Counted, and its turn has come: a connection, or nothing yet, or a failure. */
static void
find_connection(struct attempt *a)
{
	const struct cluster *cluster = a->cluster;
	uint64_t idle_ms = idle_max_ms(a);

	link_load_ask(&a->local->load, a->local->users);
	a->shares = pool_shares(a);
	if (a->shares)
		a->conn = pool_shared_take(a->local, idle_ms);
	if (a->conn == NULL)
		a->conn = pool_take_idle(a->local, idle_ms);
	if (a->conn != NULL && a->shares && !a->conn->is_shared)
		pool_shared_prepare(a);
	a->reused = a->conn != NULL;
	if (a->conn == NULL && atomic_load_explicit(&cluster->state->conns,
	    memory_order_relaxed) >= cluster->limits.conns) {
		a->flag = FLAG_UO;
		a->details = "connection_limit";
	}
	if (a->conn != NULL || a->flag != FLAG_NONE) {
		loop_defer(a->up->worker->loop, &a->start);
		return;
	}
	pool_wait(a);
}

static void
refuse(struct attempt *a, const char *details)
{
	a->flag = FLAG_UO;
	a->details = details;
	loop_defer(a->up->worker->loop, &a->start);
}

static void
on_turn(void *arg, bool granted)
{
	struct attempt *a = arg;

	a->turn = NULL;
	a->has_turn = granted;
	a->start_us = loop_now_us(a->up->worker->loop);
	if (granted)
		find_connection(a);
	else
		refuse(a, "queue_timeout");
}

/* Where so many requests at a time are enough for one endpoint. */
static void
wait_for_turn(struct attempt *a)
{
	const struct turn_order order = {
		.limit = turns_of(a), .queue = a->cluster->limits.queue,
		.queue_ms = a->cluster->limits.queue_ms,
		.loop = a->up->worker->loop, .done = on_turn, .arg = a,
	};

	switch (turn_take(a->endpoint->state, &order, &a->turn)) {
	case TURN_NOW:
		a->has_turn = true;
		find_connection(a);
		break;
	case TURN_FULL:
		refuse(a, "queue_full");
		break;
	case TURN_WAIT:
		break;
	}
}

struct attempt *
attempt_start(struct upstream *up, const struct attempt_order *order,
    const struct attempt_events *events, void *owner)
{
	struct attempt *a = arena_zalloc(order->arena, sizeof(*a));
	const struct cluster *cluster = order->cluster;

	a->up = up;
	a->cluster = cluster_ref(cluster_mutable(cluster));
	a->endpoint = order->endpoint;
	a->arena = order->arena;
	a->is_idempotent = order->is_idempotent;
	a->is_wary = order->is_wary;
	a->announcement = order->announcement;
	a->events = events;
	a->owner = owner;
	a->start_us = loop_now_us(up->worker->loop);
	loop_task_init(&a->start, on_start, a);
	a->local = endpoint_local_get(up, cluster, a->endpoint);
	a->local->users++;
	if (!count_begin(a))
		refuse(a, "request_limit");
	else if (turns_of(a) > 0)
		wait_for_turn(a);
	else
		find_connection(a);
	return a;
}

void
attempt_bind(struct attempt *a, struct pool_conn *pc)
{
	a->conn = pc;
	if (pc->is_idle)	/* shared: it was, between being taken and now */
		pool_begin_use(pc);
	pc->uses++;
	a->reused = pc->uses > 1;
	a->idle_ms = pc->was_idle_ms;
	if (a->reused)
		a->up->counts.reused++;
	else
		a->connect_us = loop_now_us(a->up->worker->loop) - a->start_us;
	a->stream = pc->finished || conn_is_closed(pc->conn) ? NULL :
	    codec_open_stream(pc->codec, a->arena, NULL, NULL);
	if (a->stream == NULL) {
		/* It ended, or was filled, between being taken and being used. */
		a->conn = a->shares ?
		    pool_shared_take(a->local, idle_max_ms(a)) : NULL;
		if (a->conn != NULL)
			attempt_bind(a, a->conn);	/* which has room now */
		else
			pool_wait(a);
		return;
	}
	if (!a->reused)
		upstream_announce(a->cluster, a->endpoint, pc->conn,
		    a->announcement);
	a->events->on_stream(a->owner, a->stream, conn_peer(pc->conn),
	    a->reused);
}

void
attempt_fail(struct attempt *a, enum response_flag flag, const char *details)
{
	if (flag == FLAG_UO)
		worker_env_count_service(a->up->worker,
		    METRIC_UPSTREAM_OVERFLOWS, a->cluster->service, details, 1);
	/* A limit of ours is no failure of the endpoint. */
	count_end(a, flag == FLAG_UO ? ATTEMPT_CANCELLED : ATTEMPT_FAILED);
	a->events->on_failed(a->owner, flag, details);
}

void
attempt_finish(struct attempt *a, enum attempt_result result,
    enum stream_error error)
{
	struct endpoint_local *l = a->local;
	struct pool_conn *pc = a->conn;

	loop_task_cancel(&a->start);
	if (a->turn != NULL)
		turn_cancel(a->turn);
	pool_leave(a);
	count_end(a, result);
	if (a->stream != NULL) {
		stream_close(a->stream, error);
	} else if (pc != NULL && !pc->finished) {
		pool_put(pc);
	}
	cluster_unref(a->cluster);
	l->users--;
	endpoint_local_check(l);
}

const struct endpoint *
attempt_endpoint(const struct attempt *a)
{
	return a->endpoint;
}

uint64_t
attempt_connect_us(const struct attempt *a)
{
	return a->connect_us;
}

bool
attempt_is_reused(const struct attempt *a)
{
	return a != NULL && a->reused;
}

uint64_t
attempt_idle_ms(const struct attempt *a)
{
	return a == NULL ? 0 : a->idle_ms;
}

void
endpoint_session_begin(const struct endpoint *e)
{
	atomic_fetch_add_explicit(&e->state->service->sessions, 1,
	    memory_order_relaxed);
	atomic_fetch_add_explicit(&e->state->active, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&e->state->requests, 1, memory_order_relaxed);
	endpoint_state_ref(e->state);
}

void
endpoint_session_end(struct endpoint_state *s)
{
	atomic_fetch_sub_explicit(&s->service->sessions, 1,
	    memory_order_relaxed);
	atomic_fetch_sub_explicit(&s->active, 1, memory_order_relaxed);
	endpoint_state_unref(s);
}
