#include "base/check.h"
#include "http/h2_session.h"
#include "http/h2_stream.h"

/* What nghttp2 writes goes to the output, and the bodies of streams with it. */

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
	struct h2_stream *s = h2_session_stream(h, frame->hd.stream_id);

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
		h2_session_spend(h, H2_FLOOD_FAULT);
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

static ssize_t
frame_length(nghttp2_session *session, uint8_t type, int32_t id,
    int32_t conn_window, int32_t window, uint32_t max, void *arg)
{
	const struct h2 *h = arg;

	/* nghttp2 sees to the windows. */
	(void)session, (void)type, (void)id, (void)conn_window, (void)window;
	return max < h->limits.h2.frame_bytes ? max : h->limits.h2.frame_bytes;
}

void
h2_send_callbacks(nghttp2_session_callbacks *c, bool large)
{
	nghttp2_session_callbacks_set_send_callback(c, on_send);
	nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_send);
	if (large)
		nghttp2_session_callbacks_set_data_source_read_length_callback(
		    c, frame_length);
}
