#include "base/check.h"
#include "base/mem.h"
#include "http/h2_session.h"
#include "http/h2_stream.h"

/* Smaller pieces are copied: they would keep the whole block that came. */
#define COPIED_DATA	4096
#define FRAME_MAX	16384	/* of what we are sent */
#define CONTINUATIONS_MAX	8	/* of one header block */

/* --- memory: there, or the process ends ------------------------------------- */

static void *
session_malloc(size_t n, void *arg)
{
	(void)arg;
	return mem_alloc(n > 0 ? n : 1);
}

static void *
session_calloc(size_t n, size_t size, void *arg)
{
	(void)arg;
	return mem_zalloc_array(n > 0 ? n : 1, size > 0 ? size : 1);
}

static void *
session_realloc(void *p, size_t n, void *arg)
{
	(void)arg;
	return mem_realloc(p, n > 0 ? n : 1);
}

static void
session_free(void *p, void *arg)
{
	(void)arg;
	mem_free(p);
}

/* --- what comes ---------------------------------------------------------------- */

static struct h2_stream *
stream_of(struct h2 *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->session, id);
}

static uint64_t
now_ms(const struct h2 *h)
{
	return loop_now_ms(h->base.loop);
}

/* Ends reading at once: whatever follows is not looked at. */
static int
end_reading(struct h2 *h, uint32_t code, const char *why)
{
	h2_break(h, code, why);
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int
calm(struct h2 *h, const char *why)
{
	return end_reading(h, NGHTTP2_ENHANCE_YOUR_CALM, why);
}

static int
spend(struct h2 *h, enum h2_flood_kind kind)
{
	return h2_flood_take(&h->flood, kind, now_ms(h)) ? 0 :
	    calm(h, h2_flood_why(kind));
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
		if (hd->length > FRAME_MAX)
			return end_reading(h, NGHTTP2_FRAME_SIZE_ERROR,
			    "CONTINUATION of more than 16 KiB");
		return ++h->continuations <= CONTINUATIONS_MAX ? 0 :
		    calm(h, "flood of CONTINUATION");
	case NGHTTP2_DATA:
	case NGHTTP2_RST_STREAM:
		return 0;
	case NGHTTP2_PING:
		return spend(h, H2_FLOOD_PING);
	case NGHTTP2_SETTINGS:
		return spend(h, H2_FLOOD_SETTINGS);
	case NGHTTP2_PRIORITY:
		/* nghttp2 passes over them, as we say in our SETTINGS. */
		if (hd->stream_id == 0)
			return end_reading(h, NGHTTP2_PROTOCOL_ERROR,
			    "PRIORITY of no stream");
		return spend(h, H2_FLOOD_PRIORITY);
	case NGHTTP2_WINDOW_UPDATE:
		return spend(h, H2_FLOOD_WINDOW);
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
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);

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
	h2_block_start(s->block, kind_of(h, s), h->limits, s->stream.arena);
	s->block->of_request = h->role->is_server;
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);

	(void)session;
	if (s == NULL || s->block == NULL)
		return 0;
	h2_block_add(s->block, slice_of(name, name_len),
	    slice_of(value, value_len), flags & NGHTTP2_NV_FLAG_NO_INDEX);
	if (h2_block_is_bomb(s->block))
		return calm(h, "flood of header fields");
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
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);
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
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	if (frame->hd.length > frame->data.padlen)
		h2_flood_data(&h->flood);
	else if (!end && spend(h, H2_FLOOD_EMPTY_DATA) != 0)
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
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);

	if (s == NULL)
		return spend(h, H2_FLOOD_STRAY);
	if ((s->in_ended && s->end_sent) || !h->role->is_server ||
	    h2_flood_reset(&h->flood, now_ms(h) - s->since_ms, now_ms(h)))
		return 0;
	return calm(h, h2_flood_why(H2_FLOOD_RESET));
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
		h->tell_idle = true;	/* more streams may fit now */
		h2_tell(h);
		break;
	case NGHTTP2_PING:
		if (frame->hd.flags & NGHTTP2_FLAG_ACK && h->role->on_pong)
			h->role->on_pong(h, frame->ping.opaque_data);
		break;
	case NGHTTP2_GOAWAY:
		h->is_going |= frame->goaway.last_stream_id != INT32_MAX;
		h->peer_goes = true;
		h2_tell(h);
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
	struct h2_stream *s = stream_of(h, id);

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
	struct h2_stream *s = stream_of(h, id);
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

/* --- what goes --------------------------------------------------------------------- */

static const char *
why_of(uint32_t code)
{
	switch (code) {
	case NGHTTP2_FLOW_CONTROL_ERROR:
		return "flow control was not obeyed";
	case NGHTTP2_STREAM_CLOSED:
		return "frame of a stream that is closed";
	case NGHTTP2_FRAME_SIZE_ERROR:
		return "frame of a size that it may not have";
	case NGHTTP2_COMPRESSION_ERROR:
		return "header fields cannot be decoded";
	case NGHTTP2_SETTINGS_TIMEOUT:
		return "SETTINGS were not answered";
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return "flood of frames";
	default:
		return "frames break the protocol";
	}
}

static bool
blames_peer(uint32_t code)
{
	return code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_STREAM_CLOSED ||
	    code == NGHTTP2_FLOW_CONTROL_ERROR ||
	    code == NGHTTP2_FRAME_SIZE_ERROR || code == NGHTTP2_REFUSED_STREAM;
}

static void
on_end_sent(struct h2 *h, const nghttp2_frame *frame)
{
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);

	if (s == NULL)
		return;
	s->end_sent = true;
	if (h->role->is_server && !s->in_ended && !s->is_open)
		h2_stream_reset(s, NGHTTP2_NO_ERROR);
}

