#ifndef PKI_ROOT_GRACE_H
#define PKI_ROOT_GRACE_H

#include "base/list.h"
#include "pki/bundle_set.h"

/*
 * root_grace: roots that left the bundle of another trust domain in an orderly
 * way, and on which connections that are open may stand for a while longer.
 *
 * Life: root_grace_init -> root_grace_change at each change of the set
 *       -> root_grace_fini.
 *
 * It is in order when the bundle that follows keeps a root of the one before,
 * as a rotation does: whoever is a member gets in again under that one, and
 * what is under way may end first.  A domain that goes, or whose roots are all
 * replaced or taken back, has none from that moment.  Nothing here judges a
 * handshake: nobody new gets in under a root that left.
 *
 * Times are monotonic, in ms.
 */
#define ROOT_GRACE_MS	10000

struct root_grace {
	struct list leaving;	/* the earliest to end first */
};

void root_grace_init(struct root_grace *);
void root_grace_fini(struct root_grace *);
/* One set takes the place of another; NULL has no domain.  Borrows both. */
void root_grace_change(struct root_grace *, const struct bundle_set *before,
    const struct bundle_set *now, uint64_t now_ms);
/* Whether a root of that domain with that key left less than the bound ago. */
bool root_grace_has(const struct root_grace *, struct slice domain,
    const uint8_t key[HASH_LEN], uint64_t now_ms);
/* Forgets what has ended.  Gives when the next does; 0: there is none. */
uint64_t root_grace_expire(struct root_grace *, uint64_t now_ms);

#endif
