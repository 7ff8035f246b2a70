#include "base/mem.h"
#include "upstream/turn.h"

struct turn {
	struct list            link;	/* in state->queue, under its lock */
	struct endpoint_state *state;	/* counted */
	struct loop           *loop;
	struct loop_timer      timer;
	uint32_t               limit;
	void                 (*done)(void *, bool);	/* NULL: cancelled */
	void                  *arg;
};

static bool
take_slot(struct endpoint_state *s, uint32_t limit)
{
	unsigned n = atomic_load(&s->slots);

	while (n < limit)
		if (atomic_compare_exchange_weak(&s->slots, &n, n + 1))
			return true;
	return false;
}

static void
turn_free(struct turn *t)
{
	loop_timer_stop(&t->timer);
	endpoint_state_unref(t->state);
	mem_free(t);
}

/* On its loop: the slot is its own, or goes on to the next. */
static void
on_granted(void *arg)
{
	struct turn *t = arg;
	void (*done)(void *, bool) = t->done;
	void *done_arg = t->arg;

	if (done == NULL)
		turn_give(t->state, t->limit);
	turn_free(t);
	if (done != NULL)
		done(done_arg, true);
}

/* Slots that are free go to those who wait. */
static void
hand_out(struct endpoint_state *s, uint32_t limit)
{
	pthread_mutex_lock(&s->queue_lock);
	while (!list_is_empty(&s->queue) && take_slot(s, limit)) {
		struct turn *t = list_entry(s->queue.next, struct turn, link);

		list_remove(&t->link);
		atomic_fetch_sub(&s->queued, 1);
		loop_post(t->loop, on_granted, t);
	}
	pthread_mutex_unlock(&s->queue_lock);
}

/* False: a slot is on its way to it already. */
static bool
leave_queue(struct turn *t)
{
	struct endpoint_state *s = t->state;

	pthread_mutex_lock(&s->queue_lock);
	bool was_there = list_is_linked(&t->link);

	list_remove(&t->link);
	if (was_there)
		atomic_fetch_sub(&s->queued, 1);
	pthread_mutex_unlock(&s->queue_lock);
	return was_there;
}

static void
on_late(void *arg)
{
	struct turn *t = arg;
	void (*done)(void *, bool) = t->done;
	void *done_arg = t->arg;

	if (!leave_queue(t))
		return;
	turn_free(t);
	done(done_arg, false);
}

enum turn_answer
turn_take(struct endpoint_state *s, const struct turn_order *o,
    struct turn **out)
{
	/* Who waits goes first. */
	if (atomic_load(&s->queued) == 0 && take_slot(s, o->limit))
		return TURN_NOW;
	if (atomic_fetch_add(&s->queued, 1) >= o->queue) {
		atomic_fetch_sub(&s->queued, 1);
		return TURN_FULL;
	}
	struct turn *t = mem_zalloc(sizeof(*t));

	endpoint_state_ref(s);
	*t = (struct turn){ .state = s, .loop = o->loop, .limit = o->limit,
		.done = o->done, .arg = o->arg };
	loop_timer_init(&t->timer, o->loop, on_late, t);
	loop_timer_start(&t->timer, o->queue_ms);
	*out = t;
	pthread_mutex_lock(&s->queue_lock);
	list_append(&s->queue, &t->link);
	pthread_mutex_unlock(&s->queue_lock);
	/* Whoever gave a slot back meanwhile may not have seen us. */
	hand_out(s, o->limit);
	return TURN_WAIT;
}

void
turn_give(struct endpoint_state *s, uint32_t limit)
{
	atomic_fetch_sub(&s->slots, 1);
	if (atomic_load(&s->queued) > 0)
		hand_out(s, limit);
}

void
turn_cancel(struct turn *t)
{
	if (leave_queue(t)) {
		turn_free(t);
		return;
	}
	loop_timer_stop(&t->timer);
	t->done = NULL;
}
