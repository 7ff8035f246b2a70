#ifndef CONTROL_REGISTRY_IMPLIED_H
#define CONTROL_REGISTRY_IMPLIED_H

#include "model/workload.h"

/*
 * registry_implied: the Service that comes into being with its first
 * workload when nobody declared it: the workload's ports under the same
 * numbers, marked with MODEL_AUTO_CREATED.  It stays when the workload goes,
 * and a declared one takes its place as any other change would.
 *
 * Everything is made in the arena.  NULL: the workload names no port, so
 * there is nothing that could be called.
 */
struct conf_node *registry_implied_service(struct arena *,
    const struct model_workload *, const char *service);

#endif
