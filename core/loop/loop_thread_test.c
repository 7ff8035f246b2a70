#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unit.h"
#include "loop/loop.h"

struct slice_seen {
	struct loop *loop;
	uint64_t     ns;
};

static void
note_slice(void *arg)
{
	struct slice_seen *seen = arg;
	uint64_t attr[6] = { 0 };	/* sched_getattr(2) */

	assert_int_equal(syscall(SYS_sched_getattr, 0, attr, sizeof(attr), 0),
	    0);
	seen->ns = attr[3];
	loop_stop(seen->loop);
}

static uint64_t
slice_of_thread(bool is_patient)
{
	struct slice_seen seen = { loop_new("test"), 0 };

	if (is_patient)
		loop_set_patient(seen.loop);
	loop_post(seen.loop, note_slice, &seen);
	loop_thread_start(seen.loop);
	loop_thread_join(seen.loop);
	loop_free(seen.loop);
	return seen.ns;
}

TEST(loop_that_is_patient_has_longer_slices)
{
	uint64_t usual = slice_of_thread(false), patient = slice_of_thread(true);

	if (usual == 0)
		skip();	/* a kernel that does not tell, and would not do it */
	assert_true(patient > usual);
}

struct chosen {
	struct loop *loop;
	int          policy, nice;	/* before and after */
};

static void *
run_as_chosen(void *arg)
{
	struct chosen *c = arg;
	struct sched_param none = { 0 };
	pid_t self = (pid_t)syscall(SYS_gettid);

	assert_int_equal(sched_setscheduler(self, c->policy, &none), 0);
	assert_int_equal(setpriority(PRIO_PROCESS, (id_t)self, c->nice), 0);
	loop_run(c->loop);
	c->policy = sched_getscheduler(self);
	c->nice = getpriority(PRIO_PROCESS, (id_t)self);
	return NULL;
}

TEST(loop_that_is_patient_keeps_policy_and_nice_value_of_its_thread)
{
	static const struct chosen cases[] = {
		{ NULL, SCHED_OTHER, 3 },
		{ NULL, SCHED_BATCH, 3 },
		{ NULL, SCHED_IDLE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chosen c = cases[i];
		pthread_t thread;

		c.loop = loop_new("test");
		loop_set_patient(c.loop);
		loop_stop(c.loop);
		assert_int_equal(pthread_create(&thread, NULL, run_as_chosen,
		    &c), 0);
		pthread_join(thread, NULL);
		assert_int_equal(c.policy, cases[i].policy);
		assert_int_equal(c.nice, cases[i].nice);
		loop_free(c.loop);
	}
}
