#ifndef ECHO_ECHO_H
#define ECHO_ECHO_H

#include <pthread.h>

#include "base/map.h"
#include "cmd/echo/address.h"
#include "cmd/echo/call.h"

/*
 * echo: an application for demo, tests and benchmarks.  It answers HTTP and
 * TCP with what it saw, and can call further services and embed what they
 * answered, so that one reply shows every hop.
 *
 *   main -> one thread per reactor -> acceptors -> http.c, tcp.c
 *                                                   |-> reply.c   what to say
 *                                                   `-> call.c    whom to ask
 *
 * It is independent of core/loop, core/net and core/http, because it is what
 * they are checked against.
 */
#define ECHO_CALLS_MAX	16

struct echo {
	const char        *name;
	struct call_target calls[ECHO_CALLS_MAX];
	size_t             calls_len;
	uint64_t           call_timeout_ms;

	/* Requests seen per ?uuid=, for ?succeedAfter=. */
	pthread_mutex_t    attempts_lock;
	struct map         attempts;
};

struct listener {
	struct acceptor acceptor;
	struct address  address;
	struct echo    *echo;
};

/* An accepted connection: takes fd. */
void http_on_accept(struct acceptor *, int fd, const struct address *peer);
void tcp_on_accept(struct acceptor *, int fd, const struct address *peer);

#endif
