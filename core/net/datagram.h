#ifndef NET_DATAGRAM_H
#define NET_DATAGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "loop/loop.h"
#include "net/addr.h"

/*
 * datagram: UDP sockets on a loop.
 *
 * Life: datagram_io_new, one for a loop -> datagram_listen, datagram_connect
 *       -> on_datagram, datagram_send ... -> datagram_close
 *       -> datagram_io_free.
 *
 * System calls carry many: what a socket has is read DATAGRAM_BATCH at a time,
 * and at most DATAGRAM_ROUNDS times before others have their turn; what is sent
 * is copied and leaves at the end of the turn, or once DATAGRAM_UNSENT wait.
 * Nothing waits longer: what the kernel does not take then is lost, as on any
 * link that is full, and on_unsent says so.
 *
 * Several loops share an address by a socket of each (SO_REUSEPORT): the kernel
 * gives all that comes from one address and port to the same one, so that
 * nothing is handed over between threads and no lock is needed.
 */
#define DATAGRAM_BATCH	32
#define DATAGRAM_ROUNDS	4
#define DATAGRAM_UNSENT	64
#define DATAGRAM_MAX	65535	/* bytes; IPv4 carries 65,507 */

struct datagram_io;
struct datagram_socket;

/* All borrowed for the call. */
struct datagram {
	const struct addr *from;
	const struct addr *at;	/* ours that it was sent to; len 0: not known */
	struct slice       bytes;
};

/* Each may close the socket. */
struct datagram_ops {
	void (*on_datagram)(void *owner, const struct datagram *);
	/* ICMP says that nobody is there (ECONNREFUSED) or that there is no way. */
	void (*on_error)(void *owner, int error);
	/* One datagram was not sent: EAGAIN (full), EMSGSIZE, ... */
	void (*on_unsent)(void *owner, int error);
};

/* Keeps the loop. */
struct datagram_io *datagram_io_new(struct loop *);
void datagram_io_free(struct datagram_io *);	/* after its sockets closed */

/*
 * Binds n sockets to one address, which nobody else may have; *bound has the
 * real port.  ":PORT" is dual-stack (IPv4 alone where there is no IPv6).  Any
 * thread; all or none.
 */
int datagram_bind(const struct addr *, int n, int fds[], struct addr *bound,
    struct err *);
/* Takes fd, one of datagram_bind; keeps io, ops and owner. */
struct datagram_socket *datagram_listen(struct datagram_io *, int fd,
    const struct datagram_ops *, void *owner);
/* To one peer, and from nobody else.  NULL: *error is the errno. */
struct datagram_socket *datagram_connect(struct datagram_io *,
    const struct addr *to, const struct datagram_ops *, void *owner,
    int *error);
/*
 * Copies.  to and from, which of ours it is to come from, as they stand in what
 * is answered; both NULL when connected.
 */
void datagram_send(struct datagram_socket *, const struct addr *to,
    const struct addr *from, struct slice bytes);
/* What was to be sent still is.  The owner hears nothing from here on. */
void datagram_close(struct datagram_socket *);

#endif
