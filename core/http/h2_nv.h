#ifndef HTTP_H2_NV_H
#define HTTP_H2_NV_H

#include <nghttp2/nghttp2.h>

#include "http/head.h"

/*
 * h2_nv: heads and trailers as the lists of names and values that nghttp2 sends.
 *
 * A field whose name or value could not be read again as the same field is left
 * out, and so are those of one hop: whatever a filter or another protocol
 * version hands in, what goes out is one message.  Lists live in the arena and
 * borrow from the head; nghttp2 copies what it is given.
 */
struct h2_nv {
	nghttp2_nv *v;
	size_t      len;
};

/*
 * False when the pseudo-fields cannot be written safely.  is_switch: what asks
 * for another protocol, with `upgrade` (RFC 8441, section 4).
 */
bool h2_nv_request(struct h2_nv *, struct arena *, const struct http_head *,
    bool is_switch);
/* is_switch: what accepts that, a 101 in HTTP/1. */
void h2_nv_response(struct h2_nv *, struct arena *, const struct http_head *,
    bool is_switch);
void h2_nv_trailers(struct h2_nv *, struct arena *, const struct http_fields *);

#endif
