#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * addr: a socket address, IPv4, IPv6 or Unix, by value.  Text forms:
 * "127.0.0.1:80", "[::1]:80", ":80" (any address, dual stack), "unix:/path".
 * Host names are not addresses: see resolve.h.
 */
struct addr {
	union {
		struct sockaddr     sa;
		struct sockaddr_in  in;
		struct sockaddr_in6 in6;
		struct sockaddr_un  un;
	};
	socklen_t len;
};

#define ADDR_TEXT_MAX	120

/*
 * addr_brief: the same in 32 bytes, for where many are kept: of an IP socket the
 * address itself, of a Unix socket a pointer to the whole one.
 * Life: all zeros (no address) or addr_shorten -> addr_brief_fini.
 */
struct addr_brief {
	union {
		struct sockaddr     sa;
		struct sockaddr_in  in;
		struct sockaddr_in6 in6;
		struct {
			sa_family_t  family;
			struct addr *whole;
		} un;
	};
};

struct addr_brief addr_shorten(const struct addr *);	/* copies */
void addr_brief_fini(struct addr_brief *);	/* no address then */
/* Gives room, filled in, or the whole one that the brief form keeps. */
const struct addr *addr_whole(const struct addr_brief *, struct addr *room);

int addr_parse(struct slice text, struct addr *, struct err *);
int addr_from_ip(struct slice ip, int port, struct addr *, struct err *);
bool addr_is_ip(struct slice text);	/* not a name */
void addr_format(const struct addr *, char out[ADDR_TEXT_MAX]);
void addr_format_ip(const struct addr *, char out[ADDR_TEXT_MAX]); /* no port */
bool addr_eq(const struct addr *, const struct addr *);
/* The same IP, whatever the port; Unix sockets have no host. */
bool addr_is_same_host(const struct addr *, const struct addr *);
int addr_port(const struct addr *);	/* 0 for Unix */
void addr_set_port(struct addr *, int port);
bool addr_is_loopback(const struct addr *);	/* Unix sockets too */
bool addr_is_any(const struct addr *);
/* v4-mapped IPv6 becomes IPv4. */
void addr_unmap(struct addr *);
/* "HOST:PORT" split without resolving; host may be a name. */
int addr_split(struct slice text, struct slice *host, int *port, struct err *);

#endif
