#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop_fd.h"
#include "net/dial.h"

struct dial {
	struct loop       *loop;
	int                fd;
	int                error;	/* to be told, once deferred */
	struct loop_fd     watch;
	struct loop_timer  deadline;
	struct loop_task   task;	/* tells */
	void             (*done)(void *, int, int);
	void              *arg;
};

static void
dial_end(struct dial *d)
{
	loop_fd_stop(&d->watch);
	loop_timer_stop(&d->deadline);
	loop_task_cancel(&d->task);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	loop_free_later(d->loop, mem_free, d);
}

static void
dial_tell(void *arg)
{
	struct dial *d = arg;
	int fd = -1;

	if (d->error == 0) {
		fd = d->fd;
		d->fd = -1;
	}
	dial_end(d);
	d->done(d->arg, fd, d->error);
}

static void
dial_on_ready(void *arg, unsigned ready)
{
	struct dial *d = arg;
	socklen_t len = sizeof(d->error);

	if ((ready & LOOP_WRITE) == 0)
		return;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &d->error, &len) < 0)
		d->error = errno;
	dial_tell(d);
}

static void
dial_on_deadline(void *arg)
{
	struct dial *d = arg;

	d->error = ETIMEDOUT;
	dial_tell(d);
}

/* Returns 0 when connected, EINPROGRESS, or why not. */
static int
dial_connect(struct dial *d, const struct addr *a)
{
	int on = 1;

	d->fd = socket(a->sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return errno;
	if (a->sa.sa_family != AF_UNIX)
		setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return connect(d->fd, &a->sa, a->len) == 0 ? 0 : errno;
}

struct dial *
dial_start(struct loop *l, const struct addr *a, uint64_t timeout_ms,
    void (*done)(void *, int, int), void *arg)
{
	struct dial *d = mem_zalloc(sizeof(*d));

	d->loop = l;
	d->done = done;
	d->arg = arg;
	loop_task_init(&d->task, dial_tell, d);
	loop_timer_init(&d->deadline, l, dial_on_deadline, d);
	d->error = dial_connect(d, a);
	if (d->error == EINPROGRESS) {
		loop_fd_start(&d->watch, l, d->fd, dial_on_ready, d);
		loop_timer_start(&d->deadline, timeout_ms);
	} else {
		loop_defer(l, &d->task);
	}
	return d;
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL)
		dial_end(d);
}
