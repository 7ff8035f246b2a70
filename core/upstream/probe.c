#include "base/mem.h"
#include "http/http2.h"
#include "tls/identity.h"
#include "upstream/grpc_health.h"
#include "upstream/probe.h"
#include "upstream/upstream_run.h"

struct probe {
	struct upstream       *up;
	struct cluster        *cluster;	/* counted */
	const struct endpoint *endpoint;	/* in cluster */
	struct connector      *connector;	/* until there is a conn */
	struct conn           *conn;
	struct exchange       *exchange;	/* of gRPC; then it has conn */
	struct codec          *codec;
	struct stream         *stream;
	struct arena           arena;
	struct loop_timer      timer;
	struct loop_task       unknown;
	void                 (*done)(void *, enum probe_result);	/* NULL: over */
	void                  *arg;
};

static const char *const alpn_bytes[] = { "mesh-tcp/1", NULL };
static const char *const alpn_h2[] = { "h2", NULL };

/* --- the end -------------------------------------------------------------------- */

static void
probe_free(void *p)
{
	struct probe *k = p;

	if (k->codec != NULL)
		codec_free(k->codec);
	arena_fini(&k->arena);
	cluster_unref(k->cluster);
	mem_free(k);
}

/* It is freed when its connection has ended. */
static void
leave(struct probe *k)
{
	k->done = NULL;
	loop_timer_stop(&k->timer);
	loop_task_cancel(&k->unknown);
	if (k->connector != NULL)
		connector_cancel(k->connector);
	k->connector = NULL;
	if (k->exchange != NULL)
		exchange_cancel(k->exchange);
	k->exchange = NULL;
	if (k->stream != NULL)
		stream_close(k->stream, STREAM_CANCEL);
	k->stream = NULL;
	if (k->conn != NULL)
		conn_close(k->conn, CLOSE_LOCAL);
	else
		loop_free_later(k->up->worker->loop, probe_free, k);
}

static void
finish(struct probe *k, enum probe_result result)
{
	void (*done)(void *, enum probe_result) = k->done;
	void *arg = k->arg;

	if (done == NULL)
		return;
	leave(k);
	done(arg, result);
}

void
probe_cancel(struct probe *k)
{
	leave(k);
}

static void
on_late(void *arg)
{
	finish(arg, PROBE_FAILED);
}

static void
on_unknown(void *arg)
{
	finish(arg, PROBE_UNKNOWN);
}

/* --- the answer ------------------------------------------------------------------- */

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct probe *k = owner;
	const struct health_settings *s = &k->cluster->health;

	(void)end;
	finish(k, h->status >= s->status_min && h->status <= s->status_max ?
	    PROBE_OK : PROBE_FAILED);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	(void)owner;
	(void)end;
	buf_drain(b, buf_len(b));
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	(void)owner;
	(void)t;
}

static void
on_drained(void *owner)
{
	(void)owner;
}

static void
on_reset(void *owner, enum stream_error error)
{
	(void)error;
	finish(owner, PROBE_FAILED);
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_drained = on_drained, .on_reset = on_reset,
};

/* --- the connection ----------------------------------------------------------------- */

static void
on_conn_data(struct conn *c, void *owner)
{
	struct probe *k = owner;

	codec_feed(k->codec, conn_in(c), conn_is_eof(c));
}

static void
on_conn_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct probe *k = owner;

	(void)c;
	(void)why;
	k->conn = NULL;
	if (k->done != NULL)
		finish(k, PROBE_FAILED);
	else
		loop_free_later(k->up->worker->loop, probe_free, k);
}

static const struct conn_ops conn_ops = { on_conn_data, NULL, on_conn_closed };

static void
on_output(void *owner)
{
	struct probe *k = owner;

	if (k->conn != NULL && k->done != NULL)
		conn_write(k->conn, &k->codec->output);
}

static void
on_input(void *owner)
{
	(void)owner;
}

static void
on_finished(void *owner, enum codec_end end)
{
	(void)end;
	finish(owner, PROBE_FAILED);
}

static void
on_idle(void *owner)
{
	(void)owner;
}

static const struct codec_events codec_events = {
	.on_output = on_output, .on_output_end = on_input,
	.on_input = on_input, .on_finished = on_finished, .on_idle = on_idle,
};

