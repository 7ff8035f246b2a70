#ifndef CHAIN_HTTP_H
#define CHAIN_HTTP_H

#include <stdint.h>

#include "chain/conn_age.h"
#include "chain/l7.h"
#include "http/detect.h"
#include "http/codec.h"

/*
 * http: the L4 terminal that turns a connection into exchanges: it holds the
 * codec and starts an L7 chain per stream.
 *
 * Its clocks: 10 s from the first byte (or the connection) to a complete
 * request head, absolute; 60 s idle between exchanges; both give a clean close.
 * A connection that is too old, or had its last request, drains (conn_age.h).
 * Draining: the answer to the next request is the last and says so; a
 * connection on which nothing moves for 1 s is closed.  One of HTTP/2 is told
 * by GOAWAY, in two steps.
 */
/* What an operator may say of connections; in force for those that begin. */
struct http_conn_settings {
	struct h2_limits  h2;
	struct age_limits age;	/* an hour; no grace */
	/* HTTP/2: a peer that says nothing for so long, while it has streams, is
	   asked, and has so long to answer. */
	uint64_t          ping_ms, pong_ms;	/* 0: nobody is asked; 10,000 */
};
/* What holds unless it is said. */
void http_conn_settings_init(struct http_conn_settings *);


struct http_options {
	struct l7_listener        listener;
	/* Nothing like a request came first; arg is listener's.  May be NULL. */
	void                    (*misspoken)(void *arg, struct l4_run *,
				    enum spoken);
	/* For a connection that begins, borrowed; arg is the listener's.  NULL:
	   it has the limits below and no bounds of age. */
	const struct http_conn_settings *(*settings)(void *arg,
	    struct worker_env *);
	const struct http_limits *limits;
	uint64_t                  head_timeout_ms;	/* 10,000 */
	uint64_t                  idle_timeout_ms;	/* 60,000 */
	uint64_t                  body_idle_ms;	/* 60,000: nothing moves in an exchange */
};
extern const struct http_options http_options_default;

/* arg of open is a const struct http_options *, kept by the listener. */
extern const struct l4_terminal http_terminal;

#endif
