#ifndef LOOP_BLOCK_H
#define LOOP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * block: counted memory that queues of bytes are made of, and the segments
 * that stand for parts of it.  Used by buf.c alone.
 *
 * A block is referred to by segments; the first of them lives inside it, so
 * that the usual block costs one allocation.  Counts are plain: all segments
 * of a block belong to one thread.
 */
struct block;
struct buf_seg {
	struct buf_seg *next;
	struct block   *block;
	uint32_t        off, len;	/* within block->data */
};

struct block {
	struct buf_seg first;
	uint32_t       refs;	/* segments */
	uint32_t       cap;
	uint32_t       used;	/* bytes before it are committed: immutable */
	bool           is_first_free;
	char           data[];
};

/* A segment of a new block with at least min bytes, about `want`. */
struct buf_seg *block_new(size_t min, size_t want)
    __attribute__((returns_nonnull));
/* Another segment for the same bytes from off on. */
struct buf_seg *block_seg(struct block *, uint32_t off, uint32_t len)
    __attribute__((returns_nonnull));
/* Ends a segment, and its block with the last one. */
void block_seg_free(struct buf_seg *);

static inline char *
block_seg_ptr(const struct buf_seg *s)
{
	return s->block->data + s->off;
}

/* Bytes that may still be written behind s; 0 when somebody else did. */
static inline size_t
block_seg_room(const struct buf_seg *s)
{
	return s->off + s->len == s->block->used ?
	    s->block->cap - s->block->used : 0;
}

#endif
