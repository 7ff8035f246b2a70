#ifndef CONTROL_ROLLOUT_SPLIT_H
#define CONTROL_ROLLOUT_SPLIT_H

#include "modes/control/rollout.h"

/*
 * rollout_split: the weights of two backends in the document of a route, an
 * HTTPRoute or a GRPCRoute.
 *
 * It is about every rule that has both backends, or about the one that the
 * Rollout names.  Where these two are all that gets requests, their weights
 * are percents.  Where a third has a weight, the sum of the two stays what it
 * is, so that the third's share does too.
 */

/* Whether the candidate has this percent; -1: whatever it has. */
enum rollout_split rollout_split_look(const struct conf_node *route,
    const struct model_rollout_spec *, int64_t percent);
/* Writes it; what look finds fit. */
void rollout_split_write(struct conf_node *route,
    const struct model_rollout_spec *, int64_t percent);
/* The present weights, a list with [stable, candidate] for each rule. */
struct conf_node *rollout_split_note(struct arena *,
    const struct conf_node *route, const struct model_rollout_spec *);
/* "ns/name" of the candidate, in the arena; absent: no rule has both. */
struct slice rollout_split_candidate(struct arena *,
    const struct model_object *route, const struct model_rollout_spec *);

#endif
