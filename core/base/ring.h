#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/slice.h"

/*
 * ring: bytes from one thread to one other, without a lock.
 * Life: ring_init -> ring_put by the one, ring_peek and ring_take by the
 * other -> ring_fini when neither uses it any more.
 *
 * A put arrives whole or not at all, and what a peek shows never ends inside
 * one.  Head and tail count all bytes that ever passed; their difference is
 * what is queued.  Both are sequentially consistent, so that "I put, then saw
 * the reader awake" and "I went to sleep, then saw the ring empty" cannot
 * both be.
 */
struct ring {
	char         *data;
	size_t        cap;	/* a power of two */
	size_t        tail_seen;	/* the writer's last look at tail */
	_Atomic size_t head;
	char          apart[64];	/* keeps the two threads off one cache line */
	_Atomic size_t tail;
};

void ring_init(struct ring *, size_t cap);
void ring_fini(struct ring *);
/* The writing thread: puts a and b behind each other; false: no room. */
bool ring_put(struct ring *, struct slice a, struct slice b);
/* The writing thread: bytes queued now; never too few. */
size_t ring_fill(struct ring *);
/* The reading thread: what is queued, in up to two parts; gives their number. */
int ring_peek(struct ring *, struct iovec parts[2]);
/* The reading thread: n bytes, which it has peeked at, are done with. */
void ring_take(struct ring *, size_t n);

#endif
