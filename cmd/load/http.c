#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/load/load.h"
#include "cmd/load/reply.h"

/*
 * Requests.  A client is one connection, or one after another; it is busy
 * from the time that its request was due until it is answered, and stands in
 * the list of the free ones otherwise.
 */
struct client {
	struct list     link;
	struct http    *http;
	struct way_try *opening;
	struct conn    *conn;
	bool            is_asking;
	uint64_t        due_ns;
	struct reply    reply;
};

struct http {
	struct load   *load;
	struct str     request;
	uint64_t       asked;
	struct list    free;
	unsigned int   ready;		/* clients that opened a first time */
	struct client *clients;
};

static const struct way_ops client_ops;

static bool
keeps_connections(const struct http *h)
{
	return !h->load->options->new_connections &&
	    !h->load->options->no_request;
}

static void
write_request(struct http *h)
{
	const struct options *o = h->load->options;

	str_clear(&h->request);
	str_addf(&h->request, "GET %s", o->path);
	if (o->paths > 0)
		str_addf(&h->request, "%llu",
		    (unsigned long long)(h->asked++ % o->paths));
	str_addf(&h->request, " HTTP/1.1\r\nHost: %s\r\n%s\r\n", o->host,
	    o->new_connections ? "Connection: close\r\n" : "");
}

static void
client_ask(struct client *c)
{
	struct http *h = c->http;

	if (c->conn == NULL) {
		c->opening = way_open(&h->load->way, &client_ops, c);
		return;
	}
	reply_init(&c->reply);
	if (h->load->options->paths > 0)
		write_request(h);
	conn_write_bytes(c->conn, h->request.ptr, h->request.len);
	/* Not all of a turn at once, which no set of real callers does. */
	conn_flush(c->conn);
}

/* The next request, if one is due, else into the list. */
static void
client_next(struct client *c)
{
	struct http *h = c->http;
	struct load *l = h->load;
	bool was_waited_for = list_is_empty(&h->free);

	if (l->is_over)
		return;
	c->is_asking = schedule_take(&l->schedule, clock_mono_ns(), &c->due_ns);
	if (c->is_asking) {
		client_ask(c);
		return;
	}
	list_append(&h->free, &c->link);
	if (was_waited_for)
		load_wake_at_next(l);
}

static void
client_done(struct client *c)
{
	struct load *l = c->http->load;

	c->is_asking = false;
	load_done(l, c->due_ns);
	client_next(c);
}

static void
client_failed(struct client *c, const char *what, const char *why)
{
	c->is_asking = false;
	load_failed(c->http->load, what, why);
	/* Not at once again: what fails quickly would be all that is done. */
	list_append(&c->http->free, &c->link);
	load_retry_soon(c->http->load);
}

/* Forgets the connection, which closes. */
static void
client_hang_up(struct client *c)
{
	struct conn *conn = c->conn;

	c->conn = NULL;
	conn_set_owner(conn, &client_ops.conn, NULL);
	conn_close(conn, CLOSE_LOCAL);
}

static void
on_data(struct conn *conn, void *owner)
{
	struct client *c = owner;
	enum reply_state state = REPLY_MORE;

	if (c == NULL)
		return;
	while (state == REPLY_MORE && buf_len(conn_in(conn)) > 0) {
		struct slice front = buf_front(conn_in(conn)), rest = front;

		state = c->is_asking ? reply_feed(&c->reply, &rest) :
		    REPLY_WRONG;
		if (c->http->load->is_measuring)
			c->http->load->bytes += front.len - rest.len;
		buf_drain(conn_in(conn), front.len - rest.len);
	}
	if (state == REPLY_MORE && !conn_is_eof(conn))
		return;
	if (state != REPLY_DONE || c->reply.closes || conn_is_eof(conn) ||
	    !keeps_connections(c->http))
		client_hang_up(c);
	if (state == REPLY_DONE && c->reply.status == 200)
		client_done(c);
	else if (state == REPLY_DONE)
		client_failed(c, "status", "not 200");
	else if (c->is_asking)
		client_failed(c, "reply", state == REPLY_WRONG ?
		    "malformed" : "connection closed before it was whole");
}

