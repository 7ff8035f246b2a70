#ifndef HTTP_DETECT_H
#define HTTP_DETECT_H

#include "base/slice.h"
#include "loop/buf.h"

/*
 * detect: what a stream speaks, told by its first bytes.
 *
 * Life: detect_init -> detect_feed of each piece, until it is no longer UNKNOWN.
 *       What is known once stays so, however the bytes were cut.
 *
 * HTTP/2 is its preface (RFC 9113, section 3.4), HTTP/1 a request line up to its
 * version (RFC 9112, section 3), after empty lines if need be; TLS is the
 * beginning of a ClientHello (RFC 8446, section 5.1).  All else is OTHER, which
 * is said as soon as it can be neither of these.  A line may be as long as it
 * likes: this keeps five dozen bytes of state and no input.  It is as lenient as
 * servers are, as a request that looks like none to it would pass for bytes.
 *
 * What is OTHER may resemble a request all the same (detect_resembles_http): there
 * is no version, or no good one, but some servers take the line for a request, and
 * what comes behind it for its fields.
 */
enum spoken {
	SPOKEN_UNKNOWN,		/* so far */
	SPOKEN_HTTP1,
	SPOKEN_HTTP2,
	SPOKEN_TLS,
	SPOKEN_OTHER,
};

struct detect {
	enum spoken    found;
	int            line;		/* where in a request line it is; detect.c */
	unsigned       version_at;	/* bytes of the version seen */
	unsigned       preface_at;	/* ... of HTTP/2's preface; or NEVER */
	unsigned       hello_at;	/* ... of a ClientHello's beginning */
	bool           has_line;	/* a whole request line was there */
	int            likeness;	/* to a request; detect.c */
	int            after;		/* the line, if fields may be there */
	unsigned       method_len, scheme_at;
	char           method[8];	/* its beginning; then a field's name's */
	bool           is_mixed;	/* it is not in upper case */
	bool           has_more;	/* behind the target */
	size_t         peeked;		/* bytes, of detect_peek */
};

void detect_init(struct detect *);
/* The bytes that follow those fed before. */
enum spoken detect_feed(struct detect *, struct slice);
/*
 * The same of what stands in b, without what was peeked at there before; but all
 * of it, once detect_drained says that those bytes are gone.
 */
enum spoken detect_peek(struct detect *, const struct buf *);
void detect_drained(struct detect *);

/*
 * Of UNKNOWN and OTHER: a method, spaces, and what requests begin their target
 * with: '/' or the scheme of HTTP, behind any upper-case word; a '*', behind a
 * method that is registered and before no version of another protocol; a host,
 * behind CONNECT.  So "GET key" and "get /key" do not, "GET /key" does; and
 * "GET key" with a line behind it that begins like a field, which may come when it
 * is OTHER already: until it is done it is to be fed.
 */
bool detect_resembles_http(const struct detect *);
bool detect_is_done(const struct detect *);

/*
 * What a server speaks, by the first bytes of its side of the connection; UNKNOWN
 * until it said so many, or cannot be any.
 */
#define DETECT_ANSWER_BYTES	9
enum spoken detect_answer(struct slice first);

/* "http/1", "http/2", "tls", "other"; "unknown". */
const char *spoken_name(enum spoken);
bool spoken_named(struct slice name, enum spoken *);

#endif
