#include "base/check.h"
#include "base/mem.h"
#include "http/h2_session.h"
#include "http/h2_stream.h"

struct h2 *
h2_of_codec(struct codec *c)
{
	return (struct h2 *)(void *)((char *)c - offsetof(struct h2, base));
}

const struct h2 *
h2_of_const_codec(const struct codec *c)
{
	return (const struct h2 *)(const void *)
	    ((const char *)c - offsetof(struct h2, base));
}

bool
h2_hears(const struct h2_stream *s)
{
	return s->is_open && !s->is_mute;
}

/* --- telling the owner ---------------------------------------------------- */

void
h2_want_pump(struct h2 *h)
{
	codec_base_tell(&h->base);
}

static void
reset_all(struct h2 *h, enum stream_error error)
{
	LIST_FOREACH(at, &h->streams) {
		struct h2_stream *s = list_entry(at, struct h2_stream, link);
		bool is_whole = s->in_ended && s->out_ended && s->end_sent;

		s->is_gone = true;
		if (!s->is_open)
			s->noted = NULL;	/* nobody will know of it */
		if (!is_whole && h2_hears(s))
			h2_note_reset(s, h->role->is_server || !s->has_head ||
			    (error != STREAM_CONN_RESET &&
			    error != STREAM_CONN_CLOSED) ? error :
			    STREAM_TRUNCATED);
		else
			h2_ready(s);
	}
	h->live = 0;
}

void
h2_break(struct h2 *h, uint32_t code, const char *why)
{
	if (h->is_broken)
		return;
	h->is_broken = true;
	h->bad = (struct h2_fault){ 400, why };
	nghttp2_session_terminate_session(h->session, code);
	codec_base_tell(&h->base);
}

void
h2_check_end(struct h2 *h)
{
	if (h->base.is_finished || h->base.is_freed)
		return;
	if (h->is_broken) {
		reset_all(h, STREAM_PROTOCOL);
		codec_base_finish(&h->base, CODEC_END_ERROR);
		return;
	}
	if (h->open > 0 || h->live > 0)
		return;
	if (h->role->is_server && h->is_going) {
		codec_base_finish(&h->base, h->unsent > 0 ?
		    CODEC_END_AFTER_FLUSH : CODEC_END_CLEAN);
	} else if (!h->role->is_server && (h->is_going || h->is_draining)) {
		nghttp2_session_terminate_session(h->session,
		    NGHTTP2_NO_ERROR);
		h2_session_write(h);
		codec_base_finish(&h->base, CODEC_END_CLEAN);
	}
}

void
h2_tell_bad(struct h2 *h, struct h2_fault *bad)
{
	struct h2_fault told = *bad;

	*bad = (struct h2_fault){ 0 };
	if (h->base.events->on_bad_request != NULL)
		h->base.events->on_bad_request(h->base.owner,
		    told.status == 0 ? 400 : told.status, told.why);
}

void
h2_before_telling(struct codec *c)
{
	struct h2 *h = h2_of_codec(c);

	if (!h->base.is_finished)
		h2_session_write(h);
	h2_check_end(h);
	if (h->bad.why != NULL)
		h2_tell_bad(h, &h->bad);
	h2_deliver(h);
	c->tell_output = true;
}

/* --- life ------------------------------------------------------------------ */

struct h2 *
h2_new(struct loop *loop, const struct h2_role *role,
    const struct codec_vtable *vt, const struct http_limits *limits,
    const struct codec_events *events, void *owner)
{
	struct h2 *h = mem_zalloc(sizeof(*h));

	codec_base_init(&h->base, vt, loop, events, owner);
	h->role = role;
	h->limits = *limits;
	h->limits.head_bytes = limits->h2.head_bytes;
	list_init(&h->streams);
	list_init(&h->ready);
	h2_flood_init(&h->flood, &h->limits.h2, false, loop_now_ms(loop));
	h2_session_open(h);
	codec_base_tell(&h->base);
	return h;
}

struct h2_stream *
h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *s = mem_zalloc(sizeof(*s));

	s->h = h;
	s->id = id;
	s->noted_end = &s->noted;
	s->owed = -1;
	s->since_ms = s->moved_ms = loop_now_ms(h->base.loop);
	list_append(&h->streams, &s->link);
	h->streams_len++;
	return s;
}

