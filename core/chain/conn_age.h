#ifndef CHAIN_CONN_AGE_H
#define CHAIN_CONN_AGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * conn_age: how long a connection of HTTP takes new exchanges, and for how much
 * longer those under way may go on: by time and by their number.
 *
 * Life: conn_age_start -> young -> (its time or its last exchange) over
 *       -> (the grace has passed) cut.
 *
 * Connections that were made together do not end together: each gets up to a
 * tenth less than it may have.  Times are monotonic, in ms.
 */
struct age_limits {
	uint64_t max_ms;	/* 0: no limit, as the others */
	uint64_t grace_ms;	/* 0: until exchanges end by themselves */
	uint64_t requests;
};

struct conn_age {
	uint64_t end_ms, cut_ms;	/* 0: never, or not yet known */
	uint64_t grace_ms;
	uint64_t requests;	/* that may still begin; 0: any number */
	bool     is_over;
};

void conn_age_start(struct conn_age *, const struct age_limits *, uint64_t now_ms);
/* An exchange begins; true: it is the last, and the connection is over. */
bool conn_age_request(struct conn_age *, uint64_t now_ms);
/* True once: its time has come, and the connection is over. */
bool conn_age_ends(struct conn_age *, uint64_t now_ms);
/* It is over, for whatever reason: the grace begins. */
void conn_age_end(struct conn_age *, uint64_t now_ms);
/* What is still under way is to be cut off. */
bool conn_age_is_cut(const struct conn_age *, uint64_t now_ms);
/* When to ask again, from now; UINT64_MAX: no need. */
uint64_t conn_age_wake_ms(const struct conn_age *, uint64_t now_ms);

#endif
