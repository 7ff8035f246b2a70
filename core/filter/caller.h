#ifndef FILTER_CALLER_H
#define FILTER_CALLER_H

#include "chain/l7.h"

/*
 * caller: who asks, as far as it is proven.
 */

/*
 * "NAMESPACE/ACCOUNT" of a SPIFFE ID that TLS proved, or of our own application;
 * absent: a stranger.  In the exchange's arena, or borrowed of the worker.
 */
struct slice filter_caller(struct l7_ctx *);

/* Whether the caller's library speaks gRPC, and gives fields where pages fail. */
bool filter_is_grpc(const struct http_head *request);
/* An answer of status (of gRPC) without a body; its fields lie in the arena. */
struct http_head *filter_grpc_answer(struct arena *, int status,
    struct slice message);

#endif
