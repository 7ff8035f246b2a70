#ifndef NET_CIDR_H
#define NET_CIDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/addr.h"

/*
 * cidr: a range of IP addresses, "10.0.0.0/8" or "2001:db8::/32"; an address
 * alone is a range of one.  IPv4 in IPv6 is IPv4, on both sides.
 */
struct cidr {
	int      family;	/* AF_INET or AF_INET6 */
	uint8_t  ip[16];
	unsigned bits;		/* that count, from the front */
};

bool cidr_parse(struct slice text, struct cidr *);
/* False for what is no IP address. */
bool cidr_has(const struct cidr *, const struct addr *);

#endif
