#include "base/check.h"
#include "base/unit.h"
#include "net/end_test.h"
#include "net/toy_test.h"

unsigned char
end_pattern(uint64_t at)
{
	return (unsigned char)(at * 31 + at / 251);
}

void
end_send(struct end *e)
{
	bool goes_on = true;

	while (goes_on && e->sent < e->to_send) {
		unsigned char bytes[3000];
		size_t len = sizeof(bytes);

		if (len > e->to_send - e->sent)
			len = (size_t)(e->to_send - e->sent);
		for (size_t i = 0; i < len; i++)
			bytes[i] = end_pattern(e->sent + i);
		goes_on = conn_write_bytes(e->conn, bytes, len);
		e->sent += len;
		if (conn_unsent(e->conn) > e->most_queued)
			e->most_queued = conn_unsent(e->conn);
	}
	if (e->sent == e->to_send && e->shuts)
		conn_shutdown(e->conn);
}

static void
end_take(struct end *e, struct buf *in)
{
	struct buf_seg *it = NULL;
	struct slice piece;

	while (buf_next(in, &it, &piece))
		for (size_t i = 0; i < piece.len; i++)
			check((unsigned char)piece.ptr[i] ==
			    end_pattern(e->received++));
}

static void
end_on_data(struct conn *c, void *owner)
{
	struct end *e = owner;
	struct buf *in = conn_in(c);

	assert_false(e->is_eof && conn_is_eof(c));
	end_take(e, in);
	if (e->echoes && !conn_write(c, in))
		conn_pause(c);
	buf_fini(in);
	if (conn_unsent(c) > e->most_queued)
		e->most_queued = conn_unsent(c);
	if (conn_is_eof(c)) {
		e->is_eof = true;
		if (e->echoes)
			conn_shutdown(c);
	}
	if (e->on_bytes != NULL)
		e->on_bytes(e);
}

static void
end_on_drained(struct conn *c, void *owner)
{
	struct end *e = owner;

	assert_int_equal(conn_unsent(c), 0);
	if (e->echoes)
		conn_resume(c);
	else
		end_send(e);
}

void
end_on_closed(struct conn *c, void *owner, enum close_reason reason)
{
	struct end *e = owner;

	assert_true(conn_is_closed(c));
	e->closed++;
	e->reason = reason;
	if (--*e->open == 0)
		loop_stop(e->loop);
}

const struct conn_ops end_ops = {
	end_on_data, end_on_drained, end_on_closed,
};

void
end_open(struct end *e, struct loop *l, int fd, const struct transport *io,
    void *io_state, int *open)
{
	e->loop = l;
	e->open = open;
	(*open)++;
	e->conn = conn_new(l, fd, io, io_state, &end_ops, e);
}

const struct both_kind both_kinds[BOTH_KINDS] = {
	{ false, false }, { false, true }, { true, false }, { true, true },
};

void
both_start(struct both *t, const struct both_kind *k)
{
	const struct transport *io = k->is_toy ? &toy_transport : NULL;

	t->loop = loop_new("test");
	if (k->is_unix)
		unix_pair(t->fds);
	else
		tcp_pair(t->fds);
	end_open(&t->a, t->loop, t->fds[0], io, io ? toy_new(1, 2) : NULL,
	    &t->open);
	end_open(&t->b, t->loop, t->fds[1], io, io ? toy_new(2, 1) : NULL,
	    &t->open);
}

void
both_finish(struct both *t)
{
	loop_run(t->loop);
	assert_int_equal(t->a.closed, 1);
	assert_int_equal(t->b.closed, 1);
	loop_free(t->loop);
}
