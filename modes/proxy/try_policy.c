#include "modes/proxy/try_policy.h"

#define BACKOFF_MS	25
#define GROWTH_MAX	10	/* times the backoff */
#define SECONDS_MAX	100000

void
try_policy_init(struct try_policy *p, const struct model_http_rule *rule,
    const struct cluster *c)
{
	const struct model_http_timeouts *t = &rule->timeouts;
	const struct model_http_retry *r = rule->retry;

	*p = (struct try_policy){
		.retries = c->retries, .stanza = r, .backoff_ms = BACKOFF_MS,
	};
	if (t->request_ms > 0)
		p->request_ms = (uint64_t)t->request_ms;
	if (t->backend_request_ms > 0)
		p->try_ms = (uint64_t)t->backend_request_ms;
	/* Who says how long it may take has no need of our own limit. */
	if (t->request_ms < 0 && t->backend_request_ms < 0)
		p->head_ms = c->response_timeout_ms;
	if (r == NULL)
		return;
	p->retries = r->attempts > 0 ? (uint32_t)r->attempts : 1;
	if (r->backoff_ms >= 0)
		p->backoff_ms = (uint64_t)r->backoff_ms;
}

bool
try_policy_takes_status(const struct try_policy *p, int status)
{
	for (size_t i = 0; p->stanza != NULL && i < p->stanza->codes_len; i++)
		if (p->stanza->codes[i] == status)
			return true;
	return false;
}

uint64_t
try_policy_wait_ms(const struct try_policy *p, uint32_t nth, double chance)
{
	uint64_t times = nth < 4 ? (UINT64_C(1) << nth) - 1 : GROWTH_MAX;

	return p->backoff_ms +
	    (uint64_t)((double)(times * p->backoff_ms) * chance);
}

uint64_t
try_retry_after_ms(struct slice value)
{
	uint64_t seconds = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return 0;
		seconds = seconds * 10 + (uint64_t)(value.ptr[i] - '0');
		if (seconds > SECONDS_MAX)
			seconds = SECONDS_MAX;
	}
	return seconds * 1000;
}
