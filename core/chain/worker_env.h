#ifndef CHAIN_WORKER_ENV_H
#define CHAIN_WORKER_ENV_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/slice.h"
#include "loop/flow.h"
#include "loop/loop.h"

/*
 * worker_env: what belongs to one worker and is wanted everywhere on it: its
 * loop, who we are, where it counts.
 */
struct conn_peer;
struct stat_memo;
struct stat_registry;
struct stat_worker;

struct worker_env {
	struct loop  *loop;
	int           index;	/* 0 ... workers - 1 */
	struct flow   flow;	/* sum of what is queued on this worker */
	struct list   runs;	/* connections with an L4 chain */
	struct list   asides;	/* exchanges without a connection: l7_aside.c */
	size_t        asides_len;
	bool          is_draining;	/* who comes now ends in order too */
	bool        (*is_leaving)(void *arg, const struct conn_peer *);
	void         *leaving_arg;	/* of worker_env_part; or both NULL */
	bool          is_closing;	/* what still goes on is cut off by us */
	struct stat_registry *stats;	/* where filters find their series, */
	struct stat_worker   *stat;	/* and this worker's cells; both may be
					   NULL: nothing is counted */
	struct stat_memo     *memo;	/* series met before; with stat */
	struct slice  service, workload;	/* ours, "ns/name"; for logs and counters */
	struct slice  account;	/* of our application, "ns/name"; "": unknown */
	void         *mode;	/* the mode's own per-worker object */
	/*
	 * What others read whenever they accept, on cache lines that nothing else
	 * is on.
	 */
	char          apart[64];
	atomic_size_t runs_len;
	atomic_size_t arriving;	/* no chain has them yet; the mode counts */
	char          behind[64];
};

void worker_env_init(struct worker_env *, struct loop *, int index, void *mode);
/* Connections that it has and that are on their way to it.  Any thread. */
size_t worker_env_conns(const struct worker_env *);
/* Asks every connection of the worker, and who still comes, to end in order. */
void worker_env_drain(struct worker_env *);
/*
 * Asks those connections to end in order whose peer `is_leaving` says that of,
 * and from then on each that comes, until it is set again; NULL: none.
 */
typedef bool worker_env_leaving(void *arg, const struct conn_peer *);
void worker_env_part(struct worker_env *, worker_env_leaving *, void *arg);
/* Closes every connection now, and ends what is beside them. */
void worker_env_close(struct worker_env *);
/*
 * Adds to the series of a family with these labels, as its type says: a
 * counter, a gauge (by may be negative) or a value for a histogram.
 */
void worker_env_count(struct worker_env *, size_t family,
    const struct slice *labels, size_t n, int64_t by);
/*
 * The same for labels DESTINATION of metrics.c, and a reason behind them unless
 * that is NULL.  What is no service ("ns/name") is not counted.
 */
void worker_env_count_service(struct worker_env *, size_t family,
    struct slice service, const char *reason, int64_t by);

#endif
