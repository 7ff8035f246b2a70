#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unit.h"
#include "net/dial.h"
#include "net/listener.h"

/* Counts what a listener accepts and what dials say. */
struct meeting {
	struct loop           *loop;
	struct listener       *listener;
	struct listener_watch *watch;
	int                    accepted, dialled, failed, started;
	int                    last_fd, last_error;
	int                    stop_at;	/* this many of both */
	struct addr            peer;
};

static void
meeting_check(struct meeting *m)
{
	if (m->accepted >= m->stop_at && m->dialled + m->failed >= m->stop_at)
		loop_stop(m->loop);
}

static void
on_accepted(void *arg, int fd, const struct addr *peer)
{
	struct meeting *m = arg;
	int on = 0;
	socklen_t len = sizeof(on);

	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	if (getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0)
		assert_int_equal(on, 1);
	m->peer = *peer;
	m->accepted++;
	close(fd);
	meeting_check(m);
}

static void
on_dialled(void *arg, int fd, int error)
{
	struct meeting *m = arg;

	assert_int_equal(fd >= 0, error == 0);
	m->last_fd = fd;
	m->last_error = error;
	if (fd >= 0) {
		m->dialled++;
		close(fd);
	} else {
		m->failed++;
	}
	meeting_check(m);
}

static void
meeting_start(struct meeting *m, const char *text)
{
	struct addr a;
	struct err err = ERR_INIT;

	m->loop = loop_new("test");
	assert_int_equal(addr_parse(slice_str(text), &a, &err), 0);
	m->listener = listener_open(&a, 64, &err);
	assert_non_null(m->listener);
	m->watch = listener_watch(m->listener, m->loop, on_accepted, m);
}

static void
meeting_end(struct meeting *m)
{
	listener_unwatch(m->watch);
	listener_close(m->listener);
	loop_free(m->loop);
}

