#ifndef HTTP_H1_HEAD_H
#define HTTP_H1_HEAD_H

#include "http/h1_scan.h"
#include "http/head.h"

/*
 * h1_head: from the bytes of a scanned head to a struct http_head and the
 * framing of what follows (RFC 9112, sections 3, 6 and 9.3).
 *
 * Everything that two implementations could understand differently is a fault:
 * see the vectors in the tests.  A request is answered with fault.status; a
 * response with any fault is worth a 502 to whoever waits for it.
 */
enum h1_framing {
	FRAMING_NONE,		/* no body */
	FRAMING_LENGTH,
	FRAMING_CHUNKED,
	FRAMING_UNTIL_CLOSE,	/* responses only */
};

struct h1_message {
	struct http_head head;
	enum h1_framing  framing;
	uint64_t         length;	/* FRAMING_LENGTH, > 0 */
	bool             keep_alive;	/* the peer would go on after this */
};

/* What the request was: the framing of its response depends on it. */
struct h1_request_notes {
	enum http_method method;
	bool             upgrades;	/* asked for another protocol */
};

/*
 * block: the len bytes that h1_scan found to be a head of `fields` fields, in
 * the arena; names in it are lower-cased.  False with *fault.
 */
bool h1_head_parse_request(struct arena *, char *block, size_t len,
    size_t fields, struct h1_message *, struct h1_fault *);
bool h1_head_parse_response(struct arena *, char *block, size_t len,
    size_t fields, struct h1_request_notes, struct h1_message *,
    struct h1_fault *);

/*
 * Trailers of a body (RFC 9110, section 6.5.1): fields that frame, route,
 * authenticate or change how the message is read are left out; they count as
 * little as they may.
 */
void h1_head_parse_trailers(char *block, size_t len, bool is_request,
    struct http_fields *);

#endif
