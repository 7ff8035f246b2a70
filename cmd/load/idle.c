#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/load/load.h"
#include "cmd/load/reply.h"

/*
 * Idle connections: each asks once and then stays.  "holding N" on standard
 * output says when all do; whoever started us then looks at the server and
 * ends us.  Few open at a time, so that the server keeps what idle
 * connections need and not what a storm of them needs.
 */
#define OPENING_MAX	32

struct idler {
	struct idle    *idle;
	struct way_try *opening;
	struct conn    *conn;
	struct reply   *reply;		/* until it is answered */
};

struct idle {
	struct load  *load;
	struct str    request;
	struct idler *idlers;
	unsigned int  started, holding;
};

static void idler_start_next(struct idle *);

static void
fail(struct idle *i, const char *what, const char *why)
{
	if (i->load->is_over)
		return;
	load_failed(i->load, what, why);
	load_end(i->load);
}

static void
idler_holds(struct idler *r)
{
	struct idle *i = r->idle;

	mem_free(r->reply);
	r->reply = NULL;
	i->load->all++;
	i->holding++;
	if (i->holding < i->load->options->connections) {
		idler_start_next(i);
		return;
	}
	printf("holding %u\n", i->holding);
	fflush(stdout);
	load_begin(i->load);
}

static void
on_data(struct conn *conn, void *owner)
{
	struct idler *r = owner;
	enum reply_state state = REPLY_MORE;

	while (state == REPLY_MORE && buf_len(conn_in(conn)) > 0) {
		struct slice front = buf_front(conn_in(conn)), rest = front;

		state = r->reply == NULL ? REPLY_WRONG :
		    reply_feed(r->reply, &rest);
		buf_drain(conn_in(conn), front.len - rest.len);
	}
	if (state == REPLY_WRONG || conn_is_eof(conn))
		conn_close(conn, CLOSE_PROTOCOL);
	else if (state == REPLY_DONE && r->reply->status != 200)
		fail(r->idle, "status", "not 200");
	else if (state == REPLY_DONE)
		idler_holds(r);
}

static void
on_closed(struct conn *conn, void *owner, enum close_reason why)
{
	struct idler *r = owner;

	(void)conn;
	r->conn = NULL;
	fail(r->idle, "closed", close_reason_text(why));
}

static void
on_opened(void *owner, struct conn *conn)
{
	struct idler *r = owner;

	r->opening = NULL;
	r->conn = conn;
	r->reply = mem_alloc(sizeof(*r->reply));
	reply_init(r->reply);
	conn_write_bytes(conn, r->idle->request.ptr, r->idle->request.len);
}

static void
on_failed(void *owner, const char *why)
{
	struct idler *r = owner;

	r->opening = NULL;
	fail(r->idle, "connect", why);
}

static const struct way_ops idler_ops = {
	.opened = on_opened, .failed = on_failed,
	.conn = { .on_data = on_data, .on_closed = on_closed },
};

static void
idler_start_next(struct idle *i)
{
	if (i->started == i->load->options->connections || i->load->is_over)
		return;
	struct idler *r = &i->idlers[i->started++];

	r->idle = i;
	r->opening = way_open(&i->load->way, &idler_ops, r);
}

static void
idle_start(struct load *l)
{
	struct idle *i = mem_zalloc(sizeof(*i));

	i->load = l;
	l->mode = i;
	str_addf(&i->request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n",
	    l->options->path, l->options->host);
	i->idlers = mem_zalloc_array(l->options->connections,
	    sizeof(*i->idlers));
	for (unsigned int n = 0; n < OPENING_MAX; n++)
		idler_start_next(i);
}

static void
idle_due(struct load *l)
{
	(void)l;	/* idle connections have no schedule */
}

static void
idle_stop(struct load *l)
{
	struct idle *i = l->mode;

	for (unsigned int n = 0; n < i->started; n++) {
		struct idler *r = &i->idlers[n];

		if (r->opening != NULL)
			way_cancel(r->opening);
		if (r->conn != NULL)
			conn_close(r->conn, CLOSE_LOCAL);
		mem_free(r->reply);
	}
	loop_finish(l->loop);	/* tells the owners */
	str_fini(&i->request);
	mem_free(i->idlers);
	mem_free(i);
}

const struct mode idle_mode = {
	.name = "idle", .start = idle_start, .due = idle_due,
	.stop = idle_stop,
};