static int
on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *h = arg;

	(void)session;
	if (frame->hd.type == NGHTTP2_DATA)
		h->flood.data_sent++;
	if ((frame->hd.type == NGHTTP2_DATA ||
	    frame->hd.type == NGHTTP2_HEADERS) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		on_end_sent(h, frame);
	if (frame->hd.type == NGHTTP2_RST_STREAM && h->role->is_server &&
	    blames_peer(frame->rst_stream.error_code))
		spend(h, H2_FLOOD_FAULT);
	if (frame->hd.type == NGHTTP2_GOAWAY && h->role->on_goaway_sent != NULL)
		h->role->on_goaway_sent(h, frame->goaway.last_stream_id);
	if (frame->hd.type == NGHTTP2_GOAWAY &&
	    frame->goaway.error_code != NGHTTP2_NO_ERROR)
		h2_break(h, frame->goaway.error_code,
		    why_of(frame->goaway.error_code));
	return 0;
}

static ssize_t
on_send(nghttp2_session *session, const uint8_t *p, size_t len, int flags,
    void *arg)
{
	struct h2 *h = arg;

	(void)session, (void)flags;
	if (h->unsent >= 2 * H2_OUTPUT_MAX && !h->is_broken)
		return NGHTTP2_ERR_WOULDBLOCK;
	buf_add(&h->base.output, p, len);
	h->unsent += len;
	return (ssize_t)len;
}

static int
on_send_data(nghttp2_session *session, nghttp2_frame *frame,
    const uint8_t *head, size_t len, nghttp2_data_source *source, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = source->ptr;

	(void)session;
	check(frame->data.padlen == 0 && len <= buf_len(&s->out));
	buf_add(&h->base.output, head, 9);
	buf_move_n(&h->base.output, &s->out, len);
	h->unsent += len + 9;
	h2_moved_out(s, len);
	return 0;
}

/* --- the session ------------------------------------------------------------------- */

static nghttp2_session_callbacks *
callbacks_new(void)
{
	nghttp2_session_callbacks *c;

	check(nghttp2_session_callbacks_new(&c) == 0);
	nghttp2_session_callbacks_set_send_callback(c, on_send);
	nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
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
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_send);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(c,
	    on_frame_not_send);
	return c;
}

static nghttp2_option *
option_new(void)
{
	nghttp2_option *o;

	check(nghttp2_option_new(&o) == 0);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_outbound_ack(o, 1000);
	nghttp2_option_set_max_settings(o, 32);
	/* It counts a frame once for each piece that its head comes in. */
	nghttp2_option_set_max_continuations(o, 16 * CONTINUATIONS_MAX);
	nghttp2_option_set_max_reserved_remote_streams(o, 0);
	/* Ours is stricter, and knows who asks. */
	nghttp2_option_set_stream_reset_rate_limit(o, 1000000, 1000000);
	return o;
}

static void
submit_settings(struct h2 *h)
{
	const nghttp2_settings_entry all[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h->limits->h2_streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, h->limits->h2_window },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		    (uint32_t)h->limits->head_bytes },
		{ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};
	const nghttp2_settings_entry client[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 }, all[1], all[2], all[4],
	};

	if (h->role->is_server)
		nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, all,
		    sizeof(all) / sizeof(all[0]));
	else
		nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, client,
		    sizeof(client) / sizeof(client[0]));
	nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
	    (int32_t)h->limits->h2_conn_window);
}

void
h2_session_open(struct h2 *h)
{
	nghttp2_mem mem = { NULL, session_malloc, session_free, session_calloc,
	    session_realloc };
	nghttp2_session_callbacks *c = callbacks_new();
	nghttp2_option *o = option_new();

	check((h->role->is_server ? nghttp2_session_server_new3 :
	    nghttp2_session_client_new3)(&h->session, c, h, o, &mem) == 0);
	nghttp2_session_callbacks_del(c);
	nghttp2_option_del(o);
	submit_settings(h);
}

void
h2_session_close(struct h2 *h)
{
	nghttp2_session_del(h->session);
	h->session = NULL;
}

static void
on_fatal(struct h2 *h, int error)
{
	switch (error) {
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		h2_break(h, NGHTTP2_PROTOCOL_ERROR, "no HTTP/2 preface");
		break;
	case NGHTTP2_ERR_FLOODED:
		h2_break(h, NGHTTP2_ENHANCE_YOUR_CALM,
		    "acknowledgements pile up");
		break;
	case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
		h2_break(h, NGHTTP2_ENHANCE_YOUR_CALM,
		    "flood of CONTINUATION");
		break;
	default:
		h2_break(h, NGHTTP2_INTERNAL_ERROR, "frames cannot be read");
		break;
	}
}

bool
h2_session_read(struct h2 *h, const char *p, size_t len)
{
	ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)p,
	    len);

	if (n < 0)
		on_fatal(h, (int)n);	/* calm() was there first, if it was us */
	else if (nghttp2_session_get_outbound_queue_size(h->session) >
	    H2_QUEUE_MAX)
		h2_break(h, NGHTTP2_ENHANCE_YOUR_CALM, "frames pile up");
	return !h->is_broken;
}

void
h2_session_write(struct h2 *h)
{
	int error = nghttp2_session_send(h->session);

	check(error == 0 || error == NGHTTP2_ERR_FLOODED ||
	    error == NGHTTP2_ERR_CALLBACK_FAILURE);
	if (error != 0)
		h2_break(h, NGHTTP2_INTERNAL_ERROR, "frames cannot be written");
}

const char *
h2_library_version(void)
{
	return nghttp2_version(0)->version_str;
}
