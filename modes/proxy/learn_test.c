#include "base/clock.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/learn.h"
#include "policy/calls.h"

/* Loops that the test runs itself stand in for workers. */
struct scene {
	struct data_plane   plane;
	struct proxy_worker workers[2];
	struct arena        arena;
	const struct conf_node *answer;
	int                 answers;
	size_t              len;	/* of the last */
};

static void
set_up(struct scene *s)
{
	*s = (struct scene){ .answers = 0 };
	s->plane.workers = s->workers;
	s->plane.options.workers = 2;
	for (int i = 0; i < 2; i++) {
		s->workers[i].env.loop = loop_new("worker");
		s->workers[i].calls = calls_new();
	}
}

static void
tear_down(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		loop_free(s->workers[i].env.loop);
		calls_free(s->workers[i].calls);
	}
	arena_fini(&s->arena);
}

static void
on_answer(void *arg, struct slice json)
{
	struct scene *s = arg;
	struct err err = ERR_INIT;

	s->answers++;
	s->len = json.len;
	if (json.len > 0)
		s->answer = conf_json_read(&s->arena, json, "answer", &err);
	loop_stop(s->workers[1].env.loop);
}

static void
note(struct scene *s, int worker)
{
	const struct call call = { .service = SLICE("default/orders"),
		.caller = SLICE("default/web"), .port = 80 };

	calls_note(s->workers[worker].calls, &call, 0, clock_mono_ms());
}

/* The first is asked, and the second gets to it in the turn that it is in. */
static void
on_long_turn(void *arg)
{
	struct scene *s = arg;
	uint64_t began = loop_now_ms(s->workers[1].env.loop);

	while (clock_mono_ms() == began)
		continue;
	note(s, 0);
	learn_gather(&s->plane, on_answer, s);
	loop_finish(s->workers[0].env.loop);
}

TEST(learn_is_told_of_no_call_that_is_still_to_come)
{
	struct scene s;

	set_up(&s);
	loop_post(s.workers[1].env.loop, on_long_turn, &s);
	loop_run(s.workers[1].env.loop);
	assert_int_equal(s.answers, 1);
	assert_non_null(s.answer);
	CONF_FOREACH(e, conf_get(s.answer, "calls"))
		assert_int_equal(conf_get_int(e->node, "secondsAgo", -1), 0);
	assert_int_equal(conf_len(conf_get(s.answer, "calls")), 1);
	tear_down(&s);
}

TEST(learn_answers_also_when_workers_end_before)
{
	for (int last = 0; last < 2; last++) {
		struct scene s;

		set_up(&s);
		note(&s, 0);
		s.workers[last].is_stopped = true;
		learn_gather(&s.plane, on_answer, &s);
		loop_finish(s.workers[0].env.loop);
		loop_finish(s.workers[1].env.loop);
		assert_int_equal(s.answers, 1);
		assert_int_equal(s.len, 0);
		tear_down(&s);
	}
}
