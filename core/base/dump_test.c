#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/child_test.h"
#include "base/dump.h"
#include "base/unit.h"

/* What the kernel says of a process that forbade it. */
static int
dumpable_after(const char *allow)
{
	pid_t child = fork();

	if (child == 0) {
		if (allow != NULL)
			setenv(DUMP_ALLOW, allow, 1);
		else
			unsetenv(DUMP_ALLOW);
		dump_forbid();
		_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	}
	return child_exit(child);
}

TEST(dump_is_forbidden_unless_somebody_debugs)
{
	assert_int_equal(dumpable_after(NULL), 0);
	assert_int_equal(dumpable_after(""), 0);
	assert_int_equal(dumpable_after("0"), 0);
	assert_int_equal(dumpable_after("1"), 1);
}
