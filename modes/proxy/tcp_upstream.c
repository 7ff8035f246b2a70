#include "base/check.h"
#include "base/mem.h"
#include "link/frame.h"
#include "link/meta.h"
#include "modes/proxy/affinity.h"
#include "modes/proxy/announce.h"
#include "modes/proxy/tcp_upstream.h"

#define ATTEMPTS_MAX	4

struct tcp_upstream {
	struct upstream                  *up;
	struct cluster                   *cluster;	/* counted */
	struct slice                      source;
	uint64_t                          hash;	/* of the caller's address */
	bool                              has_hash;
	struct str                        announcement;	/* until it is sent */
	struct str                        client;	/* likewise, to a sidecar */
	const struct tcp_upstream_events *events;
	void                             *owner;
	const struct endpoint            *endpoint;	/* in cluster */
	struct endpoint_state            *session;	/* counts us while open */
	const struct endpoint_state      *tried[ATTEMPTS_MAX];
	size_t                            attempts;
	struct connector                 *connector;
	struct conn                      *conn;
	struct frame_reader               reader;
	struct loop_task                  no_endpoint;
	bool is_framed;
	bool ended_in, ended_out;	/* told to the owner; said by the owner */
	bool paused;
	bool is_closed;
	bool retry_counted;	/* until the connection is there */
	bool is_refused;	/* by a limit of ours */
};

static const char *const alpn_bytes[] = { "mesh-tcp/1", NULL };

static void try_connect(struct tcp_upstream *);

/* --- the end ------------------------------------------------------------------ */

static void
end_session(struct tcp_upstream *t)
{
	if (t->session != NULL)
		endpoint_session_end(t->session);
	t->session = NULL;
}

static void
end_retry(struct tcp_upstream *t)
{
	if (t->retry_counted)
		cluster_retry_end(t->cluster);
	t->retry_counted = false;
}

/* Another endpoint may be tried, within the budget of retries. */
static bool
may_try_again(struct tcp_upstream *t)
{
	t->retry_counted = t->attempts <= t->cluster->retry.attempts &&
	    retry_takes_connect(&t->cluster->retry) &&
	    cluster_retry_begin(t->cluster, loop_now_ms(upstream_loop(t->up)));
	return t->retry_counted;
}

static void
fail(struct tcp_upstream *t, enum response_flag flag, const char *details)
{
	end_session(t);
	t->events->on_failed(t->owner, flag, details);
}

static void
ignore_data(struct conn *c, void *owner)
{
	(void)owner;
	buf_drain(conn_in(c), buf_len(conn_in(c)));
}

static void
ignore_closed(struct conn *c, void *owner, enum close_reason why)
{
	(void)c;
	(void)owner;
	(void)why;
}

/* A connection that sends its last bytes without us. */
static const struct conn_ops leaving_ops = { ignore_data, NULL, ignore_closed };

static void
leave(struct tcp_upstream *t, bool abort)
{
	struct conn *c = t->conn;
	struct buf out = { 0 };

	t->conn = NULL;
	if (c == NULL)
		return;
	/* One that is closed already has its on_closed still to come. */
	conn_set_owner(c, &leaving_ops, NULL);
	if (conn_is_closed(c))
		return;
	if (!abort) {
		conn_close_linger(c, CLOSE_FINISHED);
	} else if (t->is_framed && !t->ended_out) {
		frame_put_reset(&out);
		conn_write(c, &out);
		conn_close_linger(c, CLOSE_LOCAL);
	} else {
		conn_abort(c, CLOSE_LOCAL);
	}
}

void
tcp_upstream_close(struct tcp_upstream *t, bool abort)
{
	loop_task_cancel(&t->no_endpoint);
	if (t->connector != NULL)
		connector_cancel(t->connector);
	leave(t, abort);
	end_session(t);
	end_retry(t);
	str_fini(&t->announcement);
	str_fini(&t->client);
	cluster_unref(t->cluster);
	/* It may be closed from inside its own event. */
	t->is_closed = true;
	loop_free_later(upstream_loop(t->up), mem_free, t);
}

