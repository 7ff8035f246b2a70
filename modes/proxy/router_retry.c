#include "base/random.h"
#include "chain/grpc.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/router_run.h"
#include "stat/metrics.h"

/* Whether, and when, a request is sent once more. */

static void
count_retry(struct router *r, const char *reason)
{
	worker_env_count_service(l7_env(r->ctx), METRIC_RETRIES,
	    r->cluster->service, reason, 1);
}

bool
router_has_attempts_left(const struct router *r)
{
	return (uint32_t)r->attempts <= r->retry->attempts;
}

bool
router_is_idempotent(const struct router *r)
{
	/* A session that was begun twice is two. */
	return http_method_is_idempotent(r->request->method_id) &&
	    r->outgoing->upgrade.len == 0;
}

/* How long before the next try, or -1: longer than anybody waits for. */
static int64_t
wait_ms(const struct router *r, uint64_t least_ms)
{
	const struct ruled *x = r->ruled;
	uint64_t now_us = loop_now_us(l7_loop(r->ctx)), left, wait;

	if (!r->retry->is_asked)
		return 0;
	left = x->until_us == 0 ? r->cluster->response_timeout_ms :
	    x->until_us > now_us ? (x->until_us - now_us) / 1000 : 0;
	wait = retry_wait_ms(r->retry, (uint32_t)r->attempts, random_unit());
	if (wait < least_ms)
		wait = least_ms;
	return least_ms > 0 && left > 0 && wait >= left ? -1 : (int64_t)wait;
}

static void
start_after(struct router *r, int64_t ms)
{
	if (ms > 0)
		loop_timer_start(&r->ruled->pause, (uint64_t)ms);
	else
		router_start_attempt(r);
}

static const struct proxy_worker *
worker_of(const struct router *r)
{
	return l7_env(r->ctx)->mode;
}

enum router_budget
router_take_budget(struct router *r)
{
	bool is_busy = overload_level(&worker_of(r)->plane->overload) !=
	    OVERLOAD_NONE;

	if (!is_busy && cluster_retry_begin(r->cluster,
	    loop_now_ms(l7_loop(r->ctx))))
		return BUDGET_TAKEN;
	worker_env_count_service(l7_env(r->ctx), METRIC_UPSTREAM_OVERFLOWS,
	    r->cluster->service, is_busy ? "overload" : "retry_limit", 1);
	return is_busy || r->cluster->limits.retry_interval_ms == 0 ?
	    BUDGET_BUSY : BUDGET_OVER_RATE;
}

void
router_rewind(struct router *r, const char *reason)
{
	struct buf all = { 0 };

	flow_charge(l7_flow(r->ctx, DIR_UP), buf_len(&r->replay));
	buf_move(&all, &r->replay);
	buf_move(&all, &r->pending);
	buf_move(&r->pending, &all);
	count_retry(r, reason);
}

bool
router_try_again(struct router *r, enum stream_error error, const char *reason,
    uint64_t least_ms)
{
	int64_t ms = wait_ms(r, least_ms);
	enum router_budget budget;

	r->is_over_rate = false;
	if (r->answered || r->no_replay || ms < 0 ||
	    !router_has_attempts_left(r))
		return false;
	budget = router_take_budget(r);
	r->is_over_rate = budget == BUDGET_OVER_RATE;
	if (budget != BUDGET_TAKEN)
		return false;
	router_drop_attempt(r, ATTEMPT_FAILED, error);
	loop_timer_stop(&r->timer);
	r->retry_counted = true;
	router_rewind(r, reason);
	start_after(r, ms);
	return true;
}

bool
router_takes_grpc(const struct router *r, int status)
{
	return l7_summary(r->ctx)->is_grpc &&
	    retry_takes_grpc(r->retry, status);
}

bool
router_takes_status(const struct router *r, const struct http_head *head,
    bool end)
{
	if (end && router_takes_grpc(r, grpc_status_read(&head->fields)))
		return true;
	return retry_takes_status(r->retry, end ? grpc_http_status(head) :
	    head->status, router_is_idempotent(r));
}

bool
router_try_again_for(struct router *r, const struct http_head *head, bool end)
{
	const struct l7_summary *s = l7_summary(r->ctx);

	if (!router_takes_status(r, head, end))
		return false;
	int64_t ms = try_pushback_ms(&head->fields, s->is_grpc,
	    s->start_wall_us / 1000000);

	if (ms >= 0 && router_try_again(r, STREAM_OK, "status", (uint64_t)ms))
		return true;
	if (router_fall_back(r))
		return true;
	if (r->is_over_rate) {
		router_fail(r, FLAG_UO, "retry_limit");
		return true;
	}
	if (r->attempts > 1)
		l7_summary(r->ctx)->flag = FLAG_URX;
	return false;
}

#define STALE_MS	50	/* so long idle, a connection may end by itself */

/*
 * A connection that was idle ended just as it was used, as they do: nobody
 * failed, so the request goes over a new one, once, beside all budgets.  Many
 * end in the same moment, and of as many requests none should be lost.  The
 * same holds for streams that an HTTP/2 connection does not take any more as it
 * goes: nobody looked at them.
 */
static bool
is_stale(struct router *r, enum stream_error error)
{
	if (r->was_stale || r->no_replay || r->answered ||
	    r->retry->attempts == 0 || (error != STREAM_REFUSED &&
	    attempt_idle_ms(r->attempt) < STALE_MS))
		return false;
	r->was_stale = true;
	router_drop_attempt(r, ATTEMPT_CANCELLED, error);
	loop_timer_stop(&r->timer);
	r->attempts--;
	router_rewind(r, stream_error_name(error));
	router_start_attempt(r);
	return true;
}

static bool
takes_reset(const struct router *r, enum stream_error error)
{
	return retry_takes_reset(r->retry, error, attempt_is_reused(r->attempt),
	    router_is_idempotent(r)) || ((error == STREAM_REFUSED ||
	    error == STREAM_CONN_CLOSED || error == STREAM_CONN_RESET) &&
	    router_takes_grpc(r, GRPC_UNAVAILABLE)) ||
	    (error == STREAM_CANCEL && router_takes_grpc(r, GRPC_CANCELLED));
}

bool
router_try_again_for_reset(struct router *r, enum stream_error error)
{
	return takes_reset(r, error) && (is_stale(r, error) ||
	    router_try_again(r, error, stream_error_name(error), 0));
}
