#ifndef CHAIN_PROXY_STATUS_H
#define CHAIN_PROXY_STATUS_H

#include "chain/response_flag.h"
#include "http/head.h"

/*
 * proxy_status: the field in which an answer of ours says so, and why: RFC
 * 9209.  The flag gives the error; where that is about a connection, the
 * details say which step of it failed.
 */
/* To a head or trailers.  Adds nothing for flags that are no error. */
void proxy_status_add(struct http_fields *, enum response_flag,
    const char *details);
/* The details of one that a proxy of the mesh wrote; absent: it has none. */
struct slice proxy_status_details(struct slice value);
/* The error token of RFC 9209, 2.3, or NULL. */
const char *proxy_status_error(enum response_flag, const char *details);

#endif
