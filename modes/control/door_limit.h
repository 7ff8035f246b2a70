#ifndef CONTROL_DOOR_LIMIT_H
#define CONTROL_DOOR_LIMIT_H

#include "base/map.h"
#include "chain/filter.h"
#include "modes/control/log_limit.h"
#include "net/addr.h"

/*
 * door_limit: how many connections one host may have open at a door of control's,
 * so that no host keeps all others out; of IPv6 each /64 counts as one.  Whoever
 * has shown a certificate has more room than a stranger, and all strangers
 * together leave room to those who have.
 *
 * Life: door_limit_new -> l4_chain_add with door_limit_filter, which enters and
 *       leaves for each connection -> the chain releases it.
 * One loop's.
 */
struct door_share {
	unsigned known, stranger;	/* of one host */
	unsigned strangers;		/* of all hosts */
};

struct door_limit {
	struct door_share share;
	const char       *door;		/* for the log */
	struct map        known, strangers;	/* unsigned *, by host */
	unsigned          n_strangers;
	struct log_limit  log;
};

/* Keeps door. */
struct door_limit *door_limit_new(const char *door, const struct door_share *);
void door_limit_free(void *);
/* False: it has as many as it may, and is not counted. */
bool door_limit_enter(struct door_limit *, const struct addr *, bool is_known);
void door_limit_leave(struct door_limit *, const struct addr *, bool is_known);

extern const struct l4_filter door_limit_filter;

#endif
