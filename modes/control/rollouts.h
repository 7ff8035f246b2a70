#ifndef CONTROL_ROLLOUTS_H
#define CONTROL_ROLLOUTS_H

#include "modes/control/rollout.h"
#include "modes/control/server.h"

/*
 * rollouts: all Rollouts, acted on.
 * Life: rollouts_new (behind sessions_new) -> rollouts_order,
 *     rollouts_status ... -> rollouts_free (before sessions_free).
 *
 *   documents, proxies' reports -> rollout_next -> the route's document
 *                                              `-> the record in the store
 *
 * Weights and record are one transaction, in the name of "rollout/NS/NAME":
 * whatever happens to control, it knows which weights are its own.  People's
 * file of the route says the weights of before; applied again, the two
 * weights stay as the Rollout has made them, until they have been changed by
 * somebody, the Rollout went back, or it is deleted (registry_set_keeper).
 */
struct rollouts;

/* Blocks while records are read. */
struct rollouts *rollouts_new(struct server *);
void rollouts_free(struct rollouts *);	/* NULL is allowed */

/* Adds the status as JSON. */
void rollouts_status(const struct rollouts *, const struct model_object *,
    struct str *);

/*
 * What a person wants; copies who.  done is called once: ERR_NOT_FOUND,
 * ERR_CONFLICT (rollout_order), those of store_commit.
 */
typedef void rollouts_done(void *ctx, const struct err *);
void rollouts_order(struct rollouts *, struct slice key, enum rollout_order,
    const struct audit_entry *who, rollouts_done *, void *ctx);

#endif
