#ifndef HTTP_H1_SCAN_H
#define HTTP_H1_SCAN_H

#include "http/codec.h"
#include "loop/buf.h"

/*
 * h1_scan: the strict pass over the head or the trailers of an HTTP/1 message,
 * before anybody reads a meaning into them (RFC 9112, sections 2 to 5).
 *
 * Life: h1_scan_start -> h1_scan ... until it is not SCAN_MORE.
 *
 * It lets exactly one reading of the bytes through: lines end in CR LF and CR
 * and LF stand nowhere else, names are tokens that ':' follows at once, no line
 * is folded, the start line has single spaces, values have no control bytes.
 * One empty line before a request is skipped (section 2.2).  Limits are held
 * while bytes come in, so nothing over them is ever kept.
 */
enum h1_scan_kind { SCAN_REQUEST, SCAN_RESPONSE, SCAN_TRAILERS };
enum h1_scan_result { SCAN_MORE, SCAN_DONE, SCAN_FAULT };

/* What is wrong with a message: the status that answers it and a sentence. */
struct h1_fault {
	int         status;
	const char *why;
};

struct h1_scan {
	unsigned char   state;
	size_t          bytes;		/* looked at, from the start of the buf */
	size_t          skipped;	/* of these, the empty line in front */
	size_t          line;		/* bytes in this line */
	size_t          fields;
	struct h1_fault fault;		/* after SCAN_FAULT */
};

void h1_scan_start(struct h1_scan *, enum h1_scan_kind);
/*
 * Goes on in b behind what was looked at before; takes nothing out of b.  After
 * SCAN_DONE the head, with its empty line, is the first ->bytes of b.
 * used_bytes and used_fields are what the head took when these are trailers.
 */
enum h1_scan_result h1_scan(struct h1_scan *, const struct buf *b,
    const struct http_limits *, size_t used_bytes, size_t used_fields);

#endif
