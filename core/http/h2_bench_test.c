#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/unit.h"
#include "http/h2_bench_test.h"
#include "http/h2_frames_test.h"
#include "http/h2_show_test.h"

struct h2_bench_stream *
h2_bench_at(struct h2_bench *b, int id)
{
	size_t i = (size_t)(id - 1) / 2;

	check(id > 0 && i < H2_BENCH_STREAMS);
	return &b->v[i];
}

/* --- the users of streams -------------------------------------------------------- */

/* Which stream is it?  The owner of its events is its place. */
static struct h2_bench *current;

static int
id_of(const struct h2_bench_stream *s)
{
	return (int)(s - current->v) * 2 + 1;
}

static void
flush_body(struct h2_bench_stream *s)
{
	if (s->body.len > 0)
		str_addf(&s->told, " body(%.*s)", s->body.len > 100 ? 3 :
		    (int)s->body.len, str_ptr(&s->body));
	str_clear(&s->body);
}

static void
tell_fields(struct str *to, const struct http_fields *f)
{
	for (size_t i = 0; i < f->len; i++)
		str_addf(to, "%s%s%.*s=%.*s", i == 0 ? " {" : ",",
		    f->v[i].is_secret ? "!" : "", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	str_add(to, f->len > 0 ? "}" : "");
}

static void
tell_head(struct h2_bench_stream *s, const struct http_head *h)
{
	struct str *to = &s->told;

	flush_body(s);
	if (h->status != 0)
		str_addf(to, " %d", h->status);
	else
		str_addf(to, " %.*s %.*s%s%.*s @%.*s", SLICE_ARG(h->method),
		    SLICE_ARG(h->path), h->query.ptr != NULL ? "?" : "",
		    SLICE_ARG(h->query), SLICE_ARG(h->authority));
	if (slice_is(h->scheme, "https"))
		str_add(to, " https");
	tell_fields(to, &h->fields);
	if (h->content_length >= 0)
		str_addf(to, " cl=%lld", (long long)h->content_length);
	if (h->expects_continue)
		str_add(to, " expects");
	if (h->takes_trailers)
		str_add(to, " te");
	if (h->upgrade.ptr != NULL)
		str_addf(to, " upgrade=%.*s", SLICE_ARG(h->upgrade));
	if (h->dropped > 0)
		str_addf(to, " dropped=%zu", h->dropped);
}

static void
on_end(struct h2_bench_stream *s)
{
	flush_body(s);
	str_add(&s->told, " end");
	if (current->passive)
		return;
	if (current->is_server && !s->is_connect)
		h2_bench_reply(current, id_of(s), 200, "ok");
	else if (!current->is_server)
		h2_bench_close(current, id_of(s), STREAM_OK);
}

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct h2_bench_stream *s = owner;

	s->head = h;
	s->is_connect = h->method_id == METHOD_CONNECT || h->upgrade.ptr != NULL;
	tell_head(s, h);
	if (current->pauses && !end)
		stream_pause(s->stream);
	if (end)
		on_end(s);
}

static void
on_info(void *owner, struct http_head *h)
{
	struct h2_bench_stream *s = owner;

	str_add(&s->told, " info");
	tell_head(s, h);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct h2_bench_stream *s = owner;
	struct buf_seg *it = NULL;
	struct slice piece;

	check(end || buf_len(b) > 0);
	s->taken += buf_len(b);
	while (buf_next(b, &it, &piece))
		str_add_slice(&s->body, piece);
	buf_drain(b, buf_len(b));
	if (end)
		on_end(s);
}

static void
on_trailers(void *owner, struct http_fields *f)
{
	struct h2_bench_stream *s = owner;

	flush_body(s);
	str_add(&s->told, " trailers");
	tell_fields(&s->told, f);
	on_end(s);
}

static void
on_drained(void *owner)
{
	struct h2_bench_stream *s = owner;

	s->drained++;
}

static void
on_reset(void *owner, enum stream_error e)
{
	struct h2_bench_stream *s = owner;

	flush_body(s);
	str_addf(&s->told, " reset-%s", stream_error_name(e));
	if (!current->passive)
		h2_bench_close(current, id_of(s), STREAM_OK);
}

static const struct stream_events user = {
	.on_head = on_head, .on_info = on_info, .on_body = on_body,
	.on_trailers = on_trailers, .on_drained = on_drained,
	.on_reset = on_reset,
};

