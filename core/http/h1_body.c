#include "http/grammar.h"
#include "http/h1_body.h"

#define SIZE_DIGITS	15	/* more than any body; no overflow */
#define SHORT_CHUNK	512
#define COPY_BLOCK	4096

enum state {
	SIZE, EXT_NAME_FIRST, EXT_NAME, EXT_VALUE_FIRST, EXT_VALUE, EXT_QUOTED,
	EXT_PAIR, EXT_QUOTED_END, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILERS,
};

void
h1_body_start(struct h1_body *b, const struct h1_message *m,
    size_t head_bytes, size_t head_fields)
{
	*b = (struct h1_body){
		.framing = m->framing, .left = m->length, .state = SIZE,
		.head_bytes = head_bytes, .head_fields = head_fields,
	};
	if (m->framing == FRAMING_CHUNKED)
		b->left = 0;
}

bool
h1_body_may_end(const struct h1_body *b)
{
	return b->framing == FRAMING_UNTIL_CLOSE;
}

static bool
fail(struct h1_body *b, const char *why)
{
	b->fault = (struct h1_fault){ 400, why };
	return false;
}

static bool
expect(struct h1_body *b, char c, char wanted, enum state next,
    const char *why)
{
	if (c != wanted)
		return fail(b, why);
	b->state = (unsigned char)next;
	return true;
}

static bool
size_byte(struct h1_body *b, char c)
{
	if (http_byte_is(c, BYTE_HEX)) {
		if (b->digits++ == SIZE_DIGITS)
			return fail(b, "chunk size too large");
		b->left = b->left << 4 | http_hex_value(c);
		return true;
	}
	if (b->digits == 0 || (c != '\r' && c != ';'))
		return fail(b, "malformed chunk size");
	b->state = c == ';' ? EXT_NAME_FIRST : SIZE_LF;
	return true;
}

/* What may stand behind an extension or its name: its end, or the next. */
static bool
ext_end(struct h1_body *b, char c)
{
	if (c != ';' && c != '\r')
		return fail(b, "malformed chunk extension");
	b->state = c == ';' ? EXT_NAME_FIRST : SIZE_LF;
	return true;
}

static bool
ext_byte(struct h1_body *b, const struct http_limits *limits, char c)
{
	if (++b->ext_line > limits->chunk_ext_line ||
	    ++b->ext_total > limits->chunk_ext_total)
		return fail(b, "chunk extensions too long");
	switch ((enum state)b->state) {
	case EXT_NAME_FIRST:
	case EXT_VALUE_FIRST:
		if (b->state == EXT_VALUE_FIRST && c == '"') {
			b->state = EXT_QUOTED;
			return true;
		}
		if (!http_byte_is(c, BYTE_TOKEN))
			return fail(b, "malformed chunk extension");
		b->state = b->state == EXT_NAME_FIRST ? EXT_NAME : EXT_VALUE;
		return true;
	case EXT_NAME:
		if (c == '=') {
			b->state = EXT_VALUE_FIRST;
			return true;
		}
		return http_byte_is(c, BYTE_TOKEN) || ext_end(b, c);
	case EXT_VALUE:
		return http_byte_is(c, BYTE_TOKEN) || ext_end(b, c);
	case EXT_QUOTED:
		if (!http_byte_is(c, BYTE_VALUE))
			return fail(b, "malformed chunk extension");
		b->state = c == '"' ? EXT_QUOTED_END :
		    c == '\\' ? EXT_PAIR : EXT_QUOTED;
		return true;
	case EXT_PAIR:
		b->state = EXT_QUOTED;
		return http_byte_is(c, BYTE_VALUE) ||
		    fail(b, "malformed chunk extension");
	default:
		return ext_end(b, c);
	}
}

/* Behind "size [ext] CR LF". */
static void
begin_chunk(struct h1_body *b)
{
	b->state = b->left > 0 ? DATA : TRAILERS;
	b->digits = 0;
	b->ext_line = 0;
	if (b->state == TRAILERS)
		h1_scan_start(&b->trailers, SCAN_TRAILERS);
}

/* One byte that is not data. */
static bool
line_byte(struct h1_body *b, const struct http_limits *limits, char c)
{
	switch ((enum state)b->state) {
	case SIZE:
		return size_byte(b, c);
	case SIZE_LF:
		if (c != '\n')
			return fail(b, "chunk line does not end in CR LF");
		begin_chunk(b);
		return true;
	case DATA_CR:
		return expect(b, c, '\r', DATA_LF, "no CR LF behind a chunk");
	case DATA_LF:
		return expect(b, c, '\n', SIZE, "no CR LF behind a chunk");
	default:
		return ext_byte(b, limits, c);
	}
}

/* Copies the first n bytes of in: many short chunks become one piece. */
static void
copy_data(struct buf *in, struct buf *out, size_t n)
{
	size_t room;
	char *to = buf_reserve(out, n, COPY_BLOCK, &room);

	buf_copy_out(in, to, n);
	buf_commit(out, n);
	buf_drain(in, n);
}

static void
take_data(struct h1_body *b, struct buf *in, struct buf *out)
{
	size_t n = buf_len(in);

	if (n >= b->left) {
		n = (size_t)b->left;
		if (n <= SHORT_CHUNK && b->framing == FRAMING_CHUNKED)
			copy_data(in, out, n);
		else
			buf_move_n(out, in, n);
	} else {
		buf_move(out, in);
	}
	b->left -= n;
}

static enum h1_body_result
take_trailers(struct h1_body *b, const struct http_limits *limits,
    struct buf *in)
{
	switch (h1_scan(&b->trailers, in, limits, b->head_bytes,
	    b->head_fields)) {
	case SCAN_MORE:
		return BODY_MORE;
	case SCAN_FAULT:
		b->fault = b->trailers.fault;
		return BODY_FAULT;
	case SCAN_DONE:
		break;
	}
	if (b->trailers.fields > 0)
		return BODY_TRAILERS;
	buf_drain(in, b->trailers.bytes);
	return BODY_END;
}

/* The chunk line in the front piece of in, as far as it goes there. */
static bool
take_line(struct h1_body *b, const struct http_limits *limits, struct buf *in)
{
	struct slice s = buf_front(in);
	size_t n = 0;

	while (n < s.len && b->state != DATA && b->state != TRAILERS)
		if (!line_byte(b, limits, s.ptr[n++]))
			return false;
	buf_drain(in, n);
	return true;
}

static enum h1_body_result
take_chunked(struct h1_body *b, const struct http_limits *limits,
    struct buf *in, struct buf *out)
{
	while (buf_len(in) > 0) {
		if (b->state == TRAILERS)
			return take_trailers(b, limits, in);
		if (b->state == DATA) {
			take_data(b, in, out);
			if (b->left == 0)
				b->state = DATA_CR;
		} else if (!take_line(b, limits, in)) {
			return BODY_FAULT;
		}
	}
	return BODY_MORE;
}

enum h1_body_result
h1_body_take(struct h1_body *b, const struct http_limits *limits,
    struct buf *in, struct buf *out)
{
	switch (b->framing) {
	case FRAMING_NONE:
		return BODY_END;
	case FRAMING_LENGTH:
		take_data(b, in, out);
		return b->left == 0 ? BODY_END : BODY_MORE;
	case FRAMING_CHUNKED:
		return take_chunked(b, limits, in, out);
	case FRAMING_UNTIL_CLOSE:
		buf_move(out, in);
		return BODY_MORE;
	}
	return BODY_FAULT;
}
