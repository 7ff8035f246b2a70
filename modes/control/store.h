#ifndef CONTROL_STORE_H
#define CONTROL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * store: a durable key space with one growing revision number, one write
 * verb, and a watch that resumes.
 * Life: store_open -> store_commit, store_list, store_watch_open (in
 *     store_watch.h) ... -> store_stop, and its answers are taken ->
 *     store_watch_close of each -> store_close.
 * store_wait.h has the same verbs for those who may block.
 *
 * Keys are byte strings in memcmp order, values are bytes.  A transaction
 * compares, puts, deletes and appends to the log; all of it happens or none.
 * One that writes gets the next revision, which becomes the `modified` of
 * every key that it put.  The number never goes back, not by a restart and
 * not by a restored backup.
 *
 * A change is what a watch delivers: every put and delete of a key that does
 * not begin with '!'.  Keys that do are records (tokens, certificates,
 * operators): they take part in transactions like any other, but nobody can
 * watch them, they leave no change behind and they may expire.  At least
 * STORE_CHANGES_KEPT changes stay; who asks for older ones is told so.
 *
 * The log is append-only.  Entry n carries
 *     SHA-256(hash of entry n-1, n as 8 bytes big-endian, content)
 * and the hash before the first is 32 zero bytes, so that nobody can take an
 * entry out of the middle or alter one without redoing all that follow.
 *
 * Requests run on the store's own thread in the order in which they came,
 * except that reads which arrive together with writes see those writes.  A
 * commit is answered after it is on disk.  Nothing here blocks but the calls
 * that say so.  Answers arrive through the port of the asker, whose ctx must
 * live until then; there is no cancelling.
 *
 * Nothing in this header knows what stands behind it.  Today that is one
 * SQLite file; a distributed store with the same verbs can take its place.
 *
 * Error kinds: ERR_CONFLICT (a compare failed), ERR_TOO_LARGE (a key or a
 * value above its limit), ERR_UNAVAILABLE (disk full, I/O error: nothing was
 * written, reads go on, a later try may succeed), ERR_CONFIG (at opening:
 * the directory or the file cannot be used as it is).
 */
#define STORE_CHANGES_KEPT	10000
#define STORE_KEY_MAX		1024		/* bytes */
#define STORE_VALUE_MAX		(4 << 20)	/* bytes; log content too */
#define STORE_HASH_LEN		32

struct store;

/* How to run fn(arg) on the asker's thread, after what was posted before. */
struct store_port {
	void (*post)(void *ctx, void (*fn)(void *), void *arg);
	void  *ctx;
};

struct store_item {
	struct slice key;
	struct slice value;
	uint64_t     created;	/* revision that brought the key into being */
	uint64_t     modified;	/* revision that put this value */
};

struct store_entry {
	uint64_t      seq;	/* 1, 2, 3 ... */
	struct slice  content;
	unsigned char hash[STORE_HASH_LEN];
};

struct store_result {
	struct err          err;	/* kind ERR_NONE: it went well */
	uint64_t            revision;	/* commit: its own; reads: as of when */
	size_t              failed;	/* ERR_CONFLICT: index of the compare */
	struct store_item  *items;
	size_t              n_items;
	struct store_entry *entries;
	size_t              n_entries;
	uint64_t            kept;	/* history: later changes are all here */
	struct arena        arena;	/* holds items, entries and their bytes */
};
void store_result_free(struct store_result *);

/* Borrows the result. */
typedef void store_done(void *ctx, const struct store_result *);

/*
 * Opens or makes the store in dir (made with mode 0700 if missing) and
 * starts its thread.  Refuses, with one line that says what to do: a
 * directory that others can read, a second process on the same directory, a
 * file that is damaged or not ours, a schema newer than this program.
 * The lock belongs to this process and is not inherited by fork.
 */
struct store *store_open(const char *dir, struct err *);
/*
 * Blocks: runs what is queued, posts the answers, ends the thread.  Whoever
 * asks from here on is answered ERR_UNAVAILABLE.  Harmless twice.
 */
void store_stop(struct store *);
void store_close(struct store **);	/* stops and frees */

/*
 * Transactions: store_txn_new -> require, put, delete, append ... ->
 * store_commit, or store_txn_free.  Everything passed in is copied.
 */
struct store_txn;
struct store_txn *store_txn_new(void);
void store_txn_free(struct store_txn *);
/* The key's `modified` must equal this; 0: the key must not exist. */
void store_txn_require(struct store_txn *, struct slice key, uint64_t modified);
void store_txn_put(struct store_txn *, struct slice key, struct slice value);
/* A record that may vanish any time after expires_s (seconds since 1970). */
void store_txn_put_until(struct store_txn *, struct slice key,
    struct slice value, int64_t expires_s);
/* Deleting what is not there is no change and no error. */
void store_txn_delete(struct store_txn *, struct slice key);
void store_txn_append(struct store_txn *, struct slice content);
/* The hash of log entry seq, from that of the entry before it. */
void store_log_hash(unsigned char out[STORE_HASH_LEN],
    const unsigned char before[STORE_HASH_LEN], uint64_t seq,
    struct slice content);

/* Takes the transaction.  Without writes the result has the revision now. */
void store_commit(struct store *, struct store_txn **,
    const struct store_port *, store_done *, void *ctx);

struct store_query {
	struct slice prefix;
	struct slice after;	/* keys greater than this; absent: from the first */
	size_t       limit;	/* 0: all */
};
void store_list(struct store *, const struct store_query *,
    const struct store_port *, store_done *, void *ctx);
/* n_items is 1, or 0 when the key does not exist. */
void store_get(struct store *, struct slice key,
    const struct store_port *, store_done *, void *ctx);
/* Log entries with seq > after, oldest first; limit 0: all. */
void store_log(struct store *, uint64_t after, size_t limit,
    const struct store_port *, store_done *, void *ctx);
/* Checks every page and the log; gives the last entry, without content. */
void store_verify(struct store *,
    const struct store_port *, store_done *, void *ctx);

#endif
