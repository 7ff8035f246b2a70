#ifndef CONTROL_STORE_BACKUP_H
#define CONTROL_STORE_BACKUP_H

#include "modes/control/store.h"

/*
 * store_backup: a store in one file, and back.  The file holds everything,
 * records and log included; whoever has it knows every hash of a token.
 */

/*
 * Writes a consistent copy of everything to path (mode 0600, replaced at
 * once when complete) while other requests go on.
 */
void store_backup(struct store *, const char *path,
    const struct store_port *, store_done *, void *ctx);

/*
 * Makes a store in dir, which must not have one, from a backup.  Its
 * revision is STORE_RESTORE_STEP ahead of the backup's and no change is
 * kept: whoever saw revisions that the backup did not must read anew.
 */
#define STORE_RESTORE_STEP	1000000000ull
int store_restore(const char *backup, const char *dir, struct err *);

#endif
