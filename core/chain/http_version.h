#ifndef CHAIN_HTTP_VERSION_H
#define CHAIN_HTTP_VERSION_H

#include "loop/buf.h"

/*
 * http_version: which HTTP somebody who has connected speaks, once for each
 * connection: what ALPN agreed on, or else what the first bytes say, for HTTP/2
 * opens with 24 that no request begins with (RFC 9113, section 3.4).
 */
enum http_version { HTTP_VERSION_UNKNOWN, HTTP_VERSION_1, HTTP_VERSION_2 };

/*
 * alpn: NULL or "" where none was agreed on; end: no more bytes will come.
 * UNKNOWN: it cannot be told yet; never so at the end.
 */
enum http_version http_version_of(const char *alpn, const struct buf *,
    bool end);

#endif
