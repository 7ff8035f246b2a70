#ifndef CONTROL_REGISTRY_PLACES_H
#define CONTROL_REGISTRY_PLACES_H

#include "base/map.h"
#include "base/str.h"
#include "model/object.h"

/*
 * registry_places: which workloads are registered at one place, which is an
 * account, an address and an inbound port.  Only one process can be there: of
 * several the others are gone, or behind one address with it.
 * Life: all zeros -> registry_places_put, registry_places_del of each document
 *     -> registry_places_fini.
 *
 * The address is the one that the workload advertises.  Those without a sidecar
 * are registered by people, and gateways have no inbound port: neither is at a
 * place.
 */
struct registry_places {
	struct map by_place;	/* struct place */
	struct map by_key;	/* struct sitter */
};

void registry_places_fini(struct registry_places *);
/* As it is now. */
void registry_places_put(struct registry_places *, const struct model_object *);
void registry_places_del(struct registry_places *, struct slice key);

/*
 * Calls back for each workload at that one's place but itself; borrowed during
 * the call, which may not change anything here.
 */
typedef void registry_places_fn(void *ctx, struct slice key);
void registry_places_others(const struct registry_places *,
    const struct model_object *, registry_places_fn *, void *ctx);

#endif
