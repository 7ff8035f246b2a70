#include "base/mem.h"
#include "modes/control/attest_limit.h"
#include "modes/control/login_limit.h"

void
attest_limit_fini(struct attest_limit *l)
{
	map_fini(&l->addresses, mem_free);
	*l = (struct attest_limit){ .all = 0 };
}

bool
attest_limit_take(struct attest_limit *l, const struct addr *from,
    uint64_t now_ms)
{
	struct slice host = login_limit_host(from);
	unsigned *n;

	if (now_ms / 60000 != l->minute) {
		attest_limit_fini(l);
		l->minute = now_ms / 60000;
	}
	if (l->all == ATTEST_LIMIT_ALL)
		return false;
	n = map_get(&l->addresses, host);
	if (n == NULL) {
		n = mem_zalloc(sizeof(*n));
		map_put(&l->addresses, host, n);
	}
	/* Who is over his own limit uses up nobody else's. */
	if (*n == ATTEST_LIMIT_ADDRESS)
		return false;
	++*n;
	l->all++;
	return true;
}
