#include "base/clock.h"
#include "base/mem.h"
#include "stat/metrics.h"
#include "http/http2.h"
#include "upstream/mismatch.h"
#include "upstream/upstream_run.h"

const char *const *
pool_alpn(bool shares)
{
	static const char *const one[] = { "http/1.1", NULL };
	static const char *const two[] = { "h2", "http/1.1", NULL };

	return shares ? two : one;
}

bool
pool_speaks_h2(const struct cluster *cluster, struct conn *c)
{
	const struct conn_peer *peer = conn_peer(c);

	return peer->is_tls ? slice_is(slice_str(peer->alpn), "h2") :
	    cluster->is_h2;
}

static void
free_pool_conn(void *p)
{
	struct pool_conn *pc = p;

	codec_free(pc->codec);
	cluster_unref(pc->cluster);
	mem_free(pc);
}

static void
count_active(struct pool_conn *pc, int by)
{
	worker_env_count_service(pc->local->up->worker,
	    METRIC_UPSTREAM_CONNECTIONS_ACTIVE, pc->cluster->service, NULL, by);
}

/* The peer ended it after so long; 0: while it was answering. */
static void
learn(struct pool_conn *pc, uint64_t idle_ms)
{
	keepalive_ended(&pc->local->state->keepalive, idle_ms,
	    loop_now_ms(pc->local->up->worker->loop));
}

static uint64_t
idle_for(const struct pool_conn *pc)
{
	return loop_now_ms(pc->local->up->worker->loop) - pc->idle_since_ms;
}

static void
on_conn_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct pool_conn *pc = owner;
	struct endpoint_local *l = pc->local;

	(void)c;
	pc->finished = true;
	if (pc->is_idle && (why == CLOSE_PEER || why == CLOSE_PROTOCOL))
		learn(pc, idle_for(pc));
	else if (why == CLOSE_RESET)
		learn(pc, pc->is_idle ? idle_for(pc) : pc->was_idle_ms);
	count_active(pc, -1);
	loop_timer_stop(&pc->timer);
	list_remove(&pc->link);
	list_remove(&pc->share);
	if (pc->is_idle)
		l->up->counts.idle--;
	else
		l->up->counts.active--;
	atomic_fetch_sub_explicit(&l->state->conns, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&pc->cluster->state->conns, 1,
	    memory_order_relaxed);
	l->users++;	/* its last attempt may end with this */
	codec_abort(pc->codec, why == CLOSE_RESET ? STREAM_CONN_RESET :
	    why == CLOSE_TLS || why == CLOSE_PROTOCOL ? STREAM_PROTOCOL :
	    STREAM_CONN_CLOSED);
	loop_free_later(l->up->worker->loop, free_pool_conn, pc);
	l->users--;
	endpoint_local_check(l);
}

/* Whether it speaks what it was taken for; TLS has agreed on that. */
static void
hear_first(struct pool_conn *pc)
{
	const struct buf *in = conn_in(pc->conn);
	char first[DETECT_ANSWER_BYTES];
	size_t n = buf_len(in) < sizeof(first) ? buf_len(in) : sizeof(first);

	pc->was_heard = true;
	if (conn_peer(pc->conn)->is_tls)
		return;
	buf_copy_out(in, first, n);
	mismatch_look(pc->local->up->worker, pc->cluster, MISMATCH_APPLICATION,
	    detect_answer(slice_of(first, n)));
}

static void
on_conn_data(struct conn *c, void *owner)
{
	struct pool_conn *pc = owner;

	pc->heard_ms = loop_now_ms(pc->local->up->worker->loop);
	link_load_bytes(&pc->local->load, buf_len(conn_in(c)));
	if (!pc->was_heard && buf_len(conn_in(c)) > 0)
		hear_first(pc);
	if (pc->is_idle && !pc->is_shared) {
		/* An answer to nothing, or the peer's end: either way of no use. */
		conn_close(c, conn_is_eof(c) ? CLOSE_PEER : CLOSE_PROTOCOL);
		return;
	}
	if (buf_len(conn_in(c)) > 0)
		pc->was_idle_ms = 0;
	else if (conn_is_eof(c))
		learn(pc, pc->was_idle_ms);
	codec_feed(pc->codec, conn_in(c), conn_is_eof(c));
	if (!pc->finished && !codec_wants_input(pc->codec))
		conn_pause(c);	/* its end is not to come before there is room */
}

