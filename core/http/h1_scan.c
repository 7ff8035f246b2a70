#include <string.h>

#include "http/grammar.h"
#include "http/h1_scan.h"

enum state {
	REQUEST_BEFORE, REQUEST_BEFORE_LF, REQUEST_FIRST, METHOD, TARGET_FIRST,
	TARGET, REQUEST_VERSION,
	RESPONSE_FIRST, RESPONSE_VERSION, CODE_FIRST, CODE, REASON,
	LINE_LF, FIELD, NAME, VALUE, END_LF, END,
	STATES
};

/*
 * In a state, bytes of class `run` change nothing; then one byte decides: it is
 * one of `on`, or of class `first`, or it is a fault.
 */
static const struct row {
	unsigned int run;
	struct {
		char       byte;	/* 0: none; NUL is allowed nowhere */
		enum state next;
	} on[2];
	unsigned int first;
	enum state   first_next;
	const char  *why;
} rows[STATES] = {
	[REQUEST_BEFORE] = { 0, { { '\r', REQUEST_BEFORE_LF } },
	    BYTE_TOKEN, METHOD, "request does not begin with a method" },
	[REQUEST_BEFORE_LF] = { 0, { { '\n', REQUEST_FIRST } },
	    0, END, "CR without LF" },
	[REQUEST_FIRST] = { 0, { { 0 } },
	    BYTE_TOKEN, METHOD, "request does not begin with a method" },
	[METHOD] = { BYTE_TOKEN, { { ' ', TARGET_FIRST } },
	    0, END, "method is not a token" },
	[TARGET_FIRST] = { 0, { { 0 } },
	    BYTE_TARGET, TARGET, "no request target behind one space" },
	[TARGET] = { BYTE_TARGET, { { ' ', REQUEST_VERSION } },
	    0, END, "request target has a byte that it may not have" },
	[REQUEST_VERSION] = { BYTE_TARGET, { { '\r', LINE_LF } },
	    0, END, "request line does not end with a version" },
	[RESPONSE_FIRST] = { 0, { { 0 } },
	    BYTE_TARGET, RESPONSE_VERSION, "no status line" },
	[RESPONSE_VERSION] = { BYTE_TARGET, { { ' ', CODE_FIRST } },
	    0, END, "no status behind the version" },
	[CODE_FIRST] = { 0, { { 0 } },
	    BYTE_HEX, CODE, "no status behind one space" },
	[CODE] = { BYTE_HEX, { { ' ', REASON }, { '\r', LINE_LF } },
	    0, END, "status is not a number" },
	[REASON] = { BYTE_VALUE, { { '\r', LINE_LF } },
	    0, END, "bad byte in the reason" },
	[LINE_LF] = { 0, { { '\n', FIELD } }, 0, END, "CR without LF" },
	[FIELD] = { 0, { { '\r', END_LF } },
	    BYTE_TOKEN, NAME, "line does not begin with a field name" },
	[NAME] = { BYTE_TOKEN, { { ':', VALUE } },
	    0, END, "field name is not a token with ':' behind it" },
	[VALUE] = { BYTE_VALUE, { { '\r', LINE_LF } },
	    0, END, "bad byte in a field value" },
	[END_LF] = { 0, { { '\n', END } }, 0, END, "CR without LF" },
};

static const struct h1_fault line_too_long = { 431, "line too long" };
static const struct h1_fault target_too_long = { 414, "request line too long" };
static const struct h1_fault head_too_large = { 431, "head too large" };
static const struct h1_fault too_many_fields = { 431, "too many fields" };

void
h1_scan_start(struct h1_scan *s, enum h1_scan_kind kind)
{
	static const unsigned char first[] = {
		[SCAN_REQUEST] = REQUEST_BEFORE,
		[SCAN_RESPONSE] = RESPONSE_FIRST,
		[SCAN_TRAILERS] = FIELD,
	};

	*s = (struct h1_scan){ .state = first[kind] };
}

static enum h1_scan_result
fail(struct h1_scan *s, struct h1_fault fault)
{
	s->fault = fault;
	return SCAN_FAULT;
}

/* The state behind byte c, or STATES. */
static enum state
step(const struct row *row, char c)
{
	for (int i = 0; i < 2; i++)
		if (row->on[i].byte == c && c != '\0')
			return row->on[i].next;
	if (http_byte_is(c, row->first))
		return row->first_next;
	return STATES;
}

struct room {
	const struct http_limits *limits;
	size_t head, fields;	/* what is left of the limits */
};

static enum h1_scan_result
scan_byte(struct h1_scan *s, char c, const struct room *room)
{
	enum state next = step(&rows[s->state], c);

	if (next == STATES)
		return fail(s, (struct h1_fault){ 400, rows[s->state].why });
	s->bytes++;
	s->line++;
	if (next == REQUEST_FIRST)
		s->skipped = s->bytes;
	if (next == FIELD)
		s->line = 0;
	if (next == NAME && s->state == FIELD && ++s->fields > room->fields)
		return fail(s, too_many_fields);
	s->state = (unsigned char)next;
	return next == END ? SCAN_DONE : SCAN_MORE;
}

static enum h1_scan_result
scan_piece(struct h1_scan *s, struct slice piece, const struct room *room)
{
	size_t line_bytes = room->limits->line_bytes;
	const char *p = piece.ptr, *end = p + piece.len;

	while (p < end) {
		size_t n = (size_t)(end - p), run = 0;

		if (s->bytes >= room->head)
			return fail(s, head_too_large);
		if (s->line >= line_bytes)
			return fail(s, s->state <= REQUEST_VERSION ?
			    target_too_long : line_too_long);
		if (n > room->head - s->bytes)
			n = room->head - s->bytes;
		if (n > line_bytes - s->line)
			n = line_bytes - s->line;
		if (rows[s->state].run != 0)
			run = http_bytes_span(p, n, rows[s->state].run);
		s->bytes += run;
		s->line += run;
		p += run;
		if (run == n)
			continue;
		enum h1_scan_result r = scan_byte(s, *p++, room);

		if (r != SCAN_MORE)
			return r;
	}
	return SCAN_MORE;
}

enum h1_scan_result
h1_scan(struct h1_scan *s, const struct buf *b,
    const struct http_limits *limits, size_t used_bytes, size_t used_fields)
{
	struct room room = { limits,
	    limits->head_bytes > used_bytes ? limits->head_bytes - used_bytes : 0,
	    limits->fields > used_fields ? limits->fields - used_fields : 0 };
	struct buf_seg *it = NULL;
	struct slice piece;
	size_t skip = s->bytes;

	while (buf_next(b, &it, &piece)) {
		if (skip >= piece.len) {
			skip -= piece.len;
			continue;
		}
		enum h1_scan_result r =
		    scan_piece(s, slice_from(piece, skip), &room);

		if (r != SCAN_MORE)
			return r;
		skip = 0;
	}
	return SCAN_MORE;
}
