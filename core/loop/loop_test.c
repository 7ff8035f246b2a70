#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/clock.h"
#include "base/unit.h"
#include "loop/loop_fd.h"

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* --- deferred calls ---------------------------------------------------------- */

struct steps {
	struct loop      *loop;
	struct loop_task  a, b, next;
	char              log[64];
	size_t            len;
};

static void
step_a(void *arg)
{
	struct steps *s = arg;

	s->log[s->len++] = 'a';
	loop_defer(s->loop, &s->b);
	loop_defer(s->loop, &s->b);
}

static void
step_b(void *arg)
{
	struct steps *s = arg;

	s->log[s->len++] = 'b';
	loop_stop(s->loop);
}

static void
step_free(void *arg)
{
	struct steps *s = arg;

	s->log[s->len++] = 'f';
}

static void
step_next(void *arg)
{
	struct steps *s = arg;

	s->log[s->len++] = 'n';
}

TEST(loop_defers_once_and_frees_at_the_end_of_the_turn)
{
	struct loop *l = loop_new("test");
	struct steps s = { .loop = l };

	loop_task_init(&s.a, step_a, &s);
	loop_task_init(&s.b, step_b, &s);
	loop_task_init(&s.next, step_next, &s);
	loop_free_later(l, step_free, &s);
	loop_defer(l, &s.a);
	loop_defer(l, &s.a);
	loop_run(l);
	assert_string_equal(s.log, "abf");
	assert_int_equal(loop_turns(l), 1);

	loop_defer(l, &s.a);
	loop_task_cancel(&s.a);
	loop_task_cancel(&s.a);
	loop_defer_next(l, &s.next);
	loop_free(l);
	assert_string_equal(s.log, "abfn");
}

struct busy {
	struct loop     *loop;
	struct loop_task spin, last;
	int              rounds;
	bool             freed, used;
};

static void
busy_free(void *arg)
{
	struct busy *b = arg;

	assert_true(b->used);
	b->freed = true;
	loop_stop(b->loop);
}

static void
busy_use(void *arg)
{
	struct busy *b = arg;

	assert_false(b->freed);
	b->used = true;
}

static void
busy_spin(void *arg)
{
	struct busy *b = arg;

	if (!b->freed)
		loop_defer(b->loop, &b->spin);
	if (++b->rounds != 16)
		return;
	/* The last round of the turn. */
	loop_defer(b->loop, &b->last);
	loop_free_later(b->loop, busy_free, b);
}

/* Whoever gave it may have a call left, which a busy turn puts off. */
TEST(loop_frees_nothing_before_the_calls_that_use_it)
{
	struct busy b = { .loop = loop_new("busy") };

	loop_task_init(&b.spin, busy_spin, &b);
	loop_task_init(&b.last, busy_use, &b);
	loop_defer(b.loop, &b.spin);
	loop_run(b.loop);
	assert_true(b.freed);
	assert_in_range(b.rounds, 17, 48);
	loop_free(b.loop);
}

static void
step_forever(void *arg)
{
	struct steps *s = arg;

	s->len++;
	loop_defer(s->loop, &s->a);
}

TEST(loop_calls_that_defer_themselves_do_not_starve_timers)
{
	struct loop *l = loop_new("test");
	struct steps s = { .loop = l };
	struct loop_timer t;

	loop_task_init(&s.a, step_forever, &s);
	loop_defer(l, &s.a);
	loop_timer_init(&t, l, stop, l);
	loop_timer_start(&t, 5);
	loop_run(l);
	assert_true(loop_turns(l) > 1);
	assert_true(s.len <= loop_turns(l) * 16);
	loop_task_cancel(&s.a);
	loop_free(l);
}

/* --- timers ------------------------------------------------------------------- */

#define TIMERS 500

struct many {
	struct loop      *loop;
	struct loop_timer timer[TIMERS];
	uint64_t          wanted_us[TIMERS];
	int               left;
};

struct many_arg {
	struct many *many;
	int          i;
};

static void
many_fired(void *arg)
{
	struct many_arg *a = arg;
	struct many *m = a->many;

	assert_true(loop_now_us(m->loop) >= m->wanted_us[a->i]);
	if (--m->left == 0)
		loop_stop(m->loop);
}

TEST(loop_timers_never_fire_early)
{
	static struct many m;
	static struct many_arg args[TIMERS];

	m.loop = loop_new("test");
	m.left = TIMERS;
	for (int i = 0; i < TIMERS; i++) {
		uint64_t ms = random_below(60);

		args[i] = (struct many_arg){ &m, i };
		loop_timer_init(&m.timer[i], m.loop, many_fired, &args[i]);
		loop_timer_start(&m.timer[i], random_below(120));
		m.wanted_us[i] = loop_now_us(m.loop) + ms * 1000;
		loop_timer_start(&m.timer[i], ms);
		assert_true(loop_timer_is_running(&m.timer[i]));
	}
	loop_run(m.loop);
	for (int i = 0; i < TIMERS; i++)
		assert_false(loop_timer_is_running(&m.timer[i]));
	loop_free(m.loop);
}

