#ifndef LOOP_BUF_H
#define LOOP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/slice.h"

/*
 * buf: a queue of bytes in counted blocks.  Bytes are moved between queues by
 * handing blocks over, not by copying; one block may stand in several queues
 * (buf_share), so a block's bytes are immutable once committed.
 *
 * Life: buf_init (or all zeros) -> add, reserve+commit, move, drain
 *       -> buf_fini.
 *
 * Blocks come from a cache of the thread (at most 512 KiB) and return to the
 * cache of the thread that drops them; they are of three sizes (1, 4 and 16
 * KiB), chosen by what is asked for, so that a connection that says little
 * holds little.  Pieces of a few hundred bytes are copied where the end of
 * the queue has room for them, so that many of them do not hold many blocks.
 * A buf belongs to one thread at a time; it crosses to another thread whole
 * and after buf_unshare.
 */
#define BUF_BLOCK_MAX	(16 * 1024)

struct buf_seg;
struct buf {
	struct buf_seg *head, *tail;
	struct buf_seg *room;	/* reserved, not committed */
	size_t          len;
};

void buf_init(struct buf *);
void buf_fini(struct buf *);	/* drops everything; usable again */
static inline size_t
buf_len(const struct buf *b)
{
	return b->len;
}

void buf_add(struct buf *, const void *p, size_t len);	/* copies */
void buf_add_slice(struct buf *, struct slice);
void buf_addf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Room for at least min (> 0) bytes at the end (a block of `want` bytes if a
 * new one is needed); *room says how many there are.  Write there, then
 * buf_commit what was written, be it 0.  Nothing else may touch b in between.
 */
char *buf_reserve(struct buf *, size_t min, size_t want, size_t *room);
void buf_commit(struct buf *, size_t len);

/* All of src goes to the end of dst; src becomes empty. */
void buf_move(struct buf *dst, struct buf *src);
/* The first len bytes (len <= buf_len(src)); splits a block by sharing it. */
void buf_move_n(struct buf *dst, struct buf *src, size_t len);
/* dst gets a second reference to the same bytes; src keeps them. */
void buf_share(struct buf *dst, const struct buf *src);
void buf_drain(struct buf *, size_t len);	/* len <= buf_len */
/* Copies blocks that others share: before b crosses to another thread. */
void buf_unshare(struct buf *b);

/* The first contiguous bytes; SLICE_NONE when empty.  Borrowed. */
struct slice buf_front(const struct buf *);
/* Makes the first len bytes contiguous (len <= buf_len) and gives a view. */
struct slice buf_pull(struct buf *, size_t len);
void buf_copy_out(const struct buf *, void *to, size_t len);
/* Up to max pieces from the front; returns how many were set. */
int buf_iovec(const struct buf *, struct iovec *, int max);

/*
 * Iterates over the pieces without taking them:
 *	struct buf_seg *it = NULL; struct slice s;
 *	while (buf_next(b, &it, &s)) ...
 */
bool buf_next(const struct buf *, struct buf_seg **it, struct slice *);

/* Frees the blocks that this thread keeps for reuse; threads end with it. */
void buf_trim_cache(void);
/* Bytes of the blocks that this thread keeps for reuse. */
size_t buf_cache_size(void);

#endif
