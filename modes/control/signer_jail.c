#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modes/control/signer_jail.h"

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH	AUDIT_ARCH_AARCH64
#else
#error "name the architecture of the signer's system calls here"
#endif

static const unsigned int allowed[] = {
	/* the pair and the log */
	__NR_recvfrom, __NR_sendto, __NR_read, __NR_write, __NR_writev,
	__NR_ppoll, __NR_close,
#ifdef __NR_poll
	__NR_poll,
#endif
	/* memory, threads, time */
	__NR_brk, __NR_munmap, __NR_mremap, __NR_madvise, __NR_futex,
	__NR_rt_sigreturn, __NR_rt_sigprocmask, __NR_sched_yield,
	__NR_clock_gettime, __NR_gettimeofday, __NR_clock_nanosleep,
	__NR_restart_syscall, __NR_getrandom,
	/* the log's thread may only just be starting */
	__NR_rseq, __NR_set_robust_list,
	/* the end, in order and by a failed check */
	__NR_exit, __NR_exit_group, __NR_getpid, __NR_gettid, __NR_tgkill,
};

/* Allowed as long as the memory does not become executable. */
static const unsigned int mapping[] = { __NR_mmap, __NR_mprotect };

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define LOAD(field)							\
	(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,		\
	    (unsigned int)offsetof(struct seccomp_data, field))
#define RETURN(what)							\
	(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what)
/* Skips the next `skip` instructions unless the value is k. */
#define UNLESS(k, skip)							\
	(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, skip)

static size_t
write_program(struct sock_filter *p)
{
	const struct sock_filter *start = p;

	*p++ = LOAD(arch);
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH,
	    1, 0);
	*p++ = RETURN(SECCOMP_RET_KILL_PROCESS);
	*p++ = LOAD(nr);
	for (size_t i = 0; i < COUNT(allowed); i++) {
		*p++ = UNLESS(allowed[i], 1);
		*p++ = RETURN(SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < COUNT(mapping); i++) {
		*p++ = UNLESS(mapping[i], 4);
		*p++ = LOAD(args[2]);	/* prot: the low half comes first */
		*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
		    PROT_EXEC, 1, 0);
		*p++ = RETURN(SECCOMP_RET_ALLOW);
		*p++ = RETURN(SECCOMP_RET_ERRNO | EPERM);
	}
	*p++ = RETURN(SECCOMP_RET_ERRNO | EPERM);
	return (size_t)(p - start);
}

int
signer_jail_close(struct err *err)
{
	struct sock_filter code[5 + 2 * COUNT(allowed) + 5 * COUNT(mapping)];
	struct sock_fprog program = {
		.len = (unsigned short)write_program(code), .filter = code,
	};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)program;
	(void)err;
	return 0;
#else
	if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC, &program) == 0)
		return 0;
	return err_errno(err, "signer: seccomp");
#endif
}
