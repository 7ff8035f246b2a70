#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/stream.h"
#include "loop/loop.h"
#include "net/conn.h"

/*
 * exchange: one request and its whole response over a connection of its own:
 * what ctl, join, health checks and the clients of the admin interface need.
 *
 * Life: exchange_start -> done once, or exchange_cancel and no call.
 *
 * The connection is closed in any case; the request says so.  done is never
 * called from inside exchange_start or exchange_cancel.
 */
struct exchange;

struct exchange_limits {
	size_t   body_bytes;	/* of the response; more is STREAM_TOO_LARGE */
	uint64_t timeout_ms;	/* for all of it; then STREAM_TIMEOUT */
};

struct exchange_result {
	enum stream_error       error;	/* STREAM_OK: head and body are whole */
	const struct http_head *head;	/* NULL when none came */
	struct buf             *body;	/* may be moved from; what is there */
	const struct http_fields *trailers;	/* NULL when none came */
	enum close_reason       closed;	/* why the connection ended before, or
					 * CLOSE_NONE */
};

/*
 * Takes the connection, which may have just been made or be fresh from its
 * handshake, and the bytes of body (NULL: none).  The head is written before
 * return; its content_length is set here.  Keeps arg.
 */
struct exchange *exchange_start(struct conn *, const struct http_head *,
    struct buf *body, const struct exchange_limits *,
    void (*done)(void *arg, const struct exchange_result *), void *arg);
/* The same over HTTP/2, which the peer is known to speak. */
struct exchange *exchange_start_h2(struct conn *, const struct http_head *,
    struct buf *body, const struct exchange_limits *,
    void (*done)(void *arg, const struct exchange_result *), void *arg);
void exchange_cancel(struct exchange *);

#endif
