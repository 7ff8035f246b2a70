#include <string.h>

#include "net/cidr.h"

static const uint8_t *
bytes_of(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ?
	    (const uint8_t *)&a->in.sin_addr : a->in6.sin6_addr.s6_addr;
}

bool
cidr_parse(struct slice text, struct cidr *c)
{
	struct slice ip, rest = text;
	struct addr a, mapped;
	struct err err = ERR_INIT;
	uint64_t bits;

	slice_cut(&rest, '/', &ip);
	if (addr_from_ip(ip, 0, &a, &err) != 0)
		return false;
	uint64_t most = a.sa.sa_family == AF_INET ? 32 : 128;

	bits = most;
	if (rest.ptr != NULL && (rest.len > 3 || !slice_u64(rest, &bits) ||
	    bits > most))
		return false;
	mapped = a;
	addr_unmap(&mapped);
	if (mapped.sa.sa_family != a.sa.sa_family) {
		if (bits < 96)
			return false;
		bits -= 96;
	}
	*c = (struct cidr){ .family = mapped.sa.sa_family,
	    .bits = (unsigned)bits };
	memcpy(c->ip, bytes_of(&mapped), c->family == AF_INET ? 4 : 16);
	return true;
}

bool
cidr_has(const struct cidr *c, const struct addr *from)
{
	struct addr a = *from;
	unsigned whole = c->bits / 8, rest = c->bits % 8;

	addr_unmap(&a);
	if (a.sa.sa_family != c->family)
		return false;
	const uint8_t *ip = bytes_of(&a);

	return memcmp(ip, c->ip, whole) == 0 && (rest == 0 ||
	    ((ip[whole] ^ c->ip[whole]) >> (8 - rest)) == 0);
}
