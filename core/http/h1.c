#include "base/check.h"
#include "base/mem.h"
#include "http/h1.h"

/* --- telling ----------------------------------------------------------- */

struct h1 *
h1_of_codec(struct codec *c)
{
	return (struct h1 *)(void *)((char *)c - offsetof(struct h1, base));
}

const struct h1 *
h1_of_const_codec(const struct codec *c)
{
	return (const struct h1 *)(const void *)
	    ((const char *)c - offsetof(struct h1, base));
}

struct h1 *
h1_of_stream(struct stream *s)
{
	return (struct h1 *)(void *)((char *)s - offsetof(struct h1, stream));
}

void
h1_before_telling(struct codec *c)
{
	struct h1 *h = h1_of_codec(c);

	if (h->late_reset != STREAM_OK)
		h1_reset(h, h->late_reset);
}

void
h1_want_input(struct h1 *h)
{
	if (h->in_feed || !h->has_leftover || h->base.is_finished)
		return;
	h->base.tell_input = true;
	codec_base_tell(&h->base);
}

/* The caller may have stopped reading while codec_wants_input was false. */
static void
h1_reopen_input(struct h1 *h)
{
	if (h->in_feed || h->base.is_finished)
		return;
	h->base.tell_input = true;
	codec_base_tell(&h->base);
}

void
h1_finish(struct h1 *h, enum codec_end end)
{
	h->in = IN_OFF;
	codec_base_finish(&h->base, end);
}

void
h1_finish_in_order(struct h1 *h)
{
	h1_finish(h, h->unsent_before + h->unsent > 0 ? CODEC_END_AFTER_FLUSH :
	    CODEC_END_CLEAN);
}

bool
h1_hears(const struct h1 *h)
{
	return h->is_open && !h->is_mute;
}

bool
h1_is_deaf(const struct h1 *h)
{
	return !h1_hears(h) || h->base.is_finished;
}

void
h1_reset(struct h1 *h, enum stream_error error)
{
	h->late_reset = STREAM_OK;
	if (!h1_hears(h))
		return;
	h->is_mute = true;
	h->stream.events->on_reset(h->stream.owner, error);
}

/* --- life -------------------------------------------------------------- */

void
h1_init(struct h1 *h, const struct h1_role *role,
    const struct codec_vtable *vt, struct loop *loop,
    const struct http_limits *limits, const struct codec_events *events,
    void *owner)
{
	*h = (struct h1){ .role = role, .limits = limits, .keep_alive = true };
	codec_base_init(&h->base, vt, loop, events, owner);
}

void
h1_open(struct h1 *h, const struct stream_vtable *vt)
{
	h->stream = (struct stream){ .vt = vt, .arena = h->arena };
	h->is_open = true;
	h->is_mute = false;
	h->is_paused = false;
	h->was_high = false;
	h->continued = false;
	h->answered = false;
	h->info_count = 0;
	h->info_bytes = 0;
	h->body_begun = false;
	h->drained = 0;
	h->message = NULL;
	h->sending = OUT_HEAD;
}

void
h1_abort(struct codec *c, enum stream_error error)
{
	struct h1 *h = h1_of_codec(c);

	h->in = IN_OFF;
	codec_base_abort(c);
	h1_reset(h, error);
}

static void
release(void *p)
{
	struct h1 *h = p;

	arena_park(&h->own_arena);
	mem_free(h);
}

/* A user may have ended its flow just before: then nothing is left there. */
static void
discharge_all(struct h1 *h)
{
	struct flow *f = h->stream.flow;

	if (f != NULL)
		flow_discharge(f, h->unsent < f->queued ? h->unsent : f->queued);
	h->unsent_before += h->unsent;
	h->unsent = 0;
}

void
h1_free(struct codec *c)
{
	struct h1 *h = h1_of_codec(c);

	codec_base_fini(c);
	h->is_mute = true;
	h->in = IN_OFF;
	if (!h->is_open)
		loop_free_later(h->base.loop, release, h);
}

