#ifndef HTTP_HTTP2_H
#define HTTP_HTTP2_H

#include "http/codec.h"

/*
 * http2: both ends of HTTP/2 (RFC 9113) as codecs, from the first byte: by ALPN
 * or prior knowledge; `Upgrade: h2c` is not taken.
 *
 * What the peer repeats beyond measure (h2_flood.h), or breaks of the protocol,
 * ends the connection with GOAWAY; on_bad_request tells why.  A request that is
 * malformed is reset, one that could be read in two ways or is too large is
 * answered by the codec.
 *
 * CONNECT is a tunnel as in HTTP/1.  Extended CONNECT (RFC 8441) is shown, and
 * written, as the GET with `upgrade` that it stands for, its answer as 101.
 */
#define H2_PREFACE	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/*
 * Keep events and owner, copy limits.  is_member: the peer is one of the mesh, which
 * may reset many streams, as the callers behind it do.  codec_drain tells the peer
 * to begin nothing new; again a second later, it sets the end for one that is
 * silent.
 */
struct codec *h2_server_new(struct loop *, const struct http_limits *,
    bool is_member, const struct codec_events *, void *owner);
struct codec *h2_client_new(struct loop *, const struct http_limits *,
    const struct codec_events *, void *owner);
const char *h2_library_version(void);

#endif
