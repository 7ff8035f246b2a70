#include <signal.h>

#include "base/arena.h"
#include "base/check.h"
#include "loop/buf.h"
#include "loop/internal.h"

static void *
loop_thread_main(void *arg)
{
	struct loop *l = arg;

	pthread_setname_np(pthread_self(), l->name);
	loop_run(l);
	arena_trim();
	buf_trim_cache();
	return NULL;
}

int
loop_thread_start(struct loop *l)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&l->thread, NULL, loop_thread_main, l);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error ? -1 : 0;
}

void
loop_thread_join(struct loop *l)
{
	check(pthread_join(l->thread, NULL) == 0);
}
