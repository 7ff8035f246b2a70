#include <string.h>

#include "http/grammar.h"
#include "http/h1_scan.h"

/* What a byte is to the scanner. */
enum kind {
	BAD, CR, LF, SP, COLON,
	HEX,	/* as TOK, and a digit */
	TOK,	/* in names, targets and values */
	HASH,	/* in names and values */
	TGT,	/* in targets and values */
	VAL,	/* in values only */
	KINDS = 16	/* a power of two, for speed */
};

static const unsigned char kinds[256] = {
	['\t'] = VAL, ['\n'] = LF, ['\r'] = CR, [' '] = SP,
	['!'] = TOK, ['"'] = TGT, ['#'] = HASH, ['$' ... '\''] = TOK,
	['('] = TGT, [')'] = TGT, ['*'] = TOK, ['+'] = TOK, [','] = TGT,
	['-'] = TOK, ['.'] = TOK, ['/'] = TGT, ['0' ... '9'] = HEX,
	[':'] = COLON, [';' ... '@'] = TGT, ['A' ... 'F'] = HEX,
	['G' ... 'Z'] = TOK, ['[' ... ']'] = TGT, ['^' ... '`'] = TOK,
	['a' ... 'f'] = HEX, ['g' ... 'z'] = TOK, ['{'] = TGT, ['|'] = TOK,
	['}'] = TGT, ['~'] = TOK, [0x80 ... 0xff] = VAL,
};

/*
 * A state's name says what is expected next.  Those before QUIET are named for
 * what was just found, and enter() has something to do then.
 */
enum state {
	FAULT, BLANK, LINE, NAME_1, TARGET_1, VALUE_1, END,
	QUIET,
	REQUEST = QUIET, BLANK_LF, METHOD_0, METHOD, TARGET_0, TARGET, PROTOCOL,
	RESPONSE, VERSION, CODE_0, CODE, REASON,
	LINE_LF, FIELD, NAME, VALUE, END_LF,
	STATES
};

/* Where a byte leads; to FAULT where nothing is said. */
#define TOKENS(to)	[HEX] = to, [TOK] = to, [HASH] = to
#define TARGETS(to)	[HEX] = to, [TOK] = to, [TGT] = to, [COLON] = to
#define VALUES(to)	TARGETS(to), [HASH] = to, [VAL] = to, [SP] = to
static const unsigned char steps[STATES][KINDS] = {
	[REQUEST]  = { TOKENS(METHOD), [CR] = BLANK_LF },
	[BLANK_LF] = { [LF] = BLANK },
	[METHOD_0] = { TOKENS(METHOD) },
	[METHOD]   = { TOKENS(METHOD), [SP] = TARGET_0 },
	[TARGET_0] = { TARGETS(TARGET_1) },
	[TARGET]   = { TARGETS(TARGET), [SP] = PROTOCOL },
	[PROTOCOL] = { TARGETS(PROTOCOL), [CR] = LINE_LF },
	[RESPONSE] = { TARGETS(VERSION) },
	[VERSION]  = { TARGETS(VERSION), [SP] = CODE_0 },
	[CODE_0]   = { [HEX] = CODE },
	[CODE]     = { [HEX] = CODE, [SP] = REASON, [CR] = LINE_LF },
	[REASON]   = { VALUES(REASON), [CR] = LINE_LF },
	[LINE_LF]  = { [LF] = LINE },
	[FIELD]    = { TOKENS(NAME_1), [CR] = END_LF },
	[NAME]     = { TOKENS(NAME), [COLON] = VALUE_1 },
	[VALUE]    = { VALUES(VALUE), [CR] = LINE_LF },
	[END_LF]   = { [LF] = END },
};

