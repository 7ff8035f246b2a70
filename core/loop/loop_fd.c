#include <unistd.h>

#include "base/check.h"
#include "loop/internal.h"
#include "loop/loop_fd.h"

static void
loop_fd_tell(struct loop *l, struct loop_fd *f, unsigned ready)
{
	f->fn(f->arg, ready);	/* f may be gone now */
	if (l->in_hurry)
		loop_run_calls(l);
}

/* --- edges ----------------------------------------------------------------- */

static unsigned
edges_ready(uint32_t events)
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

static void
edges_on_event(int fd, short what, void *arg)
{
	struct loop *l = arg;
	struct edges *e = &l->edges;

	(void)what;
	loop_enter(l);
	e->len = epoll_wait(fd, e->batch, EDGES_BATCH, 0);
	for (e->at = 0; e->at < e->len;) {
		const struct epoll_event *ev = &e->batch[e->at++];

		if (ev->data.ptr != NULL)
			loop_fd_tell(l, ev->data.ptr, edges_ready(ev->events));
	}
	e->len = 0;
}

static void edges_on_late(void *);

void
edges_init(struct loop *l)
{
	loop_timer_init(&l->edges.late_timer, l, edges_on_late, l);
	l->edges.fd = epoll_create1(EPOLL_CLOEXEC);
	check(l->edges.fd >= 0);
	l->edges.event = loop_event(l, l->edges.fd, EV_READ | EV_PERSIST,
	    edges_on_event, l);
}

void
edges_fini(struct loop *l)
{
	loop_timer_stop(&l->edges.late_timer);
	event_free(l->edges.event);
	close(l->edges.fd);
}

static void
edges_add(struct edges *e, struct loop_fd *f)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = f,
	};

	check(epoll_ctl(e->fd, EPOLL_CTL_ADD, f->fd, &ev) == 0);
}

/* What is about to be reported for it. */
static void
edges_forget(struct edges *e, const struct loop_fd *f)
{
	for (int i = e->at; i < e->len; i++)
		if (e->batch[i].data.ptr == f)
			e->batch[i].data.ptr = NULL;
}

/* --- late ones -------------------------------------------------------------- */

static bool
edges_has_late(const struct edges *e)
{
	return e->late_head != e->late_tail;
}

static void
edges_take_seat(struct edges *e, struct loop_fd *f)
{
	unsigned seat = e->late_tail++ % EDGES_LATE;

	e->late[seat].fd = f;
	e->late[seat].since_ms = loop_now_ms(f->loop);
	f->is_late = true;
	f->seat = (uint8_t)seat;
}

static void
edges_leave_seat(struct edges *e, struct loop_fd *f)
{
	e->late[f->seat].fd = NULL;
	f->is_late = false;
	while (edges_has_late(e) &&
	    e->late[e->late_head % EDGES_LATE].fd == NULL)
		e->late_head++;
}

void
loop_fd_admit_late(struct loop_fd *f)
{
	edges_leave_seat(&f->loop->edges, f);
	edges_add(&f->loop->edges, f);
}

static void
edges_on_late(void *arg)
{
	struct loop *l = arg;
	struct edges *e = &l->edges;
	uint64_t before_ms = l->now_us / 1000 - LOOP_LATE_MS;

	while (edges_has_late(e) &&
	    e->late[e->late_head % EDGES_LATE].since_ms <= before_ms)
		loop_fd_admit_late(e->late[e->late_head % EDGES_LATE].fd);
	if (edges_has_late(e))
		loop_timer_start(&e->late_timer, LOOP_LATE_MS);
}

/* --- descriptors ------------------------------------------------------------ */

void
loop_fd_start(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	*f = (struct loop_fd){ .loop = l, .fd = fd, .fn = fn, .arg = arg,
		.is_edge = true };
	edges_add(&l->edges, f);
}

void
loop_fd_start_late(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	struct edges *e = &l->edges;

	*f = (struct loop_fd){ .loop = l, .fd = fd, .fn = fn, .arg = arg,
		.is_edge = true };
	if (e->late_tail - e->late_head == EDGES_LATE)
		loop_fd_admit_late(e->late[e->late_head % EDGES_LATE].fd);
	edges_take_seat(e, f);
	if (!loop_timer_is_running(&e->late_timer))
		loop_timer_start(&e->late_timer, LOOP_LATE_MS);
}

static void
loop_fd_on_level(int fd, short what, void *arg)
{
	struct loop_fd *f = arg;

	(void)fd;
	(void)what;
	loop_enter(f->loop);
	loop_fd_tell(f->loop, f, LOOP_READ);
}

void
loop_fd_start_level(struct loop_fd *f, struct loop *l, int fd,
    void (*fn)(void *, unsigned), void *arg)
{
	*f = (struct loop_fd){ .loop = l, .fd = fd, .fn = fn, .arg = arg };
	f->event = loop_event(l, fd, EV_READ | EV_PERSIST, loop_fd_on_level, f);
}

bool
loop_fd_is_running(const struct loop_fd *f)
{
	return f->is_edge || f->event != NULL;
}

void
loop_fd_stop(struct loop_fd *f)
{
	if (f->is_late) {
		edges_leave_seat(&f->loop->edges, f);
		f->is_edge = false;
	} else if (f->is_edge) {
		epoll_ctl(f->loop->edges.fd, EPOLL_CTL_DEL, f->fd, NULL);
		edges_forget(&f->loop->edges, f);
		f->is_edge = false;
	} else if (f->event != NULL) {
		event_free(f->event);
		f->event = NULL;
	}
}

void
loop_fd_close(struct loop_fd *f)
{
	if (f->is_edge && !f->is_late) {
		edges_forget(&f->loop->edges, f);
		f->is_edge = false;
	} else {
		loop_fd_stop(f);
	}
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
	s->event = loop_event(l, signo, EV_SIGNAL | EV_PERSIST,
	    loop_on_signal_event, s);
}
