#ifndef CONTROL_REGISTRY_IMPL_H
#define CONTROL_REGISTRY_IMPL_H

#include "base/map.h"
#include "modes/control/registry_apply.h"
#include "modes/control/store_watch.h"

/* registry_impl: what registry.c and registry_apply.c share. */

/* All objects of one kind, by key. */
struct registry_shelf {
	const struct model_kind *kind;
	struct map               objects;
};

struct registry {
	unsigned               refs;	/* one, and one for each job */
	struct store          *store;	/* NULL: closed */
	const struct vault    *vault;
	struct store_port      port;
	struct registry_shelf *shelves;	/* ends with kind NULL */
	struct registry_feed   feed;
	struct store_watch    *watch;
	uint64_t               loaded;	/* later changes change objects */
	struct list            waiting;	/* jobs, for their revision */
	registry_keeper       *keeper;	/* NULL: nobody */
	void                  *keeper_arg;
};

void registry_unref(struct registry *);
/* Answers the jobs whose changes are here. */
void registry_jobs_wake(struct registry *);

#endif
