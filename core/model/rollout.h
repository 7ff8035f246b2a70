#ifndef MODEL_ROLLOUT_H
#define MODEL_ROLLOUT_H

#include "model/object.h"
#include "model/refs.h"

/*
 * rollout: mesh/v1 Rollout: moves a weight of a route from one backend to
 * another in steps, while the new one does well, and back if it does not.
 */
enum model_rollout_failure { MODEL_ROLLOUT_RETURN, MODEL_ROLLOUT_PAUSE };

struct model_rollout_spec {
	struct model_rollout_route {
		const char *kind;	/* "HTTPRoute", "GRPCRoute" */
		const char *name;	/* in the same namespace */
		const char *rule;	/* NULL: all with both backends */
	} route;
	const char *stable, *candidate;		/* names of backends of the rule */
	struct model_rollout_step {
		int64_t percent;	/* of the candidate */
		int64_t hold_ms;
		bool    pause;		/* then waits for a person */
	} *steps;				/* growing */
	size_t      steps_len;
	struct model_rollout_check {
		int64_t success_percent;	/* parts per million */
		int64_t p99_ms;			/* -1: not looked at */
		int64_t min_requests;		/* before it is judged */
		int64_t interval_ms;
		int64_t failures;		/* looks in a row that end it */
	} check;
	int         on_failure;		/* enum model_rollout_failure */
	bool        paused;
};

const struct model_rollout_spec *model_rollout(const struct model_object *);

#endif
