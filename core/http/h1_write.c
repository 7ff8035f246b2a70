#include <string.h>

#include "http/grammar.h"
#include "http/h1_write.h"

#define BLOCK		4096	/* for a head, and the short body behind it */
#define SMALL_BLOCK	1024	/* for a chunk line before a body that is moved */
#define COPIED_BODY	1024	/* up to this much is copied, not moved */
#define LINE_ROOM	96	/* all that we write besides the fields */

/* --- framing ----------------------------------------------------------- */

void
h1_out_start_request(struct h1_out *o, const struct http_head *h, bool end)
{
	*o = (struct h1_out){ .framing = FRAMING_NONE };
	if (end)
		return;
	o->framing = h->content_length >= 0 ? FRAMING_LENGTH : FRAMING_CHUNKED;
	o->left = h->content_length > 0 ? (uint64_t)h->content_length : 0;
}

void
h1_out_start_response(struct h1_out *o, const struct http_head *h, bool end,
    int minor, bool is_head)
{
	*o = (struct h1_out){ .framing = FRAMING_NONE };
	o->is_mute = is_head || http_status_has_no_body(h->status);
	if (end || o->is_mute)
		return;
	if (h->content_length >= 0)
		o->framing = FRAMING_LENGTH;
	else
		o->framing = minor > 0 ? FRAMING_CHUNKED : FRAMING_UNTIL_CLOSE;
	o->left = h->content_length > 0 ? (uint64_t)h->content_length : 0;
}

/* --- pieces ------------------------------------------------------------ */

