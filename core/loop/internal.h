#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "loop/loop_fd.h"
#include "loop/mailbox.h"
#include "loop/timers.h"

/* internal: what the files of this folder know about a loop. */

#define LOOP_NAME_MAX	16	/* the kernel's limit for a thread's name */
#define WATCHES_BATCH	128
#define WATCHES_LATE	128	/* a power of two, at most 256 */
#define LOOP_SIGNALS	8

struct loop_garbage {
	void (*free_fn)(void *);
	void  *p;
};

struct loop_signal {
	struct loop  *loop;
	struct event *event;
	void        (*fn)(void *, int);
	void         *arg;
};

/*
 * watches: the descriptors of a loop stand in an epoll set of its own, in which
 * it waits.  A connection costs one registration, which closing it undoes; an
 * error is told apart from data and a listening socket can be shared, which
 * libevent does not offer; and an event runs straight to its owner.  libevent's
 * base waits for signals and for its resolver: a loop that has such guests
 * waits in the base, with this set as one descriptor of it.
 */
struct watches {
	int                fd;
	struct event      *event;	/* of the base, once there are guests */
	struct epoll_event batch[WATCHES_BATCH];	/* being reported */
	int                at, len;

	/* Those that are not registered yet, in the order they came. */
	struct {
		struct loop_fd *fd;	/* NULL: it left */
		uint64_t        since_ms;
	} late[WATCHES_LATE];
	unsigned           late_head, late_tail;
	struct loop_timer  late_timer;
};

struct loop {
	struct event_base   *base;
	char                 name[LOOP_NAME_MAX];
	pthread_t            thread;
	bool                 is_patient;
	atomic_bool          must_stop;

	uint64_t             now_us;
	bool                 in_turn;
	_Atomic uint64_t     busy_us;
	_Atomic uint64_t     turns;
	uint64_t             stall_us;	/* loop_on_stall; UINT64_MAX: nobody asks */
	void               (*stalled)(void *arg, uint64_t us);
	void                *stalled_arg;

	struct list          deferred, deferred_next, at_end;
	bool                 in_hurry;
	struct loop_garbage *garbage;
	size_t garbage_old;
	size_t               garbage_len, garbage_cap;

	struct mailbox       box;
	struct mail_list     mails;	/* taken, being run */
	int                  box_fd;	/* eventfd, never read: edges suffice */
	struct loop_fd       box_watch;

	struct timers        timers;
	int                  timer_fd;	/* likewise */
	struct loop_fd       timer_watch;
	uint64_t             timer_armed_ms;	/* 0: not armed */

	struct watches       watches;
	struct loop_signal   signals[LOOP_SIGNALS];
	size_t               signals_len;
	void                *kept;	/* loop_keeps */
};

/* Every callback from libevent begins with it: takes the turn's time. */
void loop_be_patient(const struct loop *);	/* the thread, if it is to be */
void loop_enter(struct loop *);
void loop_run_calls(struct loop *);	/* posted and deferred ones */
struct event *loop_event(struct loop *, int fd, short what,
    void (*fn)(int, short, void *), void *arg);

void watches_init(struct loop *);
void watches_fini(struct loop *);
/* Of the loop itself: told whenever it is written to, and never read. */
void loop_fd_start_wake(struct loop_fd *, struct loop *, int fd,
    void (*fn)(void *, unsigned), void *arg);
/* There are guests: the loop waits in libevent's base from now on. */
void watches_invite(struct loop *);
/* Calls what is ready; waits for it if it may rest. */
void watches_wait(struct loop *, bool may_rest);

#endif
