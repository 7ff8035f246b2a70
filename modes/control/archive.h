#ifndef CONTROL_ARCHIVE_H
#define CONTROL_ARCHIVE_H

#include "modes/control/server.h"

/*
 * archive: all of a control in one sealed file: the registry with its
 * records and its log, the certificate authority with its keys, and those keys
 * that its Secrets are locked with which are its own.  Given ones (vault.h) are
 * named and left where they are.
 *
 *   seal of: "mesh-backup 1\n", then parts: "NAME LENGTH\n" and the bytes
 *
 * Whoever has the file and the passphrase can issue certificates and, unless
 * their key was given, read every Secret.
 * It is sealed as a whole, in memory, hence the limits.
 */
#define ARCHIVE_PASSPHRASE_MIN	8	/* bytes */
#define ARCHIVE_MAX		((size_t)256 << 20)	/* bytes, sealed */
#define ARCHIVE_STORE_MAX	((size_t)248 << 20)	/* of it the registry */

/* Borrows both. */
typedef void archive_done(void *ctx, const struct err *, struct slice archive);
/*
 * Copies the passphrase.  Reading and sealing take their time on a thread of
 * their own, while everything else goes on.
 */
void archive_make(struct server *, struct slice passphrase, archive_done *,
    void *ctx);
/* Until what is on a thread is done: its answer is posted then. */
void archives_wait(struct server *);

/*
 * At the start, under the directory's lock: removes what a crash left of
 * backups that were being made.  ERR_CONFIG: a restore did not get to its
 * end.
 */
int archives_recover(const char *data_dir, struct err *);

/*
 * Fills data_dir, which must be missing or empty.  ERR_NOT_FOUND for a file
 * that is not there, ERR_DATA for no backup, ERR_DENIED for the wrong
 * passphrase, ERR_CONFIG for a directory that is in use.  The authority comes
 * first; what a crash leaves is marked, so that no control starts on it.
 */
int archive_restore(const char *file, const char *passphrase_file,
    const char *data_dir, struct err *);

#endif
