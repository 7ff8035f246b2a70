#ifndef PROXY_TRY_POLICY_H
#define PROXY_TRY_POLICY_H

#include "base/slice.h"
#include "http/head.h"
#include "model/http_route.h"
#include "upstream/cluster.h"

/*
 * try_policy: how long a request may last, and when and how often it is tried
 * again: what its rule says, and where that says nothing, its service.  Pure.
 *
 * The retry stanza of a rule brings a retry of connections that fail or break
 * and of tries that take too long, whatever the method: who writes it knows what
 * the rule takes.  Its attempts, codes and backoff each replace those of the
 * service; what it cannot say stays the service's.
 */
struct try_policy {
	uint64_t request_ms;	/* the whole exchange; 0: no limit */
	uint64_t try_ms;	/* each try, to the head of its answer; 0: no limit */
	uint64_t head_ms;	/* end of the request to that head; 0: no limit */
	struct retry_settings retry;
};

/* rule: NULL where there is none. */
void try_policy_init(struct try_policy *, const struct model_http_rule *,
    const struct cluster *);
/*
 * "Retry-After: 120", or a date, in ms from now; 0 if it is absent, over or
 * malformed.
 */
uint64_t try_retry_after_ms(struct slice value, int64_t wall_s);
/*
 * What an answer says about the next try (0: nothing) in its fields, at most
 * 100,000 s; -1: there is to be none.  gRPC has grpc-retry-pushback-ms, where
 * whatever is no number is a no.
 */
int64_t try_pushback_ms(const struct http_fields *, bool is_grpc,
    int64_t wall_s);

#endif
