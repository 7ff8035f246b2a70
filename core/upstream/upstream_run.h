#ifndef UPSTREAM_UPSTREAM_RUN_H
#define UPSTREAM_UPSTREAM_RUN_H

#include "base/list.h"
#include "base/map.h"
#include "chain/conn_age.h"
#include "upstream/link_load.h"
#include "upstream/upstream.h"

/*
 * upstream_run: the insides of one worker's upstream, shared by upstream.c (all
 * of its endpoints), pool.c (one connection), pool_shared.c, pool_connect.c,
 * connector.c and attempt.c.
 */
struct upstream {
	struct worker_env         *worker;
	const struct upstream_env *env;
	/* Endpoint key -> endpoint_local; by is_h2 of clusters. */
	struct map                 locals[2];
	struct list                connects;	/* pool_connect, under way */
	struct upstream_counts     counts;
	uint64_t                   generation;	/* of identity and bundle */
	bool                       is_closed;
};

/*
 * What one worker knows of one endpoint: its pool and who waits.  It lives
 * as long as it has a connection or a user.  Clusters that speak version 2 have
 * one of their own: a connection cannot be both.
 */
struct endpoint_local {
	struct upstream       *up;
	struct endpoint_state *state;	/* counted */
	bool                   is_h2;	/* of its clusters */
	struct list            idle;	/* pool_conn, last used first */
	struct list            busy;
	struct list            shared;	/* those of either that many share */
	struct link_load       load;
	struct list            waiting;	/* attempt, longest first */
	size_t                 waiting_len;
	size_t                 connecting;	/* pool_connect, under way */
	size_t                 sharing;	/* ... of them, those that many may share */
	unsigned               users;	/* attempts, connects, calls at work on it */
	bool                   is_gone;	/* left its cluster: keep nothing idle */
};

#define POOL_STREAMS	100	/* that a new shared connection should take */

struct pool_conn {
	struct list            link;	/* in idle or busy */
	struct list            share;	/* in shared, if it is */
	struct endpoint_local *local;
	struct conn           *conn;
	struct codec          *codec;
	struct cluster        *cluster;	/* counted: its state counts the conn */
	struct loop_timer      timer;
	struct conn_age        age;
	uint64_t               idle_ms, idle_since_ms;
	uint64_t               was_idle_ms;	/* until its use; 0: it answers */
	int64_t                not_after;
	uint64_t               uses;
	size_t                 unreported;	/* sent, the codec does not know */
	bool                   is_idle, blocked, finished, was_heard;
	bool                   is_shared;	/* carries many exchanges: pool_shared.c */
	uint64_t               heard_ms;	/* shared: bytes came */
	uint64_t               pinged_ms;	/* ... and not since; 0: nobody asked */
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
	bool                         shares;	/* a connection, if it may */
	uint64_t                     idle_ms;	/* of conn, before its use */
	struct slice                 announcement;
	enum response_flag           flag;	/* of a deferred failure */
	const char                  *details;
};

/* The pool's side of an attempt. */
struct endpoint_local *endpoint_local_get(struct upstream *,
    const struct cluster *, const struct endpoint *);
/* Frees it if nothing is left in it. */
void endpoint_local_check(struct endpoint_local *);
/* A connection that is there, in use; it is the pool's from here on. */
struct pool_conn *pool_conn_new(struct endpoint_local *, const struct cluster *,
    struct conn *);
/*
 * One idle for less than that which can be used, that is not shared, taken out of
 * idle; or NULL.
 */
struct pool_conn *pool_take_idle(struct endpoint_local *, uint64_t idle_ms);
/* What was taken but not used serves the next, or goes idle again. */
void pool_put(struct pool_conn *);
/* No longer idle: something begins on it. */
void pool_begin_use(struct pool_conn *);
/* Nothing is under way on it any more. */
void pool_become_idle(struct pool_conn *);
/* It may be used for more than what it carries. */
bool pool_is_sound(const struct pool_conn *);
/* Made by who we are no more, or proven by whom we trust no more. */
bool pool_is_outdated(const struct pool_conn *);
const char *const *pool_alpn(bool shares);	/* for handshakes; static */
/* Whether one connection is to carry this and others, if the endpoint agrees. */
bool pool_shares(const struct attempt *);
/* What was agreed on there, or is known beforehand, is HTTP/2. */
bool pool_speaks_h2(const struct cluster *, struct conn *);

/* One that is shared, takes another, and was not idle for so long; or NULL. */
struct pool_conn *pool_shared_take(struct endpoint_local *, uint64_t idle_ms);
/* One more is made for those to come, unless it is on its way. */
void pool_shared_prepare(struct attempt *);
/* Room was made: who waits is served; what is worn ends when it is empty. */
void pool_shared_put(struct pool_conn *);
/* Starts to ask a silent peer whether it is there. */
void pool_shared_watch(struct pool_conn *);
void pool_shared_on_timer(struct pool_conn *);
/* Who waits longest, no longer in the list; NULL: nobody. */
struct attempt *pool_next_waiting(struct endpoint_local *);
/* Waits for a connection; one more is made where those on their way are not
   enough. */
void pool_wait(struct attempt *);
/* It does not wait any more, if it did. */
void pool_leave(struct attempt *);
/* How many of those who wait the connections on their way should serve. */
size_t pool_room_to_come(const struct endpoint_local *);
/* Starts a connect that will serve whoever waits longest. */
void pool_connect(struct endpoint_local *, const struct cluster *,
    const struct endpoint *, bool shares);
/* Nobody waits for those that are under way any more. */
void pool_connect_stop_all(struct upstream *);
/* A connection is there for this attempt; on_stream follows at once. */
void attempt_bind(struct attempt *, struct pool_conn *);
void attempt_fail(struct attempt *, enum response_flag, const char *details);

#endif
