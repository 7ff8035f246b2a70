#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "loop/buf.h"
#include "loop/event_base.h"
#include "loop/internal.h"

#define DEFER_ROUNDS 16

/* The loop that this thread runs: its own posts need not wake it. */
static _Thread_local struct loop *loop_current;

static void loop_on_box(void *, unsigned);
static void loop_on_timer(void *, unsigned);

static struct event_base *
loop_new_base(void)
{
	struct event_config *config = event_config_new();

	check(config != NULL);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	event_config_require_features(config, EV_FEATURE_ET |
	    EV_FEATURE_EARLY_CLOSE);
	struct event_base *base = event_base_new_with_config(config);

	check(base != NULL);
	event_config_free(config);
	return base;
}

struct event *
loop_event(struct loop *l, int fd, short what, void (*fn)(int, short, void *),
    void *arg)
{
	struct event *ev = event_new(l->base, fd, what, fn, arg);

	check(ev != NULL);
	check(event_add(ev, NULL) == 0);
	return ev;
}

struct loop *
loop_new(const char *name)
{
	struct loop *l = mem_zalloc(sizeof(*l));

	snprintf(l->name, sizeof(l->name), "%s", name);
	l->base = loop_new_base();
	l->stall_us = UINT64_MAX;
	list_init(&l->deferred);
	list_init(&l->deferred_next);
	list_init(&l->at_end);
	mailbox_init(&l->box);
	l->box_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC,
	    TFD_NONBLOCK | TFD_CLOEXEC);
	check(l->box_fd >= 0 && l->timer_fd >= 0);
	watches_init(l);
	loop_fd_start_wake(&l->box_watch, l, l->box_fd, loop_on_box, l);
	loop_fd_start_wake(&l->timer_watch, l, l->timer_fd, loop_on_timer, l);
	return l;
}

void **
loop_keeps(struct loop *l)
{
	return &l->kept;
}

const char *
loop_name(const struct loop *l)
{
	return l->name;
}

struct event_base *
loop_base(struct loop *l)
{
	watches_invite(l);
	return l->base;
}

const char *
loop_library_version(void)
{
	return event_get_version();
}

/* --- time -------------------------------------------------------------- */

void
loop_enter(struct loop *l)
{
	if (l->in_turn)
		return;
	l->in_turn = true;
	l->now_us = clock_mono_ns() / 1000;
}

static void
loop_leave(struct loop *l)
{
	uint64_t spent = clock_mono_ns() / 1000 - l->now_us;

	l->in_turn = false;
	atomic_fetch_add_explicit(&l->busy_us, spent, memory_order_relaxed);
	atomic_fetch_add_explicit(&l->turns, 1, memory_order_relaxed);
	if (spent >= l->stall_us)
		l->stalled(l->stalled_arg, spent);
}

void
loop_on_stall(struct loop *l, uint64_t least_us,
    void (*fn)(void *arg, uint64_t us), void *arg)
{
	l->stall_us = least_us;
	l->stalled = fn;
	l->stalled_arg = arg;
}

uint64_t
loop_now_us(const struct loop *l)
{
	return l->in_turn ? l->now_us : clock_mono_ns() / 1000;
}

uint64_t
loop_now_ms(const struct loop *l)
{
	return loop_now_us(l) / 1000;
}

uint64_t
loop_busy_us(const struct loop *l)
{
	return atomic_load_explicit(&l->busy_us, memory_order_relaxed);
}

uint64_t
loop_turns(const struct loop *l)
{
	return atomic_load_explicit(&l->turns, memory_order_relaxed);
}

/* --- deferred and posted calls ------------------------------------------ */

void
loop_task_init(struct loop_task *t, void (*fn)(void *), void *arg)
{
	list_init(&t->link);
	t->fn = fn;
	t->arg = arg;
}

void
loop_defer(struct loop *l, struct loop_task *t)
{
	if (!list_is_linked(&t->link))
		list_append(&l->deferred, &t->link);
}

void
loop_defer_next(struct loop *l, struct loop_task *t)
{
	if (!list_is_linked(&t->link))
		list_append(&l->deferred_next, &t->link);
}

void
loop_at_end(struct loop *l, struct loop_task *t)
{
	if (!list_is_linked(&t->link))
		list_append(&l->at_end, &t->link);
}

void
loop_task_cancel(struct loop_task *t)
{
	list_remove(&t->link);
}

void
loop_free_later(struct loop *l, void (*free_fn)(void *), void *p)
{
	if (l->garbage_len == l->garbage_cap) {
		l->garbage_cap = l->garbage_cap ? l->garbage_cap * 2 : 16;
		l->garbage = mem_realloc(l->garbage,
		    l->garbage_cap * sizeof(*l->garbage));
	}
	l->garbage[l->garbage_len++] = (struct loop_garbage){ free_fn, p };
}

static void
loop_wake(struct loop *l)
{
	eventfd_write(l->box_fd, 1);
}

static void
loop_on_box(void *arg, unsigned ready)
{
	(void)arg;
	(void)ready;	/* the turn's end runs what was posted */
}

void
loop_post(struct loop *l, void (*fn)(void *), void *arg)
{
	if (mailbox_post(&l->box, fn, arg) && loop_current != l)
		loop_wake(l);
}