TEST(loop_without_work_does_not_wake)
{
	struct loop *l = loop_new("test");
	struct loop_timer t, stopped;

	loop_timer_init(&t, l, stop, l);
	loop_timer_init(&stopped, l, stop, l);
	loop_timer_start(&stopped, 5000);
	loop_timer_start(&t, 60);
	loop_timer_stop(&stopped);
	loop_run(l);
	assert_int_equal(loop_turns(l), 1);
	assert_true(loop_busy_us(l) < 60000);
	loop_free(l);
}

/* --- posting -------------------------------------------------------------------- */

#define POSTERS 3
#define POSTS   20000

struct inbox {
	struct loop *loop;
	int          next[POSTERS];
	int          left;
};

struct letter {
	struct inbox *inbox;
	int           from, number;
};

struct poster {
	struct inbox *inbox;
	struct letter letters[POSTS];
	pthread_t     thread;
};

static void
letter_arrives(void *arg)
{
	struct letter *a = arg;

	assert_int_equal(a->number, a->inbox->next[a->from]++);
	if (--a->inbox->left == 0)
		loop_stop(a->inbox->loop);
}

static void *
poster_main(void *arg)
{
	struct poster *p = arg;

	for (int i = 0; i < POSTS; i++)
		loop_post(p->inbox->loop, letter_arrives, &p->letters[i]);
	return NULL;
}

TEST(loop_runs_posts_of_many_threads_in_order)
{
	static struct poster posters[POSTERS];
	struct inbox inbox = { .left = POSTERS * POSTS };

	inbox.loop = loop_new("inbox");
	for (int p = 0; p < POSTERS; p++) {
		posters[p].inbox = &inbox;
		for (int i = 0; i < POSTS; i++)
			posters[p].letters[i] = (struct letter){ &inbox, p, i };
		assert_int_equal(pthread_create(&posters[p].thread, NULL,
		    poster_main, &posters[p]), 0);
	}
	assert_int_equal(loop_thread_start(inbox.loop), 0);
	loop_thread_join(inbox.loop);
	for (int p = 0; p < POSTERS; p++)
		pthread_join(posters[p].thread, NULL);
	assert_int_equal(inbox.left, 0);
	loop_free(inbox.loop);
}

struct pair {
	struct loop *here, *there;
	int          left;
};

static void pair_there(void *);

static void
pair_here(void *arg)
{
	struct pair *p = arg;

	if (--p->left == 0) {
		loop_stop(p->there);
		loop_stop(p->here);
	} else {
		loop_post(p->there, pair_there, p);
	}
}

static void
pair_there(void *arg)
{
	struct pair *p = arg;

	loop_post(p->here, pair_here, p);
}

TEST(loop_posts_wake_a_loop_that_sleeps)
{
	struct pair p = { loop_new("here"), loop_new("there"), 500 };

	loop_thread_start(p.there);
	loop_post(p.there, pair_there, &p);
	loop_run(p.here);
	loop_thread_join(p.there);
	assert_int_equal(p.left, 0);
	loop_free(p.here);
	loop_free(p.there);
}

TEST(loop_stop_before_run_and_posts_after_it_are_not_lost)
{
	struct inbox inbox = { .loop = loop_new("test"), .left = 1 };
	struct letter letter = { &inbox, 0, 0 };

	loop_stop(inbox.loop);
	loop_thread_start(inbox.loop);
	loop_thread_join(inbox.loop);
	assert_int_equal(loop_turns(inbox.loop), 0);
	loop_post(inbox.loop, letter_arrives, &letter);
	loop_free(inbox.loop);
	assert_int_equal(inbox.left, 0);
}

/* --- descriptors ------------------------------------------------------------------ */

struct watched {
	struct loop   *loop;
	struct loop_fd fd;
	unsigned       ready;
	int            calls;
	unsigned       wanted;
};

static void
on_ready(void *arg, unsigned ready)
{
	struct watched *w = arg;

	w->ready |= ready;
	w->calls++;
	if ((w->ready & w->wanted) == w->wanted)
		loop_stop(w->loop);
}

