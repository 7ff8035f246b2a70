#ifndef MODEL_RETRY_POLICY_H
#define MODEL_RETRY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* retry_policy: when callers send again what failed; of a BackendPolicy. */
enum model_retry_on { MODEL_RETRY_CONNECT, MODEL_RETRY_REFUSED,
	MODEL_RETRY_RESET_BEFORE, MODEL_RETRY_RESET, MODEL_RETRY_GATEWAY_ERROR,
	MODEL_RETRY_5XX, MODEL_RETRY_CANCELLED, MODEL_RETRY_DEADLINE_EXCEEDED,
	MODEL_RETRY_INTERNAL, MODEL_RETRY_RESOURCE_EXHAUSTED,
	MODEL_RETRY_UNAVAILABLE, MODEL_RETRY_WORDS };

struct model_retry_policy {
	int64_t  attempts;		/* retries; 0: never */
	int     *on;			/* enum model_retry_on; none: the first three */
	size_t   on_len;
	int64_t *codes;			/* statuses besides */
	size_t   codes_len;
	int64_t  backoff_ms, max_backoff_ms;
	int64_t  per_try_ms;		/* 0: none */
	bool     hedge;			/* a second try beside a slow first */
	bool     unsafe_methods;	/* POST and PATCH too, after they were sent */
	int64_t  body_limit;		/* bytes kept for another try */
	int64_t  budget_percent;	/* of requests under way */
	int64_t  budget_min;		/* retries at a time that are always allowed */
};

/* Of an XBackendTrafficPolicy, in place of the budget of what is under way. */
struct model_retry_budget {
	int64_t percent, interval_ms;	/* of the requests of so long */
	int64_t rate_count, rate_ms;	/* so many in so long are always allowed */
};

#endif
