#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/child_test.h"
#include "base/unit.h"

static int
try_keep(void)
{
	struct err err = ERR_INIT;
	uint64_t before = capability_now();

	if (capability_keep(CAPABILITY_BIND_LOW, &err) < 0)
		return 1;
	if (capability_now() != (before & CAPABILITY_BIND_LOW))
		return 2;
	/* What is gone does not come back. */
	if (capability_keep(~UINT64_C(0), &err) < 0 ||
	    capability_now() != (before & CAPABILITY_BIND_LOW))
		return 3;
	if (capability_keep(0, &err) < 0 || capability_now() != 0)
		return 4;
	if (before == 0)
		return 0;	/* who never had any cannot show more */
	/*
	 * Capabilities are the thread's own.  libc's setuid asks for all threads
	 * and aborts where they differ, as a sanitizer's has what it had.
	 */
	return syscall(SYS_setuid, 65534) == -1 && errno == EPERM ? 0 : 5;
}

TEST(capability_that_is_dropped_is_gone)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_keep());
	assert_int_equal(child_exit(pid), 0);
}

static int
try_bounding(void)
{
	struct err err = ERR_INIT;

	if (capability_keep(CAPABILITY_CHOWN, &err) < 0)
		return 1;
	return prctl(PR_CAPBSET_READ, 0, 0, 0, 0) != 1 ? 2 :
	    prctl(PR_CAPBSET_READ, 21, 0, 0, 0) != 0 ? 3 : 0;
}

TEST(capability_bounds_follow_where_root_drops)
{
	pid_t pid;

	if (capability_now() == 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(try_bounding());
	assert_int_equal(child_exit(pid), 0);
}
