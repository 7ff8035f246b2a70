#include "upstream/keepalive.h"

/* Ends sooner than that are no timeouts that anybody sets. */
#define LEAST_MS	50

static uint64_t
limit_of(const struct keepalive *k)
{
	return atomic_load_explicit(&k->limit_ms, memory_order_relaxed);
}

static bool
is_about(uint64_t a, uint64_t b)
{
	return a < b ? (b - a) * 5 <= b : (a - b) * 5 <= a;
}

void
keepalive_ended(struct keepalive *k, uint64_t idle_ms, uint64_t now_ms)
{
	uint64_t before = atomic_load_explicit(&k->ended_ms,
	    memory_order_relaxed);
	uint64_t seen = atomic_load_explicit(&k->seen_ms, memory_order_relaxed);

	if (idle_ms < LEAST_MS || idle_ms > UINT32_MAX)
		return;
	if (before > 0 && is_about(before, idle_ms)) {
		/* Those that end together have one cause, whatever it is. */
		if (now_ms >= seen + before / 2)
			atomic_store_explicit(&k->is_sure, true,
			    memory_order_relaxed);
		if (idle_ms > before)
			idle_ms = before;
	} else if (before > 0 && idle_ms > before) {
		return;
	} else {
		atomic_store_explicit(&k->is_sure, false, memory_order_relaxed);
	}
	atomic_store_explicit(&k->seen_ms, now_ms, memory_order_relaxed);
	atomic_store_explicit(&k->ended_ms, (unsigned)idle_ms,
	    memory_order_relaxed);
	atomic_store_explicit(&k->limit_ms, (unsigned)idle_ms,
	    memory_order_relaxed);
}

/* A quarter less: its clock began before ours, its end takes time to arrive. */
uint64_t
keepalive_idle_ms(const struct keepalive *k, uint64_t asked_ms)
{
	uint64_t limit = limit_of(k), ours = limit - limit / 4;

	return limit > 0 && ours < asked_ms ? ours : asked_ms;
}

void
keepalive_retired(struct keepalive *k)
{
	uint64_t limit = limit_of(k);

	if (limit == 0 || limit > UINT32_MAX / 2 ||
	    atomic_load_explicit(&k->is_sure, memory_order_relaxed))
		return;
	atomic_store_explicit(&k->limit_ms, (unsigned)(limit + limit / 50 + 1),
	    memory_order_relaxed);
	/* So far off that it was something else. */
	if (limit > 16 * (uint64_t)atomic_load_explicit(&k->ended_ms,
	    memory_order_relaxed))
		atomic_store_explicit(&k->ended_ms, 0, memory_order_relaxed);
}
