#ifndef CHAIN_GRPC_TIMEOUT_H
#define CHAIN_GRPC_TIMEOUT_H

#include "http/head.h"

/*
 * grpc_timeout: the field grpc-timeout, for how long a caller of gRPC waits:
 * one to eight digits and one of H, M, S, m, u, n ("gRPC over HTTP2", section
 * Requests).  Pure.
 */

/* In microseconds, rounded down; -1: there is none, or not one well-formed. */
int64_t grpc_timeout_us(const struct http_fields *);
/*
 * Says it: as exactly as eight digits can, and never more than it is, but that 0
 * is a microsecond.
 */
void grpc_timeout_set(struct http_fields *, uint64_t us);

#endif
