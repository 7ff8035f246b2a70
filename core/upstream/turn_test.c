#include <pthread.h>

#include "base/mem.h"
#include "base/unit.h"
#include "upstream/turn.h"

/* One endpoint, and loops that take turns at it. */
struct bench {
	struct cluster_registry *registry;
	struct cluster          *c;
	struct endpoint_state   *state;
	struct loop             *loop;
};

struct user {
	struct bench *bench;
	struct turn  *turn;
	int           granted, refused;
};

static void
bench_open(struct bench *b, uint32_t limit, uint32_t queue)
{
	struct endpoint e = { .weight = 1 };
	struct err err = ERR_INIT;

	b->loop = loop_new("bench");
	b->registry = cluster_registry_new();
	b->c = cluster_new(b->registry, SLICE("default/web"), SLICE("80"));
	b->c->limits.endpoint_requests = limit;
	b->c->limits.queue = queue;
	b->c->limits.queue_ms = 60000;
	assert_int_equal(addr_from_ip(SLICE("10.0.0.1"), 1, &e.addr, &err), 0);
	cluster_add(b->c, b->registry, &e);
	cluster_seal(b->c);
	b->state = b->c->v[0].state;
}

static void
bench_close(struct bench *b)
{
	loop_free(b->loop);
	assert_int_equal(b->state->queued, 0);
	assert_int_equal(b->state->slots, 0);
	assert_int_equal(b->state->refs, 1);
	cluster_unref(b->c);
	cluster_registry_free(b->registry);
}

static void
on_done(void *arg, bool granted)
{
	struct user *u = arg;

	u->turn = NULL;
	u->granted += granted;
	u->refused += !granted;
	loop_stop(u->bench->loop);
}

static enum turn_answer
take(struct bench *b, struct user *u)
{
	*u = (struct user){ .bench = b };
	const struct turn_order o = {
		.limit = b->c->limits.endpoint_requests,
		.queue = b->c->limits.queue, .queue_ms = b->c->limits.queue_ms,
		.loop = b->loop, .done = on_done, .arg = u,
	};

	return turn_take(b->state, &o, &u->turn);
}

TEST(turn_in_order)
{
	struct bench b;
	struct user u[5];

	bench_open(&b, 2, 2);
	assert_int_equal(take(&b, &u[0]), TURN_NOW);
	assert_int_equal(take(&b, &u[1]), TURN_NOW);
	assert_int_equal(take(&b, &u[2]), TURN_WAIT);
	assert_int_equal(take(&b, &u[3]), TURN_WAIT);
	assert_int_equal(take(&b, &u[4]), TURN_FULL);
	for (int i = 2; i < 4; i++) {
		turn_give(b.state, 2);
		/* Who comes now is not served before those who wait. */
		assert_int_equal(u[3].granted, 0);
		loop_run(b.loop);
		assert_int_equal(u[i].granted, 1);
	}
	turn_give(b.state, 2);
	turn_give(b.state, 2);
	assert_int_equal(take(&b, &u[0]), TURN_NOW);
	turn_give(b.state, 2);
	bench_close(&b);
}

TEST(turn_cancelled_goes_to_the_next)
{
	struct bench b;
	struct user u[4];

	bench_open(&b, 1, 9);
	take(&b, &u[0]);
	for (int i = 1; i < 4; i++)
		assert_int_equal(take(&b, &u[i]), TURN_WAIT);
	turn_cancel(u[1].turn);		/* while it waits */
	turn_give(b.state, 1);
	turn_cancel(u[2].turn);		/* while it is on its way */
	loop_run(b.loop);
	assert_int_equal(u[1].granted + u[2].granted, 0);
	assert_int_equal(u[3].granted, 1);
	turn_give(b.state, 1);
	bench_close(&b);
}

TEST(turn_not_in_time)
{
	struct bench b;
	struct user u[2];

	bench_open(&b, 1, 9);
	b.c->limits.queue_ms = 1;
	take(&b, &u[0]);
	assert_int_equal(take(&b, &u[1]), TURN_WAIT);
	loop_run(b.loop);
	assert_int_equal(u[1].refused, 1);
	turn_give(b.state, 1);
	bench_close(&b);
}

/* --- many threads ------------------------------------------------------------- */

#define THREADS	4
#define TIMES	2000

static atomic_int at_once, most_at_once;

struct worker {
	struct bench    *bench;
	struct loop     *loop;
	struct loop_task again;
	struct turn     *turn;
	int              left;
};

static void use(struct worker *);

static void
on_use(void *arg)
{
	struct worker *w = arg;

	atomic_fetch_sub(&at_once, 1);
	turn_give(w->bench->state, 2);
	if (--w->left == 0)
		loop_stop(w->loop);
	else
		use(w);
}

static void
begin(struct worker *w)
{
	int n = atomic_fetch_add(&at_once, 1) + 1, most = most_at_once;

	while (n > most && !atomic_compare_exchange_weak(&most_at_once, &most,
	    n))
		continue;
	loop_defer_next(w->loop, &w->again);
}

static void
on_turn(void *arg, bool granted)
{
	assert_true(granted);
	begin(arg);
}

static void
use(struct worker *w)
{
	const struct turn_order o = {
		.limit = 2, .queue = THREADS, .queue_ms = 60000,
		.loop = w->loop, .done = on_turn, .arg = w,
	};

	if (turn_take(w->bench->state, &o, &w->turn) == TURN_NOW)
		begin(w);
}

/* Nobody is forgotten, and never are more at it than two. */
TEST(turn_over_workers)
{
	struct bench b;
	struct worker w[THREADS];

	bench_open(&b, 2, THREADS);
	at_once = most_at_once = 0;
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .bench = &b, .left = TIMES,
			.loop = loop_new("worker") };
		loop_task_init(&w[i].again, on_use, &w[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		use(&w[i]);
		assert_int_equal(loop_thread_start(w[i].loop), 0);
	}
	/* A turn may be handed to a loop until the last thread has ended. */
	for (int i = 0; i < THREADS; i++)
		loop_thread_join(w[i].loop);
	for (int i = 0; i < THREADS; i++)
		loop_free(w[i].loop);
	assert_int_equal(most_at_once, 2);
	bench_close(&b);
}
