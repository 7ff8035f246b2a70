#ifndef ECHO_ADDRESS_H
#define ECHO_ADDRESS_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"
#include "cmd/echo/reactor.h"

/*
 * address: numeric IPv4 and IPv6 addresses with a port, listening, dialling.
 * Names are not resolved: the mesh does that.
 */
struct address {
	struct sockaddr_storage sa;
	socklen_t               len;
};
#define ADDRESS_TEXT_MAX	64

/* "127.0.0.1:80" or "[::1]:80".  Returns -1 when it is something else. */
int  address_parse(struct address *, struct slice text);
void address_format(char out[ADDRESS_TEXT_MAX], const struct address *);
int  address_port(const struct address *);
/* Binds and listens; puts the real port into the address.  Gives the fd. */
int  address_listen(struct address *, struct err *);
/* Starts to connect.  Gives the fd, or -1 with errno. */
int  address_dial(const struct address *);

/*
 * acceptor: one thread's view of a listening socket shared by all.
 * The descriptor stays the caller's; each thread watches a duplicate.
 */
struct acceptor {
	struct watch watch;
	struct timer timer;	/* out of descriptors: try again later */
	void       (*on_accept)(struct acceptor *, int fd, const struct address *);
	void        *owner;
};
void acceptor_open(struct acceptor *, struct reactor *, int fd,
    void (*on_accept)(struct acceptor *, int, const struct address *),
    void *owner);

#endif
