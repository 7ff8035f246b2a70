#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/seccomp.h"
#include "base/unit.h"

static const struct seccomp_set *const of_core[] = { &seccomp_core, NULL };
static const struct seccomp_set *const of_server[] = {
	&seccomp_core, &seccomp_loops, &seccomp_sockets, &seccomp_files, NULL,
};

static const struct seccomp_set *const of_proxy[] = {
	&seccomp_core, &seccomp_loops, &seccomp_sockets,
	&seccomp_socket_owners, &seccomp_files, NULL,
};

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

/* How a child ends that runs fn, as of waitpid(2). */
static int
status_of(int (*fn)(void))
{
	struct rlimit no_core = { 0, 0 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		_exit(fn());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* fn gives the number of the first thing that is not as it should be, or 0. */
static void
assert_child(int (*fn)(void))
{
	if (!seccomp_can())
		skip();
	int status = status_of(fn);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
try_core(void)
{
	static char page[4096];
	struct err err = ERR_INIT;

	if (seccomp_shut(of_core, &err) < 0)
		return 1;
	return !denied(open("/dev/null", O_RDONLY)) ? 2 :
	    !denied(socket(AF_INET, SOCK_STREAM, 0)) ? 3 :
	    !denied(socket(AF_UNIX, SOCK_STREAM, 0)) ? 4 :
	    !denied(fork()) ? 6 :
	    !denied(kill(getppid(), 0)) ? 8 :
	    !map_denied(PROT_READ | PROT_EXEC) ? 9 :
	    !denied(mprotect(page, 1, PROT_EXEC)) ? 10 :
	    map_denied(PROT_READ | PROT_WRITE) ? 11 :
	    !denied(syscall(SYS_tgkill, getppid(), getppid(), 0)) ? 12 :
	    syscall(SYS_tgkill, getpid(), getpid(), 0) != 0 ? 13 :
	    clock_wall_s() <= 0 ? 14 : 0;
}

TEST(seccomp_core_leaves_nothing_to_open_or_run)
{
	assert_child(try_core);
}

static void *
thread_main(void *arg)
{
	*(bool *)arg = denied(socket(AF_PACKET, SOCK_RAW, 0));
	return NULL;
}

static int
try_server(void)
{
	struct rlimit limit = { 1, 1 };
	struct err err = ERR_INIT;
	bool is_shut = false;
	pthread_t thread;
	char c = 'x';

	if (seccomp_shut(of_server, &err) < 0)
		return 1;
	/* A thread that comes later, and what it inherits. */
	if (pthread_create(&thread, NULL, thread_main, &is_shut) != 0 ||
	    pthread_join(thread, NULL) != 0 || !is_shut)
		return 2;
	return open("/dev/null", O_RDONLY) < 0 ? 3 :
	    socket(AF_INET6, SOCK_STREAM, 0) < 0 ? 4 :
	    socket(AF_UNIX, SOCK_DGRAM, 0) < 0 ? 5 :
	    !denied(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE)) ? 6 :
	    !denied(socket(AF_PACKET, SOCK_RAW, 0)) ? 7 :
	    !denied(socket(AF_ALG, SOCK_SEQPACKET, 0)) ? 8 :
	    !denied(fork()) ? 9 :
	    !denied(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)) ? 10 :
	    prctl(PR_SET_NAME, "name", 0, 0, 0) != 0 ? 11 :
	    !denied(ioctl(0, TIOCSTI, &c)) ? 12 :
	    getrlimit(RLIMIT_NOFILE, &limit) != 0 ? 13 :
	    !denied(setrlimit(RLIMIT_NOFILE, &limit)) ? 14 :
	    !denied(symlink("/etc", "/tmp/mesh-seccomp-test")) ? 15 :
	    !denied(setuid(getuid())) ? 16 :
	    !denied(syscall(SYS_memfd_create, "x", 0)) ? 17 : 0;
}

/* Raw ones, which a capability allows; and those whose module would be loaded. */
static int
try_protocols(void)
{
	static const struct {
		int family, type, protocol;
	} v[] = {
		{ AF_INET, SOCK_RAW, IPPROTO_ICMP },
		{ AF_INET, SOCK_RAW, IPPROTO_RAW },
		{ AF_INET6, SOCK_RAW, IPPROTO_TCP },
		{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
		{ AF_INET, SOCK_STREAM, IPPROTO_SCTP },
		{ AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP },
		{ AF_INET, SOCK_STREAM, IPPROTO_MPTCP },
		{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
		{ AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER },
	};
	struct err err = ERR_INIT;

	if (seccomp_shut(of_proxy, &err) < 0)
		return 1;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (!denied(socket(v[i].family, v[i].type, v[i].protocol)))
			return 2 + (int)i;
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 50 :
	    socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0 ? 51 :
	    socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG) < 0 ? 52 : 0;
}

TEST(seccomp_leaves_of_sockets_what_carries_streams_and_datagrams)
{
	assert_child(try_protocols);
}

TEST(seccomp_leaves_a_server_what_it_serves_with)
{
	assert_child(try_server);
}

/* --- threads that were there before --------------------------------------------- */

struct early {
	int  to_thread[2], from_thread[2];
};

static void *
early_main(void *arg)
{
	struct early *e = arg;
	char c = 0;

	if (read(e->to_thread[0], &c, 1) == 1)
		c = denied(open("/dev/null", O_RDONLY)) ? 'y' : 'n';
	return write(e->from_thread[1], &c, 1) == 1 ? arg : NULL;
}

static int
try_early(void)
{
	struct err err = ERR_INIT;
	struct early e;
	pthread_t thread;
	char c = 'x';

	if (pipe(e.to_thread) < 0 || pipe(e.from_thread) < 0 ||
	    pthread_create(&thread, NULL, early_main, &e) != 0)
		return 1;
	if (seccomp_shut(of_core, &err) < 0)
		return 2;
	if (write(e.to_thread[1], &c, 1) != 1 ||
	    read(e.from_thread[0], &c, 1) != 1)
		return 3;
	return c == 'y' ? 0 : 4;
}

TEST(seccomp_shuts_threads_in_that_were_there_before)
{
	assert_child(try_early);
}

/* --- what ends the process -------------------------------------------------------- */

static int
try_exec(void)
{
	char *argv[] = { NULL };

	return execve("/bin/true", argv, argv);
}

static int
try_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
try_peek(void)
{
	char byte;
	struct iovec ours = { &byte, 1 }, theirs = { &byte, 1 };

	return (int)process_vm_readv(getppid(), &ours, 1, &theirs, 1, 0);
}

static int
try_unshare(void)
{
	return (int)syscall(SYS_unshare, 0);
}

static int
try_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int
try_io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 0, NULL);
}

static const struct intrusion {
	const char *what;
	int       (*fn)(void);
} intrusions[] = {
	{ "execve", try_exec }, { "ptrace", try_ptrace },
	{ "process_vm_readv", try_peek }, { "unshare", try_unshare },
	{ "bpf", try_bpf }, { "io_uring_setup", try_io_uring },
};

static const struct intrusion *intrusion;

static int
intrude(void)
{
	struct err err = ERR_INIT;

	return seccomp_shut(of_server, &err) < 0 ? 1 : intrusion->fn();
}

TEST(seccomp_ends_a_process_that_somebody_has_taken_over)
{
	if (!seccomp_can())
		skip();
	for (size_t i = 0; i < sizeof(intrusions) / sizeof(intrusions[0]); i++) {
		intrusion = &intrusions[i];
		int status = status_of(intrude);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %#x", intrusion->what,
			    (unsigned)status);
	}
}
