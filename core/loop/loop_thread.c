#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "loop/buf.h"
#include "loop/internal.h"

#define PATIENT_SLICE_NS	20000000ULL

/* As sched_setattr(2) has it; the C library knows no such call yet. */
struct sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t  nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

void
loop_set_patient(struct loop *l)
{
	l->is_patient = true;
}

/*
 * A thread that wakes up takes the CPU from one with longer slices at once
 * (EEVDF), and need not wait for the end of a handshake.  Older kernels take
 * no notice.  What the operator chose stays: the nice value, and a policy for
 * which slices are not ours to say.
 */
void
loop_be_patient(const struct loop *l)
{
	struct sched_attr attr = { .size = sizeof(attr) };

	if (!l->is_patient ||
	    syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0 ||
	    attr.policy != SCHED_OTHER)
		return;
	attr.runtime = PATIENT_SLICE_NS;
	syscall(SYS_sched_setattr, 0, &attr, 0);
}

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