void
h1_close(struct stream *s, enum stream_error error)
{
	struct h1 *h = h1_of_stream(s);

	check(h->is_open);
	discharge_all(h);
	h->is_open = false;
	if (h->is_paused && !h->base.is_freed)
		h1_reopen_input(h);
	h->is_paused = false;
	h->late_reset = STREAM_OK;
	if (h->base.is_freed) {
		loop_free_later(h->base.loop, release, h);
		return;
	}
	if (s->is_tunnel && !h->base.is_finished)
		h1_finish(h, error == STREAM_OK ? CODEC_END_AFTER_FLUSH :
		    CODEC_END_ABORT);
	else if (!h->base.is_finished)
		h->role->settle(h);
}

/* --- output ------------------------------------------------------------ */

size_t
h1_write_begin(const struct h1 *h)
{
	return buf_len(&h->base.output);
}

void
h1_write_end(struct h1 *h, size_t begun)
{
	size_t n = buf_len(&h->base.output) - begun;

	if (n == 0)
		return;
	if (h->is_open) {
		h->unsent += n;
		if (h->stream.flow != NULL)
			flow_charge(h->stream.flow, n);
		if (h->unsent > FLOW_HIGH)
			h->was_high = true;
	} else {
		h->unsent_before += n;
	}
	h->base.tell_output = true;
	codec_base_tell(&h->base);
}

void
h1_output_sent(struct codec *c, size_t n)
{
	struct h1 *h = h1_of_codec(c);
	size_t gone = h->unsent_before + h->unsent - buf_len(&c->output);

	if (n > gone)
		n = gone;
	size_t before = n < h->unsent_before ? n : h->unsent_before;

	h->unsent_before -= before;
	n -= before;
	h->unsent -= n;
	if (n > 0 && h->stream.flow != NULL)
		flow_discharge(h->stream.flow, n);
	if (!h->is_open && h->unsent_before <= FLOW_LOW)
		h1_want_input(h);
	if (h->was_high && h->unsent <= FLOW_LOW) {
		h->was_high = false;
		if (h1_hears(h) && h->stream.events->on_drained != NULL)
			h->stream.events->on_drained(h->stream.owner);
	}
}

void
h1_end_sending(struct h1 *h, bool ok)
{
	if (!ok) {
		h->late_reset = STREAM_INTERNAL;
		h1_finish(h, CODEC_END_ABORT);
		return;
	}
	h->sending = OUT_DONE;
	if (h->stream.is_tunnel || h->role->sent_last(h)) {
		h->base.tell_output_end = true;
		codec_base_tell(&h->base);
	}
}

void
h1_send_body(struct stream *s, struct buf *b, bool end)
{
	struct h1 *h = h1_of_stream(s);

	if (h1_is_deaf(h)) {
		buf_drain(b, buf_len(b));
		return;
	}
	check(h->sending == OUT_BODY);
	size_t begun = h1_write_begin(h);
	bool ok = h1_write_body(&h->base.output, &h->out, b, end);

	h1_write_end(h, begun);
	if (end || !ok)
		h1_end_sending(h, ok);
}

void
h1_send_trailers(struct stream *s, const struct http_fields *f)
{
	struct h1 *h = h1_of_stream(s);

	if (h1_is_deaf(h))
		return;
	check(h->sending == OUT_BODY);
	size_t begun = h1_write_begin(h);
	bool ok = h1_write_trailers(&h->base.output, &h->out, f);

	h1_write_end(h, begun);
	h1_end_sending(h, ok);
}

void
h1_begin_tunnel(struct h1 *h)
{
	h->stream.is_tunnel = true;
	h->keep_alive = false;
	h->out = (struct h1_out){ .framing = FRAMING_UNTIL_CLOSE };
	h->sending = OUT_BODY;
	h->in = IN_TUNNEL;
	h1_want_input(h);
}

/* --- input ------------------------------------------------------------- */

bool
h1_wants_input(const struct codec *c)
{
	return !h1_of_const_codec(c)->is_paused;
}

bool
h1_is_in_head(const struct codec *c)
{
	const struct h1 *h = h1_of_const_codec(c);

	return h->in == IN_HEAD && h->scan.bytes > 0;
}

void
h1_pause(struct stream *s, bool paused)
{
	struct h1 *h = h1_of_stream(s);

	bool was_paused = h->is_paused;

	h->is_paused = paused;
	if (was_paused && !paused)
		h1_reopen_input(h);
}

char *
h1_take_head(struct h1 *h, struct buf *b, size_t *len)
{
	buf_drain(b, h->scan.skipped);
	*len = h->scan.bytes - h->scan.skipped;
	char *block = arena_alloc(h->arena, *len);

	buf_copy_out(b, block, *len);
	buf_drain(b, *len);
	return block;
}

