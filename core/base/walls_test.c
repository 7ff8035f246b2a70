#include "base/capability.h"
#include "base/child_test.h"
#include "base/walls.h"

static const struct seccomp_set *const server[] = {
	&seccomp_core, &seccomp_loops, &seccomp_sockets, &seccomp_files, NULL,
};

static int
status_of(int (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	return child_exit(pid);
}

static int
try_twice(void)
{
	struct walls w;

	walls_open(&w, true);
	walls_raise(&w, 0);
	walls_shut(&w, server);
	if (!w.has_seccomp || w.capabilities != 0)
		return 1;
	/* Behind the first ones none can be built: a container is like that. */
	walls_open(&w, true);
	walls_raise(&w, CAPABILITY_CHOWN);
	walls_shut(&w, server);
	return w.has_seccomp || w.has_landlock ? 2 :
	    w.capabilities != 0 ? 3 : 0;
}

TEST(walls_that_cannot_be_built_are_said_to_be_missing)
{
	if (!seccomp_can())
		skip();
	assert_int_equal(status_of(try_twice), 0);
}

static int
try_unwanted(void)
{
	uint64_t before = capability_now();
	struct walls w;

	walls_open(&w, false);
	walls_raise(&w, 0);
	walls_shut(&w, server);
	return w.has_seccomp || w.has_landlock ? 1 :
	    capability_now() != before ? 2 : 0;
}

TEST(walls_that_nobody_wants_are_not_built)
{
	assert_int_equal(status_of(try_unwanted), 0);
}
