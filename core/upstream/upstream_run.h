#ifndef UPSTREAM_UPSTREAM_RUN_H
#define UPSTREAM_UPSTREAM_RUN_H

#include "base/list.h"
#include "base/map.h"
#include "upstream/upstream.h"

/*
 * upstream_run: the insides of one worker's upstream, shared by connector.c,
 * pool.c and attempt.c.
 */
struct upstream {
	struct worker_env         *worker;
	const struct upstream_env *env;
	struct map                 locals;	/* endpoint key -> endpoint_local */
	struct list                connects;	/* pool_connect, under way */
	struct upstream_counts     counts;
	uint64_t                   generation;	/* of identity and bundle */
	bool                       is_closed;
};

/*
 * What one worker knows of one endpoint: its pool and who waits.  It lives
 * as long as it has a connection or a user.
 */
struct endpoint_local {
	struct upstream       *up;
	struct endpoint_state *state;	/* counted */
	struct list            idle;	/* pool_conn, last used first */
	struct list            busy;
	struct list            waiting;	/* attempt, longest first */
	unsigned               users;	/* attempts, connects, calls at work on it */
	bool                   is_gone;	/* left its cluster: keep nothing idle */
};

struct pool_conn {
	struct list            link;	/* in idle or busy */
	struct endpoint_local *local;
	struct conn           *conn;
	struct codec          *codec;
	struct cluster        *cluster;	/* counted: its state counts the conn */
	struct loop_timer      timer;
	uint64_t               since_ms, idle_ms, idle_since_ms;
	uint64_t               was_idle_ms;	/* until its use; 0: it answers */
	int64_t                not_after;
	uint64_t               uses;
	size_t                 unreported;	/* sent, the codec does not know */
	bool                   is_idle, blocked, finished;
	bool                   ending;	/* our side ends behind the output */
};

struct attempt {
	struct list                  link;	/* in local->waiting */
	struct upstream             *up;
	struct endpoint_local       *local;
	struct cluster              *cluster;	/* counted */
	const struct endpoint       *endpoint;	/* in cluster */
	struct arena                *arena;
	const struct attempt_events *events;
	void                        *owner;
	struct pool_conn            *conn;
	struct stream               *stream;
	struct loop_task             start;
	uint64_t                     start_us, connect_us, answer_us;
	struct turn                 *turn;	/* while it waits for one */
	bool                         counted, reused, is_penalised;
	bool                         has_turn, is_idempotent, is_wary;
	uint64_t                     idle_ms;	/* of conn, before its use */
	struct slice                 announcement;
	enum response_flag           flag;	/* of a deferred failure */
	const char                  *details;
};

/* The pool's side of an attempt. */
struct endpoint_local *endpoint_local_get(struct upstream *,
    const struct endpoint *);
/* Frees it if nothing is left in it. */
void endpoint_local_check(struct endpoint_local *);
/* One idle for less than that which can be used, taken out of idle, or NULL. */
struct pool_conn *pool_take_idle(struct endpoint_local *, uint64_t idle_ms);
/* What was taken but not used serves the next, or goes idle again. */
void pool_put(struct pool_conn *);
/* Starts a connect that will serve whoever waits longest. */
void pool_connect(struct endpoint_local *, const struct cluster *,
    const struct endpoint *);
/* A connection is there for this attempt; on_stream follows at once. */
void attempt_bind(struct attempt *, struct pool_conn *);
void attempt_fail(struct attempt *, enum response_flag, const char *details);

#endif
