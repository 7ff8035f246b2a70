#include "base/random.h"
#include "base/unit.h"
#include "loop/timers.h"

#define TIMERS 2000

/* Runs the clock forward in steps and checks what each step makes due. */
static size_t
advance(struct timers *h, uint64_t *now_ms, uint64_t step)
{
	size_t fired = 0;
	struct loop_timer *t;

	*now_ms += step;
	while (fired < TIMERS * 2) {
		uint64_t due = 0;

		for (size_t i = 0; i < h->len; i++)
			if (due == 0 || h->slots[i].timer->due_ms < due)
				due = h->slots[i].timer->due_ms;
		if ((t = timers_next_due(h, *now_ms)) == NULL) {
			assert_true(due == 0 || due > *now_ms);
			break;
		}
		assert_int_equal(t->due_ms, 0);
		assert_int_equal(t->slot, 0);
		assert_true(due <= *now_ms);
		fired++;
	}
	return fired;
}

TEST(timers_fire_when_due_and_not_before)
{
	static struct loop_timer ts[TIMERS];
	struct timers h = { 0 };
	uint64_t now_ms = 1000000;
	size_t running = 0, fired = 0;

	for (int round = 0; round < 20000; round++) {
		struct loop_timer *t = &ts[random_below(TIMERS)];

		switch (random_below(4)) {
		case 0:
		case 1:
			running += t->due_ms == 0;
			timers_start(&h, t, now_ms * 1000,
			    random_below(5000));
			break;
		case 2:
			running -= t->due_ms != 0;
			timers_stop(&h, t);
			break;
		case 3:
			if (round % 100 == 0) {
				fired = advance(&h, &now_ms, random_below(300));
				running -= fired;
			}
		}
		assert_int_equal(h.len, running);
	}
	running -= advance(&h, &now_ms, 10000);
	assert_int_equal(running, 0);
	timers_fini(&h);
}

TEST(timers_are_never_early_and_at_most_one_percent_late)
{
	static const uint64_t cases[] = {
		0, 1, 2, 99, 100, 127, 128, 255, 256, 1000, 5000, 60000,
		3600000, 86400000,
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint64_t now_us = 7000000; now_us < 7300000;
		    now_us += 977) {
			struct timers h = { 0 };
			struct loop_timer t = { 0 };

			timers_start(&h, &t, now_us, cases[i]);
			assert_true(t.due_ms * 1000 >= now_us +
			    cases[i] * 1000);
			assert_true(t.due_ms * 1000 <= now_us + 1000 +
			    cases[i] * 1010);
			timers_stop(&h, &t);
			timers_fini(&h);
		}
}

TEST(timers_started_later_keep_their_place_until_reached)
{
	struct timers h = { 0 };
	struct loop_timer t = { 0 };

	timers_start(&h, &t, 0, 100);
	uint64_t first = timers_wake_ms(&h);

	timers_start(&h, &t, 50000, 100);
	assert_int_equal(timers_wake_ms(&h), first);
	assert_null(timers_next_due(&h, first));
	assert_int_equal(timers_wake_ms(&h), t.due_ms);
	timers_start(&h, &t, 50000, 10);
	assert_int_equal(timers_wake_ms(&h), t.due_ms);
	assert_ptr_equal(timers_next_due(&h, t.due_ms), &t);
	assert_int_equal(timers_wake_ms(&h), 0);
	timers_fini(&h);
}
