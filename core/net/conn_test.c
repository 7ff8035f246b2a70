#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/unit.h"
#include "net/toy_test.h"

/*
 * One end of a connection under test: sends a pattern of `to_send` bytes as
 * the queue allows, checks that what arrives is the same pattern.
 */
struct end {
	struct conn      *conn;
	struct loop      *loop;
	uint64_t          to_send, sent, received;
	size_t            most_queued;
	bool              shuts;	/* when all is sent */
	bool              echoes;
	bool              is_eof;
	int               closed;
	enum close_reason reason;
	int              *open;		/* ends still open; the last one stops */
	void            (*on_bytes)(struct end *);
};

static unsigned char
pattern(uint64_t at)
{
	return (unsigned char)(at * 31 + at / 251);
}

static void
end_send(struct end *e)
{
	bool goes_on = true;

	while (goes_on && e->sent < e->to_send) {
		unsigned char bytes[3000];
		size_t len = sizeof(bytes);

		if (len > e->to_send - e->sent)
			len = (size_t)(e->to_send - e->sent);
		for (size_t i = 0; i < len; i++)
			bytes[i] = pattern(e->sent + i);
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
			    pattern(e->received++));
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

static void
end_on_closed(struct conn *c, void *owner, enum close_reason reason)
{
	struct end *e = owner;

	assert_true(conn_is_closed(c));
	e->closed++;
	e->reason = reason;
	if (--*e->open == 0)
		loop_stop(e->loop);
}

static const struct conn_ops end_ops = {
	end_on_data, end_on_drained, end_on_closed,
};

static void
end_open(struct end *e, struct loop *l, int fd, const struct transport *io,
    void *io_state, int *open)
{
	e->loop = l;
	e->open = open;
	(*open)++;
	e->conn = conn_new(l, fd, io, io_state, &end_ops, e);
}

/* A pair of ends, plain or with the toy, over TCP or a Unix socket. */
struct both {
	struct loop *loop;
	struct end   a, b;
	int          fds[2];
	int          open;
};

static const struct kind {
	bool is_toy, is_unix;
} kinds[] = {
	{ false, false }, { false, true }, { true, false }, { true, true },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static void
both_start(struct both *t, const struct kind *k)
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

static void
both_finish(struct both *t)
{
	loop_run(t->loop);
	assert_int_equal(t->a.closed, 1);
	assert_int_equal(t->b.closed, 1);
	loop_free(t->loop);
}

TEST(conn_echoes_fifty_megabytes_with_bounded_queues)
{
	uint64_t size = 50u * 1024 * 1024;

	for (size_t i = 0; i < KINDS; i++) {
		struct both t = { 0 };

		both_start(&t, &kinds[i]);
		t.a.to_send = size;
		t.a.shuts = true;
		t.b.echoes = true;
		end_send(&t.a);
		both_finish(&t);
		assert_int_equal(t.a.received, size);
		assert_int_equal(t.a.reason, CLOSE_FINISHED);
		assert_int_equal(t.b.reason, CLOSE_FINISHED);
		assert_true(t.a.most_queued < 2 * FLOW_HIGH);
		assert_true(t.b.most_queued < 3 * FLOW_HIGH);
		size = 2u * 1024 * 1024;
	}
}

static void
send_after_eof(struct end *e)
{
	if (e->is_eof) {
		e->to_send = 300000;
		e->shuts = true;
		end_send(e);
	}
}

TEST(conn_half_close_keeps_the_other_direction)
{
	for (size_t i = 0; i < KINDS * 2; i++) {
		struct both t = { 0 };
		struct end *first = i % 2 ? &t.a : &t.b;
		struct end *second = i % 2 ? &t.b : &t.a;

		both_start(&t, &kinds[i / 2]);
		first->to_send = 100000;
		first->shuts = true;
		second->on_bytes = send_after_eof;
		end_send(first);
		both_finish(&t);
		assert_int_equal(second->received, 100000);
		assert_int_equal(first->received, 300000);
		assert_int_equal(t.a.reason, CLOSE_FINISHED);
		assert_int_equal(t.b.reason, CLOSE_FINISHED);
	}
}

/* --- ends that are not in order ------------------------------------------------ */

static void
abort_on_bytes(struct end *e)
{
	conn_abort(e->conn, CLOSE_LOCAL);
}

TEST(conn_abort_is_seen_as_a_reset)
{
	struct both t = { 0 };

	both_start(&t, &kinds[0]);
	t.b.on_bytes = abort_on_bytes;
	t.a.to_send = 1000;
	end_send(&t.a);
	both_finish(&t);
	assert_int_equal(t.a.reason, CLOSE_RESET);
	assert_int_equal(t.b.reason, CLOSE_LOCAL);
}

/* Bytes and reset are there before the loop looks: both are to be seen. */
static void
reset_after_bytes(int fd)
{
	struct linger reset = { 1, 0 };
	unsigned char bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = pattern(i);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

TEST(conn_sees_a_reset_that_came_with_bytes)
{
	struct loop *l = loop_new("test");
	struct end e = { 0 };
	int fds[2], open = 0;

	tcp_pair(fds);
	end_open(&e, l, fds[0], NULL, NULL, &open);
	reset_after_bytes(fds[1]);
	loop_run(l);
	assert_int_equal(e.received, 300);
	assert_int_equal(e.reason, CLOSE_RESET);
	loop_free(l);
}

TEST(conn_sees_a_reset_while_paused)
{
	struct loop *l = loop_new("test");
	struct end e = { 0 };
	int fds[2], open = 0;

	tcp_pair(fds);
	end_open(&e, l, fds[0], NULL, NULL, &open);
	conn_pause(e.conn);
	reset_after_bytes(fds[1]);
	loop_run(l);
	assert_int_equal(e.reason, CLOSE_RESET);
	loop_free(l);
}

TEST(conn_reads_what_came_before_a_failed_write)
{
	struct loop *l = loop_new("test");
	struct end e = { 0 };
	int fds[2], open = 0;

	unix_pair(fds);
	end_open(&e, l, fds[0], NULL, NULL, &open);
	reset_after_bytes(fds[1]);
	e.to_send = 10;
	end_send(&e);
	conn_flush(e.conn);
	loop_run(l);
	assert_int_equal(e.received, 300);
	assert_int_equal(e.reason, CLOSE_RESET);
	assert_int_equal(e.closed, 1);
	loop_free(l);
}

TEST(conn_reports_a_truncated_end)
{
	struct both t = { 0 };

	both_start(&t, &kinds[2]);
	t.a.to_send = 100;
	end_send(&t.a);
	conn_flush(t.a.conn);
	shutdown(t.fds[0], SHUT_WR);
	t.b.on_bytes = NULL;
	loop_run(t.loop);
	assert_int_equal(t.b.received, 100);
	assert_int_equal(t.b.reason, CLOSE_TRUNCATED);
	assert_false(t.b.is_eof);
	loop_free(t.loop);
}

TEST(conn_reports_what_the_transport_refuses)
{
	struct loop *l = loop_new("test");
	struct end e = { 0 };
	int fds[2], open = 0;

	unix_pair(fds);
	end_open(&e, l, fds[0], &toy_transport, toy_new(1, 2), &open);
	assert_int_equal(write(fds[1], "\xff\xff", 2), 2);
	loop_run(l);
	assert_int_equal(e.reason, CLOSE_TLS);
	close(fds[1]);
	loop_free(l);
}

/* --- lingering ------------------------------------------------------------------ */

static void
linger_on_bytes(struct end *e)
{
	e->on_bytes = NULL;
	e->to_send = 200000;
	e->shuts = false;
	end_send(e);
	conn_close_linger(e->conn, CLOSE_LIMIT);
}

static void
keep_sending(struct end *e)
{
	if (e->is_eof) {
		e->to_send = e->sent;
		e->shuts = true;
	} else {
		e->to_send += 1000;
	}
	end_send(e);
}

TEST(conn_linger_delivers_to_a_peer_that_keeps_sending)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct both t = { 0 };

		both_start(&t, &kinds[i]);
		t.b.on_bytes = linger_on_bytes;
		t.a.on_bytes = keep_sending;
		t.a.to_send = 500000;
		end_send(&t.a);
		both_finish(&t);
		assert_int_equal(t.a.received, t.b.sent);
		assert_true(t.a.is_eof);
		assert_int_equal(t.a.reason, CLOSE_FINISHED);
		assert_int_equal(t.b.reason, CLOSE_LIMIT);
	}
}

TEST(conn_linger_ends_by_itself)
{
	struct loop *l = loop_new("test");
	struct end e = { 0 };
	int fds[2], open = 0;

	tcp_pair(fds);
	end_open(&e, l, fds[0], NULL, NULL, &open);
	uint64_t start = loop_now_ms(l);

	conn_close_linger(e.conn, CLOSE_DRAINED);
	loop_run(l);
	assert_true(loop_now_ms(l) - start >= 1000);
	assert_int_equal(e.reason, CLOSE_DRAINED);
	close(fds[1]);
	loop_free(l);
}

/* --- back-pressure and small rules ------------------------------------------------ */

static void
leave_bytes(struct conn *c, void *owner)
{
	struct end *e = owner;

	e->received = buf_len(conn_in(c));
	if (e->received > FLOW_HIGH)
		loop_stop(e->loop);
}

static const struct conn_ops leaving_ops = {
	leave_bytes, NULL, end_on_closed,
};

TEST(conn_stops_reading_when_bytes_are_not_taken)
{
	struct both t = { 0 };

	both_start(&t, &kinds[0]);
	conn_set_owner(t.b.conn, &leaving_ops, &t.b);
	t.a.to_send = 10000000;
	end_send(&t.a);
	loop_run(t.loop);
	assert_true(t.b.received <= FLOW_HIGH + 4 * BUF_BLOCK_MAX);

	t.a.shuts = true;
	t.b.received = 0;
	conn_set_owner(t.b.conn, &end_ops, &t.b);
	t.b.echoes = false;
	t.b.on_bytes = send_after_eof;
	both_finish(&t);
	assert_int_equal(t.b.received, 10000000);
	assert_int_equal(t.a.received, 300000);
}

TEST(conn_close_is_told_once_and_later)
{
	struct both t = { 0 };

	both_start(&t, &kinds[0]);
	conn_close(t.a.conn, CLOSE_DENIED);
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_abort(t.a.conn, CLOSE_LOCAL);
	conn_close_linger(t.a.conn, CLOSE_LOCAL);
	assert_int_equal(t.a.closed, 0);
	assert_true(conn_is_closed(t.a.conn));
	assert_true(conn_write_bytes(t.a.conn, "late", 4));
	t.b.shuts = true;
	t.b.on_bytes = end_send;
	both_finish(&t);
	assert_int_equal(t.a.reason, CLOSE_DENIED);
	assert_int_equal(t.b.reason, CLOSE_FINISHED);
}

TEST(conn_knows_addresses_and_users)
{
	struct both t = { 0 };
	struct addr a = { .len = sizeof(a.un) };
	uid_t uid;

	both_start(&t, &kinds[0]);
	assert_int_equal(getpeername(t.fds[0], &a.sa, &a.len), 0);
	assert_true(addr_eq(&conn_peer(t.a.conn)->addr, &a));
	assert_true(addr_eq(&conn_peer(t.b.conn)->local, &a));
	assert_int_equal(conn_peer_uid(t.a.conn, &uid), -1);
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_close(t.b.conn, CLOSE_LOCAL);
	both_finish(&t);

	t = (struct both){ 0 };
	both_start(&t, &kinds[1]);
	assert_int_equal(conn_peer_uid(t.a.conn, &uid), 0);
	assert_int_equal(uid, getuid());
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_close(t.b.conn, CLOSE_LOCAL);
	both_finish(&t);
}

TEST(conn_flow_counts_what_is_unsent)
{
	struct both t = { 0 };
	struct flow worker;

	flow_init(&worker, NULL, 0, 0, NULL, NULL);
	both_start(&t, &kinds[2]);
	flow_set_parent(conn_flow(t.a.conn), &worker);
	assert_true(conn_write_bytes(t.a.conn, "0123456789", 10));
	assert_int_equal(worker.queued, 10);
	assert_int_equal(conn_unsent(t.a.conn), 10);
	conn_flush(t.a.conn);
	assert_int_equal(worker.queued, 0);
	assert_int_equal(conn_bytes_out(t.a.conn), 12);
	conn_write_bytes(t.a.conn, "lost", 4);
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_close(t.b.conn, CLOSE_LOCAL);
	both_finish(&t);
	assert_int_equal(worker.queued, 0);
}

/* --- packing ----------------------------------------------------------------------- */

struct mover {
	struct loop      *here, *there;
	struct end       *end;
	struct conn_image image;
	struct loop_task  task;
	int               moves;
};

static void
mover_attach(void *arg)
{
	struct mover *m = arg;

	m->end->conn = conn_attach(m->end->loop, &m->image, &toy_transport,
	    &end_ops, m->end);
	assert_int_equal(m->image.fd, -1);
	assert_int_equal(m->image.rx.key[0], 0);
	loop_task_init(&m->task, m->task.fn, m);
	loop_defer(m->end->loop, &m->task);
}

/* Runs after each turn's bytes: every time the connection changes its loop. */
static void
mover_detach(void *arg)
{
	struct mover *m = arg;
	struct loop *l = m->end->loop;

	if (m->end->closed)
		return;
	if (m->moves >= 200 || conn_detach(m->end->conn, &m->image) < 0) {
		if (m->moves < 200 && !conn_is_closed(m->end->conn))
			loop_defer_next(l, &m->task);
		return;
	}
	m->moves++;
	m->end->loop = l == m->here ? m->there : m->here;
	loop_post(m->end->loop, mover_attach, m);
}

static void
mover_stop(void *arg)
{
	struct end *e = arg;

	loop_stop(e->loop);
}

TEST(conn_moves_between_loops_while_bytes_flow)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct end a = { .to_send = 8000000, .shuts = true };
		struct end b = { .echoes = true };
		struct mover m = { loop_new("here"), loop_new("there"), &b,
		    .image.fd = -1 };
		const struct transport *io = kinds[i].is_toy ?
		    &toy_transport : NULL;
		int fds[2], open_a = 0, open_b = 1;

		if (kinds[i].is_unix)
			unix_pair(fds);
		else
			tcp_pair(fds);
		end_open(&a, m.here, fds[0], io, io ? toy_new(1, 2) : NULL,
		    &open_a);
		end_open(&b, m.here, fds[1], io, io ? toy_new(2, 1) : NULL,
		    &open_b);
		loop_task_init(&m.task, mover_detach, &m);
		loop_defer_next(m.here, &m.task);
		loop_thread_start(m.there);
		end_send(&a);
		loop_run(m.here);
		loop_post(m.there, mover_stop, &(struct end){
		    .loop = m.there });
		loop_thread_join(m.there);
		loop_free(m.here);
		loop_free(m.there);
		assert_int_equal(a.received, 8000000);
		assert_int_equal(a.reason, CLOSE_FINISHED);
		assert_true(m.moves > 1);
		assert_int_equal(b.closed, 1);
	}
}

TEST(conn_image_keeps_queues_and_refuses_ended_sides)
{
	struct both t = { 0 };
	struct conn_image image;

	both_start(&t, &kinds[2]);
	conn_write_bytes(t.a.conn, "unsent", 6);
	conn_peer(t.a.conn)->bundle_generation = 7;
	assert_int_equal(conn_detach(t.a.conn, &image), 0);
	assert_int_equal(image.suite, TOY_SUITE);
	assert_int_equal(image.tx.key[0], 2);
	assert_int_equal(image.tx.seq, 1);
	assert_int_equal(buf_len(&image.unsent), 8);
	t.a.conn = conn_attach(t.loop, &image, &toy_transport, &end_ops, &t.a);
	assert_int_equal(conn_peer(t.a.conn)->bundle_generation, 7);
	assert_int_equal(conn_unsent(t.a.conn), 8);
	conn_shutdown(t.a.conn);
	assert_int_equal(conn_detach(t.a.conn, &image), -1);
	assert_int_equal(conn_detach(t.b.conn, &image), 0);
	conn_image_fini(&image);
	t.open--;
	conn_close(t.a.conn, CLOSE_LOCAL);
	loop_run(t.loop);
	loop_free(t.loop);
}
