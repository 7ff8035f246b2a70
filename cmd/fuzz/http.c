#include <stdio.h>

#include "base/check.h"
#include "base/str.h"
#include "cmd/fuzz/fuzz.h"
#include "http/codec.h"

/*
 * Both ends of HTTP/1: one loop, one codec, a user that answers every request
 * (or sends one), and everything that happens as text.  However the input is
 * cut, that text is the same.
 */
struct talk {
	struct codec  *codec;
	struct stream *stream;		/* open */
	struct arena   arena;		/* of the client's stream */
	struct buf     in;
	struct str     said;
	bool           is_server, is_connect, eof, finished;
};

/* --- the user of the stream ---------------------------------------------- */

static void
say_fields(struct talk *t, const struct http_fields *f)
{
	for (size_t i = 0; i < f->len; i++) {
		check(http_is_token(f->v[i].name));
		check(http_is_field_value(f->v[i].value));
		str_addf(&t->said, "%.*s: %.*s\n", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	}
}

static void
close_stream(struct talk *t, enum stream_error e)
{
	struct stream *s = t->stream;

	t->stream = NULL;
	stream_close(s, e);
}

static void
reply(struct talk *t)
{
	struct http_head h;
	struct buf body = { 0 };

	http_head_init(&h, t->stream->arena);
	h.status = t->is_connect ? 405 : 200;
	h.content_length = 2;
	buf_add(&body, "ok", 2);
	stream_send_head(t->stream, &h, false);
	stream_send_body(t->stream, &body, true);
	close_stream(t, STREAM_OK);
}

static void
on_end(struct talk *t, bool end)
{
	if (!end)
		return;
	str_add(&t->said, "\nend\n");
	if (t->stream->is_tunnel)
		return;
	if (t->is_server)
		reply(t);
	else
		close_stream(t, STREAM_OK);
}

static void
say_head(struct talk *t, const struct http_head *h)
{
	str_addf(&t->said, "\n%d %.*s %.*s %.*s ? %.*s %lld %d %.*s\n", h->status,
	    SLICE_ARG(h->method), SLICE_ARG(h->authority), SLICE_ARG(h->path),
	    SLICE_ARG(h->query), (long long)h->content_length,
	    h->expects_continue, SLICE_ARG(h->upgrade));
	say_fields(t, &h->fields);
}

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct talk *t = owner;

	t->is_connect = h->method_id == METHOD_CONNECT;
	say_head(t, h);
	on_end(t, end);
}

static void
on_info(void *owner, struct http_head *h)
{
	struct talk *t = owner;

	check(h->status >= 100 && h->status < 200 && h->status != 101);
	say_head(t, h);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct talk *t = owner;
	struct buf_seg *it = NULL;
	struct slice s;

	check(end || buf_len(b) > 0);
	while (buf_next(b, &it, &s))
		str_add_slice(&t->said, s);
	buf_drain(b, buf_len(b));
	on_end(t, end);
}

static void
on_trailers(void *owner, struct http_fields *f)
{
	struct talk *t = owner;

	str_add(&t->said, "\ntrailers\n");
	say_fields(t, f);
	on_end(t, true);
}

static void
on_drained(void *owner __attribute__((unused)))
{
}

static void
on_reset(void *owner, enum stream_error e)
{
	struct talk *t = owner;

	str_addf(&t->said, "\nreset %s\n", stream_error_name(e));
	close_stream(t, STREAM_OK);
}

static const struct stream_events user = {
	.on_head = on_head, .on_info = on_info, .on_body = on_body,
	.on_trailers = on_trailers, .on_drained = on_drained,
	.on_reset = on_reset,
};

/* --- the holder of the codec --------------------------------------------- */

static void
on_stream(void *owner, struct stream *s)
{
	struct talk *t = owner;

	check(t->stream == NULL);
	t->stream = s;
	stream_set_owner(s, &user, t);
}

