#include "base/check.h"
#include "base/mem.h"
#include "base/unit.h"
#include "net/conn_image.h"
#include "net/conn_splice.h"
#include "net/end_test.h"
#include "net/pipe.h"
#include "net/toy_test.h"

/*
 * Two ends and what stands between them: one speaks to `near`, which passes
 * on to `far` what it is given, to the other end, and back.
 */
#define MUCH	((uint64_t)8 * 1024 * 1024)

struct side {
	struct relay     *relay;
	struct conn      *conn, *other;
	uint64_t          copied, spliced;
	uint64_t          bytes_in, bytes_out;	/* of conn, at its end */
	bool              is_blocked;
	int               closed;
	enum close_reason reason;
};

struct relay {
	struct loop *loop;
	struct side  near, far;
	struct end   a, b;
	int          open;
};

static void
side_on_data(struct conn *c, void *owner)
{
	struct side *s = owner;

	s->copied += buf_len(conn_in(c));
	if (conn_is_closed(s->other)) {
		buf_fini(conn_in(c));
		return;
	}
	s->is_blocked = !conn_write(s->other, conn_in(c));
	if (conn_is_eof(c))
		conn_shutdown(s->other);
	else if (s->is_blocked)
		conn_pause(c);
}

static void
side_on_drained(struct conn *c, void *owner)
{
	struct side *s = owner;

	(void)c;
	assert_int_equal(conn_unsent(c), 0);
	if (!conn_is_closed(s->other))
		conn_resume(s->other);
}

static void
side_on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct side *s = owner;
	bool in_order = why == CLOSE_FINISHED;

	s->closed++;
	s->bytes_in = conn_bytes_in(c);
	s->bytes_out = conn_bytes_out(c);
	s->reason = why;
	if (!in_order && !conn_is_closed(s->other))
		conn_abort(s->other, CLOSE_LOCAL);
	if (--s->relay->open == 0)
		loop_stop(s->relay->loop);
}

static const struct conn_ops side_ops = {
	side_on_data, side_on_drained, side_on_closed
};

static void
relay_start(struct relay *r, bool is_unix)
{
	int near[2], far[2];
	void (*pair)(int *) = is_unix ? unix_pair : tcp_pair;

	pair(near);
	pair(far);
	r->loop = loop_new("test");
	r->open = 2;
	r->near.relay = r->far.relay = r;
	end_open(&r->a, r->loop, near[0], NULL, NULL, &r->open);
	end_open(&r->b, r->loop, far[0], NULL, NULL, &r->open);
	r->near.conn = r->far.other = conn_new(r->loop, near[1], NULL, NULL,
	    &side_ops, &r->near);
	r->far.conn = r->near.other = conn_new(r->loop, far[1], NULL, NULL,
	    &side_ops, &r->far);
	conn_join(r->near.conn, r->far.conn, &r->near.spliced,
	    &r->far.spliced);
}

static void
relay_finish(struct relay *r)
{
	loop_run(r->loop);
	assert_int_equal(r->near.closed, 1);
	assert_int_equal(r->far.closed, 1);
	assert_int_equal(r->a.closed, 1);
	assert_int_equal(r->b.closed, 1);
	loop_free(r->loop);
}

static void
assert_much_goes_both_ways(bool is_unix)
{
	struct relay r = { 0 };

	relay_start(&r, is_unix);
	r.a.to_send = MUCH;
	r.a.shuts = r.b.echoes = true;
	end_send(&r.a);
	relay_finish(&r);
	assert_int_equal(r.b.received, MUCH);
	assert_int_equal(r.a.received, MUCH);
	assert_int_equal(r.near.copied + r.near.spliced, MUCH);
	assert_int_equal(r.far.copied + r.far.spliced, MUCH);
	assert_true(r.near.spliced > 0);
	assert_int_equal(r.near.bytes_in, MUCH);
	assert_int_equal(r.far.bytes_out, MUCH);
	assert_int_equal(r.near.reason, CLOSE_FINISHED);
	assert_int_equal(r.far.reason, CLOSE_FINISHED);
}

TEST(splice_carries_much_both_ways_and_its_ends)
{
	assert_much_goes_both_ways(false);
}

TEST(splice_is_for_unix_sockets_too)
{
	assert_much_goes_both_ways(true);
}

TEST(splice_is_not_for_what_is_small)
{
	struct relay r = { 0 };

	relay_start(&r, false);
	r.a.to_send = 3000;
	r.a.shuts = r.b.echoes = true;
	end_send(&r.a);
	relay_finish(&r);
	assert_int_equal(r.a.received, 3000);
	assert_int_equal(r.near.spliced + r.far.spliced, 0);
}

