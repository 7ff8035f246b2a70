#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/dial.h"

struct dial {
	struct loop      *loop;
	int               fd, error;
	struct loop_fd    watch;
	struct loop_timer timer;
	struct loop_task  task;
	void            (*done)(void *, int, int);
	void             *arg;
};

/* The fd is the callee's from here on; or closed, with error. */
static void
finish(struct dial *d, int error)
{
	void (*done)(void *, int, int) = d->done;
	void *arg = d->arg;
	int fd = d->fd;

	loop_fd_stop(&d->watch);
	loop_timer_stop(&d->timer);
	loop_task_cancel(&d->task);
	mem_free(d);
	if (error != 0 && fd >= 0) {
		close(fd);
		fd = -1;
	}
	done(arg, error == 0 ? fd : -1, error);
}

static void
on_ready(void *arg, unsigned ready)
{
	struct dial *d = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	if ((ready & (LOOP_WRITE | LOOP_HANGUP)) == 0)
		return;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	finish(d, error);
}

static void
on_timeout(void *arg)
{
	finish(arg, ETIMEDOUT);
}

/* What connect said at once, told later. */
static void
on_task(void *arg)
{
	struct dial *d = arg;

	finish(d, d->error);
}

static int
begin(struct dial *d, const struct addr *to)
{
	int one = 1;

	d->fd = socket(to->sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return errno;
	if (to->sa.sa_family != AF_UNIX)
		setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(d->fd, &to->sa, to->len) == 0)
		return 0;
	return errno;
}

struct dial *
dial_start(struct loop *l, const struct addr *to, uint64_t timeout_ms,
    void (*done)(void *, int, int), void *arg)
{
	struct dial *d = mem_zalloc(sizeof(*d));

	d->loop = l;
	d->done = done;
	d->arg = arg;
	loop_timer_init(&d->timer, l, on_timeout, d);
	loop_task_init(&d->task, on_task, d);
	d->error = begin(d, to);
	if (d->error == EINPROGRESS) {
		loop_fd_start(&d->watch, l, d->fd, on_ready, d);
		loop_timer_start(&d->timer, timeout_ms);
	} else {
		loop_defer(l, &d->task);
	}
	return d;
}

void
dial_cancel(struct dial *d)
{
	loop_fd_stop(&d->watch);
	loop_timer_stop(&d->timer);
	loop_task_cancel(&d->task);
	if (d->fd >= 0)
		close(d->fd);
	mem_free(d);
}