static const char *const whys[STATES] = {
	[REQUEST]  = "request does not begin with a method",
	[BLANK_LF] = "CR without LF",
	[METHOD_0] = "request does not begin with a method",
	[METHOD]   = "method is not a token",
	[TARGET_0] = "no request target behind one space",
	[TARGET]   = "request target has a byte that it may not have",
	[PROTOCOL] = "request line does not end with a version",
	[RESPONSE] = "no status line",
	[VERSION]  = "no status behind the version",
	[CODE_0]   = "no status behind one space",
	[CODE]     = "status is not a number",
	[REASON]   = "bad byte in the reason",
	[LINE_LF]  = "CR without LF",
	[FIELD]    = "line does not begin with a field name",
	[NAME]     = "field name is not a token with ':' behind it",
	[VALUE]    = "bad byte in a field value",
	[END_LF]   = "CR without LF",
};

static const struct h1_fault line_too_long = { 431, "line too long" };
static const struct h1_fault target_too_long = { 414, "request line too long" };
static const struct h1_fault head_too_large = { 431, "head too large" };
static const struct h1_fault too_many_fields = { 431, "too many fields" };

void
h1_scan_start(struct h1_scan *s, enum h1_scan_kind kind)
{
	static const unsigned char first[] = {
		[SCAN_REQUEST] = REQUEST,
		[SCAN_RESPONSE] = RESPONSE,
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

struct room {
	const struct http_limits *limits;
	size_t head, fields;	/* what is left of the limits */
};

/* How many of n bytes may be looked at in this line; 0 is a fault. */
static size_t
allowed(struct h1_scan *s, size_t n, const struct room *room)
{
	size_t line_bytes = room->limits->line_bytes;

	if (s->bytes >= room->head) {
		fail(s, head_too_large);
		return 0;
	}
	if (s->line >= line_bytes) {
		fail(s, s->state >= REQUEST && s->state <= PROTOCOL ?
		    target_too_long : line_too_long);
		return 0;
	}
	if (n > room->head - s->bytes)
		n = room->head - s->bytes;
	return n < line_bytes - s->line ? n : line_bytes - s->line;
}

/* What the last byte found, with s->state as it was before. */
static enum h1_scan_result
enter(struct h1_scan *s, enum state found, const struct room *room)
{
	switch (found) {
	case FAULT:
		return fail(s, (struct h1_fault){ 400, whys[s->state] });
	case BLANK:
		s->skipped = s->bytes;
		s->state = METHOD_0;
		break;
	case LINE:
		s->line = 0;
		s->state = FIELD;
		break;
	case NAME_1:
		if (++s->fields > room->fields)
			return fail(s, too_many_fields);
		s->state = NAME;
		break;
	case TARGET_1:
		s->state = TARGET;
		break;
	case VALUE_1:
		s->state = VALUE;
		break;
	default:
		return SCAN_DONE;
	}
	return SCAN_MORE;
}

/* To the next thing found or to stop; gives where it got to. */
static const char *
scan_run(struct h1_scan *s, const char *p, const char *stop, enum state *found)
{
	const char *from = p;
	unsigned char state = s->state, to = state;

	if (state == VALUE)
		p += http_bytes_span(p, (size_t)(stop - p), BYTE_VALUE);
	else if (state == TARGET)
		p += http_bytes_span(p, (size_t)(stop - p), BYTE_TARGET);
	while (p < stop &&
	    (to = steps[state][kinds[(unsigned char)*p++]]) >= QUIET)
		state = to;
	s->state = state;
	s->bytes += (size_t)(p - from);
	s->line += (size_t)(p - from);
	*found = to;
	return p;
}

static enum h1_scan_result
scan_piece(struct h1_scan *s, struct slice piece, const struct room *room)
{
	const char *p = piece.ptr, *end = p + piece.len;
	enum h1_scan_result r = SCAN_MORE;

	while (p < end) {
		size_t n = allowed(s, (size_t)(end - p), room);
		const char *stop = p + n;
		enum state found;

		if (n == 0)
			return SCAN_FAULT;
		do {
			p = scan_run(s, p, stop, &found);
			if (found < QUIET)
				r = enter(s, found, room);
			if (r != SCAN_MORE)
				return r;
		} while (p < stop && found != LINE);
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
