#include "base/check.h"
#include "http/h2_nv.h"
#include "http/h2_stream.h"

struct h2_stream *
h2_of_stream(struct stream *s)
{
	return (struct h2_stream *)(void *)
	    ((char *)s - offsetof(struct h2_stream, stream));
}

bool
h2_is_deaf(const struct h2_stream *s)
{
	return !h2_hears(s) || s->is_gone || s->reset != STREAM_OK ||
	    s->h->base.is_finished || s->h->is_broken;
}

/* --- sending --------------------------------------------------------------- */

static ssize_t
read_out(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = source->ptr;
	size_t n = buf_len(&s->out);

	(void)id, (void)to, (void)arg;
	if (s->h->is_broken || (n == 0 && !s->out_ended)) {
		s->is_deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (s->h->unsent >= H2_OUTPUT_MAX)
		return NGHTTP2_ERR_PAUSE;
	*flags = NGHTTP2_DATA_FLAG_NO_COPY;
	if (n > max)
		return (ssize_t)max;
	if (!s->out_ended)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (s->out_trailers != NULL) {
		struct h2_nv l;

		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		h2_nv_trailers(&l, s->out_trailers->arena, s->out_trailers);
		nghttp2_submit_trailer(session, s->id, l.v, l.len);
	}
	return (ssize_t)n;
}

nghttp2_data_provider
h2_data_provider(struct h2_stream *s)
{
	return (nghttp2_data_provider){ { .ptr = s }, read_out };
}

void
h2_moved_out(struct h2_stream *s, size_t len)
{
	s->left += len;
	s->moved_ms = loop_now_ms(s->h->base.loop);
	if (s->was_high && buf_len(&s->out) <= FLOW_LOW) {
		s->was_high = false;
		s->tell_drained = true;
	}
	h2_ready(s);
}

static void
resume(struct h2_stream *s)
{
	if (s->is_deferred) {
		s->is_deferred = false;
		nghttp2_session_resume_data(s->h->session, s->id);
	}
	h2_want_pump(s->h);
}

/* Of the wrong length it can never be complete. */
static bool
is_of_length(struct h2_stream *s, size_t n, bool end)
{
	if (s->owed < 0)
		return true;
	if ((uint64_t)s->owed < n || (end && (uint64_t)s->owed != n))
		return false;
	s->owed -= (int64_t)n;
	return true;
}

static void
end_sending(struct h2_stream *s)
{
	s->out_ended = true;
	resume(s);
}

void
h2_send_body(struct stream *stream, struct buf *b, bool end)
{
	struct h2_stream *s = h2_of_stream(stream);
	size_t n = buf_len(b);

	if (h2_is_deaf(s) || s->drops_body) {
		buf_drain(b, n);
		return;
	}
	check(s->head_sent && !s->out_ended);
	if (!is_of_length(s, n, end)) {
		buf_drain(b, n);
		h2_stream_reset(s, NGHTTP2_INTERNAL_ERROR);
		h2_note_reset(s, STREAM_INTERNAL);
		return;
	}
	buf_move(&s->out, b);
	if (stream->flow != NULL)
		flow_charge(stream->flow, n);
	s->was_high |= buf_len(&s->out) > FLOW_HIGH;
	if (end)
		end_sending(s);
	else if (n > 0)
		resume(s);
}

static struct http_fields *
copy_fields(struct arena *a, const struct http_fields *from)
{
	struct http_fields *to = arena_alloc(a, sizeof(*to));

	http_fields_init(to, a);
	for (size_t i = 0; i < from->len; i++)
		http_fields_add(to, arena_dup(a, from->v[i].name),
		    arena_dup(a, from->v[i].value));
	return to;
}

void
h2_send_trailers(struct stream *stream, const struct http_fields *f)
{
	struct h2_stream *s = h2_of_stream(stream);

	if (h2_is_deaf(s) || s->drops_body)
		return;
	check(s->head_sent && !s->out_ended);
	if (!is_of_length(s, 0, true)) {
		h2_stream_reset(s, NGHTTP2_INTERNAL_ERROR);
		h2_note_reset(s, STREAM_INTERNAL);
		return;
	}
	/* They go when the body has gone, maybe after the user. */
	if (f->len > 0)
		s->out_trailers = copy_fields(&s->own_arena, f);
	end_sending(s);
}

void
h2_begin_tunnel(struct h2_stream *s)
{
	s->stream.is_tunnel = true;
	h2_ready(s);
}

/* --- the end ----------------------------------------------------------------- */

void
h2_stream_reset(struct h2_stream *s, uint32_t code)
{
	if (s->is_gone || s->id == 0)
		return;
	nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id,
	    code);
	h2_want_pump(s->h);
}

static const uint32_t codes[] = {
	[STREAM_OK] = NGHTTP2_CANCEL,
	[STREAM_CANCEL] = NGHTTP2_CANCEL,
	[STREAM_REFUSED] = NGHTTP2_REFUSED_STREAM,
	[STREAM_PROTOCOL] = NGHTTP2_INTERNAL_ERROR,
	[STREAM_TOO_LARGE] = NGHTTP2_INTERNAL_ERROR,
	[STREAM_TRUNCATED] = NGHTTP2_INTERNAL_ERROR,
	[STREAM_CONN_RESET] = NGHTTP2_INTERNAL_ERROR,
	[STREAM_CONN_CLOSED] = NGHTTP2_INTERNAL_ERROR,
	[STREAM_TIMEOUT] = NGHTTP2_CANCEL,
	[STREAM_INTERNAL] = NGHTTP2_INTERNAL_ERROR,
};

/* Whole messages stand, whoever did not wait for the end of the other one. */
static bool
may_stand(const struct h2_stream *s, enum stream_error error)
{
	if (!s->out_ended)
		return false;
	if (s->h->role->is_server)
		return error == STREAM_OK || error == STREAM_CANCEL;
	return s->in_ended && error == STREAM_OK;
}

static void
leave(struct h2_stream *s, enum stream_error error)
{
	if (s->id == 0 || s->h->base.is_finished) {
		s->is_gone = true;
	} else if (!may_stand(s, error)) {
		buf_fini(&s->out);
		h2_stream_reset(s, codes[error]);
	} else if (s->end_sent && !s->in_ended) {
		h2_stream_reset(s, NGHTTP2_NO_ERROR);
	}
}

void
h2_close(struct stream *stream, enum stream_error error)
{
	struct h2_stream *s = h2_of_stream(stream);
	struct h2 *h = s->h;
	size_t n = buf_len(&s->out) + s->left;

	check(s->is_open);
	if (stream->flow != NULL && n > 0)
		flow_discharge(stream->flow, n < stream->flow->queued ? n :
		    stream->flow->queued);
	stream->flow = NULL;
	s->left = 0;
	s->is_open = false;
	h->open--;
	buf_fini(&s->in);
	if (!s->is_gone)
		leave(s, error);
	h2_stream_check(s);
	if (!h->base.is_freed)
		codec_base_tell(&h->base);
}

void
h2_pause(struct stream *stream, bool paused)
{
	struct h2_stream *s = h2_of_stream(stream);
	bool was_paused = s->is_paused;

	s->is_paused = paused;
	if (was_paused && !paused)
		h2_ready(s);
}