static char *
put(char *to, struct slice s)
{
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static char *
put_number(char *to, uint64_t v, unsigned int base)
{
	static const char digits[] = "0123456789abcdef";
	char text[24];
	size_t n = sizeof(text);

	do
		text[--n] = digits[v % base];
	while ((v /= base) > 0);
	return put(to, slice_of(text + n, sizeof(text) - n));
}

static bool
is_writable(const struct http_field *f)
{
	return (f->id != FIELD_OTHER || http_is_token(f->name)) &&
	    http_is_field_value(f->value);
}

static bool
is_ours(enum http_field_id id)
{
	return id >= FIELD_CONNECTION || id == FIELD_HOST || id == FIELD_EXPECT;
}

static size_t
fields_room(const struct http_fields *list)
{
	return http_fields_size(list);	/* 32 a field is more than ": \r\n" */
}

static char *
put_field(char *to, struct slice name, struct slice value)
{
	to = put(to, name);
	to = put(to, SLICE(": "));
	to = put(to, value);
	return put(to, SLICE("\r\n"));
}

static char *
put_fields(char *to, const struct http_fields *list)
{
	for (size_t i = 0; i < list->len; i++)
		if (!is_ours(list->v[i].id) && is_writable(&list->v[i]))
			to = put_field(to, list->v[i].name, list->v[i].value);
	return to;
}

static char *
put_length(char *to, uint64_t length)
{
	to = put(to, SLICE("content-length: "));
	to = put_number(to, length, 10);
	return put(to, SLICE("\r\n"));
}

/* Connection, with "upgrade" and its field where protocols are offered. */
static char *
put_connection(char *to, const struct http_head *h, struct slice option)
{
	bool upgrades = h->upgrade.len > 0 && http_is_field_value(h->upgrade);

	if (upgrades)
		to = put_field(to, SLICE("upgrade"), h->upgrade);
	if (!upgrades && option.len == 0)
		return to;
	to = put(to, SLICE("connection: "));
	to = put(to, option);
	if (upgrades)
		to = put(to, option.len > 0 ? SLICE(", upgrade") :
		    SLICE("upgrade"));
	return put(to, SLICE("\r\n"));
}

/* --- heads ------------------------------------------------------------- */

/* Room for a head whose start line and Host take `extra` bytes. */
static char *
reserve_head(struct buf *b, const struct http_head *h, size_t extra)
{
	size_t need = 2 * LINE_ROOM + extra + h->upgrade.len +
	    fields_room(&h->fields), room;

	return buf_reserve(b, need, need > BLOCK ? need : BLOCK, &room);
}

static char *
put_target(char *to, const struct http_head *h)
{
	if (h->method_id == METHOD_CONNECT)
		return put(to, h->authority);
	if (h->is_absolute) {
		to = put(to, h->scheme);
		to = put(to, SLICE("://"));
		to = put(to, h->authority);
	}
	/* "OPTIONS *" has no path in absolute form (RFC 9112, 3.2.4). */
	if (!h->is_absolute || !slice_is(h->path, "*"))
		to = put(to, h->path);
	if (h->query.ptr != NULL) {
		to = put(to, SLICE("?"));
		to = put(to, h->query);
	}
	return to;
}

/* What tells the length of a request's body. */
static char *
put_request_framing(char *to, const struct http_head *h,
    const struct h1_out *o)
{
	enum http_method m = h->method_id;

	if (o->framing == FRAMING_CHUNKED)
		return put(to, SLICE("transfer-encoding: chunked\r\n"));
	if (o->framing == FRAMING_LENGTH)
		return put_length(to, o->left);
	if (m == METHOD_CONNECT)
		return to;
	if (h->content_length >= 0 || m == METHOD_POST || m == METHOD_PUT ||
	    m == METHOD_PATCH)
		return put_length(to, 0);
	return to;
}

static bool
is_target(struct slice s)
{
	return http_bytes_span(s.ptr, s.len, BYTE_TARGET) == s.len;
}

bool
h1_write_request(struct buf *b, const struct http_head *h,
    const struct h1_out *o, bool keep_alive)
{
	if (!http_is_token(h->method) || !is_target(h->path) ||
	    !is_target(h->query) || !is_target(h->authority))
		return false;
	char *base = reserve_head(b, h, h->method.len + h->scheme.len +
	    2 * h->authority.len + h->path.len + h->query.len);
	char *to = put(base, h->method);

	to = put(to, SLICE(" "));
	to = put_target(to, h);
	to = put(to, SLICE(" HTTP/1.1\r\n"));
	to = put_field(to, SLICE("host"), h->authority);
	to = put_fields(to, &h->fields);
	to = put_request_framing(to, h, o);
	if (h->expects_continue && o->framing != FRAMING_NONE)
		to = put(to, SLICE("expect: 100-continue\r\n"));
	to = put_connection(to, h, keep_alive ? SLICE_NONE : SLICE("close"));
	to = put(to, SLICE("\r\n"));
	buf_commit(b, (size_t)(to - base));
	return true;
}

static char *
put_response_framing(char *to, const struct http_head *h,
    const struct h1_out *o)
{
	if (o->framing == FRAMING_CHUNKED)
		return put(to, SLICE("transfer-encoding: chunked\r\n"));
	if (o->framing == FRAMING_LENGTH)
		return put_length(to, o->left);
	if (o->framing == FRAMING_UNTIL_CLOSE)
		return to;
	if (!o->is_mute)
		return put_length(to, 0);
	/* 304, and answers to HEAD, say what a GET would have had. */
	if (h->content_length >= 0 && h->status >= 200 && h->status != 204)
		return put_length(to, (uint64_t)h->content_length);
	return to;
}

void
h1_write_response(struct buf *b, const struct http_head *h,
    const struct h1_out *o, struct slice option)
{
	struct slice text = slice_str(http_status_text(h->status));
	char *base = reserve_head(b, h, text.len);
	char *to = put(base, SLICE("HTTP/1.1 "));

	to = put_number(to, (uint64_t)h->status, 10);
	to = put(to, SLICE(" "));
	to = put(to, text);
	to = put(to, SLICE("\r\n"));
	to = put_fields(to, &h->fields);
	to = put_response_framing(to, h, o);
	to = put_connection(to, h, option);
	to = put(to, SLICE("\r\n"));
	buf_commit(b, (size_t)(to - base));
}

/* --- bodies ------------------------------------------------------------ */

/* Short bodies join the block that is open; others are handed over. */
static void
add_data(struct buf *b, struct buf *body)
{
	size_t n = buf_len(body), room;

	if (n > COPIED_BODY) {
		buf_move(b, body);
		return;
	}
	char *to = buf_reserve(b, n, BLOCK, &room);

	buf_copy_out(body, to, n);
	buf_commit(b, n);
	buf_drain(body, n);
}

static void
add_chunk(struct buf *b, struct buf *body)
{
	size_t n = buf_len(body), room;
	char *base = buf_reserve(b, LINE_ROOM,
	    n > COPIED_BODY ? SMALL_BLOCK : BLOCK, &room);
	char *to = put_number(base, n, 16);

	to = put(to, SLICE("\r\n"));
	buf_commit(b, (size_t)(to - base));
	add_data(b, body);
	buf_add_slice(b, SLICE("\r\n"));
}

bool
h1_write_body(struct buf *b, struct h1_out *o, struct buf *body, bool end)
{
	size_t n = buf_len(body);

	switch (o->framing) {
	case FRAMING_NONE:
		buf_drain(body, n);
		return o->is_mute || n == 0;
	case FRAMING_LENGTH:
		if (n > o->left) {
			buf_drain(body, n);
			return false;
		}
		o->left -= n;
		if (n > 0)
			add_data(b, body);
		return !end || o->left == 0;
	case FRAMING_CHUNKED:
		if (n > 0)
			add_chunk(b, body);
		if (end)
			buf_add_slice(b, SLICE("0\r\n\r\n"));
		return true;
	case FRAMING_UNTIL_CLOSE:
		buf_move(b, body);
		return true;
	}
	return false;
}

bool
h1_write_trailers(struct buf *b, struct h1_out *o,
    const struct http_fields *list)
{
	size_t need = fields_room(list) + LINE_ROOM, room;

	if (o->framing != FRAMING_CHUNKED)
		return o->framing != FRAMING_LENGTH || o->left == 0;
	char *base = buf_reserve(b, need, need, &room);
	char *to = put(base, SLICE("0\r\n"));

	to = put_fields(to, list);
	to = put(to, SLICE("\r\n"));
	buf_commit(b, (size_t)(to - base));
	return true;
}
