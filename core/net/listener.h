#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"
#include "net/addr.h"

/*
 * listener: one listening socket that several loops accept from.
 *
 * Life: listener_open -> listener_watch by each loop -> accepted(fd) on the
 *       loop that won -> listener_unwatch by each -> listener_close.
 *
 * A connection wakes one of the loops that rest (loop_fd_start_shared); while
 * connections come one by one it is mostly the same, and accepted() may pass
 * them on.  Out of file descriptors: a reserve descriptor is spent to accept and
 * close at once, accepting pauses 100 ms and one line is logged per second; it
 * never spins.
 * At most LISTENER_BATCH connections are taken per wake, so that loops share
 * what arrives together.
 */
#define LISTENER_BATCH	16

struct listener;
struct listener_watch;

/*
 * ":PORT" listens dual-stack (IPv4 alone where there is no IPv6).  A Unix
 * path is unlinked if nobody answers, and again by listener_close.
 */
struct listener *listener_open(const struct addr *, int backlog, struct err *);
struct listener *listener_from_fd(int fd);	/* takes; socket activation */
/* Of a Unix socket's path; gid -1 leaves the group. */
int listener_set_mode(struct listener *, unsigned mode, int64_t gid,
    struct err *);
const struct addr *listener_addr(const struct listener *); /* real port */
/* accepted gets a non-blocking, close-on-exec fd that it owns. */
struct listener_watch *listener_watch(struct listener *, struct loop *,
    void (*accepted)(void *arg, int fd, const struct addr *peer), void *arg);
/* Until listener_resume; connections wait in the backlog. */
void listener_pause(struct listener_watch *);
void listener_resume(struct listener_watch *);
/* Accepts all that wait, as before an unwatch that is to lose nobody. */
void listener_accept_all(struct listener_watch *);
void listener_unwatch(struct listener_watch *);	/* on its loop, also inside
						   accepted */
void listener_close(struct listener *);	/* after all are unwatched */

#endif
