#ifndef HTTP_H1_WRITE_H
#define HTTP_H1_WRITE_H

#include "http/h1_head.h"
#include "loop/buf.h"

/*
 * h1_write: writes messages in exactly the form that the strict readers of
 * this folder accept, whatever the pieces were made of.
 *
 * A field whose name or value could break out of its line is left out: nothing
 * that a filter or another protocol version hands in can split a message.
 * Bodies are moved, not copied; only short ones are, into the block that holds
 * the head.
 */
struct h1_out {
	enum h1_framing framing;
	uint64_t        left;	/* FRAMING_LENGTH: still owed */
	bool            is_mute;	/* a body is dropped: HEAD, 204, 304 */
};

/* How the body of a request, or of a response, with this head will be sent. */
void h1_out_start_request(struct h1_out *, const struct http_head *, bool end);
/* minor: of the client; is_head: it asked with HEAD. */
void h1_out_start_response(struct h1_out *, const struct http_head *, bool end,
    int minor, bool is_head);

/* False, and nothing written, when the start line cannot be written safely. */
bool h1_write_request(struct buf *, const struct http_head *,
    const struct h1_out *, bool keep_alive);
/* option: "close", "keep-alive" or SLICE_NONE for Connection. */
void h1_write_response(struct buf *, const struct http_head *,
    const struct h1_out *, struct slice option);
/* Takes body; false when it is longer or, at the end, shorter than stated. */
bool h1_write_body(struct buf *, struct h1_out *, struct buf *body, bool end);
bool h1_write_trailers(struct buf *, struct h1_out *,
    const struct http_fields *);

#endif
