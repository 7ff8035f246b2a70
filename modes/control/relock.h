#ifndef CONTROL_RELOCK_H
#define CONTROL_RELOCK_H

#include "modes/control/server.h"

/*
 * relock: locks every stored Secret anew with the first key of the vault, and
 * then lets the vault forget those of ours that lock nothing any more.
 * Life: relock_start -> some Secrets in each transaction ... -> done once.
 *
 * What somebody writes meanwhile is locked with the first key already, so a
 * pass that finds nothing to do is the last.  A crash leaves Secrets that are
 * locked with several keys, all of which the vault still has; the next start
 * goes on (relock_resume).
 */
#define RELOCK_PAGE	16	/* Secrets in one transaction */

struct relocked {
	struct err err;
	size_t     secrets;	/* that were locked anew */
};
/* Borrows it. */
typedef void relock_done(void *ctx, const struct relocked *);

/* Copies who.  ERR_CONFLICT at once: it is under way. */
void relock_start(struct server *, const struct audit_entry *who, relock_done *,
    void *ctx);
/* At the start: if the vault has keys of ours behind another of ours. */
void relock_resume(struct server *);

#endif
