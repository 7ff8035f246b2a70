#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/signer_jail.h"

static bool
denied(long result)
{
	return result == -1 && errno == EPERM;
}

static bool
map_denied(int prot)
{
	void *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED && errno == EPERM;
}

/* The number of the first thing that is not as it should be, or 0. */
static int
try_everything(void)
{
	static char page[4096];
	char *argv[] = { NULL };
	struct err err = ERR_INIT;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    signer_jail_close(&err) < 0)
		return 1;
	return !denied(open("/dev/null", O_RDONLY)) ? 2 :
	    !denied(socket(AF_INET, SOCK_STREAM, 0)) ? 3 :
	    !denied(socket(AF_UNIX, SOCK_STREAM, 0)) ? 4 :
	    !denied(execve("/bin/true", argv, argv)) ? 5 :
	    !denied(fork()) ? 6 :
	    !denied(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) ? 7 :
	    !denied(kill(getppid(), 0)) ? 8 :
	    !map_denied(PROT_READ | PROT_EXEC) ? 9 :
	    !denied(mprotect(page, 1, PROT_EXEC)) ? 10 :
	    map_denied(PROT_READ | PROT_WRITE) ? 11 :
	    clock_wall_s() <= 0 ? 12 : 0;
}

TEST(signer_jail_leaves_nothing_to_open_or_run)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip();
#endif
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(try_everything());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
