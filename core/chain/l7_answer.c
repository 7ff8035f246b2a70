#include "base/check.h"
#include "chain/grpc.h"
#include "chain/l7_run.h"
#include "chain/proxy_status.h"

/* --- of the terminal --------------------------------------------------------------- */

void
l7_respond_info(struct l7_ctx *ctx, struct http_head *head)
{
	l7_put_info(ctx->run, head);
}

void
l7_respond_head(struct l7_ctx *ctx, struct http_head *head, bool end)
{
	struct l7_run *r = ctx->run;

	if (r->over)
		return;
	check(!r->responding);
	r->responding = true;
	if (r->summary.response_head_us == 0)
		r->summary.response_head_us = loop_now_us(r->loop);
	l7_put_head(r, DIR_DOWN, head, end);
}

void
l7_respond_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	/* A filter may have replied instead at the head that came before. */
	if (ctx->run->terminal_cancelled)
		buf_drain(b, buf_len(b));
	else
		l7_put_body(ctx->run, DIR_DOWN, b, end);
}

void
l7_respond_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	if (!ctx->run->terminal_cancelled)
		l7_put_trailers(ctx->run, DIR_DOWN, t);
}

bool
l7_has_responded(const struct l7_ctx *ctx)
{
	return ctx->run->responding;
}

/* --- our own ----------------------------------------------------------------------- */

/* Down through the filters in front of this one, from a clean start. */
static void
clear_way_down(struct l7_ctx *ctx)
{
	struct l7_run *r = ctx->run;
	struct l7_way *down = &r->way[DIR_DOWN];

	l7_way_stop(r, DIR_DOWN);
	down->stopped = false;
	down->start = ctx == &r->terminal ? 0 : r->len - ctx->index;
	down->ended = false;
}

/* Who gave up may say already what that is in gRPC. */
static int
grpc_status_of(const struct l7_run *r, int http)
{
	return r->summary.grpc_status != GRPC_NONE ? r->summary.grpc_status :
	    grpc_status_of_http(http);
}

/*
 * An answer of gRPC that stops short, even within a message, can still end in a
 * status, from which a caller learns more than from a reset.  Of any other, which
 * a call may get too, trailers would make a whole one of a part.
 */
static bool
end_in_grpc(struct l7_ctx *ctx, enum response_flag flag, const char *details)
{
	struct l7_run *r = ctx->run;
	struct arena *a = l7_arena(ctx);
	struct http_fields *last;

	if (!r->summary.is_grpc || !r->is_grpc_answer || r->has_length ||
	    r->way[DIR_DOWN].delivered || r->tunnel ||
	    response_flag_status(flag) == 0)
		return false;
	last = arena_alloc(a, sizeof(*last));
	http_fields_init(last, a);
	grpc_status_put(last, grpc_status_of(r, response_flag_status(flag)),
	    slice_str(response_flag_text(flag)));
	proxy_status_add(last, flag, details);
	clear_way_down(ctx);
	l7_put_trailers(r, DIR_DOWN, last);
	return true;
}

void
l7_abort(struct l7_ctx *ctx, enum response_flag flag, const char *details)
{
	struct l7_run *r = ctx->run;

	if (r->over)
		return;
	r->summary.flag = flag;
	r->summary.details = details;
	if (ctx != &r->terminal)
		l7_cancel_terminal(r);
	l7_way_stop(r, DIR_UP);
	if (end_in_grpc(ctx, flag, details))
		return;
	l7_way_stop(r, DIR_DOWN);
	l7_end(r, STREAM_INTERNAL);
}

/* What callers of gRPC cannot read becomes what they can. */
static void
put_in_grpc(const struct l7_run *r, struct http_head *head, struct buf *body,
    enum response_flag flag)
{
	const char *text = flag != FLAG_NONE ? response_flag_text(flag) :
	    http_status_text(head->status);

	if (head->status < 400 || !r->summary.is_grpc)
		return;
	grpc_answer(head, grpc_status_of(r, head->status), slice_str(text));
	buf_drain(body, buf_len(body));
}

void
l7_reply_with(struct l7_ctx *ctx, struct http_head *head, struct buf *body,
    enum response_flag flag, const char *details)
{
	struct l7_run *r = ctx->run;

	if (r->over)
		return;
	if (r->head_sent) {
		l7_abort(ctx, flag, details);
		return;
	}
	r->summary.flag = flag;
	r->summary.details = details;
	if (ctx != &r->terminal) {
		l7_cancel_terminal(r);
		l7_way_stop(r, DIR_UP);
	}
	clear_way_down(ctx);
	r->responding = true;
	put_in_grpc(r, head, body, flag);
	head->content_length = http_status_has_no_body(head->status) ? -1 :
	    (int64_t)buf_len(body);
	proxy_status_add(&head->fields, flag, details);
	bool empty = buf_len(body) == 0 || r->request->method_id == METHOD_HEAD;
	unsigned reply = ++r->replies;

	l7_put_head(r, DIR_DOWN, head, empty);
	/* A filter may have put another answer in its place. */
	if (!empty && reply == r->replies)
		l7_put_body(r, DIR_DOWN, body, true);
}

void
l7_reply(struct l7_ctx *ctx, int status, enum response_flag flag,
    const char *details, struct slice body)
{
	struct arena *a = l7_arena(ctx);
	struct http_head *head = arena_alloc(a, sizeof(*head));
	struct buf b = { 0 };

	http_head_init(head, a);
	head->status = status;
	http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE,
	    SLICE("text/plain; charset=utf-8"));
	if (body.ptr == NULL)
		buf_addf(&b, "%s\n", flag != FLAG_NONE ?
		    response_flag_text(flag) : http_status_text(status));
	else
		buf_add_slice(&b, body);
	l7_reply_with(ctx, head, &b, flag, details);
	buf_fini(&b);
}
