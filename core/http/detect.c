#include "http/detect.h"
#include "http/head.h"
#include "http/http2.h"

#define NEVER	UINT32_MAX	/* it cannot be that any more */

enum line { LINE_EMPTY, LINE_METHOD, LINE_SPACE, LINE_TARGET, LINE_NONE };

/* Of the target; STAR: nothing but a '*'. */
enum likeness { LIKE_NOTHING, LIKE_SCHEME, LIKE_STAR, LIKE_REQUEST };

/*
 * What follows a registered method and a word: "name:", as far as parsers of mail
 * take it, which skip what continues nothing, and the "From " of a mailbox.
 */
enum after { AFTER_DONE, AFTER_BEGIN, AFTER_NAME, AFTER_SPACE, AFTER_SKIP };

static const char *const names[] = {
	[SPOKEN_UNKNOWN] = "unknown", [SPOKEN_HTTP1] = "http/1",
	[SPOKEN_HTTP2] = "http/2", [SPOKEN_TLS] = "tls",
	[SPOKEN_OTHER] = "other",
};

#define NAMES	(sizeof(names) / sizeof(names[0]))

void
detect_init(struct detect *d)
{
	*d = (struct detect){ 0 };
}

static bool
is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* RFC 9110, section 5.6.2. */
static bool
is_token(unsigned char c)
{
	return is_letter(c) ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/*
 * What servers take for a space in a request line, and skip before it: some split
 * it as text of ISO 8859-1.  Before it a NUL is skipped, too.
 */
static bool
is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n') ||
	    (c >= 0x1c && c <= 0x1f) || c == 0x85 || c == 0xa0;
}

