#include <asm/ioctls.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/seccomp.h"

#define ALLOW(name)			{ __NR_##name, SECCOMP_ALWAYS, 0, 0, 0, 0 }
#define ALLOW_IF(name, when, arg, v)					\
	{ __NR_##name, SECCOMP_IF_##when, arg, v, 0, 0 }
#define ALLOW_SOCKET(family, protocol)					\
	{ __NR_socket, SECCOMP_IF_IS, 0, family, 2, protocol }
#define SET(sign, rules)						\
	const struct seccomp_set seccomp_##sign = {			\
		#sign, rules, sizeof(rules) / sizeof((rules)[0])	\
	}

/* What every request needs stands first. */
static const struct seccomp_rule core[] = {
	ALLOW(recvfrom), ALLOW(sendto), ALLOW(read), ALLOW(write),
	ALLOW(readv), ALLOW(writev), ALLOW(ppoll), ALLOW(close),
#ifdef __NR_poll
	ALLOW(poll),
#endif
	ALLOW_IF(mmap, LACKS, 2, PROT_EXEC),
	ALLOW_IF(mprotect, LACKS, 2, PROT_EXEC),
	ALLOW(brk), ALLOW(munmap), ALLOW(mremap), ALLOW(madvise), ALLOW(futex),
	ALLOW(rt_sigreturn), ALLOW(rt_sigprocmask), ALLOW(sched_yield),
	ALLOW(clock_gettime), ALLOW(gettimeofday), ALLOW(clock_nanosleep),
	ALLOW(restart_syscall), ALLOW(getrandom),
	/* a thread may only just be starting */
	ALLOW(rseq), ALLOW(set_robust_list),
	ALLOW_IF(prctl, IS, 0, PR_SET_NAME),
	ALLOW(exit), ALLOW(exit_group), ALLOW(getpid), ALLOW(gettid),
	ALLOW_IF(tgkill, SELF, 0, 0),	/* abort */
};
SET(core, core);

static const struct seccomp_rule loops[] = {
	ALLOW(epoll_pwait), ALLOW(epoll_ctl), ALLOW(epoll_create1),
	ALLOW(epoll_pwait2),
#ifdef __NR_epoll_wait
	ALLOW(epoll_wait), ALLOW(epoll_create),
#endif
	ALLOW(eventfd2), ALLOW(timerfd_create), ALLOW(timerfd_settime),
	ALLOW_IF(clone, HAS, 0, CLONE_THREAD),
	ALLOW(sched_getaffinity), ALLOW(sched_getattr), ALLOW(sched_setattr),
	ALLOW(sigaltstack), ALLOW(rt_sigaction), ALLOW(rt_sigtimedwait),
	ALLOW(clock_getres), ALLOW(getrusage), ALLOW(sysinfo), ALLOW(times),
	ALLOW_IF(prlimit64, NULL, 2, 0),
	ALLOW(fcntl), ALLOW(dup), ALLOW(dup3),
	ALLOW_IF(ioctl, IS, 1, FIONBIO), ALLOW_IF(ioctl, IS, 1, FIONREAD),
	ALLOW_IF(ioctl, IS, 1, TIOCOUTQ), ALLOW_IF(ioctl, IS, 1, TCGETS),
	ALLOW(mlock), ALLOW(munlock),
	ALLOW(wait4),			/* control's signer */
	ALLOW(getuid), ALLOW(geteuid), ALLOW(getgid), ALLOW(getegid),
	ALLOW(getppid), ALLOW(uname),
};
SET(loops, loops);

static const struct seccomp_rule sockets[] = {
	ALLOW(recvmsg), ALLOW(sendmsg), ALLOW(recvmmsg), ALLOW(sendmmsg),
	ALLOW(accept4), ALLOW(connect), ALLOW(shutdown), ALLOW(splice),
	ALLOW(tee), ALLOW(sendfile), ALLOW(pipe2),
	ALLOW(getsockopt), ALLOW(setsockopt),
	ALLOW(getsockname), ALLOW(getpeername), ALLOW(bind), ALLOW(listen),
	ALLOW_SOCKET(AF_INET, 0), ALLOW_SOCKET(AF_INET6, 0),
	ALLOW_SOCKET(AF_UNIX, 0),
	ALLOW_IF(socketpair, IS, 0, AF_UNIX),
};
SET(sockets, sockets);

static const struct seccomp_rule socket_owners[] = {
	ALLOW_SOCKET(AF_NETLINK, NETLINK_SOCK_DIAG),
};
SET(socket_owners, socket_owners);

static const struct seccomp_rule files[] = {
	ALLOW(openat), ALLOW(newfstatat), ALLOW(fstat), ALLOW(statx),
	ALLOW(lseek), ALLOW(pread64), ALLOW(pwrite64), ALLOW(ftruncate),
	ALLOW(fallocate), ALLOW(fsync), ALLOW(fdatasync), ALLOW(getdents64),
	ALLOW(faccessat), ALLOW(faccessat2), ALLOW(readlinkat),
	ALLOW(renameat), ALLOW(renameat2), ALLOW(unlinkat), ALLOW(mkdirat),
	ALLOW(fchmod), ALLOW(fchmodat), ALLOW(fchown), ALLOW(fchownat),
	ALLOW(getcwd), ALLOW(umask), ALLOW(statfs), ALLOW(fstatfs),
	ALLOW(fadvise64),
	ALLOW(utimensat), ALLOW(copy_file_range), ALLOW(flock),
	ALLOW(inotify_init1), ALLOW(inotify_add_watch), ALLOW(inotify_rm_watch),
#ifdef __NR_open	/* older architectures have these, too */
	ALLOW(open), ALLOW(stat), ALLOW(lstat), ALLOW(access),
	ALLOW(readlink), ALLOW(rename), ALLOW(unlink), ALLOW(mkdir),
	ALLOW(rmdir), ALLOW(chmod), ALLOW(chown), ALLOW(getdents),
#endif
};
SET(files, files);