static void
on_bad_request(void *owner, int status, const char *why)
{
	struct talk *t = owner;

	str_addf(&t->said, "\nrefused %d %s\n", status, why);
}

static void
on_output(void *owner)
{
	struct talk *t = owner;

	check(buf_len(&t->codec->output) > 0);
	buf_drain(&t->codec->output, buf_len(&t->codec->output));
	codec_output_drained(t->codec);
}

static void
on_output_end(void *owner __attribute__((unused)))
{
}

static void
on_input(void *owner)
{
	struct talk *t = owner;

	codec_feed(t->codec, &t->in, t->eof);
}

static void
on_finished(void *owner, enum codec_end end)
{
	struct talk *t = owner;

	check(!t->finished);
	t->finished = true;
	/* Whether output was still to leave depends on when input came. */
	if (end == CODEC_END_AFTER_FLUSH || end == CODEC_END_ASKED)
		end = CODEC_END_CLEAN;
	str_addf(&t->said, "\nfinished %d\n", (int)end);
}

static void
on_idle(void *owner __attribute__((unused)))
{
}

static const struct codec_events holder = {
	.on_stream = on_stream, .on_bad_request = on_bad_request,
	.on_output = on_output, .on_output_end = on_output_end,
	.on_input = on_input, .on_finished = on_finished, .on_idle = on_idle,
};

/* --- driving ------------------------------------------------------------- */

static void
feed(struct talk *t, const uint8_t *p, size_t len, bool eof)
{
	buf_add(&t->in, p, len);
	t->eof = eof;
	if (!t->finished)
		codec_feed(t->codec, &t->in, eof);
	fuzz_turn();
}

static void
ask(struct talk *t, const char *method)
{
	struct http_head h;

	http_head_init(&h, &t->arena);
	h.method = slice_str(method);
	h.method_id = http_method_id(h.method);
	h.authority = SLICE("a:1");
	h.path = SLICE("/");
	h.content_length = 0;
	t->stream = codec_open_stream(t->codec, &t->arena, &user, t);
	check(t->stream != NULL);
	stream_send_head(t->stream, &h, true);
	fuzz_turn();
}

/* method: of a client's request; NULL: a server.  The text is to be freed. */
static struct str
converse(const char *method, const uint8_t *data, size_t size, size_t cut)
{
	struct talk t = { .is_server = method == NULL };
	const struct http_limits *limits = &http_limits_default;

	t.codec = t.is_server ?
	    h1_server_new(fuzz_loop(), limits, &holder, &t) :
	    h1_client_new(fuzz_loop(), limits, &holder, &t);
	if (!t.is_server)
		ask(&t, method);
	if (cut > 0)
		feed(&t, data, cut, false);
	feed(&t, data + cut, size - cut, true);
	codec_abort(t.codec, STREAM_CONN_CLOSED);
	if (t.stream != NULL)
		close_stream(&t, STREAM_CANCEL);
	codec_free(t.codec);
	fuzz_turn();
	buf_fini(&t.in);
	arena_fini(&t.arena);
	return t.said;
}

static void
compare(const char *method, const uint8_t *data, size_t size)
{
	struct str whole = converse(method, data, size, 0);
	struct str cut = converse(method, data, size, fuzz_cut(data, size));

	if (!slice_eq(str_slice(&whole), str_slice(&cut)))
		fprintf(stderr, "whole:%s\ncut at %zu:%s\n", str_ptr(&whole),
		    fuzz_cut(data, size), str_ptr(&cut));
	check(slice_eq(str_slice(&whole), str_slice(&cut)));
	str_fini(&whole);
	str_fini(&cut);
}

int
fuzz_http_server(const uint8_t *data, size_t size)
{
	compare(NULL, data, size);
	return 0;
}

int
fuzz_http_client(const uint8_t *data, size_t size)
{
	compare("GET", data, size);
	compare("HEAD", data, size);
	return 0;
}