static char
upper(unsigned char c)
{
	return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* "HTTP/1.1", "http/1.1": whichever digits, "01.1" too; true once it is complete. */
static bool
step_version(struct detect *d, unsigned char c)
{
	static const char pattern[] = "HTTP/0.0";
	char want = d->version_at == NEVER ? '\0' : pattern[d->version_at];
	bool is_digit = c >= '0' && c <= '9';
	bool fits = want == '0' ? is_digit : want == upper(c);

	if (want == '.' && is_digit)
		return false;
	d->version_at = fits ? d->version_at + 1 : NEVER;
	return fits && d->version_at == sizeof(pattern) - 1;
}

/* A byte of the method; what is longer than the room is none we know. */
static void
note_method(struct detect *d, unsigned char c)
{
	if (d->method_len < sizeof(d->method))
		d->method[d->method_len++] = (char)c;
	if (!(c >= 'A' && c <= 'Z') && c != '-' && c != '_')
		d->is_mixed = true;
}

static bool
is_known_method(const struct detect *d)
{
	return http_method_id(slice_of(d->method, d->method_len)) !=
	    METHOD_OTHER;
}

static enum likeness
likeness_of_first(const struct detect *d, unsigned char c)
{
	enum http_method method = http_method_id(slice_of(d->method,
	    d->method_len));

	if (d->is_mixed)
		return LIKE_NOTHING;
	if (c == '/' || (method == METHOD_CONNECT && (is_letter(c) || c == '[')))
		return LIKE_REQUEST;
	if (c == '*')
		return is_known_method(d) ? LIKE_STAR : LIKE_NOTHING;
	return upper(c) == 'H' ? LIKE_SCHEME : LIKE_NOTHING;
}

/* "http:", "https:", and a version in the place of a target. */
static enum likeness
likeness_of_scheme(struct detect *d, unsigned char c)
{
	static const char rest[] = "TTP";

	if (d->scheme_at < sizeof(rest) - 1)
		return upper(c) == rest[d->scheme_at++] ? LIKE_SCHEME :
		    LIKE_NOTHING;
	if (upper(c) == 'S' && d->scheme_at++ == sizeof(rest) - 1)
		return LIKE_SCHEME;
	return c == ':' || c == '/' ? LIKE_REQUEST : LIKE_NOTHING;
}

/* A byte of the target, or of a word behind it. */
static void
note_target(struct detect *d, unsigned char c)
{
	d->has_more |= d->line == LINE_TARGET && d->version_at == 0;
	if (d->line == LINE_SPACE)
		d->likeness = likeness_of_first(d, c);
	else if (d->likeness == LIKE_SCHEME)
		d->likeness = likeness_of_scheme(d, c);
	else if (d->likeness == LIKE_STAR)
		d->likeness = d->version_at == 0 && upper(c) == 'H' ?
		    LIKE_REQUEST : LIKE_NOTHING;
}

/* True: that was a whole request line. */
static bool
step_line(struct detect *d, unsigned char c)
{
	switch ((enum line)d->line) {
	case LINE_EMPTY:
		if (c == '\n' || c == '\0' || is_space(c))
			return false;
		d->line = LINE_METHOD;
		/* FALLTHROUGH */
	case LINE_METHOD:
		if (is_space(c)) {
			d->line = LINE_SPACE;
			d->version_at = NEVER;
		} else if (!is_token(c)) {
			d->line = LINE_NONE;
		} else {
			note_method(d, c);
		}
		return false;
	case LINE_SPACE:
	case LINE_TARGET:
		if (is_space(c)) {
			d->version_at = d->line == LINE_TARGET ? 0 : NEVER;
			if (d->likeness == LIKE_SCHEME)
				d->likeness = LIKE_NOTHING;
			return false;
		}
		if (c != '\n')
			note_target(d, c);
		else if (d->line == LINE_TARGET && !d->has_more &&
		    is_known_method(d))
			d->after = AFTER_BEGIN;
		d->line = c == '\n' ? LINE_NONE : LINE_TARGET;
		return step_version(d, c);
	default:
		return false;
	}
}

static enum after
after_of_blank(const struct detect *d)
{
	switch ((enum after)d->after) {
	case AFTER_BEGIN:
		return AFTER_SKIP;
	case AFTER_NAME:
		return slice_is(slice_of(d->method, d->method_len), "From") ?
		    AFTER_SKIP : AFTER_SPACE;
	default:
		return (enum after)d->after;
	}
}

/* A byte behind a line that is no request but for what follows it. */
static enum after
step_after(struct detect *d, unsigned char c)
{
	if (d->after == AFTER_SKIP)
		return c == '\n' ? AFTER_BEGIN : AFTER_SKIP;
	if (c == ' ' || c == '\t')
		return after_of_blank(d);
	if (c == ':') {
		d->likeness = LIKE_REQUEST;
		return AFTER_DONE;
	}
	if (d->after == AFTER_BEGIN) {
		d->method_len = 0;
		if (c == '\r')
			return AFTER_BEGIN;
	}
	if (d->after == AFTER_SPACE || c <= ' ' || c >= 0x7f)
		return AFTER_DONE;
	note_method(d, c);
	return AFTER_NAME;
}

static bool
step_preface(struct detect *d, unsigned char c)
{
	static const char preface[] = H2_PREFACE;

	if (d->preface_at == NEVER)
		return false;
	d->preface_at = (unsigned char)preface[d->preface_at] == c ?
	    d->preface_at + 1 : NEVER;
	return d->preface_at == sizeof(preface) - 1;
}

/* A record of type handshake, version 3.x, in it a ClientHello. */
static bool
step_hello(struct detect *d, unsigned char c)
{
	static const struct {
		unsigned char least, most;
	} first[] = {
		{ 0x16, 0x16 }, { 3, 3 }, { 0, 4 }, { 0, 0x41 }, { 0, 0xff },
		{ 1, 1 },
	};

	if (d->hello_at == NEVER)
		return false;
	d->hello_at = c >= first[d->hello_at].least &&
	    c <= first[d->hello_at].most ? d->hello_at + 1 : NEVER;
	return d->hello_at == sizeof(first) / sizeof(first[0]);
}

bool
detect_is_done(const struct detect *d)
{
	return d->found != SPOKEN_UNKNOWN && d->after == AFTER_DONE;
}

enum spoken
detect_feed(struct detect *d, struct slice s)
{
	for (size_t i = 0; i < s.len && !detect_is_done(d); i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (d->after != AFTER_DONE) {
			d->after = (int)step_after(d, c);
			continue;
		}
		d->has_line |= step_line(d, c);
		if (step_preface(d, c))
			d->found = SPOKEN_HTTP2;
		else if (step_hello(d, c))
			d->found = SPOKEN_TLS;
		else if (d->has_line && d->preface_at == NEVER)
			d->found = SPOKEN_HTTP1;
		else if (d->line == LINE_NONE && d->preface_at == NEVER &&
		    d->hello_at == NEVER)
			d->found = SPOKEN_OTHER;
	}
	return d->found;
}

enum spoken
detect_peek(struct detect *d, const struct buf *b)
{
	size_t skip = d->peeked;
	struct buf_seg *it = NULL;
	struct slice s;

	while (!detect_is_done(d) && buf_next(b, &it, &s)) {
		size_t old = skip < s.len ? skip : s.len;

		skip -= old;
		detect_feed(d, slice_from(s, old));
	}
	d->peeked = buf_len(b);
	return d->found;
}

void
detect_drained(struct detect *d)
{
	d->peeked = 0;
}

bool
detect_resembles_http(const struct detect *d)
{
	return (d->found == SPOKEN_UNKNOWN || d->found == SPOKEN_OTHER) &&
	    (d->likeness == LIKE_STAR || d->likeness == LIKE_REQUEST);
}

enum spoken
detect_answer(struct slice s)
{
	static const struct slice http1 = { "HTTP/1.", 7 };
	/* SETTINGS (RFC 9113, section 6.5): no flags, stream 0. */
	static const unsigned char settings[] = { 4, 0, 0, 0, 0, 0 };
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t n = s.len < http1.len ? s.len : http1.len;

	if (n == 0 || memcmp(p, http1.ptr, n) == 0)
		return n == http1.len ? SPOKEN_HTTP1 : SPOKEN_UNKNOWN;
	if (p[0] == 0x15 || p[0] == 0x16)	/* an alert, a handshake */
		return n < 2 ? SPOKEN_UNKNOWN : p[1] == 3 ? SPOKEN_TLS :
		    SPOKEN_OTHER;
	if (p[0] != 0)
		return SPOKEN_OTHER;
	if (s.len > 3 && memcmp(p + 3, settings, s.len < DETECT_ANSWER_BYTES ?
	    s.len - 3 : sizeof(settings)) != 0)
		return SPOKEN_OTHER;
	return s.len < DETECT_ANSWER_BYTES ? SPOKEN_UNKNOWN : SPOKEN_HTTP2;
}

const char *
spoken_name(enum spoken s)
{
	return names[s];
}

bool
spoken_named(struct slice name, enum spoken *s)
{
	for (size_t i = 0; i < NAMES; i++)
		if (slice_is(name, names[i])) {
			*s = (enum spoken)i;
			return true;
		}
	return false;
}
