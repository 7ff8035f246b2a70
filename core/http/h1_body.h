#ifndef HTTP_H1_BODY_H
#define HTTP_H1_BODY_H

#include "http/h1_head.h"

/*
 * h1_body: takes the body of one message off the input, by any framing
 * (RFC 9112, sections 6 and 7).
 *
 * Life: h1_body_start -> h1_body_take ... until BODY_END, BODY_TRAILERS or
 *       BODY_FAULT.
 *
 * The grammar of chunk lines is held to the letter and without the "bad white
 * space" that it tolerates; chunk extensions are checked, counted and dropped.
 */
enum h1_body_result {
	BODY_MORE,	/* took all of the input, the body goes on */
	BODY_END,
	BODY_TRAILERS,	/* a trailer section of ->trailers.bytes is next */
	BODY_FAULT,
};

struct h1_body {
	enum h1_framing framing;
	uint64_t        left;		/* of the length, or of the chunk */
	unsigned char   state;		/* of the chunk line */
	unsigned int    digits;
	size_t          ext_line, ext_total;
	size_t          head_bytes, head_fields;	/* count with trailers */
	struct h1_scan  trailers;
	struct h1_fault fault;
};

void h1_body_start(struct h1_body *, const struct h1_message *,
    size_t head_bytes, size_t head_fields);
/* Moves what is body from in to out; takes framing off in. */
enum h1_body_result h1_body_take(struct h1_body *, const struct http_limits *,
    struct buf *in, struct buf *out);
/* May the connection end here without cutting the body short? */
bool h1_body_may_end(const struct h1_body *);

#endif
