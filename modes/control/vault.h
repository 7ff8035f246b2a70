#ifndef CONTROL_VAULT_H
#define CONTROL_VAULT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/wrap.h"

/*
 * vault: locks what lies in the store and nobody else may read.
 * Life: vault_open -> vault_keep -> vault_lock, vault_unlock ... -> vault_close.
 *
 * Its keys stand in files that others cannot read: one that is named, the
 * credential secrets.key of the service manager ($CREDENTIALS_DIRECTORY) and
 * DIR/secrets.key, in this order.  The last is our own, made at the first start
 * when the others give none, and written once it is sure that nothing is locked
 * with a key that is missing; those others are *given*, and never written.  Each
 * may hold several keys, one per line: the first of all locks, the others still
 * open what was locked before.
 *
 * The key is changed in three steps, each of which may be the last before a
 * crash: vault_renew puts another in front; everything is locked anew
 * (relock.h); vault_forget drops those of ours that lock nothing any more.
 *
 * A locked value is JSON:
 *
 *   {"locked":{"key":"ID of the key","bytes":"base64 of pki/wrap.h"}}
 *
 * and says so by itself; any other value is passed through as it is.
 */
#define VAULT_FILE	"secrets.key"
#define VAULT_FILE_MAX	4096	/* bytes */

struct vault;

/* file: named, or NULL.  ERR_CONFIG: a key that others read, or that is none. */
struct vault *vault_open(const char *dir, const char *file, struct err *);
/* Writes a key that was made: before anything is locked with it. */
int vault_keep(struct vault *, struct err *);
void vault_close(struct vault *);	/* NULL is allowed */

/*
 * Another key in front: a new one of ours, in its file before this returns; or,
 * where keys are given, the first that stands there now, which may be the same.
 * ERR_CONFIG, ERR_CONFLICT (too many keys): all stay as they are.
 */
int vault_renew(struct vault *, struct err *);
/* Ours but the first go: nothing may be locked with them. */
int vault_forget(struct vault *, struct err *);

struct vault_key {
	char id[WRAP_ID_LEN + 1];
	bool is_given;
};
/* In their order, the locking one first; false behind the last. */
bool vault_key(const struct vault *, size_t i, struct vault_key *);
bool vault_has(const struct vault *, const char *id);
/* With which key a stored value is locked; false: with none. */
bool vault_key_of(struct slice value, char id[WRAP_ID_LEN + 1]);

/* key: of the document.  Both add to out, which is wiped by key_wipe_str. */
void vault_lock(const struct vault *, struct slice key, struct slice value,
    struct str *out);
int vault_unlock(const struct vault *, struct slice key, struct slice value,
    struct str *out, struct err *);

/*
 * Our keys as text for a backup, those that are not in it yet, and back into an
 * empty directory.  Given ones are no affair of a backup: it would undo that
 * they are kept elsewhere.
 */
void vault_pack(struct str *out, const struct vault *);
int vault_unpack(const char *dir, struct slice text, struct err *);

#endif
