#include <sys/epoll.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/echo/echo.h"
#include "cmd/echo/reply.h"
#include "cmd/echo/websocket.h"

#define OUT_MAX		(256 * 1024)	/* then reading stops */
#define LINGER_MS	1000

#define PLAIN_HEAD	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"	\
			"Content-Length: 3\r\n"

/* One request and its reply. */
struct exchange {
	enum { TAKING, WAITING, ANSWERING } phase;
	struct message request;
	struct str     head;	/* what request points into */
	struct body    body;
	uint64_t       body_bytes;
	uint32_t       body_crc;
	struct reply   reply;
	struct call   *calls[ECHO_CALLS_MAX];
	size_t         calls_len, calls_left;
};

struct http_conn {
	struct watch     watch;
	struct timer     timer;
	struct echo     *echo;
	struct listener *listener;
	struct address   peer;
	struct str       in, out;
	size_t           out_off;
	struct exchange *exchange;	/* NULL between requests */
	struct websocket *tunnel;	/* NULL: requests */
	unsigned int     nth;
	bool             peer_ended, closing, is_shut;
};

static void advance(struct http_conn *);

static void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->calls_len; i++)
		call_close(x->calls[i]);
	reply_fini(&x->reply);
	body_fini(&x->body);
	str_fini(&x->head);
	mem_free(x);
}

static void
conn_free(struct watch *w)
{
	struct http_conn *c = list_entry(w, struct http_conn, watch);

	str_fini(&c->in);
	str_fini(&c->out);
	mem_free(c->tunnel);
	mem_free(c);
}

static void
conn_close(struct http_conn *c)
{
	timer_clear(&c->timer);
	exchange_free(c->exchange);
	c->exchange = NULL;
	watch_close(&c->watch);
}

static void
conn_on_linger_end(struct timer *t)
{
	conn_close(list_entry(t, struct http_conn, timer));
}

static size_t
pending(const struct http_conn *c)
{
	return c->out.len - c->out_off;
}