static void
ask(struct probe *k)
{
	const struct health_settings *s = &k->cluster->health;
	struct http_head h;

	k->codec = (pool_speaks_h2(k->cluster, k->conn) ? h2_client_new :
	    h1_client_new)(k->up->worker->loop, k->up->env->limits,
	    &codec_events, k);
	k->stream = codec_open_stream(k->codec, &k->arena, &stream_events, k);
	stream_set_owner(k->stream, &stream_events, k);
	http_head_init(&h, &k->arena);
	h.method = SLICE("GET");
	h.method_id = METHOD_GET;
	h.path = s->path.len > 0 ? s->path : SLICE("/");
	h.authority = s->host.len > 0 ? s->host : k->endpoint->host;
	stream_send_head(k->stream, &h, true);
}

/* --- gRPC --------------------------------------------------------------------------- */

static void
on_grpc_answer(void *arg, const struct exchange_result *r)
{
	struct probe *k = arg;
	const char *why;

	k->exchange = NULL;
	finish(k, grpc_health_is_well(r, &why) ? PROBE_OK : PROBE_FAILED);
}

static void
ask_grpc(struct probe *k, struct conn *c)
{
	const struct health_settings *s = &k->cluster->health;
	const struct grpc_health_question q = {
		.authority = s->host.len > 0 ? s->host : k->endpoint->host,
		.service = s->service, .timeout_ms = s->timeout_ms,
	};

	if (conn_peer(c)->is_tls &&
	    !slice_is(slice_str(conn_peer(c)->alpn), "h2")) {
		k->conn = c;
		conn_set_owner(c, &conn_ops, k);
		finish(k, PROBE_FAILED);
		return;
	}
	k->exchange = grpc_health_ask(c, &q, on_grpc_answer, k);
}

/* --- the start ---------------------------------------------------------------------- */

static void
on_connected(void *arg, struct conn *c, enum response_flag flag,
    const char *details)
{
	struct probe *k = arg;

	(void)details;
	k->connector = NULL;
	if (c == NULL) {
		finish(k, flag == FLAG_UO ? PROBE_UNKNOWN : PROBE_FAILED);
		return;
	}
	if (k->cluster->health.kind == HEALTH_GRPC) {
		upstream_announce(k->cluster, k->endpoint, c, SLICE_NONE);
		ask_grpc(k, c);
		return;
	}
	k->conn = c;
	conn_set_owner(c, &conn_ops, k);
	if (k->cluster->health.kind == HEALTH_TCP) {
		finish(k, PROBE_OK);
		return;
	}
	upstream_announce(k->cluster, k->endpoint, c, SLICE_NONE);
	ask(k);
}

/* Before we are somebody we cannot ask who wants to know. */
static bool
can_ask(const struct probe *k)
{
	const struct upstream_env *env = k->up->env;

	if (k->endpoint->id.len == 0)
		return true;
	struct tls_identity *id = env->identity(env->arg);

	tls_identity_unref(id);
	return id != NULL;
}

static const char *const *
alpn_of(const struct cluster *c)
{
	if (c->health.kind == HEALTH_GRPC)
		return alpn_h2;
	return c->health.kind == HEALTH_TCP && c->protocol != CLUSTER_HTTP ?
	    alpn_bytes : pool_alpn(c->is_h2);
}

struct probe *
probe_start(struct upstream *up, const struct cluster *c,
    const struct endpoint *e, void (*done)(void *, enum probe_result),
    void *arg)
{
	struct probe *k = mem_zalloc(sizeof(*k));
	struct loop *loop = up->worker->loop;

	k->up = up;
	k->cluster = cluster_ref(cluster_mutable(c));
	k->endpoint = e;
	k->done = done;
	k->arg = arg;
	arena_init(&k->arena);
	loop_timer_init(&k->timer, loop, on_late, k);
	loop_timer_start(&k->timer, c->health.timeout_ms);
	loop_task_init(&k->unknown, on_unknown, k);
	if (can_ask(k))
		k->connector = connector_start(up, c, e, alpn_of(c),
		    on_connected, k);
	else
		loop_defer(loop, &k->unknown);
	return k;
}
