#ifndef PROXY_TRY_POLICY_H
#define PROXY_TRY_POLICY_H

#include "base/slice.h"
#include "model/http_route.h"
#include "upstream/cluster.h"

/*
 * try_policy: how long a request that a rule takes may last, and when and how
 * often it is tried again.  Pure.
 *
 * Without a retry stanza the cluster's own rule holds: what never reached the
 * service is tried once more.  With one, connection errors, tries that time
 * out, and the statuses of its codes are tried again, whatever the method: who
 * writes it knows what the rule takes.
 */
struct try_policy {
	uint64_t request_ms;	/* the whole exchange; 0: no limit */
	uint64_t try_ms;	/* each try, to the head of its answer; 0: no limit */
	uint64_t head_ms;	/* end of the request to that head; 0: no limit */
	uint32_t retries;
	uint64_t backoff_ms;	/* 25 unless given */
	const struct model_http_retry *stanza;	/* NULL: none */
};

void try_policy_init(struct try_policy *, const struct model_http_rule *,
    const struct cluster *);
bool try_policy_takes_status(const struct try_policy *, int status);
/*
 * Before the nth retry (from 1): the backoff, and more by chance (0 <= chance
 * < 1): up to 2^n - 1 times as much, ten times at most.
 */
uint64_t try_policy_wait_ms(const struct try_policy *, uint32_t nth,
    double chance);
/* "Retry-After: 120" in ms; 0 if it is absent or a date. */
uint64_t try_retry_after_ms(struct slice value);

#endif
