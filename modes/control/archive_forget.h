#ifndef CONTROL_ARCHIVE_FORGET_H
#define CONTROL_ARCHIVE_FORGET_H

#include "base/err.h"

/*
 * archive_forget: what a registry that comes from a backup must not bring back.
 *
 * A join token that waited when the backup was made may have been used since,
 * or taken back; a login may have ended: here nothing knows of that, so those
 * tokens and all logins go.  The audit log gets an entry "backup.restore" with
 * how many; whoever reads it sees that what was there once is missing before it.
 *
 * What else was taken away since is back: operators, users, identities.  People
 * are told to do it again.
 *
 * Blocks; before anything else opens the directory.
 */
int archive_forget(const char *data_dir, struct err *);

#endif