TEST(loop_fd_reports_edges)
{
	struct watched w = { .loop = loop_new("test") };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	loop_fd_start(&w.fd, w.loop, fds[0], on_ready, &w);
	w.wanted = LOOP_WRITE;
	loop_run(w.loop);
	assert_int_equal(w.ready, LOOP_WRITE);

	w.ready = 0;
	w.wanted = LOOP_READ;
	assert_int_equal(write(fds[1], "x", 1), 1);
	loop_run(w.loop);
	assert_int_equal(w.ready & LOOP_HANGUP, 0);

	w.ready = 0;
	w.wanted = LOOP_READ | LOOP_HANGUP;
	assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
	loop_run(w.loop);
	loop_fd_stop(&w.fd);
	loop_fd_stop(&w.fd);
	close(fds[0]);
	close(fds[1]);
	loop_free(w.loop);
}

TEST(loop_fd_level_reports_until_read)
{
	struct watched w = { .loop = loop_new("test") };
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	loop_fd_start_level(&w.fd, w.loop, fds[0], on_ready, &w);
	w.wanted = LOOP_READ;
	assert_int_equal(write(fds[1], "x", 1), 1);
	loop_run(w.loop);
	loop_run(w.loop);
	assert_int_equal(w.calls, 2);
	loop_fd_stop(&w.fd);
	close(fds[0]);
	close(fds[1]);
	loop_free(w.loop);
}

/* Reads in turns; what it defers writes its own letter. */
struct reader {
	struct loop_fd   fd;
	struct loop_task task;
	bool             in_hurry;
	struct loop     *loop;
	char            *said;	/* of all readers: r as read, d as deferred */
};

static void
on_reader_task(void *arg)
{
	struct reader *r = arg;

	strcat(r->said, "d");
	if (strlen(r->said) == 4)
		loop_stop(r->loop);
}

static void
on_reader_ready(void *arg, unsigned ready)
{
	struct reader *r = arg;
	char byte;

	(void)ready;
	assert_int_equal(read(r->fd.fd, &byte, 1), 1);
	strcat(r->said, "r");
	loop_defer(r->loop, &r->task);
	if (r->in_hurry)
		loop_hurry(r->loop);
}

static void
check_order(bool in_hurry, const char *order)
{
	struct loop *l = loop_new("test");
	struct reader readers[2];
	char said[8] = "";
	int fds[2][2];

	for (int i = 0; i < 2; i++) {
		struct reader *r = &readers[i];

		*r = (struct reader){ .in_hurry = in_hurry, .loop = l,
			.said = said };
		loop_task_init(&r->task, on_reader_task, r);
		assert_int_equal(pipe2(fds[i], O_NONBLOCK), 0);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
		loop_fd_start_level(&r->fd, l, fds[i][0], on_reader_ready, r);
	}
	loop_run(l);
	assert_string_equal(said, order);
	for (int i = 0; i < 2; i++) {
		loop_fd_stop(&readers[i].fd);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	loop_free(l);
}

TEST(loop_hurry_runs_deferred_calls_before_the_next_descriptor)
{
	check_order(false, "rrdd");
	check_order(true, "rdrd");
}

/* --- signals ----------------------------------------------------------------------- */

static void
on_signal(void *arg, int signo)
{
	struct watched *w = arg;

	w->calls += signo == SIGUSR1;
	loop_stop(w->loop);
}

TEST(loop_signal_reaches_its_loop)
{
	struct watched w = { .loop = loop_new("test") };

	loop_on_signal(w.loop, SIGUSR1, on_signal, &w);
	raise(SIGUSR1);
	loop_run(w.loop);
	assert_int_equal(w.calls, 1);
	loop_free(w.loop);
}

/* --- stalls --------------------------------------------------------------- */

struct stalls {
	struct loop *loop;
	uint64_t     longest_us;
	unsigned     seen;
};

static void
note_stall(void *arg, uint64_t us)
{
	struct stalls *s = arg;

	s->seen++;
	s->longest_us = us > s->longest_us ? us : s->longest_us;
}

static void
work_for_a_while(void *arg)
{
	struct stalls *s = arg;
	uint64_t until = clock_mono_ns() + 3000000;

	while (clock_mono_ns() < until)
		;
	loop_stop(s->loop);
}

TEST(loop_tells_of_turns_that_took_long)
{
	static const struct {
		uint64_t least_us;
		bool     told;
	} cases[] = { { 2000, true }, { UINT64_MAX, false } };

	for (size_t i = 0; i < 2; i++) {
		struct stalls s = { .loop = loop_new("test") };

		loop_on_stall(s.loop, cases[i].least_us, note_stall, &s);
		loop_post(s.loop, work_for_a_while, &s);
		loop_run(s.loop);
		assert_int_equal(s.seen > 0, cases[i].told);
		assert_true(!cases[i].told || s.longest_us >= 3000);
		loop_free(s.loop);
	}
}
