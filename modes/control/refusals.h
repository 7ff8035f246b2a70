#ifndef CONTROL_REFUSALS_H
#define CONTROL_REFUSALS_H

#include "base/map.h"
#include "modes/control/audit.h"

/*
 * refusals: what people asked for and may not, in the audit log; and what others
 * with a certificate asked for that is people's.
 * Life: refusals_init -> refusals_take before each entry -> refusals_fini.
 *
 * Entries of the log stay for ever, and whoever has a name can cause these at
 * will: in a minute they are at most REFUSALS_OF_ONE for each actor and
 * REFUSALS_OF_ALL in all.  The next entry says how many were left out.
 */
#define REFUSALS_OF_ONE	10
#define REFUSALS_OF_ALL	60

struct refusals {
	struct map by_actor;	/* unsigned *, of this minute */
	uint64_t   minute;
	unsigned   n;		/* of this minute */
	uint64_t   left_out;	/* since the last entry */
};

void refusals_init(struct refusals *);
void refusals_fini(struct refusals *);
/* False: leave it out.  Else *left_out were, before this one. */
bool refusals_take(struct refusals *, struct slice actor, uint64_t now_ms,
    uint64_t *left_out);

struct server;
/* Writes "access.refused" with the reason. */
void refusals_note(struct server *, const struct audit_entry *who,
    struct slice why);

#endif
