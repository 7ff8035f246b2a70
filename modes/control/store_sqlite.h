#ifndef CONTROL_STORE_SQLITE_H
#define CONTROL_STORE_SQLITE_H

#include "modes/control/store_txn.h"
#include "modes/control/store_watch.h"

/*
 * store_sqlite: the key space in one SQLite file (WAL, synchronous=FULL).
 * Life: store_sqlite_open -> begin, apply ..., commit or rollback; reads
 *     between groups -> store_sqlite_close.
 * Knows nothing of threads: one thread uses it at a time.
 *
 * The file is made under another name and renamed when its schema is
 * complete, so an empty or half-made file under the real name is damage.
 */
struct store_sqlite;

/* Opens path, or makes it if it does not exist; checks and migrates it. */
struct store_sqlite *store_sqlite_open(const char *path, struct err *);
void store_sqlite_close(struct store_sqlite *);

uint64_t store_sqlite_revision(const struct store_sqlite *);

/*
 * A group of transactions that reach the disk together.  apply fills the
 * result and says whether the group goes on: false means that the storage
 * failed, and the caller rolls back.  A transaction that was refused (its
 * result has an err) has changed nothing.
 */
int store_sqlite_begin(struct store_sqlite *, struct err *);
bool store_sqlite_apply(struct store_sqlite *, const struct store_txn *,
    struct store_result *);
/*
 * Drops old changes and records that expired before now_s, then commits.
 * -1: nothing of the group is there; rollback is still to be called.
 */
int store_sqlite_commit(struct store_sqlite *, int64_t now_s, struct err *);
void store_sqlite_rollback(struct store_sqlite *);

void store_sqlite_get(struct store_sqlite *, struct slice key,
    struct store_result *);
void store_sqlite_list(struct store_sqlite *, const struct store_query *,
    struct store_result *);
void store_sqlite_log(struct store_sqlite *, uint64_t after, size_t limit,
    struct store_result *);
void store_sqlite_history(struct store_sqlite *, struct slice prefix,
    struct store_result *);
void store_sqlite_verify(struct store_sqlite *, struct store_result *);

/*
 * Calls each with the changes of one revision, for revisions > since, until
 * it returns false.  Returns 1 when since is no longer (or not yet) known.
 */
typedef bool store_sqlite_each(void *ctx, const struct store_batch *);
int store_sqlite_changes(struct store_sqlite *, uint64_t since,
    store_sqlite_each *, void *ctx, struct err *);

/*
 * A copy while the store goes on: start, then step until it returns 0 (done)
 * or -1, then stop.
 */
struct store_sqlite_copy;
struct store_sqlite_copy *store_sqlite_copy_start(struct store_sqlite *,
    const char *path, struct err *);
int store_sqlite_copy_step(struct store_sqlite_copy *, struct err *);
void store_sqlite_copy_stop(struct store_sqlite_copy *);

/* After a restore: moves the revision ahead and forgets the changes. */
int store_sqlite_leap(struct store_sqlite *, uint64_t step, struct err *);

const char *store_sqlite_version(void);	/* of SQLite */

#endif
