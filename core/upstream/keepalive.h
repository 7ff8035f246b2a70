#ifndef UPSTREAM_KEEPALIVE_H
#define UPSTREAM_KEEPALIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * keepalive: for how long a peer keeps idle connections, learnt from those that
 * it ended.  A pool retires its connections before that, since a request that
 * meets the end on its way is lost.
 *
 * One end may have another cause, such as a restart: what is learnt from one is
 * loosened a little with each connection that is retired for it, until a second
 * end, at another time and after about as long, makes sure.
 */
struct keepalive {
	atomic_uint   limit_ms;	/* the peer's, as we believe; 0: not known */
	atomic_uint   ended_ms;	/* as it was seen last */
	atomic_ullong seen_ms;	/* monotonic: when learnt */
	atomic_bool   is_sure;
};

/* The peer ended a connection that was idle for so long. */
void keepalive_ended(struct keepalive *, uint64_t idle_ms, uint64_t now_ms);
/* For how long a connection may be idle, at most what is asked for. */
uint64_t keepalive_idle_ms(const struct keepalive *, uint64_t asked_ms);
/* One was retired that the peer had not ended. */
void keepalive_retired(struct keepalive *);

#endif