static void
give(struct h2_bench *b, struct h2_bench_stream *s, struct stream *stream)
{
	check(s->stream == NULL);
	s->stream = stream;
	flow_init(&s->flow, NULL, 0, 0, NULL, NULL);
	stream->flow = &s->flow;
	b->begun++;
	stream_set_owner(stream, &user, s);
}

/* --- the holder of the codec ------------------------------------------------------- */

static void
on_stream(void *owner, struct stream *stream)
{
	struct h2_bench *b = owner;
	/* Nothing of a stream says its number: the peer's come in order. */
	size_t i = b->begun;

	give(b, &b->v[i], stream);
}

static void
on_bad_request(void *owner, int status, const char *why)
{
	struct h2_bench *b = owner;

	check(why[0] != '\0');
	str_addf(&b->conn, " bad-%d", status);
}

static void
on_output(void *owner)
{
	struct h2_bench *b = owner;
	struct buf_seg *it = NULL;
	struct slice s;

	check(buf_len(&b->codec->output) > 0);
	if (b->keeps_output)
		return;
	while (buf_next(&b->codec->output, &it, &s))
		str_add_slice(&b->out, s);
	buf_drain(&b->codec->output, buf_len(&b->codec->output));
	codec_output_drained(b->codec);
}

static void
on_input(void *owner)
{
	struct h2_bench *b = owner;

	codec_feed(b->codec, &b->in, false);
}

static void
on_finished(void *owner, enum codec_end end)
{
	struct h2_bench *b = owner;

	check(!b->finished);
	b->finished = true;
	b->end = end;
}

static void
on_idle(void *owner)
{
	struct h2_bench *b = owner;

	b->idle++;
}

static const struct codec_events holder = {
	.on_stream = on_stream, .on_bad_request = on_bad_request,
	.on_output = on_output, .on_input = on_input,
	.on_finished = on_finished, .on_idle = on_idle,
};

/* --- driving ---------------------------------------------------------------------- */

static struct loop *
shared_loop(void)
{
	static struct loop *loop;

	if (loop == NULL)
		loop = loop_new("test");
	return loop;
}

static struct codec *
codec_of(struct h2_bench *b)
{
	return b->is_server ?
	    h2_server_new(b->loop, &b->limits, b->is_member, &holder, b) :
	    h2_client_new(b->loop, &b->limits, &holder, b);
}

static void
greet(struct h2_bench *b)
{
	if (b->is_server)
		h2_bench_feed_bytes(b, H2_PREFACE, strlen(H2_PREFACE));
	if (b->is_unheard)
		h2_bench_turn(b);
	else
		h2_bench_feed(b, b->is_silent ? "S" : "S | Sa");
	if (!b->is_server) {	/* its preface is not a frame */
		check(slice_has_prefix(str_slice(&b->out), SLICE(H2_PREFACE)));
		struct str rest = { 0 };

		str_add_slice(&rest, slice_from(str_slice(&b->out),
		    strlen(H2_PREFACE)));
		str_fini(&b->out);
		b->out = rest;
	}
}

static struct h2_bench *
bench_new(bool is_server)
{
	struct h2_bench *b = mem_zalloc(sizeof(*b));

	b->loop = shared_loop();
	b->is_server = is_server;
	b->limits = http_limits_default;
	arena_init(&b->arena);
	check(nghttp2_hd_inflate_new(&b->inflater) == 0);
	b->codec = codec_of(b);
	current = b;
	greet(b);
	return b;
}

struct h2_bench *
h2_bench_server(void)
{
	return bench_new(true);
}

struct h2_bench *
h2_bench_client(void)
{
	return bench_new(false);
}

