#include "modes/proxy/session_clock.h"

#define TELL_MS	10000	/* between two times that bytes are counted */

/* Milliseconds until the end of a span that began at since_ms; 0 has none. */
static uint64_t
left_ms(uint64_t span_ms, uint64_t since_ms, uint64_t now_ms)
{
	uint64_t spent = now_ms - since_ms;

	return span_ms == 0 ? UINT64_MAX : spent < span_ms ? span_ms - spent : 0;
}

/* Whatever goes either way is read or written there. */
static uint64_t
idle_left(const struct session_clock *c, uint64_t now)
{
	return left_ms(c->times.idle_ms,
	    conn_last_activity_ms(l4_conn(c->facts->l4)), now);
}

static uint64_t
whole_left(const struct session_clock *c, uint64_t now)
{
	return left_ms(c->times.max_ms, c->since_ms, now);
}

static void
arrange(struct session_clock *c)
{
	uint64_t now = loop_now_ms(c->timer.loop);
	uint64_t idle = idle_left(c, now), whole = whole_left(c, now);
	uint64_t next = idle < whole ? idle : whole;

	if (c->is_telling && next > TELL_MS)
		next = TELL_MS;
	if (next == UINT64_MAX)
		loop_timer_stop(&c->timer);
	else
		loop_timer_start(&c->timer, next);
}

static void
on_timer(void *arg)
{
	struct session_clock *c = arg;
	uint64_t now = loop_now_ms(c->timer.loop);

	c->is_telling = session_metrics_tell(c->facts);
	if (whole_left(c, now) == 0)
		c->on_over(c->owner, FLAG_DT, CLOSE_LIMIT);
	else if (idle_left(c, now) == 0)
		c->on_over(c->owner, FLAG_SI, CLOSE_IDLE);
	else
		arrange(c);
}

void
session_clock_start(struct session_clock *c, struct session_facts *facts,
    void (*on_over)(void *, enum response_flag, enum close_reason), void *owner)
{
	const struct session_job *job = facts->job;
	struct loop *loop = l4_env(facts->l4)->loop;

	*c = (struct session_clock){ .facts = facts, .on_over = on_over,
	    .owner = owner, .since_ms = loop_now_ms(loop) };
	/* Of those to the application the caller's proxy keeps the times. */
	if (!job->is_inbound)
		c->times = job->cluster->tcp;
	loop_timer_init(&c->timer, loop, on_timer, c);
	arrange(c);
}

void
session_clock_moved(struct session_clock *c)
{
	if (c->is_telling || c->timer.loop == NULL)
		return;
	c->is_telling = true;
	arrange(c);
}

void
session_clock_stop(struct session_clock *c)
{
	if (c->timer.loop != NULL)
		loop_timer_stop(&c->timer);
}