/* --- a reader that stops --------------------------------------------------- */

/* Sends until nothing goes on: the pipe holds what the reader does not take. */
struct stall {
	struct relay      relay;
	struct loop_timer look;
	uint64_t          seen;
	void            (*then)(struct relay *);
};

static void
stall_look(void *arg)
{
	struct stall *s = arg;
	struct relay *r = &s->relay;
	uint64_t moved = r->near.copied + r->near.spliced;

	if (moved != s->seen || conn_unsent(r->far.conn) == 0) {
		s->seen = moved;
		loop_timer_start(&s->look, 20);
		return;
	}
	assert_true(r->near.spliced > 0);
	assert_true(conn_unsent(r->far.conn) <= PIPE_SIZE + FLOW_HIGH);
	s->then(r);
}

static void
stall_run(struct stall *s, void (*then)(struct relay *))
{
	s->then = then;
	relay_start(&s->relay, false);
	loop_timer_init(&s->look, s->relay.loop, stall_look, s);
	loop_timer_start(&s->look, 20);
	conn_pause(s->relay.b.conn);
	s->relay.a.to_send = 8 * MUCH;
	end_send(&s->relay.a);
	relay_finish(&s->relay);
}

static void
then_read_on(struct relay *r)
{
	r->a.shuts = r->b.echoes = true;
	conn_resume(r->b.conn);
}

TEST(splice_waits_for_a_reader_that_stopped)
{
	struct stall s = { 0 };

	stall_run(&s, then_read_on);
	assert_int_equal(s.relay.b.received, 8 * MUCH);
	assert_int_equal(s.relay.a.received, 8 * MUCH);
}

static void
then_reset(struct relay *r)
{
	conn_abort(r->a.conn, CLOSE_LOCAL);
}

TEST(splice_knows_a_reset_while_it_waits)
{
	struct stall s = { 0 };

	stall_run(&s, then_reset);
	assert_int_equal(s.relay.near.reason, CLOSE_RESET);
	assert_int_equal(s.relay.far.reason, CLOSE_LOCAL);
}

static void
then_reader_resets(struct relay *r)
{
	conn_abort(r->b.conn, CLOSE_LOCAL);
}

TEST(splice_passes_the_reset_of_the_reader_on)
{
	struct stall s = { 0 };

	stall_run(&s, then_reader_resets);
	assert_int_equal(s.relay.far.reason, CLOSE_RESET);
	assert_int_equal(s.relay.near.reason, CLOSE_LOCAL);
	assert_int_equal(s.relay.a.reason, CLOSE_RESET);
}

static void
then_close_far(struct relay *r)
{
	struct conn_image image;

	assert_int_equal(conn_detach(r->far.conn, &image), -1);
	conn_close_linger(r->far.conn, CLOSE_FINISHED);
	conn_close(r->near.conn, CLOSE_FINISHED);
	r->b.shuts = true;
	conn_shutdown(r->b.conn);
	conn_resume(r->b.conn);
}

TEST(splice_sends_the_pipe_before_the_end)
{
	struct stall s = { 0 };

	stall_run(&s, then_close_far);
	assert_true(s.relay.b.is_eof);
	assert_int_equal(s.relay.b.received,
	    s.relay.near.copied + s.relay.near.spliced);
}

/* --- who may ---------------------------------------------------------------- */

TEST(splice_is_not_for_transports)
{
	struct both t = { 0 };
	uint64_t from_a = 0, from_b = 0;

	both_start(&t, &both_kinds[2]);
	conn_join(t.a.conn, t.b.conn, &from_a, &from_b);
	t.a.to_send = t.b.to_send = 1000000;
	t.a.shuts = t.b.shuts = true;
	end_send(&t.a);
	end_send(&t.b);
	both_finish(&t);
	assert_int_equal(t.b.received, 1000000);
	assert_int_equal(from_a + from_b, 0);
}

TEST(pipes_are_few)
{
	struct pipe *held[PIPE_MAX];

	for (int i = 0; i < PIPE_MAX; i++) {
		held[i] = pipe_get();
		assert_non_null(held[i]);
	}
	assert_null(pipe_get());
	for (int i = 0; i < PIPE_MAX; i++)
		pipe_put(&held[i]);
	held[0] = pipe_get();
	assert_non_null(held[0]);
	pipe_put(&held[0]);
	assert_null(held[0]);
}
