#ifndef CONTROL_ATTEST_LIMIT_H
#define CONTROL_ATTEST_LIMIT_H

#include "base/map.h"
#include "net/addr.h"

/*
 * attest_limit: how often somebody who is nobody yet may say that it is a host.
 * To look into that takes some milliseconds of the loop that all wait for: in a
 * minute so many of one address, of IPv6 of each /64, and so many of all.
 * Life: all zeros -> attest_limit_take each time -> attest_limit_fini.
 */
#define ATTEST_LIMIT_ADDRESS	300	/* in a minute: a machine full of them */
#define ATTEST_LIMIT_ALL	3000

struct attest_limit {
	struct map addresses;	/* unsigned * */
	unsigned   all;
	uint64_t   minute;
};

void attest_limit_fini(struct attest_limit *);
bool attest_limit_take(struct attest_limit *, const struct addr *from,
    uint64_t now_ms);

#endif
