#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

/*
 * arena: many small allocations, freed together.
 * Life: arena_init -> arena_alloc ... -> arena_fini (or arena_reset).
 * A stream owns one, and so does everything that is built once and thrown
 * away whole.  Memory is aligned to 16 bytes and not zeroed unless asked.
 */
struct arena_chunk;
struct arena {
	struct arena_chunk *chunk;	/* the one being filled; links to older */
	char               *next, *end;
	size_t              total;	/* bytes of all chunks */
};

void arena_init(struct arena *);
void arena_fini(struct arena *);
/* Forgets everything but keeps the newest chunk for reuse. */
void arena_reset(struct arena *);
/*
 * Forgets everything and puts the chunks by, for the arenas of this thread:
 * what idles keeps nothing, what works allocates nothing.  A thread keeps
 * 512 KiB at most; arena_trim ends that, and is called before it ends.
 */
void arena_park(struct arena *);
void arena_trim(void);
void *arena_alloc(struct arena *, size_t) __attribute__((returns_nonnull));
void *arena_zalloc(struct arena *, size_t) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *, const char *);
/* A copy in the arena with a NUL behind it. */
struct slice arena_dup(struct arena *, struct slice);
/* The same with ASCII letters in lower case. */
struct slice arena_lower(struct arena *, struct slice);
/* The parts behind each other, for what is said too often for printf. */
struct slice arena_join(struct arena *, const struct slice *parts, size_t n);
char *arena_printf(struct arena *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
