#include <string.h>

#include "base/unit.h"
#include "net/conn_image.h"
#include "net/conn_peers.h"
#include "net/end_test.h"
#include "net/toy_test.h"

/* A pair on one loop, each end over the toy and with a peer of that name. */
struct meeting {
	struct loop *loop;
	struct end   a, b;
	int          open;
};

static struct conn *
attach(struct meeting *m, struct end *e, int fd, unsigned char rx,
    unsigned char tx, const char *id)
{
	struct conn_image image = { .fd = fd, .suite = TOY_SUITE };

	image.rx.key[0] = rx;
	image.tx.key[0] = tx;
	image.peer = conn_peer_copy(&(struct conn_peer){
	    .id = id, .sni = "", .alpn = "", .is_tls = true });
	*e = (struct end){ .loop = m->loop, .open = &m->open };
	m->open++;
	return e->conn = conn_attach(m->loop, &image, &toy_transport, &end_ops,
	    e);
}

static void
meeting_start(struct meeting *m)
{
	int fds[2];

	*m = (struct meeting){ .loop = loop_new("peers") };
	unix_pair(fds);
	attach(m, &m->a, fds[0], 1, 2, "bob");
	attach(m, &m->b, fds[1], 2, 1, "alice");
}

static bool
is_named(void *arg, const struct conn_peer *peer)
{
	return strcmp(peer->id, arg) == 0;
}

static bool
is_anybody(void *arg, const struct conn_peer *peer)
{
	(void)peer;
	++*(int *)arg;
	return false;
}

TEST(a_judge_cuts_off_whom_it_refuses_and_nobody_else)
{
	struct meeting m;
	char bob[] = "bob";
	int asked = 0;

	meeting_start(&m);
	assert_int_equal(conn_peers_judge(m.loop, is_anybody, &asked), 0);
	assert_int_equal(asked, 2);
	assert_int_equal(conn_peers_judge(m.loop, is_named, bob), 1);
	/* The other end sees that, and nothing but that. */
	loop_run(m.loop);
	assert_int_equal(m.a.reason, CLOSE_DENIED);
	assert_int_not_equal(m.b.reason, CLOSE_DENIED);
	assert_int_equal(m.a.closed + m.b.closed, 2);
	/* Neither is known any more. */
	asked = 0;
	conn_peers_judge(m.loop, is_anybody, &asked);
	assert_int_equal(asked, 0);
	loop_free(m.loop);
}

TEST(who_is_refused_is_cut_off_as_soon_as_he_comes)
{
	struct meeting m = { .loop = loop_new("peers") };
	char bob[] = "bob";
	int fds[2];

	assert_int_equal(conn_peers_judge(m.loop, is_named, bob), 0);
	unix_pair(fds);
	attach(&m, &m.b, fds[1], 2, 1, "alice");
	/* Whoever gets it may still use it as he likes. */
	assert_false(conn_is_closed(attach(&m, &m.a, fds[0], 1, 2, "bob")));
	conn_write_bytes(m.a.conn, "x", 1);
	loop_run(m.loop);
	assert_int_equal(m.a.reason, CLOSE_DENIED);
	assert_int_equal(m.a.received, 0);
	loop_free(m.loop);
}

TEST(who_went_to_another_loop_is_judged_there)
{
	struct meeting m;
	struct loop *there = loop_new("there");
	struct conn_image image;
	char bob[] = "bob";

	meeting_start(&m);
	conn_peers_judge(there, is_named, bob);
	assert_int_equal(conn_detach(m.a.conn, &image), 0);
	assert_int_equal(conn_peers_judge(m.loop, is_named, bob), 0);
	m.a.loop = there;
	m.a.conn = conn_attach(there, &image, &toy_transport, &end_ops, &m.a);
	m.open = 1;
	m.a.open = &m.open;
	loop_run(there);
	assert_int_equal(m.a.reason, CLOSE_DENIED);
	m.open = 1;
	loop_run(m.loop);
	assert_int_equal(m.b.closed, 1);
	loop_free(there);
	loop_free(m.loop);
}

TEST(plain_connections_are_asked_about_never)
{
	struct both t = { 0 };
	int asked = 0;

	both_start(&t, &both_kinds[0]);
	assert_int_equal(conn_peers_judge(t.loop, is_anybody, &asked), 0);
	assert_int_equal(asked, 0);
	conn_close(t.a.conn, CLOSE_LOCAL);
	conn_close(t.b.conn, CLOSE_LOCAL);
	loop_run(t.loop);
	loop_free(t.loop);
}
