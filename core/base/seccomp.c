#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/seccomp.h"
#include "base/syscall.h"

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH	AUDIT_ARCH_AARCH64
#else
#error "name the architecture of the system calls here"
#endif

/* No code of ours or of a library comes near these. */
static const unsigned int deadly[] = {
	__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv,
	__NR_process_vm_writev, __NR_mount, __NR_umount2, __NR_pivot_root,
	__NR_chroot, __NR_unshare, __NR_setns, __NR_init_module,
	__NR_finit_module, __NR_kexec_load, __NR_bpf, __NR_perf_event_open,
	__NR_userfaultfd, __NR_add_key, __NR_request_key, __NR_keyctl,
	__NR_io_uring_setup, __NR_personality,
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define RULE_MAX	9	/* instructions of one rule */
#define ENDS		(4 + 2 * COUNT(deadly) + 3)

/* --- the program -------------------------------------------------------------------- */

static struct sock_filter
load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    (unsigned int)offset);
}

static struct sock_filter
result(unsigned int what)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what);
}

/* Skips so many instructions if the value is k, or if it is not. */
static struct sock_filter
jump(unsigned short test, unsigned int k, size_t yes, size_t no)
{
	return (struct sock_filter)BPF_JUMP(
	    (unsigned short)(BPF_JMP | BPF_K | test), k,
	    (unsigned char)yes, (unsigned char)no);
}

/* Where the low half of an argument is; the high half comes behind it. */
static size_t
low_half(unsigned int arg)
{
	return offsetof(struct seccomp_data, args) + 8 * (size_t)arg;
}

/*
 * The test of one argument; it falls through where it holds, and skips so many
 * instructions behind it where it does not.
 */
static size_t
write_test(struct sock_filter *p, const struct seccomp_rule *r, size_t skip)
{
	size_t n = 0;

	if (r->when == SECCOMP_ALWAYS)
		return 0;
	p[n++] = load(low_half(r->arg));
	switch (r->when) {
	case SECCOMP_IF_IS:
		p[n++] = jump(BPF_JEQ, r->value, 0, skip);
		break;
	case SECCOMP_IF_SELF:
		p[n++] = jump(BPF_JEQ, (unsigned int)getpid(), 0, skip);
		break;
	case SECCOMP_IF_HAS:
		p[n++] = jump(BPF_JSET, r->value, 0, skip);
		break;
	case SECCOMP_IF_LACKS:
		p[n++] = jump(BPF_JSET, r->value, skip, 0);
		break;
	case SECCOMP_IF_NULL:
		p[n++] = jump(BPF_JEQ, 0, 0, skip + 2);
		p[n++] = load(low_half(r->arg) + 4);
		p[n++] = jump(BPF_JEQ, 0, 0, skip);
		break;
	case SECCOMP_ALWAYS:
		break;
	}
	return n;
}

static size_t
write_rule(struct sock_filter *p, const struct seccomp_rule *r)
{
	size_t n = 1;

	n += write_test(p + n, r, r->and_arg != 0 ? 3 : 1);
	if (r->and_arg != 0) {
		p[n++] = load(low_half(r->and_arg));
		p[n++] = jump(BPF_JEQ, r->and_value, 0, 1);
	}
	p[n++] = result(SECCOMP_RET_ALLOW);
	/* Another rule may have something to say. */
	if (r->when != SECCOMP_ALWAYS)
		p[n++] = load(offsetof(struct seccomp_data, nr));
	p[0] = jump(BPF_JEQ, r->call, 0, n - 1);
	return n;
}

static size_t
write_program(struct sock_filter *p, const struct seccomp_set *const *sets)
{
	size_t n = 0;

	p[n++] = load(offsetof(struct seccomp_data, arch));
	p[n++] = jump(BPF_JEQ, ARCH, 1, 0);
	p[n++] = result(SECCOMP_RET_KILL_PROCESS);
	p[n++] = load(offsetof(struct seccomp_data, nr));
	for (; *sets != NULL; sets++)
		for (size_t i = 0; i < (*sets)->len; i++)
			n += write_rule(p + n, &(*sets)->rules[i]);
	for (size_t i = 0; i < COUNT(deadly); i++) {
		p[n++] = jump(BPF_JEQ, deadly[i], 0, 1);
		p[n++] = result(SECCOMP_RET_KILL_PROCESS);
	}
	p[n++] = jump(BPF_JEQ, __NR_clone3, 0, 1);
	p[n++] = result(SECCOMP_RET_ALLOW);	/* see hide_clone3 */
	p[n++] = result(SECCOMP_RET_ERRNO | EPERM);
	return n;
}

/* --- shutting ------------------------------------------------------------------------ */

bool
seccomp_can(void)
{
	return !SYSCALL_IS_WATCHED;
}

static int
install(struct sock_filter *code, size_t len, unsigned int log, struct err *err)
{
	struct sock_fprog program = {
		.len = (unsigned short)len, .filter = code,
	};
	long r = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC | log, &program);

	/* A kernel before 4.14, or what stands in for one. */
	if (r < 0 && errno == EINVAL && log != 0)
		return install(code, len, 0, err);
	if (r > 0)
		return err_set(err, ERR_SYSTEM, "seccomp: thread %ld has a "
		    "filter of its own", r);
	return r == 0 ? 0 : err_errno(err, "seccomp");
}

/* A filter of its own: what libc is used to is no line of the kernel's log. */
static int
hide_clone3(struct err *err)
{
	struct sock_filter code[] = {
		load(offsetof(struct seccomp_data, nr)),
		jump(BPF_JEQ, __NR_clone3, 0, 1),
		result(SECCOMP_RET_ERRNO | ENOSYS),
		result(SECCOMP_RET_ALLOW),
	};

	return install(code, COUNT(code), 0, err);
}

int
seccomp_shut(const struct seccomp_set *const *sets, struct err *err)
{
	struct sock_filter *code;
	size_t rules = 0;
	int r;

	if (!seccomp_can())
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "no_new_privs");
	for (size_t i = 0; sets[i] != NULL; i++)
		rules += sets[i]->len;
	code = mem_zalloc_array(RULE_MAX * rules + ENDS, sizeof(*code));
	r = hide_clone3(err);
	if (r == 0)
		r = install(code, write_program(code, sets),
		    SECCOMP_FILTER_FLAG_LOG, err);
	mem_free(code);
	return r;
}
