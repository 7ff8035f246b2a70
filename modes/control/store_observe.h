#ifndef CONTROL_STORE_OBSERVE_H
#define CONTROL_STORE_OBSERVE_H

#include "modes/control/store.h"

/*
 * store_observe: what became of commits, for those who count.
 * A group is what was written to disk together.  fn is called on the store's
 * thread and returns soon; set it before the first commit.
 */
struct store_group {
	size_t   written, refused, failed;	/* refused: a compare failed */
	uint64_t took_us;
};
void store_observe(struct store *, void (*fn)(void *ctx,
    const struct store_group *), void *ctx);

#endif
