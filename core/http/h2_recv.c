#include "base/check.h"
#include "http/h2_session.h"
#include "http/h2_stream.h"

/* What nghttp2 says while it reads: it becomes notes in streams. */

/* Smaller pieces are copied: they would keep the whole block that came. */
#define COPIED_DATA	4096

static uint64_t
now_ms(const struct h2 *h)
{
	return loop_now_ms(h->base.loop);
}

static int
on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2 *h = arg;

	(void)session;
	h->in_head = hd->type == NGHTTP2_HEADERS ||
	    hd->type == NGHTTP2_CONTINUATION;
	switch (hd->type) {
	case NGHTTP2_HEADERS:
		h->continuations = 0;
		return 0;
	case NGHTTP2_CONTINUATION:
		/* nghttp2 looks at the sizes of all others. */
		if (hd->length > h->limits.h2.frame_bytes)
			return h2_session_end(h, NGHTTP2_FRAME_SIZE_ERROR,
			    "CONTINUATION beyond the size of frames");
		return ++h->continuations <= h->limits.h2.continuations ? 0 :
		    h2_session_calm(h, "flood of CONTINUATION");
	case NGHTTP2_DATA:
	case NGHTTP2_RST_STREAM:
		return 0;
	case NGHTTP2_PING:
		return h2_session_spend(h, H2_FLOOD_PING);
	case NGHTTP2_SETTINGS:
		return h2_session_spend(h, H2_FLOOD_SETTINGS);
	case NGHTTP2_PRIORITY:
		/* nghttp2 passes over them, as we say in our SETTINGS. */
		if (hd->stream_id == 0)
			return h2_session_end(h, NGHTTP2_PROTOCOL_ERROR,
			    "PRIORITY of no stream");
		return h2_session_spend(h, H2_FLOOD_PRIORITY);
	case NGHTTP2_WINDOW_UPDATE:
		return h2_session_spend(h, H2_FLOOD_WINDOW);
	default:
		return 0;
	}
}

static enum h2_block_kind
kind_of(const struct h2 *h, const struct h2_stream *s)
{
	if (s->has_head)
		return H2_TRAILERS;
	return h->role->is_server ? H2_REQUEST : H2_RESPONSE;
}

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
    void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = h2_session_stream(h, frame->hd.stream_id);

	if (s == NULL && h->role->is_server &&
	    frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		s = h2_stream_new(h, frame->hd.stream_id);
		h->role->begin(s);
		h->live++;
		h->flood.streams++;
		nghttp2_session_set_stream_user_data(session, s->id, s);
	}
	if (s == NULL || s->is_mute || (s->has_head && !s->is_open &&
	    s->noted == NULL))
		return 0;	/* nobody will read it */
	s->block = arena_alloc(s->stream.arena, sizeof(*s->block));
	h2_block_start(s->block, kind_of(h, s), &h->limits, s->stream.arena);
	s->block->of_request = h->role->is_server;
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = h2_session_stream(h, frame->hd.stream_id);

	(void)session;
	if (s == NULL || s->block == NULL)
		return 0;
	h2_block_add(s->block, slice_of(name, name_len),
	    slice_of(value, value_len), flags & NGHTTP2_NV_FLAG_NO_INDEX);
	if (h2_block_is_bomb(s->block))
		return h2_session_calm(h, "flood of header fields");
	return 0;
}

/* What no field may be, and nghttp2 would leave out. */
static int
on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
	(void)name, (void)name_len, (void)value, (void)value_len;
	(void)flags, (void)arg;
	nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
	    frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void
take_trailers(struct h2_stream *s, struct h2_block *b)
{
	struct http_fields *list = arena_alloc(s->stream.arena, sizeof(*list));

	if (h2_block_trailers(b, list)) {
		s->trailers = list->len > 0 ? list : NULL;
		return;
	}
	h2_stream_reset(s, NGHTTP2_PROTOCOL_ERROR);
	h2_note_reset(s, b->fault.status == 431 ? STREAM_TOO_LARGE :
	    STREAM_PROTOCOL);
}

static void
on_headers(struct h2 *h, const nghttp2_frame *frame)
{
	struct h2_stream *s = h2_session_stream(h, frame->hd.stream_id);
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	h->in_head = false;
	if (s == NULL)
		return;
	s->moved_ms = now_ms(h);
	struct h2_block *b = s->block;

	s->block = NULL;
	if (b != NULL && b->kind == H2_TRAILERS)
		take_trailers(s, b);
	else if (b != NULL)
		h->role->take_head(s, b, end);
	s->in_ended |= end;
	h2_ready(s);
}

