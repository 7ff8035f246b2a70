#include "upstream/endpoint.h"

#define DOWN_MS		1000	/* doubles with each failure in a row */
#define DOWN_MAX_MS	30000
#define PROBE_MS	1000	/* longer than a connect takes, as a rule */

void
endpoint_state_ref(struct endpoint_state *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void
endpoint_state_unref(struct endpoint_state *s)
{
	/* The registry frees it at a sweep, when nobody refers to it. */
	atomic_fetch_sub_explicit(&s->refs, 1, memory_order_release);
}

static void
tell(struct endpoint_state *s)
{
	if (s->service != NULL)
		atomic_fetch_add_explicit(&s->service->epoch, 1,
		    memory_order_release);
}

void
endpoint_mark(struct endpoint_state *s, unsigned marks)
{
	unsigned before = atomic_fetch_or_explicit(&s->marks, marks,
	    memory_order_relaxed);

	if ((before & marks) != marks)
		tell(s);
}

void
endpoint_unmark(struct endpoint_state *s, unsigned marks)
{
	unsigned before = atomic_fetch_and_explicit(&s->marks, ~marks,
	    memory_order_relaxed);

	if ((before & marks) != 0)
		tell(s);
}

/* --- who can be reached ------------------------------------------------------- */

void
endpoint_state_reached(struct endpoint_state *s)
{
	if (atomic_load_explicit(&s->connect_failed, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(&s->connect_failed, 0, memory_order_relaxed);
	atomic_store_explicit(&s->down_until_ms, 0, memory_order_relaxed);
	endpoint_unmark(s, MARK_MISSED);
}

void
endpoint_state_missed(struct endpoint_state *s, uint64_t since_ms,
    uint64_t now_ms)
{
	atomic_fetch_add_explicit(&s->connect_failures, 1,
	    memory_order_relaxed);
	/* Those that were under way together count once. */
	if (since_ms <= atomic_load_explicit(&s->missed_ms,
	    memory_order_relaxed))
		return;
	atomic_store_explicit(&s->missed_ms, now_ms, memory_order_relaxed);
	unsigned n = atomic_fetch_add_explicit(&s->connect_failed, 1,
	    memory_order_relaxed);
	uint64_t ms = n < 5 ? (uint64_t)DOWN_MS << n : DOWN_MAX_MS;

	atomic_store_explicit(&s->down_until_ms, now_ms + ms,
	    memory_order_relaxed);
	endpoint_mark(s, MARK_MISSED);
}

bool
endpoint_state_is_down(const struct endpoint_state *s, uint64_t now_ms)
{
	return now_ms < atomic_load_explicit(&s->down_until_ms,
	    memory_order_relaxed);
}

/* --- who should be used --------------------------------------------------------- */

enum endpoint_doubt
endpoint_doubt(const struct endpoint_state *s, uint64_t now_ms)
{
	unsigned marks = endpoint_marks(s);

	if (marks == 0)
		return DOUBT_NONE;
	if (marks & MARK_MISSED && endpoint_state_is_down(s, now_ms))
		return DOUBT_DOWN;
	if (marks & MARK_UNHEALTHY || (marks & MARK_OUT && now_ms <
	    atomic_load_explicit(&s->out_until_ms, memory_order_relaxed)))
		return DOUBT_OUT;
	return marks & MARK_DEGRADED ? DOUBT_DEGRADED : DOUBT_NONE;
}

void
endpoint_state_try(struct endpoint_state *s, uint64_t now_ms)
{
	unsigned marks = endpoint_marks(s);

	if (marks & MARK_MISSED && !endpoint_state_is_down(s, now_ms))
		atomic_store_explicit(&s->down_until_ms, now_ms + PROBE_MS,
		    memory_order_relaxed);
	if (marks & MARK_OUT && now_ms >=
	    atomic_load_explicit(&s->out_until_ms, memory_order_relaxed)) {
		atomic_store_explicit(&s->out_until_ms, now_ms + PROBE_MS,
		    memory_order_relaxed);
		atomic_store_explicit(&s->is_probing, true,
		    memory_order_relaxed);
	}
}

static const char *const out_names[] = {
	[OUT_NONE]	    = "",
	[OUT_CONSECUTIVE]   = "consecutive-failures",
	[OUT_SUCCESS_RATE]  = "success-rate",
	[OUT_FAILURE_SHARE] = "failure-share",
};

const char *
endpoint_out_name(enum endpoint_out o)
{
	return out_names[o];
}

static uint64_t
left_ms(const atomic_ullong *until_ms, uint64_t now_ms)
{
	uint64_t until = atomic_load_explicit(until_ms, memory_order_relaxed);

	return until > now_ms ? until - now_ms : 0;
}

void
endpoint_report(const struct endpoint_state *s, uint64_t now_ms,
    struct endpoint_report *out)
{
	unsigned marks = endpoint_marks(s);

	*out = (struct endpoint_report){ "available", "", 0 };
	if (marks & MARK_MISSED) {
		*out = (struct endpoint_report){ "unreachable",
			"connect-failed", left_ms(&s->down_until_ms, now_ms) };
	} else if (marks & MARK_UNHEALTHY) {
		out->state = "unhealthy";
		out->why = "health-check";
	} else if (marks & MARK_OUT) {
		out->state = atomic_load_explicit(&s->is_probing,
		    memory_order_relaxed) ? "probing" : "ejected";
		out->why = endpoint_out_name(atomic_load_explicit(
		    &s->out_reason, memory_order_relaxed));
		out->left_ms = left_ms(&s->out_until_ms, now_ms);
	} else if (marks & MARK_DEGRADED) {
		out->state = "degraded";
		out->why = "policy";
	} else if (marks & MARK_WARMING) {
		out->state = "warming";
	}
}
