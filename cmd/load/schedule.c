#include "base/check.h"
#include "cmd/load/schedule.h"

#define NS_PER_S	1000000000u

void
schedule_init(struct schedule *s, uint64_t start_ns, uint64_t rate)
{
	*s = (struct schedule){ .start_ns = start_ns, .rate = rate };
}

uint64_t
schedule_next_ns(const struct schedule *s)
{
	check(s->rate > 0);
	/* Whole seconds apart, so that nothing drifts and nothing overflows. */
	return s->start_ns + s->taken / s->rate * NS_PER_S +
	    s->taken % s->rate * NS_PER_S / s->rate;
}

bool
schedule_take(struct schedule *s, uint64_t now_ns, uint64_t *due_ns)
{
	*due_ns = s->rate == 0 ? now_ns : schedule_next_ns(s);
	if (*due_ns > now_ns)
		return false;
	s->taken++;
	return true;
}
