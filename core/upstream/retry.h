#ifndef UPSTREAM_RETRY_H
#define UPSTREAM_RETRY_H

#include "http/stream.h"

/*
 * retry: after what, how often and how soon a request is sent again.  Pure.
 *
 * A request is safe to repeat if its method is idempotent (RFC 9110, 9.2.2), or
 * if it never reached the service: no connection came about, the peer refused
 * the stream.  Anything else is repeated only where `unsafe` says so, or where
 * statuses of gRPC are named, whose calls all are POST.
 */
enum retry_on {
	RETRY_CONNECT = 1,	/* no connection came about */
	RETRY_REFUSED = 2,	/* REFUSED_STREAM */
	RETRY_RESET_BEFORE = 4,	/* one that had been idle ended at its use */
	RETRY_RESET = 8,	/* it broke, or a try took too long */
	RETRY_GATEWAY_ERROR = 16,	/* 502 to 504, and all of the above */
	RETRY_5XX = 32,		/* 500 to 599, and all of the above */
};

#define RETRY_STATUS_MIN	400
#define RETRY_STATUS_MAX	599

struct retry_settings {
	uint32_t attempts;	/* 1: so often again */
	unsigned on;		/* enum retry_on; the first three */
	uint64_t codes[4];	/* of statuses, bits from 400; see retry_add_status */
	unsigned grpc;		/* statuses of gRPC, bits; whatever the method */
	uint64_t backoff_ms;	/* 25 */
	uint64_t max_backoff_ms;	/* 250 */
	uint64_t try_ms;	/* each try, to the head of its answer; 0: no limit */
	size_t   body_limit;	/* 64 KiB: of a body kept for another try */
	bool     is_asked;	/* by somebody: tries have a number and wait */
	bool     hedges;	/* a try beyond try_ms goes on beside the next */
	bool     unsafe;	/* POST and PATCH too, after they were sent */
};
extern const struct retry_settings retry_default;

/* Of RETRY_STATUS_MIN to RETRY_STATUS_MAX. */
void retry_add_status(struct retry_settings *, int status);
bool retry_is_same(const struct retry_settings *, const struct retry_settings *);

/* --- whether a try that ended so is followed by another ------------------------ */

bool retry_takes_connect(const struct retry_settings *);
bool retry_takes_status(const struct retry_settings *, int status,
    bool is_idempotent);
/* The status of a call of gRPC that ended without a message; -1: it has none. */
bool retry_takes_grpc(const struct retry_settings *, int status);
/* No answer came.  reused: the connection had served others before. */
bool retry_takes_reset(const struct retry_settings *, enum stream_error,
    bool reused, bool is_idempotent);
bool retry_takes_timeout(const struct retry_settings *, bool is_idempotent);

/*
 * Before the nth retry (from 1): the backoff, and more by chance (0 <= chance
 * < 1): up to 2^n - 1 times as much, max_backoff_ms at most.  0: nobody asked.
 */
uint64_t retry_wait_ms(const struct retry_settings *, uint32_t nth,
    double chance);

#endif
