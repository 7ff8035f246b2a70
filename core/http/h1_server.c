#include "base/check.h"
#include "base/mem.h"
#include "http/h1.h"

/* --- answering what could not be read ---------------------------------- */

static void
write_refusal(struct h1 *h, struct h1_fault f)
{
	size_t begun = h1_write_begin(h);
	struct http_head head;
	struct h1_out out;

	codec_base_refuse(&h->base, &head, h->arena, f.status, f.why);
	h1_out_start_response(&out, &head, false, 1, false);
	h1_write_response(&h->base.output, &head, &out, SLICE("close"));
	buf_addf(&h->base.output, "%s\n", f.why);
	h1_write_end(h, begun);
}

/* No further request of this connection is read. */
static bool
refuse(struct h1 *h, struct h1_fault f)
{
	write_refusal(h, f);
	h1_finish(h, CODEC_END_ERROR);
	h->base.events->on_bad_request(h->base.owner, f.status, f.why);
	return !h->base.is_freed;
}

/* What closing says about a response that is not complete. */
static enum codec_end
end_of_cut_response(const struct h1 *h)
{
	return h->sending == OUT_BODY && h->out.framing == FRAMING_UNTIL_CLOSE ?
	    CODEC_END_ABORT : CODEC_END_ERROR;
}

static void
fault(struct h1 *h, struct h1_fault f)
{
	bool is_unanswered = h->sending == OUT_HEAD;

	h1_finish(h, end_of_cut_response(h));
	if (is_unanswered) {
		h->sending = OUT_DONE;
		write_refusal(h, (struct h1_fault){
		    f.status == 0 ? 400 : f.status, f.why });
	}
	h1_reset(h, f.status == 0 ? STREAM_TRUNCATED :
	    f.status == 431 ? STREAM_TOO_LARGE : STREAM_PROTOCOL);
}

/* --- reading ----------------------------------------------------------- */

static void
await_request(struct h1 *h)
{
	h->in = IN_HEAD;
	h1_scan_start(&h->scan, SCAN_REQUEST);
}

static bool
begin(struct h1 *h, struct buf *b)
{
	struct h1_fault f;
	size_t len;

	arena_reset(h->arena);
	char *block = h1_take_head(h, b, &len);
	struct h1_message *m = arena_alloc(h->arena, sizeof(*m));

	if (!h1_head_parse_request(h->arena, block, len, h->scan.fields, m, &f))
		return refuse(h, f);
	h1_open(h, h->stream.vt);
	h->message = m;
	h->keep_alive = m->keep_alive;
	h1_begin_body(h);
	h->base.events->on_stream(h->base.owner, &h->stream);
	check(h->base.is_freed || !h->is_open || h->stream.events != NULL);
	if (h1_hears(h))
		h->stream.events->on_head(h->stream.owner, &m->head,
		    m->framing == FRAMING_NONE);
	return !h->base.is_freed;
}

/*
 * Answers that a client does not read must not pile up: while many bytes wait
 * to leave, its next request waits too.
 */
static bool
is_choked(const struct h1 *h)
{
	return h->scan.bytes == 0 && h->unsent_before > FLOW_HIGH;
}

static bool
read_head(struct h1 *h, struct buf *b)
{
	if (is_choked(h))
		return false;
	switch (h1_scan(&h->scan, b, h->limits, 0, 0)) {
	case SCAN_FAULT:
		return refuse(h, h->scan.fault);
	case SCAN_DONE:
		return begin(h, b);
	case SCAN_MORE:
		break;
	}
	if (h->eof && buf_len(b) == h->scan.skipped)
		h1_finish_in_order(h);
	else if (h->eof)
		h1_finish(h, CODEC_END_ERROR);
	return h->in == IN_OFF;
}

/* The next head may take its time: nothing of the last exchange waits for it. */
static void
park_arena(void *p)
{
	struct h1 *h = p;

	if (!h->is_open && h->in == IN_HEAD)
		arena_park(h->arena);
}

/* The user is done with an exchange: how does the connection go on? */
static void
settle(struct h1 *h)
{
	if (h->sending != OUT_DONE) {
		h1_finish(h, end_of_cut_response(h));
	} else if (h->in == IN_BODY || h->in == IN_DRAIN) {
		h->in = IN_DRAIN;
		if (!h->keep_alive || (h->body.framing == FRAMING_LENGTH &&
		    h->body.left > h->limits->drain_bytes))
			h1_finish(h, CODEC_END_AFTER_FLUSH);
	} else if (!h->keep_alive) {
		h1_finish(h, h->message->keep_alive ? CODEC_END_AFTER_FLUSH :
		    CODEC_END_ASKED);
	} else if (h->is_draining) {
		h1_finish_in_order(h);
	} else {
		await_request(h);
		loop_free_later(h->base.loop, park_arena, h);
		h->base.tell_idle = true;
		codec_base_tell(&h->base);
	}
	h1_want_input(h);
}

