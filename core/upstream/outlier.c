#include <math.h>

#include "base/mem.h"
#include "base/random.h"
#include "upstream/outlier.h"

static uint64_t
get(const atomic_ullong *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* --- out and back ----------------------------------------------------------------- */

static bool
may_eject(const struct cluster *c, const struct endpoint_state *s)
{
	size_t out = 1, most = c->len * c->outlier.max_ejected_percent / 100;

	for (size_t i = 0; i < c->len; i++)
		out += c->v[i].state != s &&
		    endpoint_marks(c->v[i].state) & MARK_OUT;
	return c->len > 1 && out <= (most > 1 ? most : 1);
}

static void
leave_alone(const struct cluster *c, struct endpoint_state *s,
    enum endpoint_out why, uint64_t now_ms)
{
	const struct outlier_settings *o = &c->outlier;
	unsigned times = atomic_load_explicit(&s->out_times,
	    memory_order_relaxed);

	/* Who was well for long begins anew. */
	if (now_ms > get(&s->out_until_ms) + o->max_ms)
		times = 0;
	uint64_t ms = times < 32 ? o->base_ms << times : o->max_ms;

	if (ms > o->max_ms)
		ms = o->max_ms;
	ms += (uint64_t)((double)ms * o->jitter_percent / 100 * random_unit());
	atomic_store_explicit(&s->out_times, times + 1, memory_order_relaxed);
	atomic_store_explicit(&s->out_reason, why, memory_order_relaxed);
	atomic_store_explicit(&s->failed_in_row, 0, memory_order_relaxed);
	atomic_store_explicit(&s->is_probing, false, memory_order_relaxed);
	atomic_store_explicit(&s->out_until_ms, now_ms + ms,
	    memory_order_relaxed);
	endpoint_mark(s, MARK_OUT);
}

static enum endpoint_out
eject(const struct cluster *c, struct endpoint_state *s, enum endpoint_out why,
    uint64_t now_ms)
{
	bool done = false;

	/* Two at once would both find room for one. */
	if (atomic_exchange_explicit(&c->state->is_ejecting, true,
	    memory_order_acquire))
		return OUT_NONE;
	if (may_eject(c, s)) {
		leave_alone(c, s, why, now_ms);
		done = true;
	}
	atomic_store_explicit(&c->state->is_ejecting, false,
	    memory_order_release);
	return done ? why : OUT_NONE;
}

void
outlier_readmit(struct endpoint_state *s)
{
	if (!(endpoint_marks(s) & MARK_OUT))
		return;
	atomic_store_explicit(&s->is_probing, false, memory_order_relaxed);
	atomic_store_explicit(&s->out_reason, OUT_NONE, memory_order_relaxed);
	endpoint_unmark(s, MARK_OUT);
}

/* --- failures in a row --------------------------------------------------------------- */

static enum endpoint_out
on_failure(const struct cluster *c, struct endpoint_state *s, uint64_t now_ms)
{
	if (endpoint_marks(s) & MARK_OUT) {
		/* Only the request that was to find out says something. */
		if (!atomic_exchange_explicit(&s->is_probing, false,
		    memory_order_relaxed))
			return OUT_NONE;
		return eject(c, s, atomic_load_explicit(&s->out_reason,
		    memory_order_relaxed), now_ms);
	}
	unsigned n = 1 + atomic_fetch_add_explicit(&s->failed_in_row, 1,
	    memory_order_relaxed);

	if (c->outlier.consecutive == 0 || n < c->outlier.consecutive)
		return OUT_NONE;
	return eject(c, s, OUT_CONSECUTIVE, now_ms);
}

enum endpoint_out
outlier_add(const struct cluster *c, struct endpoint_state *s, bool failed,
    uint64_t now_ms)
{
	if (failed)
		return on_failure(c, s, now_ms);
	atomic_store_explicit(&s->failed_in_row, 0, memory_order_relaxed);
	if (endpoint_marks(s) & MARK_OUT && atomic_load_explicit(&s->is_probing,
	    memory_order_relaxed))
		outlier_readmit(s);
	return OUT_NONE;
}

/* --- shares of failures ----------------------------------------------------------------- */

struct look {
	uint64_t done, failed;
};

/* Since the look before. */
static struct look
look_at(struct endpoint_state *s)
{
	uint64_t began = get(&s->requests), failed = get(&s->failures);
	uint64_t open = atomic_load_explicit(&s->active, memory_order_relaxed) +
	    get(&s->cancelled);
	uint64_t done = began > open ? began - open : 0;
	struct look l = {
		done > s->seen_done ? done - s->seen_done : 0,
		failed - s->seen_failed,
	};

	/* The numbers are read one after the other. */
	if (l.failed > l.done)
		l.failed = l.done;
	s->seen_done = done;
	s->seen_failed = failed;
	return l;
}

static double
success(const struct look *l)
{
	return 1 - (double)l->failed / (double)l->done;
}

/* Success below which an endpoint stands apart from the n that were busy. */
static double
threshold(const struct cluster *c, const struct look *v, size_t n)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < c->len; i++)
		if (v[i].done >= c->outlier.min_requests)
			sum += success(&v[i]);
	double mean = sum / (double)n;

	for (size_t i = 0; i < c->len; i++)
		if (v[i].done >= c->outlier.min_requests)
			squares += pow(success(&v[i]) - mean, 2);
	return mean - sqrt(squares / (double)n) * c->outlier.stdev_permille /
	    1000;
}

static enum endpoint_out
judge(const struct outlier_settings *o, const struct look *l, double least)
{
	if (l->done < o->min_requests || l->done == 0)
		return OUT_NONE;
	if (o->failure_percent > 0 &&
	    l->failed * 100 >= l->done * o->failure_percent)
		return OUT_FAILURE_SHARE;
	if (o->stdev_permille > 0 && l->failed > 0 && success(l) < least)
		return OUT_SUCCESS_RATE;
	return OUT_NONE;
}

void
outlier_sweep(const struct cluster *c, uint64_t now_ms,
    void (*told)(void *arg, const struct endpoint *, enum endpoint_out),
    void *arg)
{
	struct look *v = mem_zalloc_array(c->len + 1, sizeof(*v));
	size_t busy = 0;

	for (size_t i = 0; i < c->len; i++) {
		v[i] = look_at(c->v[i].state);
		busy += v[i].done > 0 && v[i].done >= c->outlier.min_requests;
	}
	if (busy > 0 && busy >= c->outlier.min_endpoints) {
		double least = threshold(c, v, busy);

		for (size_t i = 0; i < c->len; i++) {
			struct endpoint_state *s = c->v[i].state;
			enum endpoint_out why = endpoint_marks(s) & MARK_OUT ?
			    OUT_NONE : judge(&c->outlier, &v[i], least);

			if (why != OUT_NONE)
				why = eject(c, s, why, now_ms);
			if (why != OUT_NONE && told != NULL)
				told(arg, &c->v[i], why);
		}
	}
	mem_free(v);
}
