#ifndef FILTER_CALLER_H
#define FILTER_CALLER_H

#include "chain/l7.h"

/*
 * caller: who asks, as far as it is proven.
 */

/*
 * "NAMESPACE/ACCOUNT" of a SPIFFE ID that TLS proved, or of our own application;
 * of another trust domain as link/caller.h has it; absent: a stranger.  In the
 * exchange's arena, or borrowed of the worker.
 */
struct slice filter_caller(struct l7_ctx *);

#endif
