#include "cmd/fuzz/fuzz.h"
#include "loop/loop.h"

struct loop *
fuzz_loop(void)
{
	static struct loop *loop;

	if (loop == NULL)
		loop = loop_new("fuzz");
	return loop;
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

void
fuzz_turn(void)
{
	loop_post(fuzz_loop(), stop, fuzz_loop());
	loop_run(fuzz_loop());
}
