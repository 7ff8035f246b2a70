#include "base/check.h"
#include "base/mem.h"
#include "http/codec.h"
#include "http/message.h"
#include "modes/proxy/agent_clock.h"
#include "modes/proxy/agent_link.h"
#include "sync/message.h"

#define TARGET		"/v1/session"
#define OPEN_MS		10000	/* from the connection to the upgrade */

struct agent_link {
	struct agent_dial_request    request;
	const struct agent_link_ops *ops;
	void                        *arg;
	struct agent_dial           *dial;
	struct conn                 *conn;	/* NULL: not yet, or closed */
	struct codec                *codec;
	struct stream               *stream;
	struct arena                 arena;	/* of the stream */
	struct arena                 line_arena;
	struct buf                   in;
	struct sync_lines            lines;
	struct loop_timer            silence;
	struct loop_task             closing;	/* reports err */
	struct err                   err;
	bool                         is_open, is_over;
	bool                         is_refused;
};

static void
release(void *p)
{
	struct agent_link *l = p;

	buf_fini(&l->in);
	arena_fini(&l->arena);
	arena_fini(&l->line_arena);
	mem_free(l);
}

/* Gives back everything but the memory; nothing is reported after it. */
static void
stop(struct agent_link *l)
{
	struct conn *conn = l->conn;

	l->is_over = true;
	loop_timer_stop(&l->silence);
	loop_task_cancel(&l->closing);
	agent_dial_cancel(l->dial);
	l->dial = NULL;
	if (l->stream != NULL)
		stream_close(l->stream, STREAM_CANCEL);
	if (l->codec != NULL)
		codec_free(l->codec);
	l->stream = NULL;
	l->codec = NULL;
	if (conn != NULL)
		conn_close(conn, CLOSE_LOCAL);	/* on_closed frees */
	else
		loop_free_later(l->request.loop, release, l);
}

static void
on_closing(void *arg)
{
	struct agent_link *l = arg;
	const struct agent_link_ops *ops = l->ops;
	struct err why = l->err;
	void *owner = l->arg;
	bool is_refused = l->is_refused;

	stop(l);
	ops->on_closed(owner, &why, is_refused);
}

/* The link is over; its owner hears of it when the callbacks have returned. */
static void
fail(struct agent_link *l, const struct err *why)
{
	if (l->is_over || l->err.kind != ERR_NONE)
		return;
	l->err = *why;
	loop_defer(l->request.loop, &l->closing);
}

static void
fail_text(struct agent_link *l, enum err_kind kind, const char *text)
{
	struct err err = ERR_INIT;

	err_set(&err, kind, "session with control at %s: %s",
	    l->request.control, text);
	fail(l, &err);
}

/* --- lines --------------------------------------------------------------- */

static void
read_lines(struct agent_link *l)
{
	struct slice line;
	struct err err = ERR_INIT;
	int got = 0;

	/* The owner may close the link inside. */
	while (!l->is_over && l->err.kind == ERR_NONE &&
	    (got = sync_lines_next(&l->lines, &l->in, &l->line_arena, &line,
	    &err)) == 1) {
		l->ops->on_line(l->arg, line, &l->line_arena);
		arena_reset(&l->line_arena);
	}
	if (got < 0)
		fail_text(l, ERR_DATA, err.text);
}

/* --- the stream ---------------------------------------------------------- */

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct agent_link *l = owner;
	struct err err = ERR_INIT;

	agent_clock_check(h, l->request.control);
	if (h->status == 101 && !end) {
		l->is_open = true;
		loop_timer_start(&l->silence, LINK_SILENCE_MS);
		l->ops->on_open(l->arg, conn_local(l->conn,
		    &(struct addr){ 0 }));
		return;
	}
	bool is_denied = h->status == 401 || h->status == 403;

	l->is_refused = h->status == 403;
	err_set(&err, is_denied ? ERR_DENIED : ERR_UNAVAILABLE,
	    "session with control at %s: it answered %d %s%s",
	    l->request.control, h->status, http_status_text(h->status),
	    l->is_refused ? ", which refuses our identity" : "");
	fail(l, &err);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	struct agent_link *l = owner;

	if (!l->is_open) {
		buf_drain(b, buf_len(b));
		return;
	}
	buf_move(&l->in, b);
	loop_timer_start(&l->silence, LINK_SILENCE_MS);
	read_lines(l);
	if (end && !l->is_over)
		fail_text(l, ERR_UNAVAILABLE, "control ended it");
}

