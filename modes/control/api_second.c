#include "base/clock.h"
#include "modes/control/api_second.h"

struct waiting {
	struct api_call         *call;
	const struct api_second *what;
	struct loop_timer        later;
	struct loop_task         end;	/* of the loop, when that is sooner */
};

static void
look(void *arg)
{
	struct waiting *w = arg;
	uint64_t now_us = clock_wall_us();
	int64_t now = (int64_t)(now_us / 1000000);

	loop_task_cancel(&w->end);
	if (w->what->is_refused(w->call, now)) {
		loop_timer_start(&w->later, 1000 - now_us / 1000 % 1000);
		loop_at_end(w->call->server->loop, &w->end);
		return;
	}
	w->what->go(w->call, now);
	api_call_unref(w->call);
}

static void
on_ended(void *arg)
{
	struct waiting *w = arg;

	loop_timer_stop(&w->later);
	api_answer_fail(w->call, ERR_UNAVAILABLE, "control ends");
	api_call_unref(w->call);
}

void
api_second_pass(struct api_call *call, const struct api_second *what)
{
	struct waiting *w = arena_zalloc(&call->arena, sizeof(*w));

	w->call = api_call_ref(call);
	w->what = what;
	loop_timer_init(&w->later, call->server->loop, look, w);
	loop_task_init(&w->end, on_ended, w);
	look(w);
}
