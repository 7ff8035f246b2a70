#include "base/unit.h"
#include "net/conn_image.h"
#include "net/conn_state.h"
#include "net/end_test.h"
#include "net/toy_test.h"

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
	for (size_t i = 0; i < BOTH_KINDS; i++) {
		struct end a = { .to_send = 8000000, .shuts = true };
		struct end b = { .echoes = true };
		struct mover m = { loop_new("here"), loop_new("there"), &b,
		    .image.fd = -1 };
		const struct transport *io = both_kinds[i].is_toy ?
		    &toy_transport : NULL;
		int fds[2], open_a = 0, open_b = 1;

		if (both_kinds[i].is_unix)
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
	struct conn_peer *peer = conn_peer_copy(&(struct conn_peer){
	    .id = "id", .sni = "", .alpn = "", .bundle_generation = 7 });
	struct addr path, room;
	struct err err;

	addr_parse(SLICE("unix:/run/a"), &path, &err);
	both_start(&t, &both_kinds[2]);
	conn_write_bytes(t.a.conn, "unsent", 6);
	conn_set_peer(t.a.conn, &peer);
	conn_set_addrs(t.a.conn, &path, &path);
	assert_int_equal(conn_detach(t.a.conn, &image), 0);
	assert_int_equal(image.suite, TOY_SUITE);
	assert_int_equal(image.tx.key[0], 2);
	assert_int_equal(image.tx.seq, 1);
	assert_int_equal(buf_len(&image.unsent), 8);
	t.a.conn = conn_attach(t.loop, &image, &toy_transport, &end_ops, &t.a);
	assert_int_equal(conn_peer(t.a.conn)->bundle_generation, 7);
	assert_string_equal(conn_peer(t.a.conn)->id, "id");
	assert_true(addr_eq(conn_addr(t.a.conn, &room), &path));
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
