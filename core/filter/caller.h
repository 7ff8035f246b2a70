#ifndef FILTER_CALLER_H
#define FILTER_CALLER_H

#include "chain/l7.h"

/*
 * caller: who asks, as far as it is proven.
 */

/*
 * "NAMESPACE/ACCOUNT" of a SPIFFE ID that TLS proved, or of our own application;
 * of another trust domain as pki/caller.h has it; absent: a stranger.  Borrowed of
 * the connection, or of the worker.
 */
struct slice filter_caller(struct l7_ctx *);

#endif
