#include "base/check.h"
#include "http/h2_stream.h"

/* What came, told to the users of streams, in order, when nobody reads. */

void
h2_ready(struct h2_stream *s)
{
	if (s->h->base.is_freed)
		return;
	if (!list_is_linked(&s->ready))
		list_append(&s->h->ready, &s->ready);
	if (!s->h->in_feed)
		codec_base_tell(&s->h->base);
}

void
h2_note_reset(struct h2_stream *s, enum stream_error error)
{
	if (s->reset != STREAM_OK || s->is_mute)
		return;
	s->reset = error;
	h2_ready(s);
}

/* The user's flow is only touched while nghttp2 is not at work. */
static void
tell_sent(struct h2_stream *s)
{
	struct flow *f = s->stream.flow;
	size_t n = s->left;

	s->left = 0;
	if (f != NULL && n > 0)
		flow_discharge(f, n < f->queued ? n : f->queued);
	if (!s->tell_drained)
		return;
	s->tell_drained = false;
	if (h2_hears(s) && s->stream.events->on_drained != NULL)
		s->stream.events->on_drained(s->stream.owner);
}

static bool
begin_stream(struct h2_stream *s)
{
	struct h2 *h = s->h;

	if (s->is_open || s->told_head)
		return true;
	s->is_open = true;
	h->open++;
	h->base.events->on_stream(h->base.owner, &s->stream);
	check(h->base.is_freed || !s->is_open || s->stream.events != NULL);
	return !h->base.is_freed;
}

/* What comes behind a CONNECT is for the tunnel: the request has its end. */
static bool
ends_with_head(const struct h2_stream *s)
{
	if (s->is_connect && s->h->role->is_server)
		return true;
	return s->in_ended && buf_len(&s->in) == 0 && s->trailers == NULL;
}

static void
tell_head(struct h2_stream *s)
{
	struct h2_noted *n = s->noted;
	bool is_info = n->head.status >= 100 && n->head.status < 200 &&
	    n->head.status != 101;

	s->noted = n->next;
	if (s->noted == NULL)
		s->noted_end = &s->noted;
	if (is_info) {
		if (s->stream.events->on_info != NULL)
			s->stream.events->on_info(s->stream.owner, &n->head);
		return;
	}
	bool end = ends_with_head(s);

	s->told_head = true;
	s->told_end = end && !s->is_connect;
	s->stream.events->on_head(s->stream.owner, &n->head, end);
}

/* A tunnel's bytes wait until it is one. */
static bool
may_tell_body(const struct h2_stream *s)
{
	return h2_hears(s) && s->told_head && !s->told_end && !s->is_paused &&
	    (!s->is_connect || s->stream.is_tunnel);
}

static void
tell_body(struct h2_stream *s)
{
	struct buf b = { 0 };
	size_t n = buf_len(&s->in);
	bool end = s->in_ended && s->trailers == NULL;

	if (n == 0 && !end)
		return;
	buf_move(&b, &s->in);
	s->told_end = end;
	if (!s->is_gone)
		nghttp2_session_consume_stream(s->h->session, s->id, n);
	if (n > 0)
		h2_want_pump(s->h);
	s->stream.events->on_body(s->stream.owner, &b, end);
	buf_fini(&b);
}

static void
tell_trailers(struct h2_stream *s)
{
	s->told_end = true;
	s->stream.events->on_trailers(s->stream.owner, s->trailers);
}

static void
tell_reset(struct h2_stream *s)
{
	enum stream_error error = s->reset;

	s->is_mute = true;
	buf_fini(&s->in);
	s->stream.events->on_reset(s->stream.owner, error);
}

/*
 * Everything that came for one stream.  A callback may close the stream, and
 * free the codec: its memory stays until the turn ends.
 */
static void
deliver(struct h2_stream *s)
{
	struct h2 *h = s->h;

	if (s->bad.why != NULL)
		h2_tell_bad(h, &s->bad);
	if (!h->base.is_freed)
		tell_sent(s);
	if (h->base.is_freed)
		return;
	if (h->role->is_server && s->noted != NULL &&
	    (s->reset != STREAM_OK || !begin_stream(s)))
		return;		/* broken off before anybody knew of it */
	while (h2_hears(s) && s->noted != NULL)
		tell_head(s);
	if (may_tell_body(s))
		tell_body(s);
	if (may_tell_body(s) && s->in_ended && s->trailers != NULL)
		tell_trailers(s);
	if (h2_hears(s) && s->reset != STREAM_OK)
		tell_reset(s);
}

void
h2_deliver(struct h2 *h)
{
	struct list *at;

	while (!h->base.is_freed && (at = list_pop(&h->ready)) != NULL) {
		struct h2_stream *s = list_entry(at, struct h2_stream, ready);

		deliver(s);
		h2_stream_check(s);
	}
}
