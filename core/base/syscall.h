#ifndef BASE_SYSCALL_H
#define BASE_SYSCALL_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * syscall: the calls to the kernel that every request makes, without what libc
 * adds to them in a program with threads: they are points of cancellation, with
 * an atomic exchange before and one behind.  No thread is cancelled here.
 * Results and errno are those of the functions that they are named for.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SYSCALL_IS_WATCHED 1	/* sanitizers look at libc's functions */
#else
#define SYSCALL_IS_WATCHED 0
#endif

static inline ssize_t
syscall_recv(int fd, void *to, size_t len, int flags)
{
	if (SYSCALL_IS_WATCHED)
		return recv(fd, to, len, flags);
	return syscall(SYS_recvfrom, fd, to, len, flags, NULL, NULL);
}

static inline ssize_t
syscall_send(int fd, const void *from, size_t len, int flags)
{
	if (SYSCALL_IS_WATCHED)
		return send(fd, from, len, flags);
	return syscall(SYS_sendto, fd, from, len, flags, NULL, 0);
}

static inline int
syscall_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	if (SYSCALL_IS_WATCHED)
		return epoll_wait(fd, events, max, timeout_ms);
	return (int)syscall(SYS_epoll_pwait, fd, events, max, timeout_ms, NULL, 0);
}

#endif
