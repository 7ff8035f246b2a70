#ifndef ECHO_REACTOR_H
#define ECHO_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/*
 * reactor: epoll and timers for one thread of echo, level-triggered.
 * Life: reactor_init -> reactor_run (until reactor_stop) -> reactor_fini.
 *
 * Independent of core/loop on purpose: this program checks the mesh, and a
 * fault of the mesh must not be mirrored by the one who checks it.
 *
 * A watch is embedded in the object that owns the descriptor.  The object is
 * freed through watch_close, after the current batch of events, so that an
 * event later in the batch still finds memory.  When the reactor ends, each
 * open watch gets EPOLLHUP, at which its owner closes it.
 */
struct reactor;

struct watch {
	struct list     link;
	struct reactor *reactor;
	int             fd;		/* -1: closed */
	uint32_t        events;
	void          (*on_event)(struct watch *, uint32_t events);
	void          (*free)(struct watch *);
};

struct timer {
	struct list link;
	uint64_t    at_ms;
	void      (*on_time)(struct timer *);
};

#define REACTOR_READ_MAX	65536

struct reactor {
	int         epoll_fd, wake_fd;
	struct list watches, dead, timers;	/* timers: soonest first */
	bool        stopped;
	bool        is_dispatching;
	/* One read buffer for all connections: idle ones hold no memory. */
	char        read_buf[REACTOR_READ_MAX];
};

/* Returns -1 with errno set. */
int  reactor_init(struct reactor *);
void reactor_run(struct reactor *);
/* From any thread, also from a signal handler. */
void reactor_stop(struct reactor *);
void reactor_fini(struct reactor *);

/* Owns fd from here on.  free releases the object after watch_close. */
void watch_open(struct watch *, struct reactor *, int fd, uint32_t events,
    void (*on_event)(struct watch *, uint32_t), void (*free)(struct watch *));
void watch_want(struct watch *, uint32_t events);
/* Closes fd now and keeps the object until watch_close. */
void watch_drop(struct watch *);
/* Closes fd now and frees the object after the batch.  Harmless twice. */
void watch_close(struct watch *);

/* Sets or moves the timer. */
void timer_set(struct reactor *, struct timer *, uint64_t delay_ms,
    void (*on_time)(struct timer *));
void timer_clear(struct timer *);

#endif
