#ifndef FILTER_CACHE_FLIGHT_H
#define FILTER_CACHE_FLIGHT_H

#include "base/slice.h"
#include "loop/loop.h"

/*
 * cache_flight: of many requests for the same, one goes to the service and the
 * others wait for what becomes of it.  For all workers of a proxy.
 *
 * Life of a ticket: cache_flight_join -> (leads) the service is asked ->
 *     cache_flight_land or cache_flight_leave;
 *     (follows) wake is called once on its own loop, or cache_flight_leave.
 *
 * The answer itself goes by way of the store: whoever leads puts it there
 * before it lands.  A follower is never left behind: it is woken when the
 * answer turns out to be of no use to it, when the leader goes away, and at the
 * latest after wait_ms.  Where an answer was of no use to others, the next ones
 * for the same fly alone for a while, without waiting for one another.
 */
struct cache_flights;
struct cache_ticket;

enum flight_role { FLIGHT_LEADS, FLIGHT_FOLLOWS, FLIGHT_ALONE };

enum flight_end {
	FLIGHT_LANDED,		/* the store has the answer */
	FLIGHT_USELESS,		/* others cannot use it */
	FLIGHT_FAILED,		/* the service did not answer as it should */
	FLIGHT_LOST,		/* the leader went away: somebody else may lead */
	FLIGHT_LATE		/* wait_ms have passed */
};

struct flight_waiter {
	struct loop *loop;
	/* On that loop, not from within join; the ticket is gone then. */
	void       (*wake)(void *arg, enum flight_end);
	void        *arg;
	uint64_t     wait_ms;
};

struct cache_flights *cache_flights_new(void);
/* Nobody has a ticket any more but those who were woken. */
void cache_flights_free(struct cache_flights *);

/* Gives a ticket unless it answers FLIGHT_ALONE.  now_ms: monotonic. */
enum flight_role cache_flight_join(struct cache_flights *, struct slice key,
    const struct flight_waiter *, uint64_t now_ms, struct cache_ticket **);
/* By the leader: wakes all who follow.  Takes the ticket; NULL is allowed. */
void cache_flight_land(struct cache_ticket **, enum flight_end,
    uint64_t now_ms);
/* By either; of a leader it is FLIGHT_LOST.  Takes; NULL is allowed. */
void cache_flight_leave(struct cache_ticket **);

#endif
