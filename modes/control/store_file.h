#ifndef CONTROL_STORE_FILE_H
#define CONTROL_STORE_FILE_H

#include "base/err.h"

/*
 * store_file: the directory of a store, and who may use it.
 * The lock is a POSIX record lock: it ends with the process, is not
 * inherited by the children that control forks (a signer that outlives a
 * killed control must not hold up the next one), and names its holder.
 */

#define STORE_FILE_NAME	"store.db"

/*
 * Makes dir if it is missing (0700), refuses one that others can enter, and
 * locks DIR/lock.  Gives the lock's descriptor, or -1; closing it unlocks.
 */
int store_file_lock(const char *dir, struct err *);

/* Makes an empty file, mode 0600, that must not exist. */
int store_file_make(const char *path, struct err *);
/*
 * Removes a database and what SQLite keeps beside it.  A log left over from
 * another database of the same name would be played into the next one.
 */
void store_file_remove(const char *path);
/* Copies into a new file, mode 0600. */
int store_file_copy(const char *from, const char *to, struct err *);
/* Renames in such a way that after a power loss one of the two is there. */
int store_file_publish(const char *from, const char *to, struct err *);

#endif
