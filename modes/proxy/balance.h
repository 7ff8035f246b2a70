#ifndef PROXY_BALANCE_H
#define PROXY_BALANCE_H

#include <stddef.h>

/*
 * balance: which worker a new connection goes to.
 *
 * The kernel wakes whoever is first in its queue, and while connections come
 * one by one that is always the same worker.  So the one that accepts a
 * connection gives it to the one with the fewest, if its own are clearly more:
 * by two at least, as passing one on costs a wake-up, and by an eighth.  A
 * connection moves before its first byte is read or never: those that are open
 * stay where they are.
 */

/* The index in conns of the worker to take it; `own` accepted it. */
int balance_choose(const size_t *conns, int workers, int own);

#endif
