#ifndef UPSTREAM_ENDPOINT_H
#define UPSTREAM_ENDPOINT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "upstream/adaptive.h"
#include "upstream/keepalive.h"
#include "upstream/window.h"

/*
 * endpoint: what is known of an endpoint and of a service while the process
 * runs.  It outlives snapshots, is found by name in a cluster_registry, counted,
 * and shared by all workers; fields are atomic, and no lock is taken.
 *
 * Marks say that something is the matter, so that one load tells who is fine.
 * Whoever changes them calls endpoint_mark or endpoint_unmark, which tells the
 * service, whose plans then look again (upstream/plan.h).
 */
#define MARK_MISSED	1u	/* the last connect failed */
#define MARK_OUT	2u	/* ejected, or to be tried after that */
#define MARK_UNHEALTHY	4u	/* says its health check */
#define MARK_DEGRADED	8u	/* works, but others should be used */
#define MARK_WARMING	16u	/* new: gets less at first */

/* Why an endpoint was ejected; words of endpoint_out_name. */
enum endpoint_out {
	OUT_NONE,
	OUT_CONSECUTIVE,	/* failures in a row */
	OUT_SUCCESS_RATE,	/* far below that of the others */
	OUT_FAILURE_SHARE,	/* more failures than allowed */
};
const char *endpoint_out_name(enum endpoint_out);

struct plan;

/* One port of a service. */
struct cluster_state {
	atomic_int      refs;
	char           *key;
	atomic_uint     conns, pending, requests, retries;
	atomic_uint     sessions;	/* TCP */
	atomic_uint     mismatches[2];	/* logged: mismatch.c */
	struct window   started, retried, rate;	/* with retry_interval_ms */
	atomic_uint     epoch;		/* grows with each change of a mark */
	atomic_bool     is_ejecting;	/* one decides at a time */
	pthread_mutex_t lock;		/* of what follows; not for traffic */
	struct plan    *plan;		/* in use by some cluster, or NULL */
	bool            was_sealed;
};

struct endpoint_state {
	atomic_int  refs;
	char       *key;	/* cluster, workload, address, identity, SNI */
	struct cluster_state *service;	/* counted */
	atomic_ullong generation;	/* of the latest cluster that has it */
	atomic_uint marks;
	atomic_uint active;	/* requests or TCP sessions under way */
	atomic_uint conns;
	atomic_ullong requests, failures, connect_failures;
	atomic_ullong cancelled;	/* requests that say nothing */
	atomic_uint   connect_failed;	/* times in a row */
	atomic_ullong missed_ms;	/* monotonic: the last time */
	atomic_ullong down_until_ms;	/* monotonic; 0: it could be reached */

	/* outlier.c */
	atomic_uint   failed_in_row;
	atomic_uint   out_reason;	/* enum endpoint_out */
	atomic_uint   out_times;	/* in a row: the next lasts longer */
	atomic_bool   is_probing;	/* one request finds out */
	atomic_ullong out_until_ms;	/* monotonic */
	uint64_t      seen_done, seen_failed;	/* at the look before */

	/* health.c, on its one loop */
	bool          was_checked;
	uint32_t      health_streak;	/* results in a row against the mark */

	atomic_ullong warm_from_ms;	/* monotonic, with MARK_WARMING */
	bool          is_new;		/* in no plan yet */
	atomic_ullong ewma;		/* latency.h */
	struct keepalive keepalive;

	/* turn.h */
	atomic_uint   slots, queued;
	pthread_mutex_t queue_lock;
	struct list   queue;		/* turn, longest first */
	struct adaptive adaptive;
};

void endpoint_state_ref(struct endpoint_state *);
void endpoint_state_unref(struct endpoint_state *);
void endpoint_mark(struct endpoint_state *, unsigned marks);
void endpoint_unmark(struct endpoint_state *, unsigned marks);

static inline unsigned
endpoint_marks(const struct endpoint_state *s)
{
	return atomic_load_explicit(&s->marks, memory_order_relaxed);
}

/*
 * A connection, begun at since_ms, was made or could not be made.  Who cannot be
 * reached is left alone for 1 s, then 2, 4 ... at most 30 s; then one request
 * finds out for all.
 */
void endpoint_state_reached(struct endpoint_state *);
void endpoint_state_missed(struct endpoint_state *, uint64_t since_ms,
    uint64_t now_ms);
bool endpoint_state_is_down(const struct endpoint_state *, uint64_t now_ms);

/* How good it is to send something there, from the best to the worst. */
enum endpoint_doubt {
	DOUBT_NONE,
	DOUBT_DEGRADED,
	DOUBT_OUT,	/* ejected or unhealthy */
	DOUBT_DOWN,	/* it cannot be reached */
};
enum endpoint_doubt endpoint_doubt(const struct endpoint_state *,
    uint64_t now_ms);
/* A request goes there: whoever is the first after a pause finds out for all. */
void endpoint_state_try(struct endpoint_state *, uint64_t now_ms);

/* For people.  state: "available", "degraded", "warming", "ejected", "probing",
 * "unhealthy" or "unreachable"; why: a word or empty. */
struct endpoint_report {
	const char *state, *why;
	uint64_t    left_ms;	/* until it is tried again; 0: not known */
};
void endpoint_report(const struct endpoint_state *, uint64_t now_ms,
    struct endpoint_report *);

#endif