/* --- sending ----------------------------------------------------------- */

static bool
is_tunnel_head(const struct h1 *h, int status)
{
	return status == 101 || (status >= 200 && status < 300 &&
	    h->message->head.method_id == METHOD_CONNECT);
}

/*
 * A client that waits for 100 and gets a final answer may or may not send its
 * body: what comes next on the connection could be either.
 */
static bool
is_body_in_doubt(const struct h1 *h)
{
	return h->message->head.expects_continue && !h->continued &&
	    !h->body_begun;
}

static struct slice
connection_option(const struct h1 *h)
{
	if (!h->keep_alive)
		return SLICE("close");
	return h->message->head.minor == 0 ? SLICE("keep-alive") : SLICE_NONE;
}

static void
send_head(struct stream *s, const struct http_head *head, bool end)
{
	struct h1 *h = h1_of_stream(s);

	if (h1_is_deaf(h))
		return;
	check(h->sending == OUT_HEAD);
	const struct http_head *request = &h->message->head;
	bool is_tunnel = is_tunnel_head(h, head->status);
	size_t begun = h1_write_begin(h);

	h1_out_start_response(&h->out, head, end, request->minor,
	    request->method_id == METHOD_HEAD);
	check(!is_tunnel || h->in == IN_DONE);
	if (is_tunnel)
		h1_begin_tunnel(h);
	else if (h->is_draining || is_body_in_doubt(h) ||
	    request->method_id == METHOD_CONNECT ||
	    h->out.framing == FRAMING_UNTIL_CLOSE)
		h->keep_alive = false;
	h1_write_response(&h->base.output, head, &h->out,
	    is_tunnel ? SLICE_NONE : connection_option(h));
	h1_write_end(h, begun);
	h->sending = OUT_BODY;
	if (end)
		h1_end_sending(h, true);
}

static void
send_info(struct stream *s, const struct http_head *head)
{
	struct h1 *h = h1_of_stream(s);
	struct h1_out none = { .framing = FRAMING_NONE, .is_mute = true };

	if (h1_is_deaf(h) || h->sending != OUT_HEAD ||
	    h->message->head.minor == 0)
		return;
	if (head->status == 100) {
		if (!is_body_in_doubt(h))
			return;
		h->continued = true;
	}
	size_t begun = h1_write_begin(h);

	h1_write_response(&h->base.output, head, &none, SLICE_NONE);
	h1_write_end(h, begun);
}

/* --- codec ------------------------------------------------------------- */

static void
drain(struct codec *c)
{
	struct h1 *h = h1_of_codec(c);

	h->is_draining = true;
	if (h->in == IN_HEAD && h->scan.bytes == 0)
		h1_finish_in_order(h);
}

static bool
is_idle(const struct codec *c)
{
	const struct h1 *h = h1_of_const_codec(c);

	return !h->is_open && h->in == IN_HEAD && h->scan.bytes == 0 &&
	    !h->has_leftover && !h->base.tell_input;
}

/* With a request that goes on it is the user who decides when to stop. */
static bool
sent_last(const struct h1 *h)
{
	return !h->keep_alive && h->in == IN_DONE;
}

static const struct h1_role role = {
	.head = read_head,
	.fault = fault,
	.settle = settle,
	.sent_last = sent_last,
};

static const struct stream_vtable stream_vtable = {
	.send_head = send_head,
	.send_info = send_info,
	.send_body = h1_send_body,
	.send_trailers = h1_send_trailers,
	.pause = h1_pause,
	.close = h1_close,
};

static const struct codec_vtable codec_vtable = {
	.feed = h1_feed,
	.before_telling = h1_before_telling,
	.output_sent = h1_output_sent,
	.drain = drain,
	.is_idle = is_idle,
	.is_in_head = h1_is_in_head,
	.wants_input = h1_wants_input,
	.abort = h1_abort,
	.free = h1_free,
};

struct codec *
h1_server_new(struct loop *loop, const struct http_limits *limits,
    const struct codec_events *events, void *owner)
{
	struct h1 *h = mem_alloc(sizeof(*h));

	h1_init(h, &role, &codec_vtable, loop, limits, events, owner);
	h->stream.vt = &stream_vtable;
	arena_init(&h->own_arena);
	h->arena = &h->own_arena;
	await_request(h);
	return &h->base;
}
