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
#define EDGES_BATCH	128
#define EDGES_LATE	128	/* a power of two, at most 256 */
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
 * edges: the descriptors of connections stand in an epoll set of the loop's
 * own, which libevent watches as one descriptor.  A connection costs one
 * registration, which closing it undoes; an error is told apart from data,
 * which libevent does not; and an event runs straight to its owner.
 */
struct edges {
	int                fd;
	struct event      *event;
	struct epoll_event batch[EDGES_BATCH];	/* being reported */
	int                at, len;

	/* Those that are not registered yet, in the order they came. */
	struct {
		struct loop_fd *fd;	/* NULL: it left */
		uint64_t        since_ms;
	} late[EDGES_LATE];
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

	struct list          deferred, deferred_next;
	bool                 in_hurry;
	struct loop_garbage *garbage;
	size_t garbage_old;
	size_t               garbage_len, garbage_cap;

	struct mailbox       box;
	struct mail_list     mails;	/* taken, being run */
	int                  box_fd;	/* eventfd, never read: edges suffice */
	struct event        *box_event;

	struct timers        timers;
	int                  timer_fd;	/* likewise */
	struct event        *timer_event;
	uint64_t             timer_armed_ms;	/* 0: not armed */

	struct edges         edges;
	struct loop_signal   signals[LOOP_SIGNALS];
	size_t               signals_len;
};

/* Every callback from libevent begins with it: takes the turn's time. */
void loop_enter(struct loop *);
void loop_run_calls(struct loop *);	/* posted and deferred ones */
struct event *loop_event(struct loop *, int fd, short what,
    void (*fn)(int, short, void *), void *arg);

void edges_init(struct loop *);
void edges_fini(struct loop *);

#endif
