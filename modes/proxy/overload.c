#include <malloc.h>

#include "base/log.h"
#include "base/str.h"
#include "modes/proxy/overload.h"
#include "stat/metrics.h"

#define HIGH_PERCENT	80	/* of a bound: OVERLOAD_HIGH */
#define LEAVE_PERCENT	90	/* of what led to a level: left below */
#define LOOKS_PER_TRIM	4
#define URGENCY_LOW	'5'	/* and above (RFC 9218, section 4.1) */

static const struct {
	const char *name, *unit;
} resources[] = {
	[OVERLOAD_LAG]	       = { "lag", " us for a turn" },
	[OVERLOAD_MEMORY]      = { "memory", " bytes" },
	[OVERLOAD_DESCRIPTORS] = { "descriptors", "" },
};

static const char *const levels[] = {
	[OVERLOAD_NONE] = "over: nothing is refused any more",
	[OVERLOAD_HIGH] = "high: nothing is sent twice, and what can wait is"
	    " refused",
	[OVERLOAD_FULL] = "full: new requests are refused",
};

void
overload_init(struct overload *o, const struct overload_settings *set,
    struct stat_registry *stats)
{
	*o = (struct overload){ .set = *set };
	for (int i = 0; i < OVERLOAD_RESOURCES && stats != NULL; i++) {
		struct slice label = slice_str(resources[i].name);

		o->shares[i] = stat_series_get(stats, METRIC_OVERLOAD, &label);
	}
}

void
overload_on_wake(struct overload *o, void (*wake)(void *arg), void *arg)
{
	o->wake = wake;
	o->wake_arg = arg;
}

void
overload_fini(struct overload *o)
{
	for (int i = 0; i < OVERLOAD_RESOURCES; i++)
		if (o->shares[i] != NULL)
			stat_series_unref(o->shares[i]);
}

void
overload_wake(struct overload *o)
{
	if (atomic_exchange(&o->watch, OVERLOAD_BUSY) == OVERLOAD_ASLEEP)
		o->wake(o->wake_arg);
}

/* Whether to look again: what begins from now on is seen or wakes us. */
static bool
stays_awake(struct overload *o)
{
	int idle = OVERLOAD_IDLE;

	if (o->wake == NULL || overload_level(o) != OVERLOAD_NONE ||
	    atomic_exchange(&o->watch, OVERLOAD_IDLE) == OVERLOAD_BUSY)
		return true;
	return !atomic_compare_exchange_strong(&o->watch, &idle,
	    OVERLOAD_ASLEEP);
}

void
overload_note_turn(struct overload *o, uint64_t us)
{
	overload_note_work(o);
	unsigned long long most = atomic_load_explicit(&o->turn_us,
	    memory_order_relaxed);

	while (us > most && !atomic_compare_exchange_weak_explicit(&o->turn_us,
	    &most, us, memory_order_relaxed, memory_order_relaxed))
		;
}

/* What a share of a bound, in percent, comes to, coming from that level. */
static enum overload_level
level_of(uint64_t percent, enum overload_level before)
{
	uint64_t full = 100, high = HIGH_PERCENT;

	if (before == OVERLOAD_FULL)
		full = full * LEAVE_PERCENT / 100;
	if (before >= OVERLOAD_HIGH)
		high = high * LEAVE_PERCENT / 100;
	return percent >= full ? OVERLOAD_FULL : percent >= high ?
	    OVERLOAD_HIGH : OVERLOAD_NONE;
}

static void
tell(enum overload_level now, int cause, uint64_t used, uint64_t bound)
{
	if (now == OVERLOAD_NONE)
		log_info("overload", "%s", levels[now]);
	else
		log_warn("overload", "%s (%s: %llu of %llu%s)", levels[now],
		    resources[cause].name, (unsigned long long)used,
		    (unsigned long long)bound, resources[cause].unit);
}

enum overload_level
overload_judge(struct overload *o, const uint64_t used[OVERLOAD_RESOURCES])
{
	enum overload_level before = overload_level(o), now = OVERLOAD_NONE;
	uint64_t most = 0;
	int cause = 0;

	for (int i = 0; i < OVERLOAD_RESOURCES; i++) {
		uint64_t bound = o->set.bounds[i];
		uint64_t percent = bound == 0 ? 0 : used[i] * 100 / bound;

		if (o->shares[i] != NULL)
			stat_gauge_set(o->shares[i], bound == 0 ? 0 :
			    (double)used[i] / (double)bound);
		if (percent > most) {
			most = percent;
			cause = i;
		}
	}
	now = level_of(most, before);
	if (now != before)
		tell(now, cause, used[cause], o->set.bounds[cause]);
	atomic_store_explicit(&o->level, now, memory_order_relaxed);
	return now;
}

/* What was freed may still be ours: without this the level would stay. */
static uint64_t
memory_in_use(struct overload *o)
{
	uint64_t bound = o->set.bounds[OVERLOAD_MEMORY];
	uint64_t used = bound == 0 ? 0 : metrics_process_memory();

	if (used * 100 < bound * HIGH_PERCENT * LEAVE_PERCENT / 100 ||
	    o->looks++ % LOOKS_PER_TRIM != 0)
		return used;
	malloc_trim(0);
	return metrics_process_memory();
}

bool
overload_look(struct overload *o)
{
	uint64_t turn_us = atomic_exchange_explicit(&o->turn_us, 0,
	    memory_order_relaxed);
	/* One long turn is an accident; two looks with one each are a load. */
	const uint64_t used[] = {
		[OVERLOAD_LAG] = turn_us < o->turn_before_us ? turn_us :
		    o->turn_before_us,
		[OVERLOAD_MEMORY] = memory_in_use(o),
		[OVERLOAD_DESCRIPTORS] =
		    o->set.bounds[OVERLOAD_DESCRIPTORS] == 0 ? 0 :
		    metrics_process_fds(),
	};

	o->turn_before_us = turn_us;
	overload_judge(o, used);
	return stays_awake(o);
}

/* "u=5, i": what it says of its urgency, a digit. */
static bool
can_wait(struct slice priority)
{
	struct slice part;

	while (slice_cut(&priority, ',', &part)) {
		part = slice_trim(part);
		if (part.len >= 3 && part.ptr[0] == 'u' && part.ptr[1] == '=')
			return part.ptr[2] >= URGENCY_LOW && part.ptr[2] <= '7';
	}
	return false;
}

bool
overload_refuses(const struct overload *o, const struct http_head *head)
{
	switch (overload_level(o)) {
	case OVERLOAD_FULL:
		return true;
	case OVERLOAD_HIGH:
		return can_wait(http_fields_find(&head->fields,
		    SLICE("priority")));
	default:
		return false;
	}
}
