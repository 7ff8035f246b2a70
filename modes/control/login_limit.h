#ifndef CONTROL_LOGIN_LIMIT_H
#define CONTROL_LOGIN_LIMIT_H

#include "base/map.h"
#include "net/addr.h"

/*
 * login_limit: how often somebody may try a password: in a minute so many times
 * for each name that is tried, there or not, from one address, so many more for it
 * from all, and so many from each address; of IPv6 from each /64, as whoever has
 * one of those addresses has all.  One host holds off nobody but itself.
 * Life: login_limit_init -> login_limit_take before each try
 *     -> login_limit_fini.
 *
 * Names and addresses are a stranger's to choose: beyond LOGIN_LIMIT_KEYS of
 * them in a minute nobody may try.
 */
#define LOGIN_LIMIT_NAME	10	/* tries in a minute, from one address */
#define LOGIN_LIMIT_NAME_ALL	100	/* from all of them */
#define LOGIN_LIMIT_ADDRESS	30
#define LOGIN_LIMIT_KEYS	10000

struct login_limit {
	struct map pairs, names, addresses;	/* unsigned * */
	uint64_t   minute;
};

void login_limit_init(struct login_limit *);
void login_limit_fini(struct login_limit *);
/* Borrows: who counts as one of that address; "": of a local socket. */
struct slice login_limit_host(const struct addr *);
/* How long until it counts anew: 1 to 60 s. */
unsigned login_limit_left_s(uint64_t now_ms);
bool login_limit_take(struct login_limit *, struct slice name,
    const struct addr *from, uint64_t now_ms);

#endif
