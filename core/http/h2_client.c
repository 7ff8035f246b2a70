#include "base/check.h"
#include "http/h2_nv.h"
#include "http/h2_stream.h"
#include "pki/base64.h"
#include "pki/hash.h"

/* --- reading -------------------------------------------------------------------- */

static void
fail(struct h2_stream *s, enum stream_error error)
{
	h2_stream_reset(s, NGHTTP2_PROTOCOL_ERROR);
	h2_note_reset(s, error);
}

/*
 * As HTTP/1 says it.  Who asked for a WebSocket there wants proof that its key
 * was read by somebody who knows what it is (RFC 6455, section 4.2.2).
 */
static void
accept_switch(struct h2_stream *s, struct http_head *h)
{
	static const struct slice name = { "sec-websocket-accept", 20 };
	uint8_t hash[HASH_SHA1_LEN];
	struct str proof = { 0 };

	h->status = 101;
	h->upgrade = s->protocol;
	if (s->websocket_key.ptr == NULL)
		return;
	hash_sha1(hash, s->websocket_key,
	    SLICE("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
	base64_add(&proof, BASE64_STD, slice_of(hash, sizeof(hash)));
	http_fields_set(&h->fields, name, arena_dup(s->stream.arena,
	    str_slice(&proof)));
	str_fini(&proof);
}

static void
take_head(struct h2_stream *s, struct h2_block *b, bool end)
{
	struct h2_noted *n = arena_zalloc(s->stream.arena, sizeof(*n));
	int status;

	if (!h2_block_response(b, s->is_head, &n->head)) {
		fail(s, b->fault.status == 431 ? STREAM_TOO_LARGE :
		    STREAM_PROTOCOL);
		return;
	}
	status = n->head.status;
	if (status < 200 && ++s->infos > s->h->limits.info_count) {
		fail(s, STREAM_TOO_LARGE);
		return;
	}
	s->has_head = status >= 200;
	if (s->is_connect && status >= 200 && status < 300 && !end) {
		h2_begin_tunnel(s);
		if (s->is_switch)
			accept_switch(s, &n->head);
	}
	*s->noted_end = n;
	s->noted_end = &n->next;
}

/* Which of them say that the request was not processed: see stream.h. */
static enum stream_error
error_of(const struct h2_stream *s, uint32_t code)
{
	switch (code) {
	case NGHTTP2_REFUSED_STREAM:
		return s->has_head ? STREAM_TRUNCATED : STREAM_REFUSED;
	case NGHTTP2_CANCEL:
		return STREAM_CANCEL;
	case NGHTTP2_NO_ERROR:
	case NGHTTP2_INTERNAL_ERROR:
	case NGHTTP2_CONNECT_ERROR:
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return s->has_head ? STREAM_TRUNCATED : STREAM_CONN_RESET;
	default:
		return STREAM_PROTOCOL;
	}
}

/* --- sending --------------------------------------------------------------------- */

static bool
may_switch(const struct h2 *h)
{
	return nghttp2_session_get_remote_settings(h->session,
	    NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

static void
note_switch(struct h2_stream *s, const struct http_head *head)
{
	struct slice key = http_fields_find(&head->fields,
	    SLICE("sec-websocket-key"));

	s->protocol = arena_dup(s->stream.arena, head->upgrade);
	if (key.ptr != NULL && slice_ieq(s->protocol, SLICE("websocket")))
		s->websocket_key = arena_dup(s->stream.arena, key);
}

static void
note_request(struct h2_stream *s, const struct http_head *head, bool end)
{
	s->is_head = head->method_id == METHOD_HEAD;
	s->is_switch = head->upgrade.len > 0 && end &&
	    head->method_id != METHOD_CONNECT;
	s->is_connect = s->is_switch || head->method_id == METHOD_CONNECT;
	if (s->is_switch)
		note_switch(s, head);
	if (!end)
		s->owed = head->content_length;
}

static void
submit(struct h2_stream *s, const struct h2_nv *l)
{
	struct h2 *h = s->h;
	nghttp2_data_provider body = h2_data_provider(s);
	int32_t id = nghttp2_submit_request(h->session, NULL, l->v, l->len,
	    s->out_ended ? NULL : &body, s);

	if (id < 0) {
		h2_note_reset(s, STREAM_REFUSED);
		return;
	}
	s->id = id;
	h->live++;
	h2_want_pump(h);
}

/* Extended CONNECT is sent to who says that it knows it (RFC 8441, section 3). */
static void
submit_switch(struct h2_stream *s, const struct h2_nv *l)
{
	if (!s->h->is_greeted) {
		s->held = arena_alloc(s->stream.arena, sizeof(*l));
		*s->held = *l;
	} else if (may_switch(s->h)) {
		submit(s, l);
	} else {
		h2_note_reset(s, STREAM_INTERNAL);
	}
}

static void
on_settings(struct h2 *h)
{
	LIST_FOREACH(at, &h->streams) {
		struct h2_stream *s = list_entry(at, struct h2_stream, link);
		struct h2_nv *l = s->held;

		s->held = NULL;
		if (l != NULL && !h2_is_deaf(s))
			submit_switch(s, l);
	}
}

static void
send_head(struct stream *stream, const struct http_head *head, bool end)
{
	struct h2_stream *s = h2_of_stream(stream);
	struct h2_nv l;

	if (h2_is_deaf(s))
		return;
	check(!s->head_sent);
	s->head_sent = true;
	note_request(s, head, end);
	if (!h2_nv_request(&l, stream->arena, head, s->is_switch)) {
		h2_note_reset(s, STREAM_INTERNAL);
		return;
	}
	s->out_ended = end && !s->is_connect;
	if (s->is_switch)
		submit_switch(s, &l);
	else
		submit(s, &l);
}

static const struct stream_vtable stream_vtable = {
	.send_head = send_head,
	.send_body = h2_send_body,
	.send_trailers = h2_send_trailers,
	.pause = h2_pause,
	.close = h2_close,
};

/* --- codec ------------------------------------------------------------------------ */

static size_t
room(const struct codec *c)
{
	const struct h2 *h = h2_of_const_codec(c);
	uint32_t max = nghttp2_session_get_remote_settings(h->session,
	    NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	if (h->base.is_finished || h->is_broken || h->is_draining ||
	    h->peer_goes || !nghttp2_session_check_request_allowed(h->session))
		return 0;
	if (!h->is_greeted || max > h->limits.h2.streams)
		max = h->limits.h2.streams;
	return h->streams_len < max ? max - h->streams_len : 0;
}

static struct stream *
open_stream(struct codec *c, struct arena *arena,
    const struct stream_events *events, void *owner)
{
	struct h2 *h = h2_of_codec(c);

	if (room(c) == 0)
		return NULL;
	struct h2_stream *s = h2_stream_new(h, 0);

	s->stream.vt = &stream_vtable;
	s->stream.arena = arena;
	s->is_open = true;
	h->open++;
	stream_set_owner(&s->stream, events, owner);
	return &s->stream;
}

static void
drain(struct codec *c)
{
	struct h2 *h = h2_of_codec(c);

	if (h->is_draining || h->base.is_finished)
		return;
	h->is_draining = true;	/* says so when it has nothing more to ask */
	h2_want_pump(h);
}

static bool
is_idle(const struct codec *c)
{
	return h2_of_const_codec(c)->open == 0;
}

static const struct h2_role role = {
	.begin = NULL,
	.take_head = take_head,
	.error_of = error_of,
	.on_settings = on_settings,
};

static const struct codec_vtable codec_vtable = {
	.is_multiplexed = true,
	.feed = h2_feed,
	.before_telling = h2_before_telling,
	.open_stream = open_stream,
	.room = room,
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
h2_client_new(struct loop *loop, const struct http_limits *limits,
    const struct codec_events *events, void *owner)
{
	return &h2_new(loop, &role, &codec_vtable, limits, events, owner)->base;
}
