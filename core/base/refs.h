#ifndef BASE_REFS_H
#define BASE_REFS_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * refs: how many hold an object that threads share.
 * Life: refs_init (the maker holds it) -> refs_take by who holds it, for
 *     another ... -> refs_drop by each; who is told that it was the last frees.
 */
struct refs {
	atomic_uint held;
};

static inline void
refs_init(struct refs *r)
{
	atomic_init(&r->held, 1);
}

static inline void
refs_take(struct refs *r)
{
	atomic_fetch_add_explicit(&r->held, 1, memory_order_relaxed);
}

/* True: it was the last, and sees all that the others did with the object. */
static inline bool
refs_drop(struct refs *r)
{
	return atomic_fetch_sub_explicit(&r->held, 1,
	    memory_order_acq_rel) == 1;
}

#endif
