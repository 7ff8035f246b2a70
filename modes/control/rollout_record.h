#ifndef CONTROL_ROLLOUT_RECORD_H
#define CONTROL_ROLLOUT_RECORD_H

#include "base/str.h"
#include "modes/control/rollout.h"

/*
 * rollout_record: a Rollout's state as JSON: what control keeps of it in its
 * store, and the status that people see.
 */
struct rollout_record {
	struct rollout_state state;
	const char          *uid;	/* of the document */
	const char          *target;	/* rollout_target, when it began */
	const char          *before;	/* the weights of then, JSON; NULL */
};

void rollout_record_write(struct str *, const struct rollout_record *);
/* Into the arena.  -1: ERR_INTERNAL, it does not read. */
int rollout_record_read(struct rollout_record *, struct arena *,
    struct slice json, struct err *);

/* "HTTPRoute/web/RULE stable candidate": what a Rollout is about. */
void rollout_target(struct str *, const struct model_rollout_spec *);

/*
 * phase, reason, message, step and steps, percent, since, lastLook, and the
 * conditions Accepted, Progressing, Succeeded, RolledBack and Conflicted.
 */
void rollout_status_write(struct str *, const struct model_object *,
    const struct rollout_state *);

#endif
