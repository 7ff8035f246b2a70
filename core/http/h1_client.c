#include "base/check.h"
#include "base/mem.h"
#include "http/h1.h"

/* --- reading ----------------------------------------------------------- */

static void
fail(struct h1 *h, enum stream_error error)
{
	h1_finish(h, CODEC_END_ERROR);
	h1_reset(h, error);
}

static void
fault(struct h1 *h, struct h1_fault f)
{
	fail(h, f.status == 0 ? STREAM_TRUNCATED :
	    f.status == 431 || f.status == 414 ? STREAM_TOO_LARGE :
	    STREAM_PROTOCOL);
}

/* Bytes or an end that answer no request of ours. */
static bool
read_idle(struct h1 *h, struct buf *b)
{
	if (buf_len(b) == 0 && !h->eof)
		return false;
	if (h->is_open)
		fail(h, buf_len(b) > 0 ? STREAM_REFUSED : STREAM_CONN_CLOSED);
	else
		h1_finish(h, buf_len(b) > 0 ? CODEC_END_ERROR :
		    CODEC_END_CLEAN);
	return true;
}

static bool
take_info(struct h1 *h, struct h1_message *m)
{
	if (++h->info_count > h->limits->info_count) {
		fail(h, STREAM_TOO_LARGE);
		return !h->base.is_freed;
	}
	h->info_bytes += h->scan.bytes;
	h1_scan_start(&h->scan, SCAN_RESPONSE);
	if (h1_hears(h) && h->stream.events->on_info != NULL)
		h->stream.events->on_info(h->stream.owner, &m->head);
	return !h->base.is_freed;
}

static bool
take_switch(struct h1 *h, struct h1_message *m)
{
	if (h->sending != OUT_DONE) {
		fail(h, STREAM_PROTOCOL);
		return !h->base.is_freed;
	}
	h1_begin_tunnel(h);
	if (h1_hears(h))
		h->stream.events->on_head(h->stream.owner, &m->head, false);
	return !h->base.is_freed;
}

static bool
begin(struct h1 *h, struct buf *b)
{
	struct h1_fault f;
	size_t len;
	char *block = h1_take_head(h, b, &len);
	struct h1_message *m = arena_alloc(h->arena, sizeof(*m));

	if (!h1_head_parse_response(h->arena, block, len, h->scan.fields,
	    h->asked, m, &f)) {
		fault(h, f);
		return !h->base.is_freed;
	}
	int status = m->head.status;

	if (status == 101 || (h->asked.method == METHOD_CONNECT &&
	    status >= 200 && status < 300))
		return take_switch(h, m);
	if (status < 200)
		return take_info(h, m);
	h->message = m;
	h->keep_alive = h->keep_alive && m->keep_alive;
	h1_begin_body(h);
	if (h1_hears(h))
		h->stream.events->on_head(h->stream.owner, &m->head,
		    m->framing == FRAMING_NONE);
	return !h->base.is_freed;
}

static bool
read_head(struct h1 *h, struct buf *b)
{
	if (h->in == IN_IDLE)
		return read_idle(h, b);
	if (buf_len(b) > 0)
		h->answered = true;
	switch (h1_scan(&h->scan, b, h->limits, h->info_bytes, 0)) {
	case SCAN_FAULT:
		fault(h, h->scan.fault);
		return true;
	case SCAN_DONE:
		return begin(h, b);
	case SCAN_MORE:
		break;
	}
	if (h->eof)
		fail(h, h->answered ? STREAM_TRUNCATED : STREAM_CONN_CLOSED);
	return h->in == IN_OFF;
}

/* The user is done with an exchange: can the connection carry another? */
static void
settle(struct h1 *h)
{
	if (h->in == IN_IDLE && h->sending == OUT_HEAD) {
		/* opened and given back */
	} else if (h->sending != OUT_DONE || h->in != IN_DONE) {
		h1_finish(h, CODEC_END_ABORT);
		return;
	} else if (!h->keep_alive || h->is_draining) {
		h1_finish(h, CODEC_END_CLEAN);
		return;
	}
	h->in = IN_IDLE;
	if (!h->in_feed && h->has_leftover) {
		h1_want_input(h);	/* it decides: bytes that nobody asked for */
		return;
	}
	h->base.tell_idle = true;
	codec_base_tell(&h->base);
}

/* --- sending ----------------------------------------------------------- */

static void
send_head(struct stream *s, const struct http_head *head, bool end)
{
	struct h1 *h = h1_of_stream(s);

	if (h1_is_deaf(h))
		return;
	check(h->sending == OUT_HEAD);
	h->asked = (struct h1_request_notes){
		head->method_id, head->upgrade.len > 0 && end
	};
	h1_out_start_request(&h->out, head, end);
	h->keep_alive = !h->is_draining;
	size_t begun = h1_write_begin(h);
	bool ok = h1_write_request(&h->base.output, head, &h->out,
	    h->keep_alive);

	h1_write_end(h, begun);
	h->sending = OUT_BODY;
	h->in = IN_HEAD;
	h1_scan_start(&h->scan, SCAN_RESPONSE);
	if (end || !ok)
		h1_end_sending(h, ok);
}

/* --- codec ------------------------------------------------------------- */

static struct stream *
open_stream(struct codec *c, struct arena *arena,
    const struct stream_events *events, void *owner)
{
	struct h1 *h = h1_of_codec(c);

	if (h->is_open || h->base.is_finished || h->is_draining ||
	    h->in != IN_IDLE || h->has_leftover)
		return NULL;
	h->arena = arena;
	h->base.tell_idle = false;
	h1_open(h, h->stream.vt);
	stream_set_owner(&h->stream, events, owner);
	return &h->stream;
}

static void
drain(struct codec *c)
{
	struct h1 *h = h1_of_codec(c);

	h->is_draining = true;
	if (!h->is_open)
		h1_finish(h, CODEC_END_CLEAN);
}

static bool
is_idle(const struct codec *c)
{
	return !h1_of_const_codec(c)->is_open;
}

static void
abort_all(struct codec *c, enum stream_error error)
{
	struct h1 *h = h1_of_codec(c);

	if (h->answered &&
	    (error == STREAM_CONN_RESET || error == STREAM_CONN_CLOSED))
		error = STREAM_TRUNCATED;
	h1_abort(c, error);
}

/* A server may take our end for one of our interest. */
static bool
sent_last(const struct h1 *h)
{
	(void)h;
	return false;
}

static const struct h1_role role = {
	.head = read_head,
	.fault = fault,
	.settle = settle,
	.sent_last = sent_last,
};

static const struct stream_vtable stream_vtable = {
	.send_head = send_head,
	.send_body = h1_send_body,
	.send_trailers = h1_send_trailers,
	.pause = h1_pause,
	.close = h1_close,
};

static const struct codec_vtable codec_vtable = {
	.feed = h1_feed,
	.before_telling = h1_before_telling,
	.open_stream = open_stream,
	.output_sent = h1_output_sent,
	.drain = drain,
	.is_idle = is_idle,
	.is_in_head = h1_is_in_head,
	.wants_input = h1_wants_input,
	.abort = abort_all,
	.free = h1_free,
};

struct codec *
h1_client_new(struct loop *loop, const struct http_limits *limits,
    const struct codec_events *events, void *owner)
{
	struct h1 *h = mem_alloc(sizeof(*h));

	h1_init(h, &role, &codec_vtable, loop, limits, events, owner);
	h->stream.vt = &stream_vtable;
	return &h->base;
}