void
h1_begin_body(struct h1 *h)
{
	h1_body_start(&h->body, h->message, h->scan.bytes, h->scan.fields);
	h->in = h->message->framing == FRAMING_NONE ? IN_DONE : IN_BODY;
}

/* To the user, unless it left; what it does not take is dropped. */
static void
give_body(struct h1 *h, struct buf *b, bool end)
{
	if (end && h->in == IN_BODY)
		h->in = IN_DONE;
	if (h1_hears(h) && (end || buf_len(b) > 0))
		h->stream.events->on_body(h->stream.owner, b, end);
	buf_fini(b);
}

static void
give_trailers(struct h1 *h, struct buf *in)
{
	struct http_fields *list = arena_alloc(h->arena, sizeof(*list));
	size_t len = h->body.trailers.bytes;
	char *block = arena_alloc(h->arena, len);
	struct buf none = { 0 };

	http_fields_init(list, h->arena);
	buf_copy_out(in, block, len);
	buf_drain(in, len);
	h1_head_parse_trailers(block, len, h->message->head.status == 0, list);
	if (list->len == 0) {
		give_body(h, &none, true);
		return;
	}
	h->in = IN_DONE;
	if (h1_hears(h))
		h->stream.events->on_trailers(h->stream.owner, list);
}

static bool
body_step(struct h1 *h, struct buf *in)
{
	struct buf out = { 0 };

	if (h->is_paused || (buf_len(in) == 0 && !h->eof))
		return false;
	h->body_begun = true;
	enum h1_body_result r = h1_body_take(&h->body, h->limits, in, &out);
	bool at_eof = r == BODY_MORE && h->eof;

	give_body(h, &out, r == BODY_END ||
	    (at_eof && h1_body_may_end(&h->body)));
	if (h->in != IN_BODY)
		return true;
	if (r == BODY_TRAILERS)
		give_trailers(h, in);
	else if (r == BODY_FAULT)
		h->role->fault(h, h->body.fault);
	else if (at_eof)
		h->role->fault(h, (struct h1_fault){ 0, "body ended early" });
	return h->in != IN_BODY;
}

/* The rest of a request that was answered before it was read. */
static bool
drain_step(struct h1 *h, struct buf *in)
{
	struct buf out = { 0 };
	size_t before = buf_len(in);

	if (before == 0 && !h->eof)
		return false;
	enum h1_body_result r = h1_body_take(&h->body, h->limits, in, &out);

	buf_fini(&out);
	if (r == BODY_TRAILERS) {
		buf_drain(in, h->body.trailers.bytes);
		r = BODY_END;
	}
	h->drained += before - buf_len(in);
	if (r == BODY_FAULT || h->drained > h->limits->drain_bytes ||
	    (r == BODY_MORE && h->eof)) {
		h1_finish(h, CODEC_END_AFTER_FLUSH);
	} else if (r == BODY_END) {
		h->in = IN_DONE;
		h->role->settle(h);
	}
	return h->in != IN_DRAIN;
}

static bool
tunnel_step(struct h1 *h, struct buf *in)
{
	struct buf out = { 0 };
	bool end = h->eof;

	if (h->is_paused || (buf_len(in) == 0 && !end))
		return false;
	if (end)
		h->in = IN_DONE;
	buf_move(&out, in);
	give_body(h, &out, end);
	return false;
}

static bool
step(struct h1 *h, struct buf *in)
{
	switch (h->in) {
	case IN_IDLE:
	case IN_HEAD:
		return h->role->head(h, in);
	case IN_BODY:
		return body_step(h, in);
	case IN_DRAIN:
		return drain_step(h, in);
	case IN_TUNNEL:
		return tunnel_step(h, in);
	case IN_DONE:
		return false;
	case IN_OFF:
		buf_drain(in, buf_len(in));
		return false;
	}
	return false;
}

void
h1_feed(struct codec *c, struct buf *in, bool eof)
{
	struct h1 *h = h1_of_codec(c);

	check(!h->in_feed);
	h->in_feed = true;
	h->eof |= eof;
	while (step(h, in) && !h->base.is_freed)
		;
	h->has_leftover = buf_len(in) > 0 || h->eof;
	h->in_feed = false;
}
