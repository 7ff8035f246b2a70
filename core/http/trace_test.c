#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/unit.h"
#include "http/trace_test.h"

static void
add(struct trace *t, const char *word)
{
	if (t->text.len > 0)
		str_add_char(&t->text, ' ');
	str_add(&t->text, word);
}

static void
flush_body(struct trace *t)
{
	if (t->body.len == 0)
		return;
	add(t, "body(");
	for (size_t i = 0; i < t->body.len; i++)
		str_add_char(&t->text, t->body.ptr[i] != '\0' ?
		    t->body.ptr[i] : '~');
	str_add_char(&t->text, ')');
	str_clear(&t->body);
}

static void
add_fields(struct trace *t, const struct http_fields *f)
{
	for (size_t i = 0; i < f->len; i++)
		str_addf(&t->text, "%s%.*s=%.*s", i == 0 ? "{" : ",",
		    SLICE_ARG(f->v[i].name), SLICE_ARG(f->v[i].value));
	str_add(&t->text, f->len > 0 ? "}" : "");
}

static void
add_head(struct trace *t, const struct http_head *h)
{
	flush_body(t);
	add(t, "");
	if (h->status != 0)
		str_addf(&t->text, "%d", h->status);
	else
		str_addf(&t->text, "%.*s %.*s%s%.*s @%.*s", SLICE_ARG(h->method),
		    SLICE_ARG(h->path), h->query.ptr != NULL ? "?" : "",
		    SLICE_ARG(h->query), SLICE_ARG(h->authority));
	if (h->fields.len > 0)
		str_add_char(&t->text, ' ');
	add_fields(t, &h->fields);
	if (h->content_length > 0 || (h->content_length == 0 && !t->end_to_end))
		str_addf(&t->text, " cl=%lld", (long long)h->content_length);
	if (h->minor == 0 && !t->end_to_end)
		add(t, "1.0");
	if (h->is_absolute)
		add(t, "absolute");
	if (h->expects_continue)
		add(t, "expects");
	if (h->upgrade.ptr != NULL)
		str_addf(&t->text, " upgrade=%.*s", SLICE_ARG(h->upgrade));
	if (h->dropped > 0 && !t->end_to_end)
		str_addf(&t->text, " dropped=%zu", h->dropped);
}

/* --- the user of the stream ---------------------------------------------- */

static void
on_end(struct trace *t)
{
	flush_body(t);
	add(t, "end");
	t->complete = true;
	if (t->passive)
		return;
	if (t->stream->is_tunnel)
		return;
	if (t->is_server)
		trace_reply(t, t->is_connect ? 405 : 200, t->answer);
	else
		trace_close(t, STREAM_OK);
}

static void
after_event(struct trace *t, bool end)
{
	if (end)
		on_end(t);
	if (t->pauses && t->stream != NULL)
		stream_pause(t->stream);
}

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct trace *t = owner;

	t->is_connect = h->method_id == METHOD_CONNECT;
	flush_body(t);
	t->head = h;
	t->trailers = NULL;
	t->complete = false;
	t->message_at = t->text.len;
	str_clear(&t->payload);
	add_head(t, h);
	after_event(t, end);
}

static void
on_info(void *owner, struct http_head *h)
{
	struct trace *t = owner;

	add(t, "info");
	add_head(t, h);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct trace *t = owner;
	struct buf_seg *it = NULL;
	struct slice s;

	check(end || buf_len(b) > 0);
	while (buf_next(b, &it, &s)) {
		str_add_slice(&t->body, s);
		str_add_slice(&t->payload, s);
		t->pieces++;
	}
	buf_drain(b, buf_len(b));
	after_event(t, end);
}

static void
on_trailers(void *owner, struct http_fields *f)
{
	struct trace *t = owner;

	flush_body(t);
	t->trailers = f;
	add(t, "trailers");
	add_fields(t, f);
	after_event(t, true);
}

static void
on_drained(void *owner)
{
	struct trace *t = owner;

	t->drained++;
}

static void
on_reset(void *owner, enum stream_error e)
{
	struct trace *t = owner;

	flush_body(t);
	add(t, "reset-");
	str_add(&t->text, stream_error_name(e));
	if (!t->passive)
		trace_close(t, STREAM_OK);
}

static const struct stream_events server_user = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_drained = on_drained, .on_reset = on_reset,
};
static const struct stream_events client_user = {
	.on_head = on_head, .on_info = on_info, .on_body = on_body,
	.on_trailers = on_trailers, .on_drained = on_drained,
	.on_reset = on_reset,
};