static int
on_data(struct h2 *h, const nghttp2_frame *frame)
{
	struct h2_stream *s = h2_session_stream(h, frame->hd.stream_id);
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	if (frame->hd.length > frame->data.padlen)
		h2_flood_data(&h->flood);
	else if (!end && h2_session_spend(h, H2_FLOOD_EMPTY_DATA) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (s != NULL && end) {
		s->in_ended = true;
		h2_ready(s);
	}
	return 0;
}

static int
on_rst(struct h2 *h, const nghttp2_frame *frame)
{
	struct h2_stream *s = h2_session_stream(h, frame->hd.stream_id);

	if (s == NULL)
		return h2_session_spend(h, H2_FLOOD_STRAY);
	if ((s->in_ended && s->end_sent) || !h->role->is_server ||
	    h2_flood_reset(&h->flood, now_ms(h) - s->since_ms, now_ms(h)))
		return 0;
	return h2_session_calm(h, h2_flood_why(H2_FLOOD_RESET));
}

static int
on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *h = arg;

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		on_headers(h, frame);
		break;
	case NGHTTP2_DATA:
		return on_data(h, frame);
	case NGHTTP2_RST_STREAM:
		return on_rst(h, frame);
	case NGHTTP2_SETTINGS:
		h->is_greeted = true;
		if (h->role->on_settings != NULL)
			h->role->on_settings(h);
		h->base.tell_idle = true;	/* more streams may fit now */
		codec_base_tell(&h->base);
		break;
	case NGHTTP2_PING:
		if (frame->hd.flags & NGHTTP2_FLAG_ACK && h->role->on_pong)
			h->role->on_pong(h, frame->ping.opaque_data);
		break;
	case NGHTTP2_GOAWAY:
		h->is_going |= frame->goaway.last_stream_id != INT32_MAX;
		h->peer_goes = true;
		codec_base_tell(&h->base);
		break;
	default:
		break;
	}
	return 0;
}

/* A piece of the bytes that are being read, without a copy where it is long. */
static void
take_data(struct h2 *h, struct buf *to, const uint8_t *data, size_t len)
{
	const char *p = (const char *)data;

	if (len < COPIED_DATA) {
		buf_add(to, p, len);
		return;
	}
	buf_drain(h->feed, (size_t)(p - h->feed_at));
	buf_move_n(to, h->feed, len);
	h->feed_at = p + len;
}

static int
on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *data, size_t len, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = h2_session_stream(h, id);

	(void)flags;
	nghttp2_session_consume_connection(session, len);
	if (s == NULL || s->is_mute || (!s->is_open && s->noted == NULL))
		return 0;	/* nobody reads it: its window stays as it is */
	s->moved_ms = now_ms(h);
	s->body_begun = true;
	take_data(h, &s->in, data, len);
	h2_ready(s);
	return 0;
}

/* --- the ends of streams ------------------------------------------------------------ */

static void
lose(struct h2_stream *s, enum stream_error error)
{
	if (s->is_gone)
		return;
	s->is_gone = true;
	s->h->live--;
	if (error != STREAM_OK)
		h2_note_reset(s, error);
	h2_ready(s);
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = h2_session_stream(h, id);
	bool is_whole;

	(void)session;
	if (s == NULL)
		return 0;
	is_whole = s->in_ended && (s->end_sent || !h->role->is_server);
	lose(s, is_whole ? STREAM_OK : h->role->error_of(s, code));
	return 0;
}

static int
on_frame_not_send(nghttp2_session *session, const nghttp2_frame *frame,
    int error, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s;

	(void)session, (void)error;
	if (frame->hd.type != NGHTTP2_HEADERS ||
	    frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	LIST_FOREACH(at, &h->streams) {
		s = list_entry(at, struct h2_stream, link);
		if (s->id == frame->hd.stream_id) {
			lose(s, STREAM_REFUSED);	/* it never left */
			break;
		}
	}
	return 0;
}

void
h2_recv_callbacks(nghttp2_session_callbacks *c)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c,
	    on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(c,
	    on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c,
	    on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(c,
	    on_stream_close);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(c,
	    on_frame_not_send);
}