void
loop_hurry(struct loop *l)
{
	l->in_hurry = true;
}

/* Posted calls, then the tasks deferred by now; both may ask for more. */
static void
loop_run_round(struct loop *l)
{
	struct list round = LIST_INIT(round);

	if (mailbox_has_mail(&l->box)) {
		mailbox_take(&l->box, &l->mails);
		for (size_t i = 0; i < l->mails.len; i++)
			l->mails.mails[i].fn(l->mails.mails[i].arg);
		l->mails.len = 0;
	}
	list_move_all(&round, &l->deferred);
	for (struct list *at; (at = list_pop(&round)) != NULL;) {
		struct loop_task *t = list_entry(at, struct loop_task, link);

		t->fn(t->arg);
	}
}

static bool
loop_has_calls(const struct loop *l)
{
	return !list_is_empty(&l->deferred) || mailbox_has_mail(&l->box);
}

void
loop_run_calls(struct loop *l)
{
	l->in_hurry = false;
	for (int i = 0; i < DEFER_ROUNDS && loop_has_calls(l); i++)
		loop_run_round(l);
}

static void
loop_free_garbage(struct loop *l)
{
	if (l->garbage_len == 0)
		return;
	/* Calls that are put off may still use what was given this turn. */
	size_t n = loop_has_calls(l) ? l->garbage_old : l->garbage_len;

	for (size_t i = 0; i < n; i++)
		l->garbage[i].free_fn(l->garbage[i].p);
	l->garbage_len -= n;
	memmove(l->garbage, l->garbage + n,
	    l->garbage_len * sizeof(*l->garbage));
	l->garbage_old = l->garbage_len;
}

/* --- timers -------------------------------------------------------------- */

void
loop_timer_init(struct loop_timer *t, struct loop *l, void (*fn)(void *),
    void *arg)
{
	*t = (struct loop_timer){ .loop = l, .fn = fn, .arg = arg };
}

void
loop_timer_start(struct loop_timer *t, uint64_t ms)
{
	timers_start(&t->loop->timers, t, loop_now_us(t->loop), ms);
}

void
loop_timer_stop(struct loop_timer *t)
{
	if (t->slot != 0)
		timers_stop(&t->loop->timers, t);
}

bool
loop_timer_is_running(const struct loop_timer *t)
{
	return t->due_ms != 0;
}

static void
loop_on_timer(void *arg, unsigned ready)
{
	struct loop *l = arg;

	(void)ready;
	l->timer_armed_ms = 0;
}

/* A time that is armed too early is left alone: one turn more, no call now. */
static void
loop_arm_timer(struct loop *l)
{
	uint64_t wake = timers_wake_ms(&l->timers);

	if (wake == 0 || (l->timer_armed_ms && l->timer_armed_ms <= wake))
		return;
	struct itimerspec at = { .it_value = {
		.tv_sec = (time_t)(wake / 1000),
		.tv_nsec = (long)(wake % 1000) * 1000000,
	} };

	check(timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
	l->timer_armed_ms = wake;
}

static void
loop_run_timers(struct loop *l)
{
	struct loop_timer *t;

	while ((t = timers_next_due(&l->timers, l->now_us / 1000)) != NULL)
		t->fn(t->arg);
}

/* --- turns ----------------------------------------------------------------- */

static bool
loop_has_work(const struct loop *l)
{
	return loop_has_calls(l) || l->garbage_len > 0 ||
	    !list_is_empty(&l->deferred_next);
}

static void
loop_turn(struct loop *l)
{
	loop_arm_timer(l);
	watches_wait(l, !loop_has_work(l));
	loop_enter(l);
	loop_run_timers(l);
	list_move_all(&l->deferred, &l->deferred_next);
	loop_run_calls(l);
	loop_free_garbage(l);
	loop_leave(l);
}

void
loop_run(struct loop *l)
{
	struct loop *outer = loop_current;

	loop_be_patient(l);
	loop_current = l;
	while (!atomic_load(&l->must_stop))
		loop_turn(l);
	atomic_store(&l->must_stop, false);
	loop_current = outer;
}

void
loop_stop(struct loop *l)
{
	atomic_store(&l->must_stop, true);
	loop_wake(l);
}

void
loop_finish(struct loop *l)
{
	while (loop_has_work(l) || !list_is_empty(&l->at_end)) {
		if (!loop_has_work(l))
			list_move_all(&l->deferred, &l->at_end);
		watches_wait(l, false);
		loop_enter(l);
		list_move_all(&l->deferred, &l->deferred_next);
		loop_run_calls(l);
		loop_free_garbage(l);
		loop_leave(l);
	}
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	loop_finish(l);
	for (size_t i = 0; i < l->signals_len; i++)
		event_free(l->signals[i].event);
	loop_fd_close(&l->box_watch);
	loop_fd_close(&l->timer_watch);
	watches_fini(l);
	timers_fini(&l->timers);
	mailbox_fini(&l->box);
	mem_free(l->mails.mails);
	mem_free(l->garbage);
	event_base_free(l->base);
	mem_free(l->kept);
	mem_free(l);
	arena_trim();
	buf_trim_cache();
}
