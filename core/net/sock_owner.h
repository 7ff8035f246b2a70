#ifndef NET_SOCK_OWNER_H
#define NET_SOCK_OWNER_H

#include <sys/types.h>

#include "base/err.h"
#include "net/addr.h"

/*
 * sock_owner: whose a socket of this machine is.  TCP has no SO_PEERCRED; the
 * kernel tells by sock_diag(7) who made the socket at the other end, which any
 * user may ask.  Answered at once, without waiting for anybody.
 */

/*
 * The user of the socket whose own address is `from` and whose peer is `to`.
 * -1, ERR_NOT_FOUND: there is none here (it is of another machine, or gone);
 * other kinds: the kernel cannot tell.
 */
int sock_owner_find(const struct addr *from, const struct addr *to,
    bool is_udp, uid_t *user, struct err *);
/* Of who is connected to fd, IP or Unix; from: as accept said. */
int sock_owner_of_peer(int fd, const struct addr *from, uid_t *user,
    struct err *);

#endif
