#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "cmd/echo/reactor.h"

#define BATCH	128

int
reactor_init(struct reactor *r)
{
	list_init(&r->watches);
	list_init(&r->dead);
	list_init(&r->timers);
	r->stopped = false;
	r->is_dispatching = false;
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll_fd < 0 || r->wake_fd < 0)
		return -1;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, r->wake_fd, &ev);
}

static void
free_dead(struct reactor *r)
{
	struct list *link;

	while ((link = list_pop(&r->dead)) != NULL) {
		struct watch *w = list_entry(link, struct watch, link);

		w->free(w);
	}
}

static void
run_timers(struct reactor *r)
{
	uint64_t now = clock_mono_ms();

	while (!list_is_empty(&r->timers)) {
		struct timer *t = list_entry(r->timers.next, struct timer, link);

		if (t->at_ms > now)
			return;
		list_remove(&t->link);
		t->on_time(t);
	}
}

/* Milliseconds until the next timer, -1 without one. */
static int
wait_ms(const struct reactor *r)
{
	if (list_is_empty(&r->timers))
		return -1;
	uint64_t at = list_entry(r->timers.next, struct timer, link)->at_ms;
	uint64_t now = clock_mono_ms();

	if (at <= now)
		return 0;
	return at - now > INT_MAX ? INT_MAX : (int)(at - now);
}

static void
dispatch(struct reactor *r, const struct epoll_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		struct watch *w = events[i].data.ptr;

		if (w == NULL)		/* only reactor_stop wakes us */
			r->stopped = true;
		else if (w->fd >= 0)
			w->on_event(w, events[i].events);
	}
}

void
reactor_run(struct reactor *r)
{
	struct epoll_event events[BATCH];

	r->is_dispatching = true;
	while (!r->stopped) {
		int n = epoll_wait(r->epoll_fd, events, BATCH, wait_ms(r));

		check(n >= 0 || errno == EINTR);
		dispatch(r, events, n);
		run_timers(r);
		free_dead(r);
	}
	while (!list_is_empty(&r->watches)) {
		struct watch *w = list_entry(r->watches.next, struct watch, link);

		w->on_event(w, EPOLLHUP);
		check(w->fd < 0);
	}
	free_dead(r);
	r->is_dispatching = false;
}

void
reactor_stop(struct reactor *r)
{
	uint64_t one = 1;
	int saved = errno;

	/* Full means that it is being woken already. */
	if (write(r->wake_fd, &one, sizeof(one)) < 0)
		check(errno == EAGAIN);
	errno = saved;
}

void
reactor_fini(struct reactor *r)
{
	check(!r->is_dispatching && list_is_empty(&r->watches));
	close(r->epoll_fd);
	close(r->wake_fd);
}

void
watch_open(struct watch *w, struct reactor *r, int fd, uint32_t events,
    void (*on_event)(struct watch *, uint32_t), void (*free)(struct watch *))
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	*w = (struct watch){
		.reactor = r, .fd = fd, .events = events,
		.on_event = on_event, .free = free,
	};
	list_append(&r->watches, &w->link);
	check(epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0);
}

void
watch_want(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w->fd < 0 || w->events == events)
		return;
	w->events = events;
	check(epoll_ctl(w->reactor->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev) == 0);
}

void
watch_drop(struct watch *w)
{
	if (w->fd < 0)
		return;
	close(w->fd);
	w->fd = -1;
	list_remove(&w->link);
}

void
watch_close(struct watch *w)
{
	watch_drop(w);
	if (!list_is_linked(&w->link))
		list_append(&w->reactor->dead, &w->link);
}

void
timer_set(struct reactor *r, struct timer *t, uint64_t delay_ms,
    void (*on_time)(struct timer *))
{
	struct list *at;

	timer_clear(t);
	t->at_ms = clock_mono_ms() + delay_ms;
	t->on_time = on_time;
	/* Most delays are equal, so the right place is near the end. */
	for (at = r->timers.prev; at != &r->timers; at = at->prev)
		if (list_entry(at, struct timer, link)->at_ms <= t->at_ms)
			break;
	list_insert_before(at->next, &t->link);
}

void
timer_clear(struct timer *t)
{
	list_remove(&t->link);
}
