#ifndef CONTROL_REGISTRY_LIVE_H
#define CONTROL_REGISTRY_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"

/*
 * registry_live: which workloads are alive.  A pure state machine: times
 * come in, decisions go out through the ops, and it holds no timer, no file
 * and no thread.  Nothing of it is stored.
 *
 * Life of a workload:
 *
 *	joined ---answers---> Online <---answers/not---> NotReady
 *	  | 30 s silent         |  ^                        |
 *	  v                     |  '------- report -----.   |
 *	forgotten        30 s silent                    |   |
 *	                        '---------------> Offline <-'
 *	                                             | 72 h silent
 *	                 withdraw, from anywhere     v
 *	                 -------------------> removed (on_remove)
 *
 * A workload is registered (on_register) when its session is there and its
 * application answered, not before.  What restarts are must not change: a
 * workload found in the registry at start counts as Online until a grace has
 * passed, in which its proxy comes back.  And time in which nobody called
 * registry_live_tick (a stalled process, a suspended machine) is nobody's
 * silence: it is added to every deadline.
 *
 * Times are monotonic milliseconds and never decrease.
 */
#define LIVE_SILENCE_MS	(30 * 1000ll)
#define LIVE_GRACE_MS	(120 * 1000ll)	/* after start */
#define LIVE_REMOVE_MS	(72 * 3600 * 1000ll)
#define LIVE_TICK_MS	1000ll		/* call tick this often */
#define LIVE_STALL_MS	(5 * 1000ll)	/* a longer gap was no silence */

enum live_status {
	LIVE_UNKNOWN,		/* never heard of */
	LIVE_JOINED,		/* not registered: its application is silent */
	LIVE_ONLINE,
	LIVE_NOT_READY,		/* its application stopped answering */
	LIVE_OFFLINE,		/* its proxy is silent */
	LIVE_N,
};
const char *live_status_name(enum live_status);	/* "Offline" */

/* Each may call registry_live_status; none may call anything else here. */
struct registry_live_ops {
	void (*on_register)(void *ctx, struct slice key);
	void (*on_status)(void *ctx, struct slice key, enum live_status);
	void (*on_remove)(void *ctx, struct slice key);
};

struct registry_live {
	const struct registry_live_ops *ops;
	void      *ctx;
	struct map workloads;		/* key: NAMESPACE/NAME */
	int64_t    ticked_ms;		/* last call of tick */
	int64_t    stalled_ms;		/* sum of gaps that count for nobody */
};

/* Keeps ops and ctx. */
void registry_live_init(struct registry_live *, int64_t now_ms,
    const struct registry_live_ops *, void *ctx);
void registry_live_fini(struct registry_live *);

/* It stands in the registry as control starts.  Calls nothing. */
void registry_live_load(struct registry_live *, struct slice key,
    int64_t now_ms);
/* Its session said so: whether its application answers. */
void registry_live_report(struct registry_live *, struct slice key,
    bool answers, int64_t now_ms);
/* A clean stop, or a person who deregisters it. */
void registry_live_withdraw(struct registry_live *, struct slice key);
/* Its document was deleted by somebody else.  Calls nothing. */
void registry_live_forget(struct registry_live *, struct slice key);
void registry_live_tick(struct registry_live *, int64_t now_ms);

enum live_status registry_live_status(const struct registry_live *,
    struct slice key);
bool registry_live_was_heard(const struct registry_live *, struct slice key);
/*
 * How long ago its proxy was last heard, not counting stalls; -1: not since
 * control started.
 */
int64_t registry_live_silence_ms(const struct registry_live *,
    struct slice key, int64_t now_ms);

#endif
