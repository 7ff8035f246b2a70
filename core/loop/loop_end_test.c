#include "base/unit.h"
#include "loop/loop.h"

struct ending {
	struct loop     *loop;
	struct loop_task last, more;
	char             log[8];
	size_t           len;
};

static void
note_last(void *arg)
{
	struct ending *e = arg;

	e->log[e->len++] = 'l';
	loop_defer(e->loop, &e->more);
}

static void
note_more(void *arg)
{
	struct ending *e = arg;

	e->log[e->len++] = 'm';
}

/* Behind what was put off; what it puts off itself still runs. */
TEST(loop_runs_what_waits_for_its_end)
{
	struct ending e = { .loop = loop_new("test") };
	struct loop_task cancelled, before;

	loop_task_init(&e.last, note_last, &e);
	loop_task_init(&e.more, note_more, &e);
	loop_task_init(&before, note_more, &e);
	loop_task_init(&cancelled, note_last, &e);
	loop_at_end(e.loop, &e.last);
	loop_at_end(e.loop, &e.last);
	loop_at_end(e.loop, &cancelled);
	loop_task_cancel(&cancelled);
	loop_defer_next(e.loop, &before);
	loop_free(e.loop);
	assert_string_equal(e.log, "mlm");
}