/* --- the holder of the codec ---------------------------------------------- */

static void
on_stream(void *owner, struct stream *s)
{
	struct trace *t = owner;

	check(t->stream == NULL);
	t->stream = s;
	stream_set_owner(s, &server_user, t);
}

static void
on_bad_request(void *owner, int status, const char *why)
{
	struct trace *t = owner;

	check(why[0] != '\0');
	add(t, "");
	str_addf(&t->text, "bad-%d", status);
}

static void
on_output(void *owner)
{
	struct trace *t = owner;
	struct buf_seg *it = NULL;
	struct slice s;

	check(buf_len(&t->codec->output) > 0);
	if (buf_len(&t->codec->output) > t->most_output)
		t->most_output = buf_len(&t->codec->output);
	while (buf_next(&t->codec->output, &it, &s))
		str_add_slice(&t->out, s);
	buf_drain(&t->codec->output, buf_len(&t->codec->output));
	codec_output_drained(t->codec);
}

static void
on_output_end(void *owner)
{
	struct trace *t = owner;

	t->output_ended = true;
}

static void
on_input(void *owner)
{
	struct trace *t = owner;

	t->asked_for_input = true;
	codec_feed(t->codec, &t->in, t->eof);
}

static void
on_finished(void *owner, enum codec_end end)
{
	static const char *const words[] = {
		[CODEC_END_CLEAN] = "clean", [CODEC_END_AFTER_FLUSH] = "flush",
		[CODEC_END_ASKED] = "asked", [CODEC_END_ERROR] = "error",
		[CODEC_END_ABORT] = "abort",
	};
	struct trace *t = owner;

	check(!t->finished);
	t->finished = true;
	flush_body(t);
	/* Whether it was idle in between depends on how bytes were cut. */
	if (slice_has_suffix(str_slice(&t->text), SLICE(" idle"))) {
		t->text.len -= strlen(" idle");
		t->text.ptr[t->text.len] = '\0';
	}
	add(t, words[end]);
}

static void renew(struct trace *);

/* A server goes on with another codec: nobody may notice. */
static void
on_idle(void *owner)
{
	struct trace *t = owner;

	if (!t->is_server)
		add(t, "idle");
	else if (!codec_is_multiplexed(t->codec) && codec_is_idle(t->codec) &&
	    buf_len(&t->in) == 0)
		renew(t);
}

static const struct codec_events holder = {
	.on_stream = on_stream, .on_bad_request = on_bad_request,
	.on_output = on_output, .on_output_end = on_output_end,
	.on_input = on_input, .on_finished = on_finished, .on_idle = on_idle,
};

/* --- driving --------------------------------------------------------------- */

/* One loop for all: making one costs more than a test. */
static struct loop *
shared_loop(void)
{
	static struct loop *loop;

	if (loop == NULL)
		loop = loop_new("test");
	return loop;
}

static void
renew(struct trace *t)
{
	codec_free(t->codec);
	t->codec = h1_server_new(t->loop, t->limits, &holder, t);
}

void
trace_init_server(struct trace *t, const struct http_limits *limits)
{
	*t = (struct trace){ .loop = shared_loop(), .is_server = true,
	    .answer = "ok", .limits = limits };
	t->codec = h1_server_new(t->loop, limits, &holder, t);
}

void
trace_init_h2_server(struct trace *t, const struct http_limits *limits)
{
	*t = (struct trace){ .loop = shared_loop(), .is_server = true,
	    .answer = "ok", .limits = limits };
	t->codec = h2_server_new(t->loop, limits, false, &holder, t);
	trace_turn(t);
}

void
trace_init_h2_client(struct trace *t, const struct http_limits *limits)
{
	*t = (struct trace){ .loop = shared_loop() };
	t->codec = h2_client_new(t->loop, limits, &holder, t);
	trace_turn(t);
}

void
trace_pipe(struct trace *from, struct trace *to)
{
	trace_feed(to, str_ptr(&from->out), from->out.len);
	str_clear(&from->out);
}

struct http_head *
trace_request(struct trace *t, const char *method)
{
	struct http_head *h = arena_alloc(&t->arena, sizeof(*h));

	http_head_init(h, &t->arena);
	h->method = slice_str(method);
	h->method_id = http_method_id(h->method);
	h->authority = SLICE("a:1");
	h->path = SLICE("/");
	return h;
}