static void
on_trailers(void *owner, struct http_fields *trailers)
{
	(void)owner;
	(void)trailers;
}

static void
on_reset(void *owner, enum stream_error error)
{
	fail_text(owner, ERR_UNAVAILABLE, stream_error_name(error));
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_reset = on_reset,
};

/* --- codec and connection ------------------------------------------------ */

static void
on_output(void *owner)
{
	struct agent_link *l = owner;
	size_t len = buf_len(&l->codec->output);

	if (l->conn == NULL)
		return;
	conn_write(l->conn, &l->codec->output);
	codec_output_sent(l->codec, len);
}

static void
feed(struct agent_link *l)
{
	if (!l->is_over && l->conn != NULL)
		codec_feed(l->codec, conn_in(l->conn), conn_is_eof(l->conn));
}

static void
on_input(void *owner)
{
	feed(owner);
}

static void
on_finished(void *owner, enum codec_end end)
{
	(void)end;
	fail_text(owner, ERR_UNAVAILABLE, "the connection ended");
}

static const struct codec_events codec_events = {
	.on_output = on_output, .on_input = on_input,
	.on_finished = on_finished,
};

static void
on_data(struct conn *c, void *owner)
{
	(void)c;
	feed(owner);
}

static void
on_conn_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct agent_link *l = owner;

	l->conn = NULL;
	if (l->is_over) {
		loop_free_later(conn_loop(c), release, l);
		return;
	}
	fail_text(l, ERR_UNAVAILABLE, close_reason_text(why));
}

static const struct conn_ops conn_ops = {
	.on_data = on_data, .on_closed = on_conn_closed,
};

/* --- start and end ------------------------------------------------------- */

static void
on_silence(void *arg)
{
	struct agent_link *l = arg;

	fail_text(l, ERR_UNAVAILABLE, l->is_open ?
	    "control says nothing any more" : "control did not answer");
}

static void
on_dialled(void *arg, struct agent_dialled *d)
{
	struct agent_link *l = arg;
	struct http_head head;

	l->dial = NULL;
	if (d->image == NULL) {
		fail(l, &d->err);
		return;
	}
	l->conn = conn_attach(l->request.loop, d->image, &tls_transport,
	    &conn_ops, l);
	l->codec = h1_client_new(l->request.loop, &http_limits_default,
	    &codec_events, l);
	l->stream = codec_open_stream(l->codec, &l->arena, &stream_events, l);
	loop_timer_start(&l->silence, OPEN_MS);
	if (!message_request_init(&head, &l->arena, "GET",
	    slice_str(l->request.control), SLICE(TARGET))) {
		fail_text(l, ERR_CONFIG, "its name is no authority");
		return;
	}
	head.upgrade = SLICE(SYNC_PROTOCOL);
	stream_send_head(l->stream, &head, true);
}

struct agent_link *
agent_link_start(const struct agent_dial_request *r,
    const struct agent_link_ops *ops, void *arg)
{
	struct agent_link *l = mem_zalloc(sizeof(*l));

	l->request = *r;
	l->ops = ops;
	l->arg = arg;
	l->err = ERR_INIT;
	arena_init(&l->arena);
	arena_init(&l->line_arena);
	loop_timer_init(&l->silence, r->loop, on_silence, l);
	loop_task_init(&l->closing, on_closing, l);
	l->dial = agent_dial_start(r, on_dialled, l);
	return l;
}

void
agent_link_send(struct agent_link *l, struct slice lines)
{
	struct buf b = { 0 };

	check(l->is_open);
	if (l->stream == NULL || l->conn == NULL)
		return;
	buf_add_slice(&b, lines);
	stream_send_body(l->stream, &b, false);
}

size_t
agent_link_unsent(const struct agent_link *l)
{
	return l->conn == NULL ? 0 : conn_unsent(l->conn);
}

void
agent_link_close(struct agent_link *l)
{
	if (l != NULL && !l->is_over)
		stop(l);
}