static void
on_closed(struct conn *conn, void *owner, enum close_reason why)
{
	struct client *c = owner;

	(void)conn;
	if (c == NULL)
		return;
	c->conn = NULL;
	if (c->is_asking)
		client_failed(c, "closed", close_reason_text(why));
}

/* The first time all wait for the last. */
static void
client_is_ready(struct client *c)
{
	struct http *h = c->http;

	list_append(&h->free, &c->link);
	if (++h->ready == h->load->options->connections) {
		load_begin(h->load);
		http_mode.due(h->load);
	}
}

static void
on_opened(void *owner, struct conn *conn)
{
	struct client *c = owner;

	c->opening = NULL;
	c->conn = conn;
	if (!c->is_asking) {
		client_is_ready(c);
	} else if (c->http->load->options->no_request) {
		client_hang_up(c);
		client_done(c);
	} else {
		client_ask(c);
	}
}

static void
on_failed(void *owner, const char *why)
{
	struct client *c = owner;

	c->opening = NULL;
	if (c->is_asking) {
		client_failed(c, "connect", why);
		return;
	}
	load_failed(c->http->load, "connect", why);
	load_end(c->http->load);
}

static const struct way_ops client_ops = {
	.opened = on_opened, .failed = on_failed,
	.conn = { .on_data = on_data, .on_closed = on_closed },
};

static void
http_start(struct load *l)
{
	const struct options *o = l->options;
	struct http *h = mem_zalloc(sizeof(*h));

	h->load = l;
	l->mode = h;
	list_init(&h->free);
	write_request(h);
	h->asked = 0;
	h->clients = mem_zalloc_array(o->connections, sizeof(*h->clients));
	for (unsigned int i = 0; i < o->connections; i++) {
		struct client *c = &h->clients[i];

		c->http = h;
		list_init(&c->link);
		if (keeps_connections(h))
			c->opening = way_open(&l->way, &client_ops, c);
		else
			client_is_ready(c);
	}
}

/* Gives what is due to those who are free. */
static void
http_due(struct load *l)
{
	struct http *h = l->mode;
	uint64_t now = clock_mono_ns(), due_ns;

	while (!list_is_empty(&h->free) &&
	    schedule_take(&l->schedule, now, &due_ns)) {
		struct client *c = list_entry(h->free.next, struct client, link);

		list_remove(&c->link);
		c->is_asking = true;
		c->due_ns = due_ns;
		client_ask(c);
	}
	if (l->options->rate > 0 && !list_is_empty(&h->free))
		load_wake_at_next(l);
}

/*
 * What was due and is not answered has waited at least until now: left out,
 * a server that hangs would look quick.
 */
static void
count_unanswered(struct load *l, struct http *h)
{
	uint64_t due_ns;

	if (l->options->rate == 0 || !l->is_measuring)
		return;
	for (unsigned int i = 0; i < l->options->connections; i++)
		if (h->clients[i].is_asking)
			load_unanswered(l, h->clients[i].due_ns);
	while (schedule_take(&l->schedule, l->ended_ns, &due_ns))
		load_unanswered(l, due_ns);
}

static void
http_stop(struct load *l)
{
	struct http *h = l->mode;

	count_unanswered(l, h);
	for (unsigned int i = 0; i < l->options->connections; i++) {
		struct client *c = &h->clients[i];

		if (c->opening != NULL)
			way_cancel(c->opening);
		if (c->conn != NULL)
			client_hang_up(c);
	}
	mem_free(h->clients);
	str_fini(&h->request);
	mem_free(h);
}

const struct mode http_mode = {
	.name = "http", .start = http_start, .due = http_due, .stop = http_stop,
};