void
trace_open(struct trace *t, const struct http_head *h, bool end)
{
	check(t->stream == NULL);
	t->stream = codec_open_stream(t->codec, &t->arena, &client_user, t);
	check(t->stream != NULL);
	if (h != NULL)
		stream_send_head(t->stream, h, end);
	trace_turn(t);
}

void
trace_init_client(struct trace *t, const struct http_limits *limits,
    const char *method)
{
	*t = (struct trace){ .loop = shared_loop() };
	t->codec = h1_client_new(t->loop, limits, &holder, t);
	if (method != NULL)
		trace_open(t, trace_request(t, method), true);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

void
trace_turn(struct trace *t)
{
	loop_post(t->loop, stop, t->loop);
	loop_run(t->loop);
}

void
trace_fini(struct trace *t)
{
	codec_abort(t->codec, STREAM_CONN_CLOSED);
	if (t->stream != NULL)
		trace_close(t, STREAM_CANCEL);
	codec_free(t->codec);
	trace_turn(t);
	buf_fini(&t->in);
	str_fini(&t->text);
	str_fini(&t->body);
	str_fini(&t->payload);
	str_fini(&t->out);
	arena_fini(&t->arena);
}

void
trace_feed(struct trace *t, const void *p, size_t len)
{
	buf_add(&t->in, p, len);
	if (!t->finished)
		codec_feed(t->codec, &t->in, t->eof);
	trace_turn(t);
}

void
trace_feed_eof(struct trace *t)
{
	t->eof = true;
	if (!t->finished)
		codec_feed(t->codec, &t->in, true);
	trace_turn(t);
}

void
trace_reply(struct trace *t, int status, const char *body)
{
	struct http_head h;
	struct buf b = { 0 };

	http_head_init(&h, t->stream->arena);
	h.status = status;
	h.content_length = (int64_t)strlen(body);
	buf_add(&b, body, strlen(body));
	stream_send_head(t->stream, &h, false);
	stream_send_body(t->stream, &b, true);
	trace_close(t, STREAM_OK);
}

void
trace_close(struct trace *t, enum stream_error e)
{
	struct stream *s = t->stream;

	t->stream = NULL;
	stream_close(s, e);
}

void
trace_say(struct trace *t, const char *s)
{
	trace_feed(t, s, strlen(s));
}

void
trace_start(struct trace *t, const char *in)
{
	trace_init_server(t, &http_limits_default);
	t->passive = true;
	trace_say(t, in);
}

void
trace_send_head(struct trace *t, int status, int64_t length, bool end)
{
	struct http_head h;

	http_head_init(&h, &t->arena);
	h.status = status;
	h.content_length = length;
	http_fields_add(&h.fields, SLICE("x"), SLICE("y"));
	stream_send_head(t->stream, &h, end);
}

void
trace_send_info(struct trace *t, int status)
{
	struct http_head h;

	http_head_init(&h, &t->arena);
	h.status = status;
	stream_send_info(t->stream, &h);
}

void
trace_send_body(struct trace *t, const char *s, bool end)
{
	struct buf b = { 0 };

	buf_add(&b, s, strlen(s));
	stream_send_body(t->stream, &b, end);
	assert_int_equal(buf_len(&b), 0);
}

void
trace_expect_out(struct trace *t, const char *out)
{
	trace_turn(t);
	assert_string_equal(str_ptr(&t->out), out);
	str_clear(&t->out);
}

const char *
trace_message(struct trace *t)
{
	const char *s = str_ptr(&t->text) + t->message_at;

	return *s == ' ' ? s + 1 : s;
}

void
trace_forward(struct trace *from, struct trace *to)
{
	struct buf b = { 0 };
	bool has_more = from->payload.len > 0 || from->trailers != NULL;

	check(from->complete);
	if (to->is_server)
		stream_send_head(to->stream, from->head, !has_more);
	else
		trace_open(to, from->head, !has_more);
	buf_add_slice(&b, str_slice(&from->payload));
	if (has_more)
		stream_send_body(to->stream, &b, from->trailers == NULL);
	if (from->trailers != NULL)
		stream_send_trailers(to->stream, from->trailers);
	trace_turn(to);
}

const char *
trace_end(struct trace *t)
{
	const char *at = str_ptr(&t->out);

	flush_body(t);
	add(t, ">");
	while ((at = strstr(at, "HTTP/1.1 ")) != NULL) {
		at += strlen("HTTP/1.1 ");
		if (*at >= '1' && *at <= '5')
			str_addf(&t->text, " %.3s", at);
	}
	return str_ptr(&t->text);
}
