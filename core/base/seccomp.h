#ifndef BASE_SECCOMP_H
#define BASE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * seccomp: the system calls that are left to this process (seccomp(2), mode
 * filter): a list of what is allowed, put together from named sets.
 *
 * It holds for all threads, those to come and their children, and for good.
 * A call that is on no list of the process fails with EPERM, which costs an
 * honest program that was built with a newer libc one feature and not its
 * life; where the kernel keeps an audit log (kernel.seccomp.actions_logged),
 * it has a line with the call's number.  What only an intruder asks for, such as
 * execve or ptrace, ends the process at once (SIGSYS), and so does a call in
 * the convention of another architecture.  clone3 "does not exist", because
 * its flags are out of a filter's sight: libc then takes clone.
 *
 * A call that is always allowed costs some 10 ns more than without, because
 * the kernel (Linux 5.11) remembers that it is; one whose arguments are looked
 * at, 40.  Memory that is mapped never becomes executable: see seccomp_core.
 * The sanitizers call whatever they like; under them nothing is shut.
 */
enum seccomp_when {
	SECCOMP_ALWAYS,
	SECCOMP_IF_IS,		/* the argument, as an int, is value */
	SECCOMP_IF_HAS,		/* it has a bit of value */
	SECCOMP_IF_LACKS,	/* it has no bit of value */
	SECCOMP_IF_NULL,	/* it is a null pointer */
	SECCOMP_IF_SELF,	/* it is the number of this process */
};

/* Rules of the same call are alternatives. */
struct seccomp_rule {
	unsigned int      call;		/* __NR_... */
	enum seccomp_when when;
	unsigned int      arg, value;
	/* Unless 0: this argument, as an int, is to be and_value besides. */
	unsigned int      and_arg, and_value;
};

struct seccomp_set {
	const char                *name;
	const struct seccomp_rule *rules;
	size_t                     len;
};

/* Descriptors one has, memory, threads that run, clocks, the end. */
extern const struct seccomp_set seccomp_core;
/* New threads, and what loops wait with. */
extern const struct seccomp_set seccomp_loops;
/*
 * IP and local sockets, pipes.  Of IP what a stream or a datagram is by default,
 * TCP and UDP: neither raw sockets nor a protocol whose module the kernel would
 * load for who asks.
 */
extern const struct seccomp_set seccomp_sockets;
/* Asking the kernel whose socket that is (sock_diag). */
extern const struct seccomp_set seccomp_socket_owners;
/* Files by name; which ones is for Landlock and for modes to say. */
extern const struct seccomp_set seccomp_files;

/* Whether this build can be shut in at all. */
bool seccomp_can(void);
/* sets ends with NULL.  Sets no_new_privs. */
int seccomp_shut(const struct seccomp_set *const *sets, struct err *);

#endif
