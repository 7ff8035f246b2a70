#ifndef LOOP_TIMERS_H
#define LOOP_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"

/*
 * timers: what a loop's running timers are kept in: a heap with four children
 * per node, ordered by key.  A timer's key is at most its due_ms: moving a
 * timer later only sets due_ms, and the key catches up when it is reached.
 */
struct timers_slot {
	uint64_t           key_ms;
	struct loop_timer *timer;
};

struct timers {
	struct timers_slot *slots;	/* timer->slot is its index + 1 */
	size_t              len, cap;
};

void timers_fini(struct timers *);
/* due_ms is rounded up so that timers far away fall together (under 1 %). */
void timers_start(struct timers *, struct loop_timer *, uint64_t now_us,
    uint64_t ms);
void timers_stop(struct timers *, struct loop_timer *);
/* Takes the next timer out that is due, or gives NULL. */
struct loop_timer *timers_next_due(struct timers *, uint64_t now_ms);
/* When timers_next_due should be asked again; 0: never. */
uint64_t timers_wake_ms(const struct timers *);

#endif