/* Until then the exchange is charged for it, and its source waits. */
static void
report_sent(struct pool_conn *pc)
{
	size_t len = pc->unreported;

	pc->unreported = 0;
	if (len > 0 && !pc->finished)
		codec_output_sent(pc->codec, len);
}

static void
send_output(struct pool_conn *pc)
{
	size_t len = buf_len(&pc->codec->output);

	if (pc->blocked || pc->finished || (len == 0 && !pc->ending))
		return;
	link_load_bytes(&pc->local->load, len);
	pc->blocked = !conn_write(pc->conn, &pc->codec->output);
	if (pc->ending)
		conn_shutdown(pc->conn);
	pc->ending = false;
	pc->unreported += len;
	if (!pc->blocked)
		report_sent(pc);
}

static void
on_conn_drained(struct conn *c, void *owner)
{
	struct pool_conn *pc = owner;

	(void)c;
	pc->blocked = false;
	report_sent(pc);
	send_output(pc);
}

static const struct conn_ops conn_ops = {
	on_conn_data, on_conn_drained, on_conn_closed
};

static void
on_output(void *owner)
{
	send_output(owner);
}

static void
on_input(void *owner)
{
	struct pool_conn *pc = owner;

	if (pc->finished)
		return;
	codec_feed(pc->codec, conn_in(pc->conn), conn_is_eof(pc->conn));
	/* Room was made in conn_in outside its own call: it may read on. */
	if (!pc->finished)
		conn_resume(pc->conn);
}

static void
on_output_end(void *owner)
{
	struct pool_conn *pc = owner;

	pc->ending = true;
	send_output(pc);
}

static void
on_finished(void *owner, enum codec_end end)
{
	struct pool_conn *pc = owner;

	if (pc->finished)
		return;
	pc->blocked = false;
	send_output(pc);
	if (pc->finished)
		return;
	if (end == CODEC_END_ABORT)
		conn_abort(pc->conn, CLOSE_TRUNCATED);
	else if (end == CODEC_END_AFTER_FLUSH)
		conn_close_linger(pc->conn, CLOSE_FINISHED);
	else if (end == CODEC_END_ERROR && codec_is_multiplexed(pc->codec))
		conn_close_linger(pc->conn, CLOSE_PROTOCOL);	/* GOAWAY says why */
	else
		conn_close(pc->conn, end == CODEC_END_ERROR ? CLOSE_PROTOCOL :
		    CLOSE_FINISHED);
}

bool
pool_is_outdated(const struct pool_conn *pc)
{
	const struct conn_peer *peer = conn_peer(pc->conn);

	return peer->is_tls &&
	    peer->bundle_generation < pc->local->up->generation;
}

/* As many requests, or as old, as its cluster allows; or it was for somebody. */
static bool
is_worn(const struct pool_conn *pc)
{
	const struct cluster *c = pc->cluster;

	return (c->announce != PROXY_NONE && pc->uses > 0) ||
	    (c->pool.requests > 0 && pc->uses >= c->pool.requests) ||
	    (pc->age.end_ms > 0 && loop_now_ms(pc->local->up->worker->loop) >=
	    pc->age.end_ms);
}

bool
pool_is_sound(const struct pool_conn *pc)
{
	return !is_worn(pc) && !pc->finished && !conn_is_closed(pc->conn) &&
	    !pc->local->is_gone && !pool_is_outdated(pc) &&
	    !conn_is_eof(pc->conn) &&
	    (pc->not_after == 0 || clock_wall_s() < pc->not_after);
}

void
pool_begin_use(struct pool_conn *pc)
{
	struct endpoint_local *l = pc->local;

	pc->was_idle_ms = idle_for(pc);
	list_remove(&pc->link);
	list_append(&l->busy, &pc->link);
	pc->is_idle = false;
	l->up->counts.idle--;
	l->up->counts.active++;
	loop_timer_stop(&pc->timer);
	if (pc->is_shared)
		pool_shared_watch(pc);
}