static void
free_stream(void *p)
{
	struct h2_stream *s = p;

	buf_fini(&s->in);
	buf_fini(&s->out);
	arena_park(&s->own_arena);
	mem_free(s);
}

static void
free_codec(void *p)
{
	mem_free(p);
}

void
h2_stream_check(struct h2_stream *s)
{
	struct h2 *h = s->h;

	if (s->is_open || !s->is_gone || !list_is_linked(&s->link))
		return;
	list_remove(&s->link);
	h->streams_len--;
	list_remove(&s->ready);
	loop_free_later(h->base.loop, free_stream, s);
	if (h->base.is_freed && list_is_empty(&h->streams)) {
		loop_free_later(h->base.loop, free_codec, h);
	} else if (!h->base.is_freed) {
		h->base.tell_idle = true;
		codec_base_tell(&h->base);
	}
}

void
h2_free(struct codec *c)
{
	struct h2 *h = h2_of_codec(c);

	codec_base_fini(c);
	h2_session_close(h);
	bool is_empty = list_is_empty(&h->streams);

	LIST_FOREACH_SAFE(at, &h->streams) {
		struct h2_stream *s = list_entry(at, struct h2_stream, link);

		s->is_gone = true;
		s->is_mute = true;
		h2_stream_check(s);
	}
	if (is_empty)
		loop_free_later(h->base.loop, free_codec, h);
}

void
h2_abort(struct codec *c, enum stream_error error)
{
	struct h2 *h = h2_of_codec(c);

	codec_base_abort(c);
	reset_all(h, error);
	h2_deliver(h);
}

/* --- codec ------------------------------------------------------------------ */

void
h2_feed(struct codec *c, struct buf *in, bool eof)
{
	struct h2 *h = h2_of_codec(c);
	struct slice s;

	check(!h->in_feed);
	while (!h->base.is_freed && (s = buf_front(in)).len > 0) {
		if (h->base.is_finished || h->is_broken) {
			buf_drain(in, buf_len(in));
			break;
		}
		h->in_feed = true;
		h->feed = in;
		h->feed_at = s.ptr;
		h2_session_read(h, s.ptr, s.len);
		buf_drain(in, s.len - (size_t)(h->feed_at - s.ptr));
		h->feed = NULL;
		h2_deliver(h);
		h->in_feed = false;
	}
	if (h->base.is_freed)
		return;
	if (eof && !h->base.is_finished) {
		bool is_clean = h->live == 0 && h->open == 0 &&
		    !h2_is_in_head(c);

		reset_all(h, STREAM_CONN_CLOSED);
		codec_base_finish(c, is_clean ? CODEC_END_CLEAN :
		    CODEC_END_ERROR);
	}
	h2_want_pump(h);
}

void
h2_output_sent(struct codec *c, size_t n)
{
	struct h2 *h = h2_of_codec(c);
	size_t gone = h->unsent - buf_len(&c->output);

	h->unsent -= n < gone ? n : gone;
	if (h->unsent < H2_OUTPUT_MAX &&
	    nghttp2_session_want_write(h->session))
		h2_want_pump(h);
}

bool
h2_wants_input(const struct codec *c)
{
	(void)c;
	return true;
}

bool
h2_is_in_head(const struct codec *c)
{
	const struct h2 *h = h2_of_const_codec(c);

	return !h->is_greeted || h->in_head;
}

void
h2_ping(struct codec *c)
{
	struct h2 *h = h2_of_codec(c);

	if (h->base.is_finished || h->is_broken)
		return;
	nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
	h2_want_pump(h);
}

/* It waits for the peer: for room to send, or for the rest of a request. */
static bool
is_waiting(const struct h2_stream *s)
{
	return (buf_len(&s->out) > 0 && !s->is_deferred) ||
	    (s->h->role->is_server && !s->in_ended && !s->is_paused &&
	    !s->is_connect && !s->head_sent);
}

void
h2_expire(struct codec *c, uint64_t idle_ms)
{
	struct h2 *h = h2_of_codec(c);
	uint64_t now = loop_now_ms(h->base.loop);

	LIST_FOREACH(at, &h->streams) {
		struct h2_stream *s = list_entry(at, struct h2_stream, link);

		if (s->is_gone || s->id == 0 || !is_waiting(s) ||
		    now - s->moved_ms < idle_ms)
			continue;
		h2_stream_reset(s, NGHTTP2_CANCEL);
		h2_note_reset(s, STREAM_TIMEOUT);
	}
}
