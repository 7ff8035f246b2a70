#ifndef UPSTREAM_GRPC_HEALTH_H
#define UPSTREAM_GRPC_HEALTH_H

#include "http/exchange.h"

/*
 * grpc_health: one question of gRPC's health checking protocol, the method Check of
 * grpc.health.v1.Health, and its answer.  A service is well if the call ends
 * with OK after a message that says SERVING; one that does not know the method
 * (UNIMPLEMENTED) or the service (NOT_FOUND) is not.
 */
#define GRPC_HEALTH_BODY_MAX	4096	/* of an answer */

enum grpc_serving {
	GRPC_SERVING_UNKNOWN, GRPC_SERVING, GRPC_NOT_SERVING,
	GRPC_SERVICE_UNKNOWN
};

struct grpc_health_question {
	struct slice authority;
	struct slice service;	/* "": the server as a whole */
	uint64_t     timeout_ms;
};

/* As exchange_start_h2, which says when done is called. */
struct exchange *grpc_health_ask(struct conn *,
    const struct grpc_health_question *,
    void (*done)(void *arg, const struct exchange_result *), void *arg);
/* why: what is wrong, in a few static words; set unless it is well. */
bool grpc_health_is_well(const struct exchange_result *, const char **why);

/* --- messages -------------------------------------------------------------------- */

/* HealthCheckRequest, with gRPC's five bytes in front. */
void grpc_health_put(struct buf *, struct slice service);
/*
 * HealthCheckResponse, likewise: one message and nothing behind it.  -1: it is
 * malformed, else a status, maybe one that the enum does not have.  Fields that
 * we do not know are skipped.
 */
int grpc_health_read(struct slice body);

#endif
