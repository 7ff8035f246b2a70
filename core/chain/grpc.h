#ifndef CHAIN_GRPC_H
#define CHAIN_GRPC_H

#include "http/head.h"

/*
 * grpc: how an answer that is no service's own reads in gRPC.  A call's outcome
 * is in grpc-status, not in HTTP's status: what ends before the first message is
 * a head with 200, grpc-status and grpc-message and nothing behind it, which the
 * protocol calls Trailers-Only ("gRPC over HTTP2", section Responses).
 */
enum grpc_status {
	GRPC_NONE		= -1,	/* it was not said */
	GRPC_OK			= 0,
	GRPC_CANCELLED		= 1,
	GRPC_UNKNOWN		= 2,
	GRPC_INVALID_ARGUMENT	= 3,
	GRPC_DEADLINE_EXCEEDED	= 4,
	GRPC_PERMISSION_DENIED	= 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_ABORTED		= 10,
	GRPC_UNIMPLEMENTED	= 12,
	GRPC_INTERNAL		= 13,
	GRPC_UNAVAILABLE	= 14,
	GRPC_DATA_LOSS		= 15,
	GRPC_UNAUTHENTICATED	= 16,
	GRPC_STATUSES		= 17,
};

/* Whether the caller's library speaks gRPC; gRPC-Web is not that. */
bool grpc_is_asked(const struct http_head *request);
bool grpc_is_asked_by_web(const struct http_head *request);
/*
 * What the last fields of an answer say, 0 to 16, or GRPC_NONE.  A number that
 * gRPC does not have is UNKNOWN, as it is to its libraries.
 */
int grpc_status_read(const struct http_fields *);
/* The service failed, whatever it was asked: as 500 to 599. */
bool grpc_is_error(int status);
/* Its endpoint did: which counts towards its ejection. */
bool grpc_is_failure(int status);
/*
 * For an error of HTTP that is ours.  As "HTTP to gRPC Status Code Mapping", but
 * for 408, 413, 429 and 504, for which gRPC has words of its own.
 */
int grpc_status_of_http(int status);
/*
 * What the head of an answer without a body counts as: 503 and 504 in place of
 * UNAVAILABLE and DEADLINE_EXCEEDED, else the status that it has.
 */
int grpc_http_status(const struct http_head *answer);
/* The trailers, or part of a head, that say it.  Borrows message as below. */
void grpc_status_put(struct http_fields *, int status, struct slice message);
/* Makes it Trailers-Only.  message: printable ASCII without '%'; borrowed. */
void grpc_answer(struct http_head *, int status, struct slice message);

#endif
