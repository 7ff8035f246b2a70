#ifndef BASE_CHILD_TEST_H
#define BASE_CHILD_TEST_H

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unit.h"

/*
 * child_test: for tests of what a whole process keeps to or gives up for good,
 * which run it in a child:
 *
 *	pid_t pid = fork();
 *
 *	if (pid == 0)
 *		_exit(try_it());
 *	assert_int_equal(child_exit(pid), 0);
 */

/* Waits for it; gives what it ended with, and fails if by a signal. */
static inline int
child_exit(pid_t pid)
{
	int status = -1;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif
