#ifndef CONTROL_ROLLOUTS_IMPL_H
#define CONTROL_ROLLOUTS_IMPL_H

#include "base/list.h"
#include "base/map.h"
#include "modes/control/registry.h"
#include "modes/control/rollout_record.h"
#include "modes/control/rollouts.h"
#include "modes/control/traffic_window.h"

/*
 * rollouts_impl: what rollouts.c (documents and looks),
 * rollouts_order.c (people), rollouts_write.c (what comes of both in the store)
 * and rollouts_keep.c (files of routes) share.
 */

/* One Rollout; there is one for as long as there is its document. */
struct run {
	struct rollouts       *all;
	char                  *key, *uid;
	char                  *target;	/* rollout_target of the state */
	char                  *before;	/* weights before it began, or NULL */
	struct rollout_state   state;
	struct traffic_window *window;	/* NULL: not looked at yet */
	char                  *candidate;	/* "ns/name", of the window */
	struct loop_timer      look;
	/* A write is out; the state follows when it is done. */
	bool                   is_busy;
	bool                   is_gone;	/* of all; only the write has it */
	bool                   is_judged;	/* what the window holds */
	struct rollout_state   next;
	char                  *next_before, *next_target;
	rollouts_done         *done;	/* of the order that led to it */
	void                  *done_ctx;
};

struct rollouts {
	struct server           *server;
	struct map               runs;		/* by key: struct run */
	struct registry_follower follower;
	uint64_t                 followed;
	struct loop_task         news;		/* documents, or a write */
	struct list              orders;	/* for runs that are busy */
};

/* Of a run; borrowed until the thread's next turn.  NULL: there is none. */
const struct model_object *run_document(const struct run *);
const struct model_object *run_route(const struct run *, struct arena *);

const char *run_route_key(struct arena *, const struct model_object *rollout);

/* Or when the write that is out has ended. */
void run_free(struct run *);	/* NULL is allowed */
/* What was judged is not judged again, once what follows is written. */
void run_begin_window(struct run *);
/*
 * Brings about what is next, for that target: in the store, if anything of it
 * is kept, then in the run.  why: who and what, for the audit log.
 */
void run_write(struct run *, const struct model_object *route,
    const struct rollout_state *next, const char *target,
    const struct audit_entry *why);
/* Its document is gone: forgets the record. */
void run_forget(struct run *);

/* Orders that came, but for runs that are busy; none, control ends. */
void rollouts_serve(struct rollouts *);
void rollouts_refuse(struct rollouts *);

/* registry_keeper; arg is the rollouts. */
struct model_object *rollouts_keep(void *arg, const struct model_object *sent,
    const struct model_object *there);

#endif
