#ifndef UPSTREAM_TURN_H
#define UPSTREAM_TURN_H

#include "loop/loop.h"
#include "upstream/cluster.h"

/*
 * turn: so many requests run at one endpoint at a time, over all workers; up to
 * a number more wait, in their order and for queue_ms at most.
 *
 * Life: turn_take -> TURN_NOW, or TURN_WAIT and done once, later, on the same
 *       loop (granted or not) -> turn_give if it was granted.
 *       turn_cancel instead of done: nothing is to be given back.
 *
 * A lock is only taken where somebody has to wait.
 */
enum turn_answer { TURN_NOW, TURN_WAIT, TURN_FULL };
struct turn;

struct turn_order {
	uint32_t     limit;	/* may differ each time */
	uint32_t     queue;
	uint64_t     queue_ms;
	struct loop *loop;
	void       (*done)(void *arg, bool granted);
	void        *arg;
};
/* Borrows the order.  *out: with TURN_WAIT, until done is called. */
enum turn_answer turn_take(struct endpoint_state *, const struct turn_order *,
    struct turn **out);
void turn_give(struct endpoint_state *, uint32_t limit);
void turn_cancel(struct turn *);

#endif
