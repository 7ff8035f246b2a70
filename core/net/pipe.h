#ifndef NET_PIPE_H
#define NET_PIPE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * pipe: bytes on their way from one socket to another inside the kernel.
 *
 * Life: pipe_get (empty) -> pipe_fill -> pipe_pour ... -> pipe_put.
 *
 * A thread has at most PIPE_MAX of them at a time, and keeps a few empty ones
 * until it ends.  Whoever gets none copies.
 */
#define PIPE_SIZE	(1024 * 1024)	/* or what the system allows */
#define PIPE_MAX	64

struct pipe {
	int          fds[2];
	size_t       len;	/* bytes in it */
	struct pipe *next;	/* the pool's */
};

struct pipe *pipe_get(void);	/* NULL: there are no more */
/* Takes it; what is still in it is lost.  NULL does nothing. */
void pipe_put(struct pipe **);
/* The sockets must not block: here no flag of a call keeps them from it. */

/* From a socket, as splice(2) returns; the pipe must be empty. */
ssize_t pipe_fill(struct pipe *, int fd);
/* To a socket, as splice(2) returns; the pipe must not be empty. */
ssize_t pipe_pour(struct pipe *, int fd);

#endif
