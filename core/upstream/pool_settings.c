#include <string.h>

#include "upstream/pool_settings.h"

void
pool_settings_init(struct pool_settings *s)
{
	*s = (struct pool_settings){
		.idle_ms = 30000, .fresh_ms = 1000,
		.h2 = http_limits_default.h2,
		.ping_ms = 30000, .pong_ms = 10000,
	};
}

bool
pool_settings_are_same(const struct pool_settings *a,
    const struct pool_settings *b)
{
	return a->idle_ms == b->idle_ms && a->fresh_ms == b->fresh_ms &&
	    a->requests == b->requests && a->age_ms == b->age_ms &&
	    a->grace_ms == b->grace_ms && a->link == b->link &&
	    /* Numbers of one size: there are no gaps. */
	    memcmp(&a->h2, &b->h2, sizeof(a->h2)) == 0 &&
	    a->ping_ms == b->ping_ms && a->pong_ms == b->pong_ms &&
	    a->pings_all == b->pings_all;
}
