#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/unit.h"
#include "net/end_test.h"
#include "net/toy_test.h"

TEST(conn_echoes_fifty_megabytes_with_bounded_queues)
{
	uint64_t size = 50u * 1024 * 1024;

	for (size_t i = 0; i < BOTH_KINDS; i++) {
		struct both t = { 0 };

		both_start(&t, &both_kinds[i]);
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
	for (size_t i = 0; i < BOTH_KINDS * 2; i++) {
		struct both t = { 0 };
		struct end *first = i % 2 ? &t.a : &t.b;
		struct end *second = i % 2 ? &t.b : &t.a;

		both_start(&t, &both_kinds[i / 2]);
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

	both_start(&t, &both_kinds[0]);
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
		bytes[i] = end_pattern(i);
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

	both_start(&t, &both_kinds[2]);
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
	for (size_t i = 0; i < BOTH_KINDS; i++) {
		struct both t = { 0 };

		both_start(&t, &both_kinds[i]);
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

/* Whoever left it may be gone: the loop ends it, and its last bytes are sent. */
TEST(conn_that_lingers_ends_with_the_loop)
{
	struct loop *l = loop_new("test");
	struct end e = { 0 };
	int fds[2], open = 0;
	char got[8] = "";

	tcp_pair(fds);
	end_open(&e, l, fds[0], NULL, NULL, &open);
	conn_write_bytes(e.conn, "last", 4);
	conn_close_linger(e.conn, CLOSE_DRAINED);
	assert_int_equal(e.closed, 0);
	loop_free(l);
	assert_int_equal(e.closed, 1);
	assert_int_equal(e.reason, CLOSE_DRAINED);
	assert_int_equal(read(fds[1], got, sizeof(got)), 4);
	assert_string_equal(got, "last");
	assert_int_equal(read(fds[1], got, sizeof(got)), 0);
	close(fds[1]);
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

/* A writer of messages that are a little more than a block. */
struct messages {
	struct end end;		/* first: what on_bytes gets */
	int        fd, told, left;
};
#define MESSAGE	(16 * 1024 + 86)

static void
message_send(struct messages *m)
{
	unsigned char bytes[MESSAGE];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = end_pattern(m->end.received + i);
	assert_int_equal(write(m->fd, bytes, sizeof(bytes)), sizeof(bytes));
}

static void
message_bytes(struct end *e)
{
	struct messages *m = (struct messages *)(void *)e;

	m->told++;
	if (e->received % MESSAGE != 0)
		return;
	if (m->left-- > 0)
		message_send(m);
	else
		loop_stop(e->loop);
}

TEST(conn_learns_how_much_comes_at_once)
{
	struct loop *l = loop_new("test");
	struct messages m = { .left = 20 };
	int fds[2], open = 0;

	unix_pair(fds);
	end_open(&m.end, l, fds[0], NULL, NULL, &open);
	m.end.on_bytes = message_bytes;
	m.fd = fds[1];
	message_send(&m);
	loop_run(l);
	/* A few reads each at first, then one. */
	assert_in_range(m.told, 21, 26);
	conn_close(m.end.conn, CLOSE_LOCAL);
	loop_free(l);
	close(fds[1]);
}

TEST(conn_stops_reading_when_bytes_are_not_taken)
{
	struct both t = { 0 };

	both_start(&t, &both_kinds[0]);
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

	both_start(&t, &both_kinds[0]);
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
	struct addr a = { .len = sizeof(a.un) }, room;
	uid_t uid;

	both_start(&t, &both_kinds[0]);
	assert_int_equal(getpeername(t.fds[0], &a.sa, &a.len), 0);
	assert_true(addr_eq(conn_addr(t.a.conn, &room), &a));
	assert_true(addr_eq(conn_local(t.b.conn, &room), &a));
	assert_int_equal(conn_peer_uid(t.a.conn, &uid), -1);
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_close(t.b.conn, CLOSE_LOCAL);
	both_finish(&t);

	t = (struct both){ 0 };
	both_start(&t, &both_kinds[1]);
	assert_int_equal(conn_peer_uid(t.a.conn, &uid), 0);
	assert_int_equal(uid, getuid());
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_close(t.b.conn, CLOSE_LOCAL);
	both_finish(&t);
}

/*
 * An accepted one is read at once, and hears of an end that came later although
 * nothing was expected of its peer.
 */
TEST(conn_accepted_hears_the_end_of_who_is_to_wait)
{
	struct both t = { .loop = loop_new("test") };
	struct addr any = { .len = sizeof(any.in) }, room;
	struct addr peer = { .len = sizeof(peer.un) };

	any.in.sin_family = AF_INET;
	tcp_pair(t.fds);
	assert_int_equal(getpeername(t.fds[1], &peer.sa, &peer.len), 0);
	end_open(&t.a, t.loop, t.fds[0], NULL, NULL, &t.open);
	t.b = (struct end){ .loop = t.loop, .open = &t.open, .shuts = true };
	t.open++;
	t.b.conn = conn_accept(t.loop, t.fds[1], &peer, &any, &end_ops, &t.b);
	conn_expect(t.b.conn, false);
	assert_true(addr_eq(conn_addr(t.b.conn, &room), &peer));
	t.a.shuts = true;
	t.a.to_send = 1000;
	end_send(&t.a);
	end_send(&t.b);
	both_finish(&t);
	assert_int_equal(t.b.received, 1000);
	assert_int_equal(t.b.reason, CLOSE_FINISHED);
	assert_int_equal(t.a.reason, CLOSE_FINISHED);
}

TEST(conn_counts_what_is_unsent)
{
	struct both t = { 0 };

	both_start(&t, &both_kinds[2]);
	assert_true(conn_write_bytes(t.a.conn, "0123456789", 10));
	assert_int_equal(conn_unsent(t.a.conn), 10);
	conn_flush(t.a.conn);
	assert_int_equal(conn_unsent(t.a.conn), 0);
	assert_int_equal(conn_bytes_out(t.a.conn), 12);
	conn_write_bytes(t.a.conn, "lost", 4);
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_close(t.b.conn, CLOSE_LOCAL);
	both_finish(&t);
}
