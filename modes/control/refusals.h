#ifndef CONTROL_REFUSALS_H
#define CONTROL_REFUSALS_H

#include "base/map.h"
#include "modes/control/audit.h"

/*
 * refusals: what was asked for and may not be, in the audit log: by people, by
 * others with a certificate who asked for what is people's, and by strangers who
 * would be somebody, with a token, a password or a host's proof.
 * Life: refusals_init -> refusals_take before each entry -> refusals_fini.
 *
 * Entries of the log stay for ever, and these can be caused at will: by whoever
 * has a name, and by strangers who have none.  Of each sort there is a bound, so
 * that strangers neither fill the disk nor keep out what people did: in one window
 * so many of one actor (of strangers: of one address), and so many in all.
 * The next entry says how many were left out.
 */
struct refusals_bound {
	uint64_t window_ms;
	unsigned of_one, of_all;
};
extern const struct refusals_bound refusals_people, refusals_strangers;

struct refusals {
	struct refusals_bound bound;
	struct map by_actor;	/* unsigned *, of this window */
	uint64_t   window;
	unsigned   n;		/* of this window */
	uint64_t   left_out;	/* since the last entry */
};

void refusals_init(struct refusals *, const struct refusals_bound *);
void refusals_fini(struct refusals *);
/* False: leave it out.  Else *left_out were, before this one. */
bool refusals_take(struct refusals *, struct slice actor, uint64_t now_ms,
    uint64_t *left_out);

struct server;
/* Writes "access.refused" with the reason. */
void refusals_note(struct server *, const struct audit_entry *who,
    struct slice why);
/*
 * Of strangers: writes `action`, by `who` as it is (nobody proved to be the
 * target), from there, with the reason.  why: never a secret.
 */
void refusals_note_stranger(struct server *, const struct audit_entry *who,
    const char *action, struct slice why);
/* Whatever the bounds say: of what is bounded elsewhere. */
void refusals_write(struct server *, const struct audit_entry *who,
    const char *action, struct slice why, uint64_t left_out);

#endif