TEST(dial_reaches_listeners_of_all_families)
{
	char path[64], unix_addr[80];

	snprintf(path, sizeof(path), "/tmp/mesh-net-test-%d", getpid());
	snprintf(unix_addr, sizeof(unix_addr), "unix:%s", path);
	const char *const cases[][2] = {
		{ "127.0.0.1:0", "127.0.0.1" }, { "[::1]:0", "::1" },
		{ ":0", "127.0.0.1" }, { ":0", "::1" }, { unix_addr, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct meeting m = { .stop_at = 1 };
		struct addr to;
		struct err err = ERR_INIT;

		meeting_start(&m, cases[i][0]);
		to = *listener_addr(m.listener);
		if (cases[i][1] != NULL) {
			assert_true(addr_port(&to) > 0);
			assert_int_equal(addr_from_ip(slice_str(cases[i][1]),
			    addr_port(&to), &to, &err), 0);
		}
		dial_start(m.loop, &to, 5000, on_dialled, &m);
		assert_int_equal(m.dialled, 0);
		loop_run(m.loop);
		assert_int_equal(m.dialled, 1);
		assert_int_equal(m.accepted, 1);
		assert_int_equal(m.peer.sa.sa_family, to.sa.sa_family);
		meeting_end(&m);
	}
	assert_int_equal(access(path, F_OK), -1);
}

TEST(dial_tells_why_not)
{
	struct meeting m = { .stop_at = 1 };

	meeting_start(&m, "127.0.0.1:0");
	struct addr to = *listener_addr(m.listener);

	listener_unwatch(m.watch);
	listener_close(m.listener);
	m.accepted = 1;
	dial_start(m.loop, &to, 5000, on_dialled, &m);
	loop_run(m.loop);
	assert_int_equal(m.last_error, ECONNREFUSED);

	to = (struct addr){ .sa.sa_family = AF_UNIX, .len = sizeof(to.un) };
	strcpy(to.un.sun_path, "/nonexistent/socket");
	dial_start(m.loop, &to, 5000, on_dialled, &m);
	loop_run(m.loop);
	assert_int_equal(m.last_error, ENOENT);
	assert_int_equal(m.failed, 2);
	loop_free(m.loop);
}

/* A backlog that is full drops what arrives, as a dead host does. */
TEST(dial_ends_at_its_deadline)
{
	struct meeting m = { .stop_at = 1, .accepted = 1 };
	struct addr a;
	struct err err = ERR_INIT;
	int fds[4], s = socket(AF_INET, SOCK_STREAM, 0);

	m.loop = loop_new("test");
	addr_parse(SLICE("127.0.0.1:0"), &a, &err);
	assert_int_equal(bind(s, &a.sa, a.len), 0);
	assert_int_equal(listen(s, 0), 0);
	assert_int_equal(getsockname(s, &a.sa, &a.len), 0);
	for (int i = 0; i < 4; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fds[i], &a.sa, a.len);
	}
	dial_start(m.loop, &a, 50, on_dialled, &m);
	loop_run(m.loop);
	assert_int_equal(m.last_error, ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	close(s);
	loop_free(m.loop);
}

TEST(dial_cancelled_is_not_told)
{
	struct meeting m = { .stop_at = 1 };

	meeting_start(&m, "127.0.0.1:0");
	dial_cancel(dial_start(m.loop, listener_addr(m.listener), 5000,
	    on_dialled, &m));
	dial_start(m.loop, listener_addr(m.listener), 5000, on_dialled, &m);
	m.stop_at = 1;
	loop_run(m.loop);
	assert_int_equal(m.dialled, 1);
	meeting_end(&m);
}

/* --- listeners -------------------------------------------------------------------- */

TEST(listener_takes_over_a_path_that_nobody_answers)
{
	struct meeting m = { .stop_at = 1 };
	char text[80];
	struct addr a;
	struct stat st;
	struct err err = ERR_INIT;

	snprintf(text, sizeof(text), "unix:/tmp/mesh-net-test-%d", getpid());
	addr_parse(slice_str(text), &a, &err);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(bind(s, &a.sa, a.len), 0);
	assert_int_equal(listen(s, 1), 0);
	assert_null(listener_open(&a, 8, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	close(s);
	meeting_start(&m, text);
	assert_int_equal(listener_set_mode(m.listener, 0660, getgid(), &err),
	    0);
	assert_int_equal(stat(a.un.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	meeting_end(&m);

	/* What is no socket stays. */
	close(open(a.un.sun_path, O_CREAT | O_WRONLY, 0600));
	assert_null(listener_open(&a, 8, &err));
	assert_int_equal(unlink(a.un.sun_path), 0);
}

TEST(listener_paused_leaves_connections_waiting)
{
	struct meeting m = { .stop_at = 1, .accepted = 1 };

	meeting_start(&m, "127.0.0.1:0");
	listener_pause(m.watch);
	dial_start(m.loop, listener_addr(m.listener), 5000, on_dialled, &m);
	loop_run(m.loop);
	assert_int_equal(m.dialled, 1);
	assert_int_equal(m.accepted, 1);
	m.stop_at = 2;
	m.dialled = 2;
	listener_resume(m.watch);
	loop_run(m.loop);
	assert_int_equal(m.accepted, 2);
	meeting_end(&m);
}

static void
stop_loop(void *arg)
{
	loop_stop(arg);
}

/* What accept(2) cannot take is closed, without spinning; later it can. */
TEST(listener_survives_running_out_of_descriptors)
{
	struct meeting m = { .stop_at = 1000 };
	struct rlimit before, none;
	struct loop_timer t;
	int extra;

	meeting_start(&m, "127.0.0.1:0");
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const struct addr *a = listener_addr(m.listener);

	assert_int_equal(connect(fd, &a->sa, a->len), 0);
	extra = dup(fd);
	close(extra);
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ (rlim_t)extra, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	loop_timer_init(&t, m.loop, stop_loop, m.loop);
	loop_timer_start(&t, 60);
	loop_run(m.loop);
	assert_int_equal(m.accepted, 0);
	assert_true(loop_turns(m.loop) <= 3);
	char byte;

	assert_int_equal(read(fd, &byte, 1), 0);	/* closed at once */
	setrlimit(RLIMIT_NOFILE, &before);
	dial_start(m.loop, a, 5000, on_dialled, &m);
	m.stop_at = 1;
	loop_run(m.loop);
	assert_int_equal(m.accepted, 1);
	close(fd);
	meeting_end(&m);
}

/* --- several loops ------------------------------------------------------------------ */

#define WORKERS 3
#define CALLS   200

struct worker {
	struct loop           *loop;
	struct listener       *listener;
	struct listener_watch *watch;
	int                    accepted;
	struct meeting        *meeting;
};

static void
count_one(void *arg)
{
	struct meeting *m = arg;

	m->accepted++;
	meeting_check(m);
	if (m->started++ < CALLS)
		dial_start(m->loop, listener_addr(m->listener), 5000,
		    on_dialled, m);
}

static void
worker_accepted(void *arg, int fd, const struct addr *peer)
{
	struct worker *w = arg;

	(void)peer;
	close(fd);
	w->accepted++;
	loop_post(w->meeting->loop, count_one, w->meeting);
}

static void
worker_watch(void *arg)
{
	struct worker *w = arg;

	w->watch = listener_watch(w->listener, w->loop, worker_accepted, w);
}

static void
worker_unwatch(void *arg)
{
	struct worker *w = arg;

	listener_unwatch(w->watch);
	loop_stop(w->loop);
}

TEST(listener_wakes_one_loop_per_connection)
{
	struct meeting m = { .loop = loop_new("test"), .stop_at = CALLS };
	struct worker workers[WORKERS] = { 0 };
	struct addr a;
	struct err err = ERR_INIT;
	uint64_t turns = 0;
	int accepted = 0;

	addr_parse(SLICE("127.0.0.1:0"), &a, &err);
	m.listener = listener_open(&a, 64, &err);
	for (int i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];

		*w = (struct worker){ loop_new("worker"), m.listener,
		    .meeting = &m };
		loop_post(w->loop, worker_watch, w);
		loop_thread_start(w->loop);
	}
	m.started = 1;
	dial_start(m.loop, listener_addr(m.listener), 5000, on_dialled, &m);
	loop_run(m.loop);
	for (int i = 0; i < WORKERS; i++) {
		loop_post(workers[i].loop, worker_unwatch, &workers[i]);
		loop_thread_join(workers[i].loop);
		turns += loop_turns(workers[i].loop);
		accepted += workers[i].accepted;
		loop_free(workers[i].loop);
	}
	assert_int_equal(accepted, CALLS);
	/* Were all woken, there would be three turns per connection. */
	assert_true(turns < CALLS * 2);
	listener_close(m.listener);
	loop_free(m.loop);
}
