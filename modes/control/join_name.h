#ifndef CONTROL_JOIN_NAME_H
#define CONTROL_JOIN_NAME_H

#include "base/arena.h"
#include "base/slice.h"

/*
 * join_name: a name for a workload whose token gives it none: its service
 * and five letters, "orders-k3x9q", drawn until nobody has it.  Absent when
 * all of JOIN_NAME_TRIES are taken.
 */
#define JOIN_NAME_TRIES	100

struct slice join_name_draw(struct arena *, struct slice service,
    bool (*is_taken)(void *ctx, struct slice name), void *ctx);

#endif
