#include "base/random.h"
#include "upstream/upstream_run.h"

/*
 * pool_shared: connections that carry many exchanges at a time (HTTP/2).
 *
 * They are filled one after the other: what is spread over few connections is
 * cheap to send, and an endpoint that takes 100 streams on one needs no second
 * below that.  Whether a sidecar gets one at all is decided by load
 * (link_load.h), and what is idle serves until it is there.  A connection is
 * made when those that there are have no room and those on their way will not
 * have enough; what waits goes onto the first that has.  One that the peer
 * gives up (GOAWAY), that is worn or outdated takes nothing new, ends what it
 * carries and closes.
 */
static uint64_t
now_ms(const struct pool_conn *pc)
{
	return loop_now_ms(pc->local->up->worker->loop);
}

/* --- who waits ------------------------------------------------------------------ */

bool
pool_shares(const struct attempt *a)
{
	const struct cluster *c = a->cluster;

	if (c->is_h2)
		return true;
	/* One that few requests may use is none to share. */
	return a->endpoint->id.len > 0 && (c->pool.requests == 0 ||
	    c->pool.requests >= POOL_STREAMS) && link_load_shares(
	    &a->local->load, c->pool.link, a->local->users);
}

struct attempt *
pool_next_waiting(struct endpoint_local *l)
{
	struct list *first = list_pop(&l->waiting);

	if (first == NULL)
		return NULL;
	l->waiting_len--;
	return list_entry(first, struct attempt, link);
}

void
pool_leave(struct attempt *a)
{
	if (!list_is_linked(&a->link))
		return;
	list_remove(&a->link);
	a->local->waiting_len--;
}

void
pool_wait(struct attempt *a)
{
	struct endpoint_local *l = a->local;

	list_append(&l->waiting, &a->link);
	l->waiting_len++;
	if (l->waiting_len > pool_room_to_come(l))
		pool_connect(l, a->cluster, a->endpoint, a->shares);
}

void
pool_shared_prepare(struct attempt *a)
{
	if (a->local->sharing == 0)
		pool_connect(a->local, a->cluster, a->endpoint, true);
}

/* --- what has room ----------------------------------------------------------------- */

struct pool_conn *
pool_shared_take(struct endpoint_local *l, uint64_t idle_ms)
{
	idle_ms = keepalive_idle_ms(&l->state->keepalive, idle_ms);
	LIST_FOREACH_SAFE(at, &l->shared) {
		struct pool_conn *pc = list_entry(at, struct pool_conn, share);

		if (pc->is_idle && now_ms(pc) - pc->idle_since_ms >= idle_ms)
			continue;
		if (pool_is_sound(pc) && codec_room(pc->codec) > 0)
			return pc;
		if (pc->is_idle)
			conn_close(pc->conn, CLOSE_LOCAL);
	}
	return NULL;
}

void
pool_shared_put(struct pool_conn *pc)
{
	struct attempt *a;

	while (!pc->finished && pool_is_sound(pc) &&
	    codec_room(pc->codec) > 0 &&
	    (a = pool_next_waiting(pc->local)) != NULL)
		attempt_bind(a, pc);
	if (pc->finished)
		return;
	if (!pool_is_sound(pc))
		codec_drain(pc->codec);
	else if (codec_is_idle(pc->codec) && !pc->is_idle)
		pool_become_idle(pc);
}

/* --- is it there, and for how much longer? -------------------------------------------- */

/*
 * Members alone are asked, unless it is wanted: servers of gRPC end connections
 * of who sends PING more often than they like, and those of ours sit behind a
 * member.
 */
static bool
is_asked(const struct pool_conn *pc)
{
	return pc->cluster->pool.pings_all ||
	    conn_peer(pc->conn)->id[0] != '\0';
}

/* Wakes in so long, or before that for its age. */
static void
wake_in(struct pool_conn *pc, uint64_t ms)
{
	uint64_t age = pc->age.grace_ms > 0 ?
	    conn_age_wake_ms(&pc->age, now_ms(pc)) : UINT64_MAX;

	if (age < ms)
		ms = age;
	if (ms < UINT64_MAX)
		loop_timer_start(&pc->timer, ms > 0 ? ms : 1);
}

/* Not all at the same moment. */
static void
watch_after(struct pool_conn *pc, uint64_t ms)
{
	wake_in(pc, is_asked(pc) ? ms + random_below(ms / 4 + 1) : UINT64_MAX);
}

void
pool_shared_watch(struct pool_conn *pc)
{
	pc->pinged_ms = 0;
	watch_after(pc, pc->cluster->pool.ping_ms);
}

static void
look_at_peer(struct pool_conn *pc)
{
	uint64_t ping_ms = pc->cluster->pool.ping_ms;
	uint64_t pong_ms = pc->cluster->pool.pong_ms;
	uint64_t now = now_ms(pc), silent_ms = now - pc->heard_ms;

	if (pc->pinged_ms != 0 && pc->heard_ms < pc->pinged_ms) {
		if (now - pc->pinged_ms >= pong_ms) {
			conn_close(pc->conn, CLOSE_TIMEOUT);
			return;
		}
		wake_in(pc, pong_ms - (now - pc->pinged_ms));
		return;
	}
	pc->pinged_ms = 0;
	if (!is_asked(pc) || silent_ms < ping_ms) {
		watch_after(pc, ping_ms - (is_asked(pc) ? silent_ms : 0));
		return;
	}
	pc->pinged_ms = now;
	codec_ping(pc->codec);
	wake_in(pc, pong_ms);
}

void
pool_shared_on_timer(struct pool_conn *pc)
{
	if (conn_age_ends(&pc->age, now_ms(pc)))
		codec_drain(pc->codec);
	if (conn_age_is_cut(&pc->age, now_ms(pc)))
		conn_close(pc->conn, CLOSE_LIMIT);
	else
		look_at_peer(pc);
}
