#include "base/check.h"
#include "base/mem.h"
#include "cmd/micro/micro.h"
#include "http/codec.h"
#include "http/stream.h"

/*
 * Whole exchanges on one connection, as browsers and services make them: at
 * the server's end a request is read and a reply written, at the client's end
 * the other way round.
 */
static const char request[] =
"GET /api/v1/items/4711?fields=name,price&page=2 HTTP/1.1\r\n"
"Host: orders.default.mesh\r\n"
"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
"Accept: application/json, text/plain;q=0.9\r\n"
"Accept-Encoding: gzip, deflate, br\r\n"
"Cookie: session=2f8a7c6b5d4e3f2a1b0c; theme=dark\r\n"
"X-Request-Id: 5f0c6e0e-7f5b-4f57-9d9f-0a3c5e8f7b21\r\n"
"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
"\r\n";

static const char reply[] =
"HTTP/1.1 200 OK\r\n"
"Server: app\r\n"
"Date: Sat, 21 Nov 2026 04:30:24 GMT\r\n"
"Content-Type: application/json\r\n"
"Content-Length: 14\r\n"
"Cache-Control: no-store\r\n"
"\r\n"
"{\"item\": 4711}";

struct end {
	struct loop   *loop;
	struct codec  *codec;
	struct arena   arena;		/* client: of the exchange */
	struct stream *stream;
	struct buf     in;
	bool           has_ended;	/* the peer's message */
};

static void
on_head(void *owner, struct http_head *head, bool end)
{
	struct end *e = owner;

	(void)head;
	e->has_ended = end;
}

static void
on_body(void *owner, struct buf *body, bool end)
{
	struct end *e = owner;

	buf_drain(body, buf_len(body));
	e->has_ended = end;
}

static void
on_reset(void *owner, enum stream_error why)
{
	(void)owner;
	check(why == STREAM_OK);	/* nothing here is reset */
}

static void
on_drained(void *owner)
{
	(void)owner;
}

static const struct stream_events user = {
	.on_head = on_head, .on_body = on_body, .on_reset = on_reset,
	.on_drained = on_drained,
};

static void
on_stream(void *owner, struct stream *s)
{
	struct end *e = owner;

	e->stream = s;
	stream_set_owner(s, &user, e);
}

static void
on_output(void *owner)
{
	struct end *e = owner;

	buf_drain(&e->codec->output, buf_len(&e->codec->output));
	codec_output_drained(e->codec);
}

static void
on_finished(void *owner, enum codec_end end)
{
	(void)owner;
	(void)end;
}

static void
ignore(void *owner)
{
	(void)owner;
}

static const struct codec_events holder = {
	.on_stream = on_stream, .on_output = on_output,
	.on_output_end = ignore, .on_input = ignore, .on_idle = ignore,
	.on_finished = on_finished,
};

static struct end *
end_new(void)
{
	struct end *e = mem_zalloc(sizeof(*e));

	e->loop = loop_new("micro");
	arena_init(&e->arena);
	return e;
}

static void *
server_start(void)
{
	struct end *e = end_new();

	e->codec = h1_server_new(e->loop, &http_limits_default, &holder, e);
	return e;
}

static void *
client_start(void)
{
	struct end *e = end_new();

	e->codec = h1_client_new(e->loop, &http_limits_default, &holder, e);
	return e;
}

static void
end_stop(void *state)
{
	struct end *e = state;

	codec_free(e->codec);
	loop_free(e->loop);
	buf_fini(&e->in);
	arena_fini(&e->arena);
	mem_free(e);
}

static void
hear(struct end *e, const char *text, size_t len)
{
	buf_add(&e->in, text, len);
	codec_feed(e->codec, &e->in, false);
	check(e->has_ended && buf_len(&e->in) == 0);
	e->has_ended = false;
}

/* What was put off runs; the exchange is over. */
static void
settle(struct end *e)
{
	stream_close(e->stream, STREAM_OK);
	loop_finish(e->loop);
	e->stream = NULL;
}

static void
server_once(void *state)
{
	struct end *e = state;
	struct http_head head;
	struct buf body = { 0 };

	hear(e, request, sizeof(request) - 1);
	http_head_init(&head, e->stream->arena);
	head.status = 200;
	head.content_length = 14;
	http_fields_add_id(&head.fields, FIELD_SERVER, SLICE("app"));
	http_fields_add_id(&head.fields, FIELD_DATE,
	    SLICE("Sat, 21 Nov 2026 04:30:24 GMT"));
	http_fields_add_id(&head.fields, FIELD_CONTENT_TYPE,
	    SLICE("application/json"));
	buf_add(&body, "{\"item\": 4711}", 14);
	stream_send_head(e->stream, &head, false);
	stream_send_body(e->stream, &body, true);
	settle(e);
}

static void
client_once(void *state)
{
	struct end *e = state;
	struct http_head head;

	e->stream = codec_open_stream(e->codec, &e->arena, &user, e);
	http_head_init(&head, &e->arena);
	head.method = SLICE("GET");
	head.method_id = METHOD_GET;
	head.authority = SLICE("orders.default.mesh");
	head.path = SLICE("/api/v1/items/4711");
	head.query = SLICE("fields=name,price&page=2");
	http_fields_add_id(&head.fields, FIELD_ACCEPT,
	    SLICE("application/json, text/plain;q=0.9"));
	http_fields_add_id(&head.fields, FIELD_X_REQUEST_ID,
	    SLICE("5f0c6e0e-7f5b-4f57-9d9f-0a3c5e8f7b21"));
	http_fields_add_id(&head.fields, FIELD_TRACEPARENT,
	    SLICE("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	stream_send_head(e->stream, &head, true);
	loop_finish(e->loop);
	hear(e, reply, sizeof(reply) - 1);
	settle(e);
	arena_reset(&e->arena);
}

const struct micro micro_http[] = {
	{ "http1-server-exchange", server_start, server_once, end_stop },
	{ "http1-client-exchange", client_start, client_once, end_stop },
};
const size_t micro_http_len = sizeof(micro_http) / sizeof(micro_http[0]);
