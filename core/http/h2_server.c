#include "base/check.h"
#include "http/h2_nv.h"
#include "http/h2_stream.h"

/* The PING whose answer says that the peer knows that we go. */
static const uint8_t going_ping[8] = { 'g', 'o', 'i', 'n', 'g' };
#define GOING_MS	1000	/* it should have been answered by then */

/* --- reading ------------------------------------------------------------------ */

static void
begin(struct h2_stream *s)
{
	arena_init(&s->own_arena);
	s->stream.vt = &h2_server_stream;
	s->stream.arena = &s->own_arena;
}

static void
submit(struct h2_stream *s, const struct h2_nv *l, bool end)
{
	nghttp2_data_provider body = h2_data_provider(s);

	s->out_ended = end;
	nghttp2_submit_response(s->h->session, s->id, l->v, l->len,
	    end ? NULL : &body);
	h2_want_pump(s->h);
}

/* Answers what nobody will see, and has the rest of it not sent. */
static void
refuse(struct h2_stream *s, struct h2_fault f)
{
	struct http_head head;
	struct h2_nv l;

	s->bad = f;
	if (f.status == 0) {
		h2_stream_reset(s, NGHTTP2_PROTOCOL_ERROR);
		return;
	}
	codec_base_refuse(&s->h->base, &head, s->stream.arena, f.status, f.why);
	h2_nv_response(&l, s->stream.arena, &head, false);
	submit(s, &l, false);
	buf_addf(&s->out, "%s\n", f.why);
	s->out_ended = true;
}

static void
take_head(struct h2_stream *s, struct h2_block *b, bool end)
{
	struct h2_noted *n = arena_zalloc(s->stream.arena, sizeof(*n));

	s->has_head = true;
	if (!h2_block_request(b, end, &n->head)) {
		refuse(s, b->fault);
		return;
	}
	s->is_switch = b->protocol.ptr != NULL;
	s->is_connect = s->is_switch || n->head.method_id == METHOD_CONNECT;
	s->is_head = n->head.method_id == METHOD_HEAD;
	s->wants_continue = n->head.expects_continue;
	*s->noted_end = n;
	s->noted_end = &n->next;
}

static enum stream_error
error_of(const struct h2_stream *s, uint32_t code)
{
	(void)s;
	return code == NGHTTP2_PROTOCOL_ERROR ||
	    code == NGHTTP2_FLOW_CONTROL_ERROR ||
	    code == NGHTTP2_STREAM_CLOSED ? STREAM_PROTOCOL : STREAM_CANCEL;
}

/* --- sending ------------------------------------------------------------------- */

static bool
is_tunnel_head(const struct h2_stream *s, int status)
{
	if (s->is_switch)
		return status == 101 || (status >= 200 && status < 300);
	return s->is_connect && status >= 200 && status < 300;
}

static void
send_head(struct stream *stream, const struct http_head *head, bool end)
{
	struct h2_stream *s = h2_of_stream(stream);
	struct h2_nv l;

	if (h2_is_deaf(s))
		return;
	check(!s->head_sent);
	bool is_tunnel = is_tunnel_head(s, head->status);
	bool is_mute = s->is_head || http_status_has_no_body(head->status);

	s->head_sent = true;
	s->drops_body = is_mute && !is_tunnel;
	if (!end && !s->drops_body && !is_tunnel)
		s->owed = head->content_length;
	h2_nv_response(&l, stream->arena, head, is_tunnel);
	submit(s, &l, end || s->drops_body);
	if (is_tunnel)
		h2_begin_tunnel(s);
}

static void
send_info(struct stream *stream, const struct http_head *head)
{
	struct h2_stream *s = h2_of_stream(stream);
	struct h2_nv l;

	if (h2_is_deaf(s) || s->head_sent)
		return;
	if (head->status == 100) {
		if (!s->wants_continue || s->body_begun)
			return;
		s->wants_continue = false;
	}
	h2_nv_response(&l, stream->arena, head, false);
	nghttp2_submit_headers(s->h->session, NGHTTP2_FLAG_NONE, s->id, NULL,
	    l.v, l.len, NULL);
	h2_want_pump(s->h);
}

const struct stream_vtable h2_server_stream = {
	.send_head = send_head,
	.send_info = send_info,
	.send_body = h2_send_body,
	.send_trailers = h2_send_trailers,
	.pause = h2_pause,
	.close = h2_close,
};

/* --- codec --------------------------------------------------------------------- */

/* Streams that the peer began until now are answered, later ones are not read. */
static void
go(struct h2 *h)
{
	if (h->is_going)
		return;
	h->is_going = true;
	nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(h->session),
	    NGHTTP2_NO_ERROR, NULL, 0);
	h2_want_pump(h);
}

/*
 * First it is told to begin nothing new, then the last stream is named, when
 * what it began before it knew has come (RFC 9113, section 6.8).
 */
static void
drain(struct codec *c)
{
	struct h2 *h = h2_of_codec(c);

	if (h->base.is_finished || h->is_broken)
		return;
	if (h->is_draining) {
		if (loop_now_ms(h->base.loop) - h->draining_ms >= GOING_MS)
			go(h);
		return;
	}
	h->is_draining = true;
	h->draining_ms = loop_now_ms(h->base.loop);
	nghttp2_submit_shutdown_notice(h->session);
	h2_want_pump(h);
}

static void
on_goaway_sent(struct h2 *h, int32_t last_id)
{
	if (last_id == INT32_MAX)
		nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, going_ping);
}

static void
on_pong(struct h2 *h, const uint8_t *data)
{
	if (h->is_draining && memcmp(data, going_ping, 8) == 0)
		go(h);
}

static bool
is_idle(const struct codec *c)
{
	const struct h2 *h = h2_of_const_codec(c);

	return h->open == 0 && h->live == 0 && !h2_is_in_head(c);
}

static const struct h2_role role = {
	.is_server = true,
	.begin = begin,
	.take_head = take_head,
	.error_of = error_of,
	.on_pong = on_pong,
	.on_goaway_sent = on_goaway_sent,
};

static const struct codec_vtable codec_vtable = {
	.is_multiplexed = true,
	.feed = h2_feed,
	.before_telling = h2_before_telling,
	.output_sent = h2_output_sent,
	.drain = drain,
	.is_idle = is_idle,
	.is_in_head = h2_is_in_head,
	.wants_input = h2_wants_input,
	.expire = h2_expire,
	.ping = h2_ping,
	.abort = h2_abort,
	.free = h2_free,
};

struct codec *
h2_server_new(struct loop *loop, const struct http_limits *limits,
    bool is_member, const struct codec_events *events, void *owner)
{
	struct h2 *h = h2_new(loop, &role, &codec_vtable, limits, events, owner);

	h->flood.is_member = is_member;
	return &h->base;
}
