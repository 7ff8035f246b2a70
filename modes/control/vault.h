#ifndef CONTROL_VAULT_H
#define CONTROL_VAULT_H

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"

/*
 * vault: locks what lies in the store and nobody else may read.
 * Life: vault_open -> vault_lock, vault_unlock ... -> vault_close.
 *
 * Its key is the file DIR/secrets.key, mode 0600, made at the first start; or
 * the credential secrets.key of the service manager ($CREDENTIALS_DIRECTORY),
 * which comes first.  Either may hold several keys, one per line: the first
 * of all locks, the others still open what was locked before.  A locked value
 * is JSON:
 *
 *   {"locked":{"key":"ID of the key","bytes":"base64 of pki/wrap.h"}}
 *
 * and says so by itself; any other value is passed through as it is.
 */
#define VAULT_FILE	"secrets.key"
#define VAULT_FILE_MAX	4096	/* bytes */

struct vault;

/* ERR_CONFIG: a key that others can read, or that is none. */
struct vault *vault_open(const char *dir, struct err *);
void vault_close(struct vault *);	/* NULL is allowed */

/* key: of the document.  Both add to out, which is wiped by key_wipe_str. */
void vault_lock(const struct vault *, struct slice key, struct slice value,
    struct str *out);
int vault_unlock(const struct vault *, struct slice key, struct slice value,
    struct str *out, struct err *);

/* The keys as text for a backup, and back into an empty directory. */
void vault_pack(struct str *out, const struct vault *);
int vault_unpack(const char *dir, struct slice text, struct err *);

#endif