/* A request that cannot be answered in order ends the connection. */
static void
refuse(struct http_conn *c, int status)
{
	str_addf(&c->out, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n", status, reply_reason(status));
	c->closing = true;
	exchange_free(c->exchange);
	c->exchange = NULL;
}

static void
answer(struct http_conn *c)
{
	struct exchange *x = c->exchange;
	struct exchange_facts facts = {
		.request = &x->request, .body = &x->body,
		.body_bytes = x->body_bytes, .body_crc = x->body_crc,
		.peer = &c->peer, .nth = c->nth,
		.http_port = address_port(&c->listener->address),
		.calls = x->calls, .calls_len = x->calls_len,
	};

	reply_start(&x->reply, c->echo, &facts, &c->out);
	x->phase = ANSWERING;
}

static void
on_call_done(void *owner)
{
	struct http_conn *c = owner;

	if (--c->exchange->calls_left > 0)
		return;
	answer(c);
	advance(c);
}

static bool
is_listed(struct slice list, const char *name)
{
	struct slice word;

	while (slice_cut(&list, ',', &word))
		if (slice_is(slice_trim(word), name))
			return true;
	return false;
}

/* Starts what the request asks for: all for /chain, else those of x-call. */
static void
start_calls(struct http_conn *c)
{
	struct exchange *x = c->exchange;
	struct slice path = x->request.target, asked;
	ptrdiff_t query = slice_find(path, '?');

	if (query >= 0)
		path.len = (size_t)query;
	asked = message_field(&x->request, "x-call");
	for (size_t i = 0; i < c->echo->calls_len; i++) {
		const struct call_target *t = &c->echo->calls[i];

		if (asked.ptr != NULL ? !is_listed(asked, t->name) :
		    !slice_is(path, "/chain"))
			continue;
		x->calls[x->calls_len++] = call_start(c->watch.reactor, t,
		    c->echo->name, &x->request, c->echo->call_timeout_ms,
		    on_call_done, c);
	}
	x->calls_left = x->calls_len;
	if (x->calls_len == 0)
		answer(c);
}

static void
on_delay_end(struct timer *t)
{
	struct http_conn *c = list_entry(t, struct http_conn, timer);

	start_calls(c);
	advance(c);
}

static void
on_request_whole(struct http_conn *c)
{
	struct exchange *x = c->exchange;

	if (!reply_init(&x->reply, c->echo, &x->request)) {
		refuse(c, 400);
		return;
	}
	x->phase = WAITING;
	if (x->reply.delay_ms > 0)
		timer_set(c->watch.reactor, &c->timer, x->reply.delay_ms,
		    on_delay_end);
	else
		start_calls(c);
}

static void
exchange_open(struct http_conn *c, struct slice head)
{
	struct exchange *x = mem_zalloc(sizeof(*x));

	str_add_slice(&x->head, head);
	check(message_parse_request(&x->request, str_slice(&x->head)) > 0);
	body_init(&x->body, &x->request);
	c->exchange = x;
	if (x->body.is_done)
		on_request_whole(c);
	else if (x->request.expects_continue && x->request.minor == 1)
		str_add(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* GET /plain: the least that can be said, for benchmarks. */
static void
answer_plain(struct http_conn *c, const struct message *m)
{
	static const struct slice usual = SLICE(PLAIN_HEAD "\r\nok\n");

	if (m->keep_alive && m->minor == 1)
		str_add_slice(&c->out, usual);
	else
		str_addf(&c->out, PLAIN_HEAD "Connection: %s\r\n\r\nok\n",
		    m->keep_alive ? "keep-alive" : "close");
	c->closing = !m->keep_alive;
}

/* GET with an upgrade to websocket: frames from here on. */
static bool
is_websocket(struct http_conn *c, const struct message *m)
{
	struct websocket w;

	if (m->body != BODY_NONE || !websocket_accept(&w, m, &c->out))
		return false;
	c->tunnel = mem_alloc(sizeof(w));
	*c->tunnel = w;
	return true;
}

static size_t
take_frames(struct http_conn *c, struct slice data)
{
	size_t n = websocket_feed(c->tunnel, data, &c->out);

	c->closing = c->tunnel->is_done;
	return n;
}

static size_t
take_head(struct http_conn *c, struct slice data)
{
	struct message m;
	ptrdiff_t n = message_parse_request(&m, data);

	if (n < 0) {
		refuse(c, n == -2 ? 431 : 400);
		return data.len;
	}
	if (n == 0)
		return 0;
	c->nth++;
	if (m.body == BODY_NONE && slice_is(m.target, "/plain") &&
	    slice_is(m.method, "GET"))
		answer_plain(c, &m);
	else if (!is_websocket(c, &m))
		exchange_open(c, slice_of(data.ptr, (size_t)n));
	return (size_t)n;
}

static size_t
take_body(struct http_conn *c, struct slice data)
{
	struct exchange *x = c->exchange;
	size_t before = data.len;
	struct slice piece = body_feed(&x->body, &data);

	x->body_bytes += piece.len;
	x->body_crc = message_crc32(x->body_crc, piece);
	if (x->body.is_wrong)
		refuse(c, 400);
	else if (x->body.is_done)
		on_request_whole(c);
	return before - data.len;
}

/* Takes as many bytes as make progress now; returns how many. */
static size_t
consume(struct http_conn *c, struct slice data)
{
	size_t used = 0, n = 1;

	while (used < data.len && n > 0 && pending(c) < OUT_MAX) {
		struct slice rest = slice_from(data, used);

		if (c->closing)
			n = rest.len;
		else if (c->tunnel != NULL)
			n = take_frames(c, rest);
		else if (c->exchange == NULL)
			n = take_head(c, rest);
		else if (c->exchange->phase == TAKING)
			n = take_body(c, rest);
		else
			n = 0;
		used += n;
	}
	return used;
}

static bool
consume_in(struct http_conn *c)
{
	size_t n = consume(c, str_slice(&c->in));

	if (n == 0)
		return false;
	memmove(c->in.ptr, c->in.ptr + n, c->in.len - n);
	c->in.len -= n;
	if (c->in.len == 0)
		str_fini(&c->in);
	return true;
}

/* Moves content of the current reply into out. */
static bool
pump(struct http_conn *c)
{
	struct exchange *x = c->exchange;

	if (x == NULL || x->phase != ANSWERING || pending(c) >= OUT_MAX)
		return false;
	if (c->out_off > 0) {
		memmove(c->out.ptr, c->out.ptr + c->out_off, pending(c));
		c->out.len -= c->out_off;
		c->out_off = 0;
	}
	if (reply_pump(&x->reply, &c->out, OUT_MAX)) {
		c->closing = x->reply.close;
		c->exchange = NULL;
		exchange_free(x);
	}
	return true;
}

/* Returns 1 if bytes went out, 0 if not, -1 if the connection is gone. */
static int
flush(struct http_conn *c)
{
	if (pending(c) == 0)
		return 0;
	ssize_t n = send(c->watch.fd, c->out.ptr + c->out_off, pending(c),
	    MSG_NOSIGNAL);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		conn_close(c);
		return -1;
	}
	c->out_off += (size_t)n;
	if (pending(c) == 0) {
		c->out_off = 0;
		/* Small ones stay for the next reply, large ones are given back. */
		if (c->out.cap > 8192)
			str_fini(&c->out);
		else
			str_clear(&c->out);
	}
	return 1;
}

static void
update_events(struct http_conn *c)
{
	bool may_read = !c->peer_ended && pending(c) < OUT_MAX &&
	    (c->exchange == NULL || c->exchange->phase == TAKING);

	watch_want(&c->watch, (may_read ? EPOLLIN : 0u) |
	    (pending(c) > 0 ? EPOLLOUT : 0u));
}

/* Does all that can be done now: replies out, waiting bytes in. */
static void
advance(struct http_conn *c)
{
	bool moved = true;

	while (moved) {
		moved = pump(c);
		moved = consume_in(c) || moved;
		int sent = flush(c);

		if (sent < 0)
			return;
		moved = moved || sent > 0;
	}
	bool is_idle = pending(c) == 0 &&
	    (c->exchange == NULL || c->exchange->phase == TAKING);

	if (is_idle && c->peer_ended) {
		conn_close(c);
		return;
	}
	if (is_idle && c->closing && !c->is_shut) {
		/* The peer may still be sending: a close now would reset it. */
		c->is_shut = true;
		shutdown(c->watch.fd, SHUT_WR);
		timer_set(c->watch.reactor, &c->timer, LINGER_MS,
		    conn_on_linger_end);
	}
	update_events(c);
}

/* Returns false if the connection is gone. */
static bool
conn_read(struct http_conn *c)
{
	char *buf = c->watch.reactor->read_buf;
	ssize_t n = read(c->watch.fd, buf, REACTOR_READ_MAX);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		conn_close(c);
		return false;
	}
	c->peer_ended = n == 0;
	struct slice data = slice_of(buf, (size_t)n);

	/* Without a rest from before, bytes are read where they lie. */
	if (c->in.len == 0)
		data = slice_from(data, consume(c, data));
	if (data.len > 0)
		str_add_slice(&c->in, data);
	return true;
}

static void
conn_on_event(struct watch *w, uint32_t events)
{
	struct http_conn *c = list_entry(w, struct http_conn, watch);

	if (events & (EPOLLHUP | EPOLLERR)) {
		conn_close(c);
		return;
	}
	if ((events & EPOLLIN) && !conn_read(c))
		return;
	advance(c);
}

void
http_on_accept(struct acceptor *a, int fd, const struct address *peer)
{
	struct http_conn *c = mem_zalloc(sizeof(*c));

	c->listener = a->owner;
	c->echo = c->listener->echo;
	c->peer = *peer;
	watch_open(&c->watch, a->watch.reactor, fd, EPOLLIN, conn_on_event,
	    conn_free);
}
