#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/*
 * loop: one thread's event loop: descriptors (loop/loop_fd.h), timers, deferred
 * calls, and a mailbox that other threads post to.
 *
 * Life: loop_new -> (loop_fd_start, loop_timer_start, loop_defer, loop_post)
 *       -> loop_run ... loop_stop -> loop_free.
 *
 * One turn is: wait, call what is ready, run timers that are due, run posted
 * and deferred calls until there are none (but no more than 16 rounds, so that
 * calls that defer each other cannot starve descriptors), free what was given
 * to loop_free_later.  Everything but loop_post and loop_stop belongs to the
 * loop's own thread.  Callbacks never nest.  A loop without work does not
 * wake.
 */
struct loop;

struct loop *loop_new(const char *name);	/* name: of the thread, in logs */
/*
 * Runs what is still posted or deferred, so that nothing they carry is lost,
 * then frees.  Timers and descriptors must be stopped before.
 */
void loop_free(struct loop *);
/*
 * Runs what was posted and put off, then what waits for the end; before what it
 * is about is freed.
 */
void loop_finish(struct loop *);
void loop_run(struct loop *);	/* returns after loop_stop */
void loop_stop(struct loop *);	/* any thread; also before loop_run */
const char *loop_name(const struct loop *);
/* Before it starts: turns are long; gives way to who wakes (Linux 6.12). */
void loop_set_patient(struct loop *);
/* In a thread of its own, all signals blocked; -1: there can be no more. */
int  loop_thread_start(struct loop *);
void loop_thread_join(struct loop *);

/* Monotonic time as of this turn's start; cheap. */
uint64_t loop_now_ms(const struct loop *);
uint64_t loop_now_us(const struct loop *);
/* Time spent in callbacks, and turns made, since start (any thread). */
uint64_t loop_busy_us(const struct loop *);
uint64_t loop_turns(const struct loop *);
/* Before it starts: fn ends each turn that took so long; it starts nothing. */
void loop_on_stall(struct loop *, uint64_t least_us,
    void (*fn)(void *arg, uint64_t us), void *arg);

/* --- deferred calls -------------------------------------------------- */

/* Embedded in the object that defers itself; queued twice runs once. */
struct loop_task {
	struct list link;
	void      (*fn)(void *arg);
	void       *arg;
};

void loop_task_init(struct loop_task *, void (*fn)(void *), void *arg);
void loop_defer(struct loop *, struct loop_task *);	/* runs this turn */
/* Runs in the next turn, after descriptors had theirs: for taking turns. */
void loop_defer_next(struct loop *, struct loop_task *);
/*
 * Runs when the loop ends, behind all else: for what goes on by itself for a
 * while, with a timer or a descriptor, and has nobody else to end it.
 */
void loop_at_end(struct loop *, struct loop_task *);
void loop_task_cancel(struct loop_task *);	/* harmless when not queued */
/*
 * What is deferred runs as soon as the callback of this descriptor returns, not
 * when all that are ready had theirs: for whoever read so much that it should
 * leave while it is in the cache.
 */
void loop_hurry(struct loop *);

/* Frees p with free_fn when this turn ends. */
void loop_free_later(struct loop *, void (*free_fn)(void *), void *p);

/* Any thread: fn(arg) runs on the loop's thread, in the order of posting. */
void loop_post(struct loop *, void (*fn)(void *), void *arg);

/*
 * Room for what net/conn_peers.h keeps for each loop: NULL at first, freed by
 * mem_free with the loop.
 */
void **loop_keeps(struct loop *);

/* --- timers ---------------------------------------------------------- */

/*
 * One shot, counted from loop_now_ms.  Starting again replaces the time;
 * starting to a later time costs nothing (the timer fires early inside and
 * re-arms itself).  May fire up to 1 % late (at least 1 ms), never early.
 */
struct loop_timer {
	struct loop *loop;
	void       (*fn)(void *arg);
	void        *arg;
	uint64_t     due_ms;	/* 0: not running */
	size_t       slot;	/* the loop's */
};

void loop_timer_init(struct loop_timer *, struct loop *, void (*fn)(void *),
    void *arg);
void loop_timer_start(struct loop_timer *, uint64_t ms);
void loop_timer_stop(struct loop_timer *);	/* must precede freeing */
bool loop_timer_is_running(const struct loop_timer *);

/* --- signals ---------------------------------------------------------- */

/*
 * fn(arg, signo) runs on this loop; one loop of the process may use it.  Ends
 * with loop_free.  A forked child that does not exec resets its handlers
 * first: they write to a descriptor that it shares with us.
 */
void loop_on_signal(struct loop *, int signo, void (*fn)(void *, int), void *);

const char *loop_library_version(void);

#endif
