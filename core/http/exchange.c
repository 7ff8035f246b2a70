#include "base/check.h"
#include "base/mem.h"
#include "http/codec.h"
#include "http/exchange.h"
#include "http/http2.h"

struct exchange {
	struct conn            *conn;
	struct codec           *codec;
	struct stream          *stream;
	struct arena            arena;
	struct loop_timer       deadline;
	struct buf              body;
	size_t                  body_max;
	const struct http_head *head;
	const struct http_fields *trailers;
	enum close_reason       closed;
	bool                    is_over;
	void                  (*done)(void *, const struct exchange_result *);
	void                   *arg;
};

static void
release(void *p)
{
	struct exchange *x = p;

	buf_fini(&x->body);
	arena_fini(&x->arena);
	mem_free(x);
}

/* Gives back everything but the memory, which goes with the connection. */
static void
stop(struct exchange *x)
{
	x->is_over = true;
	loop_timer_stop(&x->deadline);
	stream_close(x->stream, STREAM_OK);
	codec_free(x->codec);
	if (!conn_is_closed(x->conn))
		conn_close(x->conn, CLOSE_LOCAL);
}

static void
finish(struct exchange *x, enum stream_error error)
{
	struct exchange_result r = {
		.error = error, .head = x->head, .body = &x->body,
		.trailers = x->trailers, .closed = x->closed,
	};

	if (x->is_over)
		return;
	stop(x);
	x->done(x->arg, &r);
}

/* --- the response -------------------------------------------------------- */

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct exchange *x = owner;

	x->head = h;
	if (end)
		finish(x, STREAM_OK);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct exchange *x = owner;

	if (buf_len(&x->body) + buf_len(b) > x->body_max) {
		finish(x, STREAM_TOO_LARGE);
		return;
	}
	buf_move(&x->body, b);
	if (end)
		finish(x, STREAM_OK);
}

static void
on_trailers(void *owner, struct http_fields *trailers)
{
	struct exchange *x = owner;

	x->trailers = trailers;
	finish(x, STREAM_OK);
}

static void
on_reset(void *owner, enum stream_error error)
{
	finish(owner, error);
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_reset = on_reset,
};

/* --- the codec and the connection ------------------------------------------ */

static void
on_output(void *owner)
{
	struct exchange *x = owner;
	size_t len = buf_len(&x->codec->output);

	conn_write(x->conn, &x->codec->output);
	codec_output_sent(x->codec, len);
}

static void
feed(struct exchange *x)
{
	if (!x->is_over)
		codec_feed(x->codec, conn_in(x->conn), conn_is_eof(x->conn));
}

static void
on_input(void *owner)
{
	feed(owner);
}

static void
on_finished(void *owner, enum codec_end end)
{
	(void)end;
	finish(owner, STREAM_INTERNAL);	/* unless the stream said it before */
}

static const struct codec_events codec_events = {
	.on_output = on_output, .on_input = on_input,
	.on_finished = on_finished,
};

static void
on_data(struct conn *c, void *owner)
{
	(void)c;
	feed(owner);
}

static enum stream_error
error_of(enum close_reason why)
{
	switch (why) {
	case CLOSE_RESET:
		return STREAM_CONN_RESET;
	case CLOSE_TIMEOUT:
	case CLOSE_IDLE:
		return STREAM_TIMEOUT;
	case CLOSE_TRUNCATED:
		return STREAM_TRUNCATED;
	default:
		return STREAM_CONN_CLOSED;
	}
}

static void
on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct exchange *x = owner;

	if (!x->is_over) {
		x->closed = why;
		codec_abort(x->codec, error_of(why));
	}
	loop_free_later(conn_loop(c), release, x);
}

static const struct conn_ops conn_ops = {
	.on_data = on_data, .on_closed = on_closed,
};

static void
on_deadline(void *arg)
{
	finish(arg, STREAM_TIMEOUT);
}

/* --- start and end ---------------------------------------------------------- */

typedef struct codec *make_codec(struct loop *, const struct http_limits *,
    const struct codec_events *, void *owner);

static struct exchange *
exchange_new(struct conn *c, make_codec *make,
    const struct exchange_limits *limits)
{
	struct exchange *x = mem_zalloc(sizeof(*x));
	struct loop *loop = conn_loop(c);

	check(!conn_is_closed(c));
	x->conn = c;
	x->body_max = limits->body_bytes;
	arena_init(&x->arena);
	loop_timer_init(&x->deadline, loop, on_deadline, x);
	loop_timer_start(&x->deadline, limits->timeout_ms);
	conn_set_owner(c, &conn_ops, x);
	x->codec = make(loop, &http_limits_default, &codec_events, x);
	x->stream = codec_open_stream(x->codec, &x->arena, &stream_events, x);
	return x;
}

static void
ask(struct exchange *x, const struct http_head *request, struct buf *body)
{
	struct http_head head = *request;
	bool has_body = body != NULL && buf_len(body) > 0;

	head.content_length = has_body ? (int64_t)buf_len(body) : -1;
	stream_send_head(x->stream, &head, !has_body);
	if (has_body)
		stream_send_body(x->stream, body, true);
}

struct exchange *
exchange_start(struct conn *c, const struct http_head *request,
    struct buf *body, const struct exchange_limits *limits,
    void (*done)(void *, const struct exchange_result *), void *arg)
{
	struct exchange *x = exchange_new(c, h1_client_new, limits);

	x->done = done;
	x->arg = arg;
	codec_drain(x->codec);	/* this one and no more */
	ask(x, request, body);
	return x;
}

struct exchange *
exchange_start_h2(struct conn *c, const struct http_head *request,
    struct buf *body, const struct exchange_limits *limits,
    void (*done)(void *, const struct exchange_result *), void *arg)
{
	struct exchange *x = exchange_new(c, h2_client_new, limits);

	x->done = done;
	x->arg = arg;
	ask(x, request, body);
	return x;
}

void
exchange_cancel(struct exchange *x)
{
	check(!x->is_over);
	stop(x);
}
