#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "loop/internal.h"
#include "loop/loop_fd.h"

/* One end of a socket pair that is watched late, and what it is told. */
struct late {
	struct loop_fd fd;
	int            fds[2];
	unsigned       ready;
	struct loop   *loop;
};

static void
on_ready(void *arg, unsigned ready)
{
	struct late *t = arg;

	t->ready |= ready;
	loop_stop(t->loop);
}

static void
late_start(struct late *t, struct loop *l)
{
	*t = (struct late){ .loop = l };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    t->fds), 0);
	loop_fd_start_late(&t->fd, l, t->fds[0], on_ready, t);
	assert_true(loop_fd_is_running(&t->fd));
}

static void
late_end(struct late *t)
{
	loop_fd_close(&t->fd);
	close(t->fds[1]);
}

static void
on_timer(void *arg)
{
	loop_stop(arg);
}

TEST(loop_fd_late_is_told_once_it_is_admitted)
{
	struct loop *l = loop_new("test");
	struct late t;

	late_start(&t, l);
	assert_int_equal(write(t.fds[1], "x", 1), 1);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(t.ready, 0);
	loop_fd_admit(&t.fd);
	loop_fd_admit(&t.fd);	/* harmless */
	loop_run(l);
	assert_int_equal(t.ready, LOOP_READ | LOOP_WRITE);
	late_end(&t);
	loop_free(l);
}

TEST(loop_fd_late_is_watched_by_itself_in_time)
{
	struct loop *l = loop_new("test");
	struct late t;

	late_start(&t, l);
	assert_int_equal(shutdown(t.fds[1], SHUT_WR), 0);
	loop_run(l);
	assert_int_equal(t.ready, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
	assert_false(t.fd.is_late);
	late_end(&t);
	loop_free(l);
}

/* In any order, before and after they were registered. */
TEST(loop_fd_late_ones_leave_in_any_order)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 }, { 1, 2, 0 },
	};
	struct loop *l = loop_new("test");
	struct late t[3];

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		for (int k = 0; k < 3; k++)
			late_start(&t[k], l);
		if (i % 2 == 1)
			loop_fd_admit(&t[0].fd);
		for (int k = 0; k < 3; k++)
			late_end(&t[orders[i][k]]);
	}
	loop_free(l);
}

/* Who came first is registered when there are more than seats. */
TEST(loop_fd_late_more_than_there_are_seats)
{
	struct loop *l = loop_new("test");
	struct late t[WATCHES_LATE + 2];

	for (int i = 0; i < WATCHES_LATE + 2; i++)
		late_start(&t[i], l);
	assert_false(t[0].fd.is_late);
	assert_false(t[1].fd.is_late);
	assert_true(t[2].fd.is_late);
	late_end(&t[2]);
	for (int i = 0; i < WATCHES_LATE + 2; i++)
		if (i != 2)
			late_end(&t[i]);
	loop_free(l);
}

/* A loop that has nobody left to admit has no reason to wake. */
TEST(loop_fd_late_ones_that_left_wake_nobody_for_long)
{
	struct loop *l = loop_new("test");
	struct loop_timer timer;
	struct late t;

	late_start(&t, l);
	late_end(&t);
	loop_timer_init(&timer, l, on_timer, l);
	loop_timer_start(&timer, 10 * LOOP_LATE_MS);
	loop_run(l);
	assert_true(loop_turns(l) <= 3);
	loop_free(l);
}
