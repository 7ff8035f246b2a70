#ifndef TLS_WEB_SERVER_TEST_H
#define TLS_WEB_SERVER_TEST_H

#include <string.h>

#include "base/unit.h"
#include "net/conn.h"
#include "net/listener.h"
#include "tls/tls.h"

/*
 * web_server: for tests, a web server on loopback, on the test's own loop.  It
 * reads one request of a connection, says what the test has it say, and ends.
 *
 * Life: all zeros but for the first five -> web_server_open
 *       -> web_server_close, before the loop is freed.
 */
struct web_server {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	struct tls_edge       *edge;	/* NULL: plain text */
	/* To the request that is there now; NULL: nothing, and no end. */
	const char          *(*answer)(void *arg);
	void                  *arg;

	struct listener       *listener;
	struct listener_watch *watch;
	struct conn           *conn;	/* the last one, until it closed */
	bool                   is_over;
	int                    port;
	int                    asked;	/* requests that came */
	char                   request[2048];	/* the last one, whole */
};

static inline void
web_server_on_data(struct conn *c, void *owner)
{
	struct web_server *s = owner;
	size_t n = buf_len(conn_in(c));

	assert_true(n < sizeof(s->request));
	buf_copy_out(conn_in(c), s->request, n);
	s->request[n] = '\0';
	const char *end = strstr(s->request, "\r\n\r\n"), *answer;

	/* A form is to be there whole. */
	if (end == NULL || (strncmp(s->request, "POST", 4) == 0 &&
	    strstr(end, "=y") == NULL))
		return;
	buf_drain(conn_in(c), n);
	s->asked++;
	answer = s->answer(s->arg);
	if (answer == NULL)
		return;
	conn_write_bytes(c, answer, strlen(answer));
	conn_shutdown(c);
}

static inline void
web_server_on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct web_server *s = owner;

	(void)why;
	if (s->conn == c)
		s->conn = NULL;
}

static const struct conn_ops web_server_ops = {
	web_server_on_data, NULL, web_server_on_closed,
};

static inline void
web_server_on_handshake(void *arg, struct tls_result *t)
{
	struct web_server *s = arg;

	if (t->failure == TLS_OK && !s->is_over)
		s->conn = conn_attach(s->loop, &t->image, &tls_transport,
		    &web_server_ops, s);
}

static inline void
web_server_on_accepted(void *arg, int fd, const struct addr *peer)
{
	static const char *const alpn[] = { "http/1.1", NULL };
	struct web_server *s = arg;
	const struct tls_request q = {
		.is_server = true, .edge = s->edge, .alpn = alpn,
	};

	if (s->edge == NULL)
		s->conn = conn_accept(s->loop, fd, peer,
		    listener_addr(s->listener), &web_server_ops, s);
	else
		tls_handshake_start(s->handshaker, fd, &q, s->loop,
		    web_server_on_handshake, s);
}

static inline void
web_server_open(struct web_server *s)
{
	struct err err = ERR_INIT;
	struct addr at;

	assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), &at, &err), 0);
	s->listener = listener_open(&at, 16, &err);
	assert_non_null(s->listener);
	s->port = addr_port(listener_addr(s->listener));
	s->watch = listener_watch(s->listener, s->loop, web_server_on_accepted,
	    s);
}

static inline void
web_server_close(struct web_server *s)
{
	s->is_over = true;
	listener_unwatch(s->watch);
	listener_close(s->listener);
	if (s->conn != NULL)
		conn_close(s->conn, CLOSE_LOCAL);
}

#endif
