#include <unistd.h>

#include "base/check.h"
#include "loop/internal.h"

static void
loop_fd_on_event(int fd, short what, void *arg)
{
	struct loop_fd *f = arg;
	struct loop *l = f->loop;	/* f may be gone when its callback returns */
	unsigned ready = 0;

	(void)fd;
	if (what & EV_READ)
		ready |= LOOP_READ;
	if (what & EV_WRITE)
		ready |= LOOP_WRITE;
	if (what & EV_CLOSED)
		ready |= LOOP_READ | LOOP_HANGUP;
	loop_enter(l);
	f->fn(f->arg, ready);
	if (l->in_hurry)
		loop_run_calls(l);
}

static void
hangup_on_event(int fd, short what, void *arg)
{
	struct loop *l = arg;
	struct hangup *h = &l->hangup;

	(void)what;
	loop_enter(l);
	h->len = epoll_wait(fd, h->batch, HANGUP_BATCH, 0);
	for (h->at = 0; h->at < h->len; h->at++) {
		struct loop_fd *f = h->batch[h->at].data.ptr;

		if (f != NULL)
			f->fn(f->arg, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
	}
	h->len = 0;
}

void
hangup_init(struct loop *l)
{
	l->hangup.fd = epoll_create1(EPOLL_CLOEXEC);
	check(l->hangup.fd >= 0);
	l->hangup.event = loop_event(l, l->hangup.fd, EV_READ | EV_PERSIST,
	    hangup_on_event, l);
}

void
hangup_fini(struct loop *l)
{
	event_free(l->hangup.event);
	close(l->hangup.fd);
}

static void
hangup_add(struct hangup *h, struct loop_fd *f)
{
	struct epoll_event ev = { .events = EPOLLET, .data.ptr = f };

	check(epoll_ctl(h->fd, EPOLL_CTL_ADD, f->fd, &ev) == 0);
}

/* Also forgets what is about to be reported for it. */
static void
hangup_remove(struct hangup *h, struct loop_fd *f)
{
	epoll_ctl(h->fd, EPOLL_CTL_DEL, f->fd, NULL);
	for (int i = h->at; i < h->len; i++)
		if (h->batch[i].data.ptr == f)
			h->batch[i].data.ptr = NULL;
}

static void
loop_fd_init(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	*f = (struct loop_fd){ .loop = l, .fd = fd, .fn = fn, .arg = arg };
}

void
loop_fd_start(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	loop_fd_init(f, l, fd, fn, arg);
	f->has_hangup = true;
	hangup_add(&l->hangup, f);
	f->impl = loop_event(l, fd, EV_READ | EV_WRITE | EV_CLOSED | EV_ET |
	    EV_PERSIST, loop_fd_on_event, f);
}

void
loop_fd_start_level(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	loop_fd_init(f, l, fd, fn, arg);
	f->impl = loop_event(l, fd, EV_READ | EV_PERSIST, loop_fd_on_event, f);
}

void
loop_fd_stop(struct loop_fd *f)
{
	if (f->impl == NULL)
		return;
	if (f->has_hangup)
		hangup_remove(&f->loop->hangup, f);
	event_free(f->impl);
	f->impl = NULL;
}

/* --- signals --------------------------------------------------------------- */

static void
loop_on_signal_event(int signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)what;
	loop_enter(s->loop);
	s->fn(s->arg, signo);
}

void
loop_on_signal(struct loop *l, int signo, void (*fn)(void *, int), void *arg)
{
	check(l->signals_len < LOOP_SIGNALS);
	struct loop_signal *s = &l->signals[l->signals_len++];

	*s = (struct loop_signal){ .loop = l, .fn = fn, .arg = arg };
	s->event = loop_event(l, signo, EV_SIGNAL | EV_PERSIST,
	    loop_on_signal_event, s);
}
