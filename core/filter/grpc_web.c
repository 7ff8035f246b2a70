#include "chain/grpc.h"
#include "filter/filters.h"
#include "filter/grpc_web_text.h"

/*
 * grpc_web: gRPC-Web (PROTOCOL-WEB.md of gRPC), which browsers can speak, over
 * HTTP/1.1 too, is gRPC to what stands behind this filter.  Messages are the same;
 * the content type is another, "-text" is base64, and trailers are the last frame
 * of the body.  An answer without messages has its status in its head in both.
 */
#define WEB	"application/grpc-web"
#define TEXT	"-text"

struct state {
	bool                 is_web;
	bool                 text_up, text_down;
	bool                 is_answer;	/* the response is gRPC */
	struct slice         suffix;	/* "+proto", or "" */
	struct grpc_web_text text;
};

/* "application/grpc-web-text+proto": what follows the words, and which. */
static bool
read_type(struct slice type, struct slice *suffix, bool *is_text)
{
	if (!slice_has_prefix(type, SLICE(WEB)))
		return false;
	*suffix = slice_from(type, sizeof(WEB) - 1);
	*is_text = slice_has_prefix(*suffix, SLICE(TEXT));
	if (*is_text)
		*suffix = slice_from(*suffix, sizeof(TEXT) - 1);
	return suffix->len == 0 || suffix->ptr[0] == '+' ||
	    suffix->ptr[0] == ';';
}

static void
set_type(struct http_head *h, const char *type, struct slice suffix)
{
	http_fields_set_id(&h->fields, FIELD_CONTENT_TYPE, slice_str(
	    arena_printf(h->fields.arena, "%s%.*s", type, SLICE_ARG(suffix))));
}

static void
take_request(struct l7_ctx *ctx, struct http_head *h)
{
	struct slice accept = http_fields_get(&h->fields, FIELD_ACCEPT), rest;
	struct state *s = ctx->state;

	if (h->method_id != METHOD_POST || !read_type(http_fields_get(
	    &h->fields, FIELD_CONTENT_TYPE), &s->suffix, &s->text_up))
		return;
	s->is_web = true;
	if (!read_type(accept, &rest, &s->text_down))
		s->text_down = s->text_up;
	if (s->text_up)
		h->content_length = -1;
	set_type(h, "application/grpc", s->suffix);
	h->takes_trailers = true;
	l7_summary(ctx)->is_grpc = true;
}

/* A page of another origin that may read the answer may read how it ended. */
static void
expose_status(struct http_head *h)
{
	if (http_fields_find(&h->fields,
	    SLICE("access-control-allow-origin")).ptr != NULL)
		http_fields_add(&h->fields,
		    SLICE("access-control-expose-headers"),
		    SLICE("grpc-status, grpc-message"));
}

/* What is no gRPC, such as an error of HTTP, stays what it is. */
static void
take_answer(struct state *s, struct http_head *h, bool end)
{
	struct slice type = http_fields_get(&h->fields, FIELD_CONTENT_TYPE);

	if (h->status != 200 || !grpc_is_asked(h))
		return;
	s->is_answer = true;
	if (type.len > sizeof("application/grpc") - 1)
		s->suffix = slice_from(type, sizeof("application/grpc") - 1);
	set_type(h, s->text_down ? WEB TEXT : WEB, s->suffix);
	if (end)
		expose_status(h);
	else
		h->content_length = -1;
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	struct state *s = ctx->state;

	if (dir == DIR_UP)
		take_request(ctx, h);
	else if (s->is_web)
		take_answer(s, h, end);
	return PASS;
}

/* In front of this filter nobody makes gRPC-Web of it. */
static enum verdict
refuse(struct l7_ctx *ctx)
{
	l7_summary(ctx)->is_grpc = false;
	l7_reply(ctx, 400, FLAG_DPE, "bad_base64", SLICE_NONE);
	return STOP;
}

static enum verdict
body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	struct state *s = ctx->state;

	if (dir == DIR_DOWN && s->is_answer && s->text_down)
		grpc_web_encode(b);
	else if (dir == DIR_UP && s->text_up &&
	    !grpc_web_decode(&s->text, b, end))
		return refuse(ctx);
	return PASS;
}

static enum verdict
trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	struct state *s = ctx->state;
	struct buf frame = { 0 };

	if (dir == DIR_UP)
		return s->text.rest_len > 0 ? refuse(ctx) : PASS;
	if (!s->is_answer)
		return PASS;
	grpc_web_add_trailers(&frame, t);
	if (s->text_down)
		grpc_web_encode(&frame);
	/* Nobody behind sees what it was. */
	l7_summary(ctx)->grpc_status = grpc_status_read(t);
	t->len = 0;
	l7_emit(ctx, dir, &frame);
	return PASS;
}

const struct l7_filter filter_grpc_web = {
	.base = { .name = "grpc_web", .state_size = sizeof(struct state) },
	.head = head, .body = body, .trailers = trailers,
};
