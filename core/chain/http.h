#ifndef CHAIN_HTTP_H
#define CHAIN_HTTP_H

#include <stdint.h>

#include "chain/l7.h"
#include "http/codec.h"

/*
 * http: the L4 terminal that turns a connection into exchanges: it holds the
 * codec and starts an L7 chain per stream.
 *
 * Its clocks: 10 s from the first byte (or the connection) to a complete
 * request head, absolute; 60 s idle between exchanges; both give a clean close.
 * Draining: the answer to the next request is the last and says so; a
 * connection on which nothing moves for 1 s is closed.
 */
struct http_options {
	struct l7_listener        listener;
	const struct http_limits *limits;
	uint64_t                  head_timeout_ms;	/* 10,000 */
	uint64_t                  idle_timeout_ms;	/* 60,000 */
	uint64_t                  body_idle_ms;	/* 60,000: nothing moves in an exchange */
};
extern const struct http_options http_options_default;

/* arg of open is a const struct http_options *, kept by the listener. */
extern const struct l4_terminal http_terminal;

#endif
