#ifndef LOOP_LOOP_FD_H
#define LOOP_LOOP_FD_H

#include "loop/loop.h"

/*
 * loop_fd: a descriptor that a loop watches.  Descriptors are edge-triggered
 * and registered once for both directions: whoever is called does I/O until it
 * would block (or remembers that it stopped early and defers itself).
 *
 * Life: loop_fd_start | _late | _level | _shared -> loop_fd_stop | _close.
 */
#define LOOP_READ	1u
#define LOOP_WRITE	2u
#define LOOP_HANGUP	4u	/* the peer ended its side, or an error waits */

struct loop_fd {
	struct loop  *loop;
	void        (*fn)(void *arg, unsigned ready);
	void         *arg;
	int           fd;
	bool          is_running;
	bool          is_late;	/* not registered yet */
	uint8_t       seat;	/* then: where it waits for that */
};

/*
 * Keeps the object until loop_fd_stop; does not own fd.  LOOP_HANGUP comes
 * with LOOP_READ: read until the end or the error shows.
 */
void loop_fd_start(struct loop_fd *, struct loop *, int fd,
    void (*fn)(void *, unsigned), void *arg);
/*
 * The same for a connection that may be over soon, which is spared two system
 * calls then: it is registered when its owner waits for something of it
 * (loop_fd_admit), or after LOOP_LATE_MS.  Until then fn is not called.
 */
void loop_fd_start_late(struct loop_fd *, struct loop *, int fd,
    void (*fn)(void *, unsigned), void *arg);
#define LOOP_LATE_MS	5
void loop_fd_admit_late(struct loop_fd *);

static inline void
loop_fd_admit(struct loop_fd *f)
{
	if (f->is_late)
		loop_fd_admit_late(f);
}

/* As loop_fd_start but level-triggered and for reading only: pipes, inotify. */
void loop_fd_start_level(struct loop_fd *, struct loop *, int fd,
    void (*fn)(void *, unsigned), void *arg);
/*
 * The same for a listening socket that several loops watch: of those that rest
 * one is woken (EPOLLEXCLUSIVE), but for loops with guests, which all are.
 */
void loop_fd_start_shared(struct loop_fd *, struct loop *, int fd,
    void (*fn)(void *, unsigned), void *arg);
bool loop_fd_is_running(const struct loop_fd *);
void loop_fd_stop(struct loop_fd *);	/* before close(fd); harmless twice */
/*
 * Stops it and closes fd, for less than both cost.  Nobody else may have a
 * duplicate of fd.
 */
void loop_fd_close(struct loop_fd *);

#endif
