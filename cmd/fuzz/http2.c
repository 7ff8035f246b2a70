#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "http/http2.h"

/*
 * Both ends of HTTP/2, given arbitrary frames behind the preface: many streams,
 * users that answer or ask, close early or not, as the input says.  Heads obey the
 * grammar, every end comes once, nothing comes after an end or a reset, what was
 * charged to a stream is given back, and the output stays bounded.
 *
 * Where input is cut decides what is told of a stream that the peer resets at
 * once, so texts are not compared.
 */
#define STREAMS		64
#define OUTPUT_MAX	(1024 * 1024)

struct talk_stream {
	struct talk   *talk;
	struct stream *stream;
	struct flow    flow;
	bool           has_head, ended, was_reset, is_connect;
};

struct talk {
	struct codec *codec;
	struct arena  arena;
	struct buf    in;
	size_t        output;
	bool          is_server, is_lazy, finished;
	size_t        len;
	struct talk_stream v[STREAMS];
};

/* --- users ----------------------------------------------------------------- */

static void
close_stream(struct talk_stream *s, enum stream_error e)
{
	struct stream *stream = s->stream;

	s->stream = NULL;
	stream_close(stream, e);
	check(s->flow.queued == 0);
}

static void
look_at_fields(const struct http_fields *f)
{
	for (size_t i = 0; i < f->len; i++) {
		check(http_is_token(f->v[i].name));
		check(http_is_field_value(f->v[i].value));
		check(f->v[i].id < FIELD_CONNECTION);
	}
}

static void
reply(struct talk_stream *s)
{
	struct http_head h;
	struct buf body = { 0 };

	http_head_init(&h, s->stream->arena);
	h.status = s->is_connect ? 405 : 200;
	h.content_length = 2;
	buf_add(&body, "ok", 2);
	stream_send_head(s->stream, &h, false);
	stream_send_body(s->stream, &body, true);
}

static void
on_end(struct talk_stream *s, bool end)
{
	if (!end)
		return;
	check(!s->ended);
	s->ended = true;
	if (s->stream->is_tunnel)
		return;
	if (s->talk->is_server)
		reply(s);
	if (!s->talk->is_lazy)
		close_stream(s, STREAM_OK);
}

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct talk_stream *s = owner;

	check(!s->has_head && !s->was_reset && s->stream != NULL);
	s->has_head = true;
	s->is_connect = h->method_id == METHOD_CONNECT || h->upgrade.len > 0;
	look_at_fields(&h->fields);
	if (s->talk->is_server)
		check(h->authority.len > 0 && http_is_token(h->method) &&
		    (h->method_id == METHOD_CONNECT || h->path.len > 0));
	else
		check(h->status >= 200 && h->status <= 599);
	on_end(s, end);
}

static void
on_info(void *owner, struct http_head *h)
{
	struct talk_stream *s = owner;

	check(!s->has_head && h->status >= 100 && h->status < 200);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct talk_stream *s = owner;

	check(s->has_head && !s->ended && !s->was_reset);
	check(end || buf_len(b) > 0);
	buf_drain(b, buf_len(b));
	on_end(s, end);
}

static void
on_trailers(void *owner, struct http_fields *f)
{
	struct talk_stream *s = owner;

	check(s->has_head && !s->ended && !s->was_reset);
	look_at_fields(f);
	on_end(s, true);
}

static void
on_drained(void *owner __attribute__((unused)))
{
}

static void
on_reset(void *owner, enum stream_error e)
{
	struct talk_stream *s = owner;

	check(!s->was_reset && e != STREAM_OK);
	s->was_reset = true;
	close_stream(s, STREAM_OK);
}

static const struct stream_events user = {
	.on_head = on_head, .on_info = on_info, .on_body = on_body,
	.on_trailers = on_trailers, .on_drained = on_drained,
	.on_reset = on_reset,
};

static void
give(struct talk *t, struct stream *stream)
{
	struct talk_stream *s = &t->v[t->len++ % STREAMS];

	if (s->stream != NULL)
		close_stream(s, STREAM_CANCEL);
	*s = (struct talk_stream){ .talk = t, .stream = stream };
	flow_init(&s->flow, NULL, 0, 0, NULL, NULL);
	stream->flow = &s->flow;
	stream_set_owner(stream, &user, s);
}

/* --- the holder of the codec ------------------------------------------------ */

static void
on_stream(void *owner, struct stream *stream)
{
	give(owner, stream);
}

static void
on_bad_request(void *owner __attribute__((unused)), int status, const char *why)
{
	check(status >= 400 && why[0] != '\0');
}

static void
on_output(void *owner)
{
	struct talk *t = owner;

	t->output += buf_len(&t->codec->output);
	buf_drain(&t->codec->output, buf_len(&t->codec->output));
	codec_output_drained(t->codec);
}

static void
on_input(void *owner __attribute__((unused)))
{
}

static void
on_finished(void *owner, enum codec_end end __attribute__((unused)))
{
	struct talk *t = owner;

	check(!t->finished);
	t->finished = true;
}

static const struct codec_events holder = {
	.on_stream = on_stream, .on_bad_request = on_bad_request,
	.on_output = on_output, .on_output_end = on_input,
	.on_input = on_input, .on_finished = on_finished, .on_idle = on_input,
};

/* --- driving ------------------------------------------------------------------ */

static void
feed(struct talk *t, const void *p, size_t len, bool eof)
{
	buf_add(&t->in, p, len);
	if (!t->finished)
		codec_feed(t->codec, &t->in, eof);
	fuzz_turn();
	check(t->finished || buf_len(&t->in) == 0);
}

static void
ask(struct talk *t, const char *method, bool end)
{
	struct http_head h;
	struct stream *stream = codec_open_stream(t->codec, &t->arena, &user,
	    NULL);

	check(stream != NULL);
	give(t, stream);
	http_head_init(&h, &t->arena);
	h.method = slice_str(method);
	h.method_id = http_method_id(h.method);
	h.authority = SLICE("a:1");
	h.path = h.method_id == METHOD_CONNECT ? SLICE("") : SLICE("/");
	stream_send_head(stream, &h, end);
}

static void
converse(bool is_server, const uint8_t *data, size_t size)
{
	struct talk t = { .is_server = is_server };
	size_t cut = fuzz_cut(data, size);

	t.is_lazy = cut & 1;
	t.codec = is_server ? h2_server_new(fuzz_loop(),
	    &http_limits_default, cut & 2, &holder, &t) :
	    h2_client_new(fuzz_loop(), &http_limits_default, &holder, &t);
	if (is_server) {
		feed(&t, H2_PREFACE, sizeof(H2_PREFACE) - 1, false);
	} else {
		ask(&t, "GET", true);
		ask(&t, "POST", false);
		ask(&t, "HEAD", true);
		ask(&t, "CONNECT", true);
	}
	feed(&t, data, cut, false);
	if (cut & 4)
		codec_drain(t.codec);
	feed(&t, data + cut, size - cut, true);
	check(t.output < OUTPUT_MAX + 16 * size);
	t.finished = true;
	codec_abort(t.codec, STREAM_CONN_CLOSED);
	for (size_t i = 0; i < STREAMS; i++)
		if (t.v[i].stream != NULL)
			close_stream(&t.v[i], STREAM_CANCEL);
	codec_free(t.codec);
	fuzz_turn();
	buf_fini(&t.in);
	arena_fini(&t.arena);
}

int
fuzz_h2_server(const uint8_t *data, size_t size)
{
	converse(true, data, size);
	return 0;
}

int
fuzz_h2_client(const uint8_t *data, size_t size)
{
	converse(false, data, size);
	return 0;
}
