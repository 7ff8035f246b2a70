#include <unistd.h>

#include "base/check.h"
#include "base/syscall.h"
#include "loop/internal.h"
#include "loop/loop_fd.h"

static void
loop_fd_tell(struct loop *l, struct loop_fd *f, unsigned ready)
{
	f->fn(f->arg, ready);	/* f may be gone now */
	if (l->in_hurry)
		loop_run_calls(l);
}

/* --- watches ----------------------------------------------------------------- */

static unsigned
watches_ready(uint32_t events)
{
	unsigned ready = 0;

	if (events & EPOLLIN)
		ready |= LOOP_READ;
	if (events & EPOLLOUT)
		ready |= LOOP_WRITE;
	if (events & EPOLLRDHUP)
		ready |= LOOP_READ | LOOP_HANGUP;
	if (events & (EPOLLHUP | EPOLLERR))
		ready |= LOOP_READ | LOOP_WRITE | LOOP_HANGUP;
	return ready;
}

/* Without a wait it may be that nothing was ready. */
static void
watches_take(struct loop *l, int timeout_ms)
{
	struct watches *w = &l->watches;
	int n = syscall_epoll_wait(w->fd, w->batch, WATCHES_BATCH, timeout_ms);

	if (n <= 0)
		return;
	loop_enter(l);
	w->len = n;
	for (w->at = 0; w->at < w->len;) {
		const struct epoll_event *ev = &w->batch[w->at++];

		if (ev->data.ptr != NULL)
			loop_fd_tell(l, ev->data.ptr, watches_ready(ev->events));
	}
	w->len = 0;
}

static void
watches_on_event(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	watches_take(arg, 0);
}

void
watches_invite(struct loop *l)
{
	if (l->watches.event == NULL)
		l->watches.event = loop_event(l, l->watches.fd,
		    EV_READ | EV_PERSIST, watches_on_event, l);
}

void
watches_wait(struct loop *l, bool may_rest)
{
	if (l->watches.event == NULL)
		watches_take(l, may_rest ? -1 : 0);
	else
		event_base_loop(l->base, EVLOOP_ONCE |
		    (may_rest ? 0 : EVLOOP_NONBLOCK));
}

/* --- the set ----------------------------------------------------------------- */

#define EDGES	(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

static void watches_on_late(void *);

void
watches_init(struct loop *l)
{
	loop_timer_init(&l->watches.late_timer, l, watches_on_late, l);
	l->watches.fd = epoll_create1(EPOLL_CLOEXEC);
	check(l->watches.fd >= 0);
}

void
watches_fini(struct loop *l)
{
	loop_timer_stop(&l->watches.late_timer);
	if (l->watches.event != NULL)
		event_free(l->watches.event);
	close(l->watches.fd);
}

static void
watches_add(struct watches *w, struct loop_fd *f, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = f };

	check(epoll_ctl(w->fd, EPOLL_CTL_ADD, f->fd, &ev) == 0);
}

/* What is about to be reported for it. */
static void
watches_forget(struct watches *w, const struct loop_fd *f)
{
	for (int i = w->at; i < w->len; i++)
		if (w->batch[i].data.ptr == f)
			w->batch[i].data.ptr = NULL;
}

/* --- late ones -------------------------------------------------------------- */

static bool
has_late(const struct watches *w)
{
	return w->late_head != w->late_tail;
}

static void
take_seat(struct watches *w, struct loop_fd *f)
{
	unsigned seat = w->late_tail++ % WATCHES_LATE;

	w->late[seat].fd = f;
	w->late[seat].since_ms = loop_now_ms(f->loop);
	f->is_late = true;
	f->seat = (uint8_t)seat;
}

static void
leave_seat(struct watches *w, struct loop_fd *f)
{
	w->late[f->seat].fd = NULL;
	f->is_late = false;
	while (has_late(w) && w->late[w->late_head % WATCHES_LATE].fd == NULL)
		w->late_head++;
}

void
loop_fd_admit_late(struct loop_fd *f)
{
	leave_seat(&f->loop->watches, f);
	watches_add(&f->loop->watches, f, EDGES);
}

static void
watches_on_late(void *arg)
{
	struct loop *l = arg;
	struct watches *w = &l->watches;
	uint64_t before_ms = loop_now_ms(l) - LOOP_LATE_MS;

	while (has_late(w) &&
	    w->late[w->late_head % WATCHES_LATE].since_ms <= before_ms)
		loop_fd_admit_late(w->late[w->late_head % WATCHES_LATE].fd);
	if (has_late(w))
		loop_timer_start(&w->late_timer, LOOP_LATE_MS);
}

/* --- descriptors ------------------------------------------------------------ */

static void
loop_fd_init(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	*f = (struct loop_fd){ .loop = l, .fd = fd, .fn = fn, .arg = arg,
		.is_running = true };
}

void
loop_fd_start(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	loop_fd_init(f, l, fd, fn, arg);
	watches_add(&l->watches, f, EDGES);
}

void
loop_fd_start_wake(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	loop_fd_init(f, l, fd, fn, arg);
	watches_add(&l->watches, f, EPOLLIN | EPOLLET);
}

void
loop_fd_start_late(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	struct watches *w = &l->watches;

	loop_fd_init(f, l, fd, fn, arg);
	if (w->late_tail - w->late_head == WATCHES_LATE)
		loop_fd_admit_late(w->late[w->late_head % WATCHES_LATE].fd);
	take_seat(w, f);
	if (!loop_timer_is_running(&w->late_timer))
		loop_timer_start(&w->late_timer, LOOP_LATE_MS);
}

void
loop_fd_start_level(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	loop_fd_init(f, l, fd, fn, arg);
	watches_add(&l->watches, f, EPOLLIN);
}

void
loop_fd_start_shared(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	loop_fd_init(f, l, fd, fn, arg);
	watches_add(&l->watches, f, EPOLLIN | EPOLLEXCLUSIVE);
}

bool
loop_fd_is_running(const struct loop_fd *f)
{
	return f->is_running;
}

void
loop_fd_stop(struct loop_fd *f)
{
	if (!f->is_running)
		return;
	if (f->is_late) {
		leave_seat(&f->loop->watches, f);
	} else {
		epoll_ctl(f->loop->watches.fd, EPOLL_CTL_DEL, f->fd, NULL);
		watches_forget(&f->loop->watches, f);
	}
	f->is_running = false;
}

void
loop_fd_close(struct loop_fd *f)
{
	if (f->is_late)
		leave_seat(&f->loop->watches, f);
	else if (f->is_running)
		watches_forget(&f->loop->watches, f);
	f->is_running = false;
	close(f->fd);
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
	watches_invite(l);
	s->event = loop_event(l, signo, EV_SIGNAL | EV_PERSIST,
	    loop_on_signal_event, s);
}