void
pool_become_idle(struct pool_conn *pc)
{
	struct endpoint_local *l = pc->local;

	list_remove(&pc->link);
	list_prepend(&l->idle, &pc->link);
	pc->is_idle = true;
	pc->idle_since_ms = loop_now_ms(l->up->worker->loop);
	l->up->counts.active--;
	l->up->counts.idle++;
	loop_timer_start(&pc->timer, keepalive_idle_ms(&l->state->keepalive,
	    pc->idle_ms));
}

/* The exchange on it has ended in order: next who waits, else idle. */
static void
on_idle(void *owner)
{
	pool_put(owner);
}

void
pool_put(struct pool_conn *pc)
{
	if (pc->finished)
		return;
	if (pc->is_shared) {
		pool_shared_put(pc);
		return;
	}
	if (!pool_is_sound(pc) || codec_room(pc->codec) == 0) {
		conn_close(pc->conn, CLOSE_LOCAL);
		return;
	}
	struct attempt *first = pool_next_waiting(pc->local);

	if (first != NULL)
		attempt_bind(first, pc);
	else
		pool_become_idle(pc);
}

static const struct codec_events codec_events = {
	.on_output = on_output, .on_output_end = on_output_end,
	.on_input = on_input,
	.on_finished = on_finished, .on_idle = on_idle,
};

static void
on_idle_timer(void *arg)
{
	struct pool_conn *pc = arg;

	if (pc->finished)
		return;
	if (!pc->is_idle) {
		pool_shared_on_timer(pc);
		return;
	}
	if (idle_for(pc) < pc->idle_ms)
		keepalive_retired(&pc->local->state->keepalive);
	if (pc->is_shared)
		codec_drain(pc->codec);	/* says so, and closes then */
	else
		conn_close(pc->conn, CLOSE_IDLE);
}

struct pool_conn *
pool_conn_new(struct endpoint_local *l, const struct cluster *cluster,
    struct conn *c)
{
	struct pool_conn *pc = mem_zalloc(sizeof(*pc));
	struct loop *loop = l->up->worker->loop;

	pc->local = l;
	pc->conn = c;
	pc->cluster = cluster_ref(cluster_mutable(cluster));
	pc->idle_ms = cluster->pool.idle_ms;
	conn_age_start(&pc->age, &(struct age_limits){
	    .max_ms = cluster->pool.age_ms, .grace_ms = cluster->pool.grace_ms
	    }, loop_now_ms(loop));
	pc->not_after = conn_peer(c)->not_after;
	pc->is_shared = pool_speaks_h2(cluster, c);
	struct http_limits limits = *l->up->env->limits;

	limits.h2 = cluster->pool.h2;
	pc->codec = pc->is_shared ?
	    h2_client_new(loop, &limits, &codec_events, pc) :
	    h1_client_new(loop, l->up->env->limits, &codec_events, pc);
	pc->heard_ms = loop_now_ms(loop);
	loop_timer_init(&pc->timer, loop, on_idle_timer, pc);
	list_append(&l->busy, &pc->link);
	if (pc->is_shared)
		list_append(&l->shared, &pc->share);
	l->up->counts.active++;
	atomic_fetch_add_explicit(&l->state->conns, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&cluster->state->conns, 1,
	    memory_order_relaxed);
	count_active(pc, 1);
	conn_set_owner(c, &conn_ops, pc);
	if (pc->is_shared)
		pool_shared_watch(pc);
	return pc;
}

struct pool_conn *
pool_take_idle(struct endpoint_local *l, uint64_t idle_ms)
{
	idle_ms = keepalive_idle_ms(&l->state->keepalive, idle_ms);
	LIST_FOREACH_SAFE(at, &l->idle) {
		struct pool_conn *pc = list_entry(at, struct pool_conn, link);

		if (idle_for(pc) >= idle_ms)
			return NULL;	/* those behind it are idle for longer */
		if (pc->is_shared)
			continue;
		pool_begin_use(pc);
		if (pool_is_sound(pc) && codec_room(pc->codec) > 0)
			return pc;
		conn_close(pc->conn, CLOSE_LOCAL);
	}
	return NULL;
}
