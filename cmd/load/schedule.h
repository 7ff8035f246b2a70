#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * schedule: when each request is to be sent, as absolute times: the nth at
 * start + n / rate.  It does not wait for replies, and a request that leaves
 * late keeps its time: latency is counted from there, so that a server which
 * stalls is charged for every request that it delayed (no coordinated
 * omission).
 *
 * Life: schedule_init -> schedule_take ...
 */
struct schedule {
	uint64_t start_ns;	/* clock_mono_ns */
	uint64_t rate;		/* each second; 0: always due, now */
	uint64_t taken;
};

void schedule_init(struct schedule *, uint64_t start_ns, uint64_t rate);
/* When the next one is to be sent; not with rate 0. */
uint64_t schedule_next_ns(const struct schedule *);
/* Takes the next one if it is due, and gives the time it was due at. */
bool schedule_take(struct schedule *, uint64_t now_ns, uint64_t *due_ns);

#endif
