#ifndef NET_CONN_SPLICE_H
#define NET_CONN_SPLICE_H

#include "net/conn.h"

/*
 * conn_splice: two connections whose bytes pass each other inside the kernel.
 *
 * Life: conn_join -> bytes both ways -> a new owner, a closing or a packing of
 *       either ends it.
 *
 * Both are plain, of one loop, and their owner passes on unread what either
 * gives.  As long as one says much (its last read was a full one of the largest
 * kind) and neither queue holds anything, its bytes go through a pipe to the
 * other (splice(2)); all else comes up to conn_in as ever.  What is in the pipe
 * is queued to write as far as conn_unsent and conn_shutdown go, and
 * holds back the one that reads.
 *
 * Such bytes are added to *from_a and *from_b, which it keeps.  Does nothing
 * when one of them has a transport.
 */
void conn_join(struct conn *a, struct conn *b, uint64_t *from_a,
    uint64_t *from_b);

#endif
