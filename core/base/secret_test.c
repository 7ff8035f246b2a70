#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/child_test.h"
#include "base/secret.h"
#include "base/syscall.h"
#include "base/unit.h"

#define SIZE	5000	/* more than a page */

/* The flags of the mapping at p (VmFlags of smaps), with a blank behind each. */
static void
read_flags(const void *p, char *out, size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	char line[512];
	int inside = 0;

	assert_non_null(f);
	*out = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (unsigned long)p >= from &&
			    (unsigned long)p < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(out, size, "%s", line + 8);
	}
	fclose(f);
}

TEST(secret_is_locked_not_dumped_and_not_inherited)
{
	char flags[512];
	char *p;

	/* Sanitizers make mlock do nothing. */
	if (SYSCALL_IS_WATCHED || !secret_can_lock(SIZE))
		skip();
	p = secret_alloc(SIZE);
	memset(p, 'k', SIZE);
	read_flags(p, flags, sizeof(flags));
	assert_non_null(strstr(flags, " lo "));	/* locked */
	assert_non_null(strstr(flags, " dd "));	/* do not dump */
	assert_non_null(strstr(flags, " wf "));	/* wipe on fork */
	pid_t pid = fork();

	if (pid == 0)
		_exit(p[0] == 0 && p[SIZE - 1] == 0 ? 0 : 1);
	assert_int_equal(child_exit(pid), 0);
	assert_int_equal(p[SIZE - 1], 'k');
	secret_free(p, SIZE);
	secret_free(NULL, SIZE);
}

/* Without room to lock it is memory like any other. */
TEST(secret_is_there_when_it_cannot_be_locked)
{
	pid_t pid;

	if (SYSCALL_IS_WATCHED)
		skip();
	pid = fork();
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		/* Root is not limited: become somebody who is. */
		if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 ||
		    (getuid() == 0 && setuid(65534) < 0))
			_exit(1);
		char *p = secret_alloc(SIZE);

		p[SIZE - 1] = 'k';
		int is_told = !secret_can_lock(SIZE);

		secret_free(p, SIZE);
		_exit(is_told ? 0 : 2);
	}
	assert_int_equal(child_exit(pid), 0);
}
