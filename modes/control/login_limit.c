#include "base/mem.h"
#include "modes/control/login_limit.h"

#define MINUTE_MS	60000

void
login_limit_init(struct login_limit *l)
{
	map_init(&l->names);
	map_init(&l->addresses);
	l->minute = 0;
}

void
login_limit_fini(struct login_limit *l)
{
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

bool
login_limit_take(struct login_limit *l, struct slice name,
    struct slice address, uint64_t now_ms)
{
	if (now_ms / MINUTE_MS != l->minute) {
		login_limit_fini(l);
		login_limit_init(l);
		l->minute = now_ms / MINUTE_MS;
	}
	/* Who is over his own limit uses up nobody's name. */
	return take(&l->addresses, address, LOGIN_LIMIT_ADDRESS) &&
	    take(&l->names, name, LOGIN_LIMIT_NAME);
}
