#include <string.h>

#include "filter/http_date.h"
#include "modes/proxy/try_policy.h"

#define GROWTH_MAX	10	/* times the backoff of a rule */
#define SECONDS_MAX	100000

static void
add_stanza(struct retry_settings *s, const struct model_http_retry *r)
{
	s->is_asked = true;
	s->on |= RETRY_CONNECT | RETRY_REFUSED | RETRY_RESET_BEFORE | RETRY_RESET;
	s->unsafe = true;
	if (r->attempts > 0)
		s->attempts = (uint32_t)r->attempts;
	if (r->codes_len > 0) {
		s->on &= ~(unsigned)(RETRY_GATEWAY_ERROR | RETRY_5XX);
		memset(s->codes, 0, sizeof(s->codes));
	}
	for (size_t i = 0; i < r->codes_len; i++)
		retry_add_status(s, (int)r->codes[i]);
	if (r->backoff_ms < 0)
		return;
	s->backoff_ms = (uint64_t)r->backoff_ms;
	if (s->max_backoff_ms < GROWTH_MAX * s->backoff_ms)
		s->max_backoff_ms = GROWTH_MAX * s->backoff_ms;
}

static void
add_timeouts(struct try_policy *p, const struct model_http_timeouts *t)
{
	if (t->request_ms > 0)
		p->request_ms = (uint64_t)t->request_ms;
	if (t->backend_request_ms >= 0)
		p->try_ms = (uint64_t)t->backend_request_ms;
	/*
	 * Who says how long it may take has no need of our own limit; but a try
	 * that goes on beside the next has no other.
	 */
	if (t->request_ms >= 0 || (t->backend_request_ms >= 0 &&
	    !p->retry.hedges))
		p->head_ms = 0;
}

void
try_policy_init(struct try_policy *p, const struct model_http_rule *rule,
    const struct cluster *c)
{
	*p = (struct try_policy){
		.retry = c->retry, .try_ms = c->retry.try_ms,
		.head_ms = c->response_timeout_ms,
	};
	if (rule == NULL)
		return;
	add_timeouts(p, &rule->timeouts);
	if (rule->retry != NULL)
		add_stanza(&p->retry, rule->retry);
}

uint64_t
try_retry_after_ms(struct slice value, int64_t wall_s)
{
	uint64_t seconds = 0;
	int64_t date = http_date_read(value);

	if (date >= 0)
		seconds = date > wall_s ? (uint64_t)(date - wall_s) : 0;
	for (size_t i = 0; date < 0 && i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return 0;
		seconds = seconds * 10 + (uint64_t)(value.ptr[i] - '0');
		if (seconds > SECONDS_MAX)
			seconds = SECONDS_MAX;
	}
	return seconds * 1000;
}

int64_t
try_pushback_ms(const struct http_fields *f, bool is_grpc, int64_t wall_s)
{
	struct slice value = SLICE_NONE;
	uint64_t ms;

	if (is_grpc)
		value = http_fields_find(f, SLICE("grpc-retry-pushback-ms"));
	if (value.ptr == NULL)
		return (int64_t)try_retry_after_ms(http_fields_find(f,
		    SLICE("retry-after")), wall_s);
	if (!slice_u64(value, &ms))
		return -1;
	return ms < SECONDS_MAX * 1000 ? (int64_t)ms : SECONDS_MAX * 1000;
}
