#include <string.h>

#include "base/mem.h"
#include "cmd/load/load.h"

/*
 * Streams: bytes one way as fast as they go, from echo's SOURCE or into its
 * SINK.  What is counted are bytes, every second's as good as the next one's.
 */
#define PIECE	(64 * 1024)

struct flow_end {
	struct streams *streams;
	struct way_try *opening;
	struct conn    *conn;
	uint64_t        counted;	/* of conn's bytes */
};

struct streams {
	struct load     *load;
	struct buf       piece;
	struct flow_end *ends;
	unsigned int     ready;
};

static void
count(struct flow_end *e, uint64_t bytes)
{
	struct load *l = e->streams->load;

	l->all += bytes - e->counted;
	if (l->is_measuring)
		l->bytes += bytes - e->counted;
	e->counted = bytes;
}

/* As much as the connection takes. */
static void
push(struct flow_end *e)
{
	bool has_room = true;

	while (has_room && e->conn != NULL) {
		struct buf copy = { 0 };

		buf_share(&copy, &e->streams->piece);
		has_room = conn_write(e->conn, &copy);
	}
	if (e->conn != NULL)
		count(e, conn_bytes_out(e->conn));
}

static void
on_drained(struct conn *conn, void *owner)
{
	(void)conn;
	push(owner);
}

static void
on_data(struct conn *conn, void *owner)
{
	struct flow_end *e = owner;

	buf_drain(conn_in(conn), buf_len(conn_in(conn)));
	if (!e->streams->load->options->upwards)
		count(e, conn_bytes_in(conn));
	if (conn_is_eof(conn))
		conn_close(conn, CLOSE_PEER);
}

static void
on_closed(struct conn *conn, void *owner, enum close_reason why)
{
	struct flow_end *e = owner;

	(void)conn;
	e->conn = NULL;
	if (e->streams->load->is_over)
		return;
	load_failed(e->streams->load, "closed", close_reason_text(why));
	load_end(e->streams->load);
}

static void
on_opened(void *owner, struct conn *conn)
{
	struct flow_end *e = owner;
	struct streams *s = e->streams;
	static const char source[] = "SOURCE 1000000000000000\n";
	static const char sink[] = "SINK\n";

	e->opening = NULL;
	e->conn = conn;
	if (++s->ready == s->load->options->connections)
		load_begin(s->load);
	if (s->load->options->upwards) {
		conn_write_bytes(conn, sink, strlen(sink));
		push(e);
	} else {
		conn_write_bytes(conn, source, strlen(source));
	}
}

static void
on_failed(void *owner, const char *why)
{
	struct flow_end *e = owner;

	e->opening = NULL;
	load_failed(e->streams->load, "connect", why);
	load_end(e->streams->load);
}

static const struct way_ops end_ops = {
	.opened = on_opened, .failed = on_failed,
	.conn = {
		.on_data = on_data, .on_drained = on_drained,
		.on_closed = on_closed,
	},
};

static void
stream_start(struct load *l)
{
	struct streams *s = mem_zalloc(sizeof(*s));
	unsigned int n = l->options->connections;

	s->load = l;
	l->mode = s;
	for (size_t len = 0; len < PIECE; len += 26)
		buf_add(&s->piece, "abcdefghijklmnopqrstuvwxyz", 26);
	s->ends = mem_zalloc_array(n, sizeof(*s->ends));
	for (unsigned int i = 0; i < n; i++) {
		s->ends[i].streams = s;
		s->ends[i].opening = way_open(&l->way, &end_ops, &s->ends[i]);
	}
}

static void
stream_due(struct load *l)
{
	(void)l;	/* streams have no schedule */
}

static void
stream_stop(struct load *l)
{
	struct streams *s = l->mode;

	for (unsigned int i = 0; i < l->options->connections; i++) {
		struct flow_end *e = &s->ends[i];

		if (e->opening != NULL)
			way_cancel(e->opening);
		if (e->conn != NULL)
			conn_close(e->conn, CLOSE_LOCAL);
	}
	loop_finish(l->loop);	/* tells the owners */
	buf_fini(&s->piece);
	mem_free(s->ends);
	mem_free(s);
}

const struct mode stream_mode = {
	.name = "stream", .start = stream_start, .due = stream_due,
	.stop = stream_stop,
};
