#include "base/mem.h"
#include "base/str.h"
#include "modes/control/login_limit.h"

#define MINUTE_MS	60000

void
login_limit_init(struct login_limit *l)
{
	map_init(&l->pairs);
	map_init(&l->names);
	map_init(&l->addresses);
	l->minute = 0;
}

void
login_limit_fini(struct login_limit *l)
{
	map_fini(&l->pairs, mem_free);
	map_fini(&l->names, mem_free);
	map_fini(&l->addresses, mem_free);
}

/* One more of a key; false: it had max. */
static bool
take(struct map *m, struct slice key, unsigned max)
{
	unsigned *n = map_get(m, key);

	if (n == NULL) {
		if (m->len >= LOGIN_LIMIT_KEYS)
			return false;
		n = mem_zalloc(sizeof(*n));
		map_put(m, key, n);
	}
	return ++*n <= max;
}

/* Of whoever can take another port, or another address of his network. */
struct slice
login_limit_host(const struct addr *a)
{
	const struct in6_addr *six = &a->in6.sin6_addr;

	if (a->sa.sa_family == AF_INET)
		return slice_of((const char *)&a->in.sin_addr, 4);
	if (a->sa.sa_family != AF_INET6)
		return SLICE("");
	return IN6_IS_ADDR_V4MAPPED(six) ?
	    slice_of((const char *)six->s6_addr + 12, 4) :
	    slice_of((const char *)six->s6_addr, 8);
}

unsigned
login_limit_left_s(uint64_t now_ms)
{
	return (unsigned)((MINUTE_MS - now_ms % MINUTE_MS + 999) / 1000);
}

/* A host is of 0, 4 or 8 bytes, which say where the name begins. */
static bool
take_pair(struct login_limit *l, struct slice host, struct slice name)
{
	struct str key = { 0 };

	str_add_char(&key, (char)host.len);
	str_add_slice(&key, host);
	str_add_slice(&key, name);
	bool may = take(&l->pairs, str_slice(&key), LOGIN_LIMIT_NAME);

	str_fini(&key);
	return may;
}

bool
login_limit_take(struct login_limit *l, struct slice name,
    const struct addr *from, uint64_t now_ms)
{
	if (now_ms / MINUTE_MS != l->minute) {
		login_limit_fini(l);
		login_limit_init(l);
		l->minute = now_ms / MINUTE_MS;
	}
	/* Who is over his own limit uses up nobody's name. */
	return take(&l->addresses, login_limit_host(from), LOGIN_LIMIT_ADDRESS) &&
	    take_pair(l, login_limit_host(from), name) &&
	    take(&l->names, name, LOGIN_LIMIT_NAME_ALL);
}