/* --- bytes from the endpoint ------------------------------------------------------ */

static void
take_raw(struct tcp_upstream *t, struct buf *in)
{
	struct buf data = { 0 };

	buf_move(&data, in);
	t->ended_in = conn_is_eof(t->conn);
	t->events->on_bytes(t->owner, &data, t->ended_in);
	buf_fini(&data);
}

static void
take_frames(struct tcp_upstream *t, struct buf *in)
{
	struct buf data = { 0 };
	enum frame_event e;

	do
		e = frame_read(&t->reader, in, &data, NULL, NULL);
	while (e == FRAME_GOT_DATA);
	if (e == FRAME_GOT_END)
		t->ended_in = true;
	if (buf_len(&data) > 0 || t->ended_in)
		t->events->on_bytes(t->owner, &data, t->ended_in);
	buf_fini(&data);
	if (t->is_closed)	/* its owner has had enough */
		return;
	if (e != FRAME_MORE && e != FRAME_GOT_END)
		fail(t, e == FRAME_BAD ? FLAG_UPE : FLAG_UR,
		    e == FRAME_BAD ? "bad_frame" : "reset");
	else if (e == FRAME_MORE && conn_is_eof(t->conn))
		fail(t, FLAG_UC, "truncated");
}

static void
on_conn_data(struct conn *c, void *owner)
{
	struct tcp_upstream *t = owner;
	struct buf *in = conn_in(c);

	if (t->paused)
		return;
	if (t->ended_in) {
		buf_drain(in, buf_len(in));
		return;
	}
	if (t->is_framed)
		take_frames(t, in);
	else
		take_raw(t, in);
}

static void
on_conn_drained(struct conn *c, void *owner)
{
	struct tcp_upstream *t = owner;

	(void)c;
	t->events->on_drained(t->owner);
}

static void
on_conn_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct tcp_upstream *t = owner;

	(void)c;
	t->conn = NULL;
	end_session(t);
	if (t->ended_in && t->ended_out)
		return;
	fail(t, why == CLOSE_RESET ? FLAG_UR : FLAG_UC, close_reason_name(why));
}

static const struct conn_ops conn_ops = {
	on_conn_data, on_conn_drained, on_conn_closed
};

/* --- connecting --------------------------------------------------------------------- */

/* Another trust domain learns no more of us than our ID, as with requests. */
static void
send_meta(struct tcp_upstream *t)
{
	struct buf out = { 0 };

	if (cluster_is_federated(t->cluster))
		str_clear(&t->client);
	else
		meta_add_source(&t->client, t->source);
	frame_put_meta(&out, str_ptr(&t->client), t->client.len);
	conn_write(t->conn, &out);
	str_fini(&t->client);
}

static void
on_connected(void *arg, struct conn *c, enum response_flag flag,
    const char *details)
{
	struct tcp_upstream *t = arg;

	t->connector = NULL;
	end_retry(t);
	if (c == NULL) {
		end_session(t);
		if (flag != FLAG_UO && may_try_again(t))
			try_connect(t);
		else
			fail(t, flag, details);
		return;
	}
	t->conn = c;
	t->is_framed = slice_is(slice_str(conn_peer(c)->alpn), alpn_bytes[0]);
	frame_reader_init(&t->reader, false);
	conn_set_owner(c, &conn_ops, t);
	if (t->is_framed)
		send_meta(t);
	else
		upstream_announce(t->cluster, t->endpoint, c,
		    str_slice(&t->announcement));
	str_fini(&t->announcement);
	t->events->on_open(t->owner);
}

static bool
is_full(const struct cluster *c)
{
	return atomic_load_explicit(&c->state->sessions,
	    memory_order_relaxed) >= c->limits.conns;
}