void
h2_bench_restart(struct h2_bench *b)
{
	codec_free(b->codec);
	str_clear(&b->out);
	b->settings = b->windows = 0;
	b->window_bytes = 0;
	b->codec = codec_of(b);
	greet(b);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

void
h2_bench_turn(struct h2_bench *b)
{
	current = b;
	loop_post(b->loop, stop, b->loop);
	loop_run(b->loop);
}

void
h2_bench_free(struct h2_bench *b)
{
	b->passive = true;
	codec_abort(b->codec, STREAM_CONN_CLOSED);
	for (size_t i = 0; i < H2_BENCH_STREAMS; i++) {
		struct h2_bench_stream *s = &b->v[i];

		if (s->stream != NULL)
			stream_close(s->stream, STREAM_CANCEL);
		assert_int_equal(s->flow.queued, 0);
		str_fini(&s->told);
		str_fini(&s->body);
		str_fini(&s->sent);
	}
	codec_free(b->codec);
	h2_bench_turn(b);
	buf_fini(&b->in);
	str_fini(&b->out);
	str_fini(&b->conn);
	arena_fini(&b->arena);
	nghttp2_hd_inflate_del(b->inflater);
	mem_free(b);
}

void
h2_bench_feed_bytes(struct h2_bench *b, const void *p, size_t len)
{
	current = b;
	buf_add(&b->in, p, len);
	if (!b->finished)
		codec_feed(b->codec, &b->in, false);
	h2_bench_turn(b);
}

void
h2_bench_feed(struct h2_bench *b, const char *frames)
{
	struct str s = { 0 };

	h2_frames_write(&s, frames);
	h2_bench_feed_bytes(b, s.ptr, s.len);
	str_fini(&s);
}

void
h2_bench_feed_eof(struct h2_bench *b)
{
	current = b;
	if (!b->finished)
		codec_feed(b->codec, &b->in, true);
	h2_bench_turn(b);
}

struct stream *
h2_bench_ask(struct h2_bench *b, const char *line, const char *fields,
    bool end)
{
	struct http_head h;
	struct slice rest = slice_str(line), method, path, field;
	struct stream *stream;

	current = b;
	stream = codec_open_stream(b->codec, &b->arena, NULL, NULL);
	if (stream == NULL)
		return NULL;
	give(b, &b->v[b->opened++], stream);
	http_head_init(&h, &b->arena);
	slice_cut(&rest, ' ', &method);
	slice_cut(&rest, '?', &path);
	h.method = method;
	h.method_id = http_method_id(method);
	h.authority = SLICE("a:1");
	h.path = path.ptr != NULL ? path : SLICE("");
	h.query = rest;
	rest = slice_str(fields);
	while (slice_cut(&rest, ' ', &field)) {
		struct slice value = field, name;

		slice_cut(&value, '=', &name);
		if (slice_is(name, "content-length"))
			h.content_length = strtoll(value.ptr, NULL, 10);
		else if (slice_is(name, "upgrade"))
			h.upgrade = value;
		else if (slice_is(name, "te"))
			h.takes_trailers = true;
		else if (slice_is(name, "expect"))
			h.expects_continue = true;
		else if (name.len > 0)
			http_fields_add(&h.fields, name, value);
	}
	stream_send_head(stream, &h, end);
	h2_bench_turn(b);
	return stream;
}

void
h2_bench_send(struct h2_bench *b, int id, const char *body, bool end)
{
	struct buf out = { 0 };

	buf_add(&out, body, strlen(body));
	stream_send_body(h2_bench_at(b, id)->stream, &out, end);
	h2_bench_turn(b);
}

void
h2_bench_reply(struct h2_bench *b, int id, int status, const char *body)
{
	struct stream *stream = h2_bench_at(b, id)->stream;
	struct http_head h;
	struct buf out = { 0 };

	http_head_init(&h, &b->arena);
	h.status = status;
	h.content_length = (int64_t)strlen(body);
	buf_add(&out, body, strlen(body));
	stream_send_head(stream, &h, false);
	stream_send_body(stream, &out, true);
	h2_bench_close(b, id, STREAM_OK);
}

void
h2_bench_close(struct h2_bench *b, int id, enum stream_error e)
{
	struct stream *stream = h2_bench_at(b, id)->stream;

	h2_bench_at(b, id)->stream = NULL;
	stream_close(stream, e);
}

const char *
h2_bench_text(struct h2_bench *b)
{
	static struct str text;

	h2_show(b);
	str_clear(&text);
	for (size_t i = 0; i < H2_BENCH_STREAMS; i++) {
		struct h2_bench_stream *s = &b->v[i];

		flush_body(s);
		if (s->told.len == 0 && s->sent.len == 0)
			continue;
		str_addf(&text, "%s%d%s", text.len > 0 ? " / " : "",
		    (int)(2 * i + 1), str_ptr(&s->told));
		if (s->sent.len > 0)
			str_addf(&text, " >%s", str_ptr(&s->sent));
	}
	str_addf(&text, "%s", str_ptr(&b->conn));
	if (b->finished)
		str_add(&text, b->end == CODEC_END_CLEAN ? " clean" :
		    b->end == CODEC_END_AFTER_FLUSH ? " flush" : " error");
	return text.ptr[0] == ' ' ? text.ptr + 1 : text.ptr;
}
