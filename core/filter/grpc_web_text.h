#ifndef FILTER_GRPC_WEB_TEXT_H
#define FILTER_GRPC_WEB_TEXT_H

#include "http/head.h"
#include "loop/buf.h"

/*
 * grpc_web_text: what bodies of gRPC-Web have besides messages (PROTOCOL-WEB.md of
 * gRPC): base64, in pieces that are padded wherever the other end flushed, and
 * trailers in a frame of their own.
 *
 * Life: grpc_web_text all zeros -> grpc_web_decode ... with end.
 */
struct grpc_web_text {
	char   rest[4];		/* of four letters that are not all there */
	size_t rest_len;
};

/* Puts bytes in the place of text.  False: it is malformed. */
bool grpc_web_decode(struct grpc_web_text *, struct buf *, bool end);
/* Puts text in the place of bytes, with padding behind the last ones. */
void grpc_web_encode(struct buf *);
/* The frame of trailers. */
void grpc_web_add_trailers(struct buf *, const struct http_fields *);

#endif