static void
on_no_endpoint(void *arg)
{
	struct tcp_upstream *t = arg;

	if (t->is_refused)
		fail(t, FLAG_UO, "connection_limit");
	else if (t->cluster->is_unresolved)
		fail(t, FLAG_DF, "dns_failed");
	else
		fail(t, FLAG_UH, "no_endpoint");
}

static void
try_connect(struct tcp_upstream *t)
{
	struct pick p = {
		.avoid = t->tried, .avoid_len = t->attempts,
		.now_ms = loop_now_ms(upstream_loop(t->up)),
		.hash = t->hash, .has_hash = t->has_hash,
	};
	const struct endpoint *e = t->attempts >= ATTEMPTS_MAX ? NULL :
	    cluster_pick(t->cluster, &p);

	if (e == NULL) {
		loop_defer(upstream_loop(t->up), &t->no_endpoint);
		return;
	}
	t->endpoint = e;
	t->tried[t->attempts++] = e->state;
	t->session = e->state;
	endpoint_session_begin(e);
	t->connector = connector_start(t->up, t->cluster, e, alpn_bytes,
	    on_connected, t);
}

static void
say_client(struct tcp_upstream *t, struct conn *conn)
{
	struct addr from, to;
	const struct addr *a = conn_addr(conn, &from);

	meta_add_client(&t->client, a, conn_local(conn, &to));
}

struct tcp_upstream *
tcp_upstream_start(struct upstream *up, const struct cluster *cluster,
    const struct tcp_caller *caller, const struct tcp_upstream_events *events,
    void *owner)
{
	struct tcp_upstream *t = mem_zalloc(sizeof(*t));
	struct addr room;

	t->up = up;
	t->cluster = cluster_ref(cluster_mutable(cluster));
	t->source = caller->source;
	t->has_hash = cluster->affinity.kind == AFFINITY_SOURCE;
	if (t->has_hash)
		t->hash = affinity_source(conn_addr(caller->conn, &room),
		    caller->source);
	announce_conn(&t->announcement, caller->conn, cluster);
	if (caller->tells_client)
		say_client(t, caller->conn);
	t->events = events;
	t->owner = owner;
	loop_task_init(&t->no_endpoint, on_no_endpoint, t);
	t->is_refused = !caller->is_inbound && is_full(t->cluster);
	if (t->is_refused)
		loop_defer(upstream_loop(up), &t->no_endpoint);
	else
		try_connect(t);
	return t;
}

/* --- what the owner does ---------------------------------------------------------------- */

bool
tcp_upstream_write(struct tcp_upstream *t, struct buf *b, bool end)
{
	struct buf out = { 0 };
	bool room = true;

	if (t->conn == NULL || conn_is_closed(t->conn) || t->ended_out) {
		buf_drain(b, buf_len(b));
		return true;
	}
	t->ended_out = end;
	if (t->is_framed) {
		frame_put_data(&out, b);
		if (end)
			frame_put_end(&out);
		room = conn_write(t->conn, &out);
	} else {
		if (buf_len(b) > 0)
			room = conn_write(t->conn, b);
		if (end)
			conn_shutdown(t->conn);
	}
	return room;
}

void
tcp_upstream_pause(struct tcp_upstream *t)
{
	t->paused = true;
	if (t->conn != NULL)
		conn_pause(t->conn);
}

void
tcp_upstream_resume(struct tcp_upstream *t)
{
	if (!t->paused)
		return;
	t->paused = false;
	if (t->conn != NULL && !conn_is_closed(t->conn))
		conn_resume(t->conn);
}

struct conn *
tcp_upstream_raw(const struct tcp_upstream *t)
{
	return t->is_framed ? NULL : t->conn;
}

struct slice
tcp_upstream_id(const struct tcp_upstream *t)
{
	return t->conn == NULL ? SLICE("") : slice_str(conn_peer(t->conn)->id);
}

const struct endpoint *
tcp_upstream_endpoint(const struct tcp_upstream *t)
{
	return t->endpoint;
}
