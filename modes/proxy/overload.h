#ifndef PROXY_OVERLOAD_H
#define PROXY_OVERLOAD_H

#include <stdatomic.h>

#include "base/slice.h"
#include "http/head.h"
#include "stat/stat.h"

/*
 * overload: when this proxy has too much to do, and what it refuses then.
 *
 * Life: overload_init -> overload_look four times a second on one thread, until
 *       it says that it may sleep; overload_note_work and overload_note_turn by
 *       workers, overload_level by everybody -> overload_fini.
 *
 * What workers took for a turn of their loop, the memory in use and the
 * descriptors that are open are compared with a bound each.  From four fifths of
 * one of them on nothing is sent twice: no retries, no hedges, no copies for
 * mirrors, and requests that say of themselves that they are in no hurry
 * (RFC 9218: urgency 5 to 7) are refused.  From the bound on all new requests are
 * answered with 503, and new connections of other sidecars are closed, so that
 * they go elsewhere.  What is under way goes on; so does the admin listener.  A
 * level is left when less than nine tenths of what led to it are used.
 */
enum overload_level {
	OVERLOAD_NONE,
	OVERLOAD_HIGH,	/* nothing twice, nothing that can wait */
	OVERLOAD_FULL,	/* nothing new */
};
enum overload_resource { OVERLOAD_LAG, OVERLOAD_MEMORY, OVERLOAD_DESCRIPTORS };
#define OVERLOAD_RESOURCES	(OVERLOAD_DESCRIPTORS + 1)

/* 0 for a bound: there is none. */
struct overload_settings {
	uint64_t bounds[OVERLOAD_RESOURCES];	/* us, bytes, number */
};

/* A proxy with nothing to do does not wake to see that. */
enum overload_watch {
	OVERLOAD_BUSY,		/* something began since the last look */
	OVERLOAD_IDLE,
	OVERLOAD_ASLEEP,	/* nobody looks */
};

struct overload {
	struct overload_settings set;
	void             (*wake)(void *arg);
	void              *wake_arg;
	atomic_int         watch;	/* enum overload_watch */
	atomic_int         level;	/* enum overload_level */
	atomic_ullong      turn_us;	/* the longest since the last look */
	uint64_t           turn_before_us;	/* of the look before */
	unsigned           looks;	/* with much memory in use */
	struct stat_series *shares[OVERLOAD_RESOURCES];	/* NULL: not counted */
};

/* stats may be NULL.  Somebody is to look, as after a call of wake. */
void overload_init(struct overload *, const struct overload_settings *,
    struct stat_registry *stats);
/* Called on any thread when looks are to begin again; NULL: they never end. */
void overload_on_wake(struct overload *, void (*wake)(void *arg), void *arg);
void overload_fini(struct overload *);
/* A turn of a worker's loop took so long.  Any thread. */
void overload_note_turn(struct overload *, uint64_t us);
void overload_wake(struct overload *);	/* for overload_note_work */
/*
 * Looks at what this process uses now.  Gives whether to look again, which is
 * not needed while nothing begins and no level is reached.
 */
bool overload_look(struct overload *);
/* The same with numbers of a test.  Gives the level, which it has logged. */
enum overload_level overload_judge(struct overload *,
    const uint64_t used[OVERLOAD_RESOURCES]);
/* Whether a request that begins now is refused.  Any thread. */
bool overload_refuses(const struct overload *, const struct http_head *);

static inline enum overload_level
overload_level(const struct overload *o)
{
	return (enum overload_level)atomic_load_explicit(&o->level,
	    memory_order_relaxed);
}

/* A connection or a request begins.  Any thread. */
static inline void
overload_note_work(struct overload *o)
{
	if (atomic_load_explicit(&o->watch, memory_order_relaxed) !=
	    OVERLOAD_BUSY)
		overload_wake(o);
}

#endif
