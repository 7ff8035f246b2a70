#include "upstream/retry.h"

#define ANY_LOSS	(RETRY_RESET | RETRY_GATEWAY_ERROR | RETRY_5XX)

const struct retry_settings retry_default = {
	.attempts = 1,
	.on = RETRY_CONNECT | RETRY_REFUSED | RETRY_RESET_BEFORE,
	.backoff_ms = 25, .max_backoff_ms = 250, .body_limit = 64 * 1024,
};

static unsigned
bit_of(int status)
{
	return (unsigned)(status - RETRY_STATUS_MIN);
}

void
retry_add_status(struct retry_settings *s, int status)
{
	s->codes[bit_of(status) / 64] |= UINT64_C(1) << bit_of(status) % 64;
}

bool
retry_is_same(const struct retry_settings *a, const struct retry_settings *b)
{
	for (size_t i = 0; i < sizeof(a->codes) / sizeof(a->codes[0]); i++)
		if (a->codes[i] != b->codes[i])
			return false;
	return a->attempts == b->attempts && a->on == b->on &&
	    a->grpc == b->grpc &&
	    a->backoff_ms == b->backoff_ms &&
	    a->max_backoff_ms == b->max_backoff_ms && a->try_ms == b->try_ms &&
	    a->body_limit == b->body_limit && a->is_asked == b->is_asked &&
	    a->hedges == b->hedges && a->unsafe == b->unsafe;
}

bool
retry_takes_connect(const struct retry_settings *s)
{
	return s->on & (RETRY_CONNECT | RETRY_GATEWAY_ERROR | RETRY_5XX);
}

bool
retry_takes_status(const struct retry_settings *s, int status,
    bool is_idempotent)
{
	if (status < RETRY_STATUS_MIN || status > RETRY_STATUS_MAX ||
	    !(is_idempotent || s->unsafe))
		return false;
	if ((s->on & RETRY_5XX && status >= 500) ||
	    (s->on & RETRY_GATEWAY_ERROR && status >= 502 && status <= 504))
		return true;
	return s->codes[bit_of(status) / 64] >> bit_of(status) % 64 & 1;
}

bool
retry_takes_grpc(const struct retry_settings *s, int status)
{
	return status >= 0 && s->grpc >> status & 1;
}

bool
retry_takes_reset(const struct retry_settings *s, enum stream_error error,
    bool reused, bool is_idempotent)
{
	if (error == STREAM_REFUSED)
		return s->on & (RETRY_REFUSED | RETRY_GATEWAY_ERROR | RETRY_5XX);
	if (error != STREAM_CONN_CLOSED && error != STREAM_CONN_RESET &&
	    error != STREAM_CANCEL)
		return false;
	if (s->on & ANY_LOSS && (is_idempotent || s->unsafe))
		return true;
	/*
	 * A connection that was idle may end just as we use it: the service
	 * never saw the request, or saw one that is safe to repeat.
	 */
	return s->on & RETRY_RESET_BEFORE && reused && is_idempotent &&
	    error != STREAM_CANCEL;
}

bool
retry_takes_timeout(const struct retry_settings *s, bool is_idempotent)
{
	return (s->on & ANY_LOSS || s->try_ms > 0) &&
	    (is_idempotent || s->unsafe);
}

uint64_t
retry_wait_ms(const struct retry_settings *s, uint32_t nth, double chance)
{
	uint64_t more;

	if (!s->is_asked)
		return 0;
	more = ((UINT64_C(1) << (nth < 16 ? nth : 16)) - 1) * s->backoff_ms;
	if (more > s->max_backoff_ms - s->backoff_ms)
		more = s->max_backoff_ms - s->backoff_ms;
	return s->backoff_ms + (uint64_t)((double)more * chance);
}
