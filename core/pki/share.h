#ifndef PKI_SHARE_H
#define PKI_SHARE_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/hash.h"

/*
 * share: a short file, such as a key, cut into texts to be kept in different
 * places, of which so many as were agreed on give it back.
 * Life: share_split -> the texts; share_read of each -> share_combine ->
 *     share_fini.
 *
 * The file is locked with a new key (wrap.h), and that key is what is cut
 * (shamir.h).  Each text has, a line each:
 *
 *   mesh-share 1
 *   name root.key
 *   share 2 of 5, 3 restore it
 *   set 0123456789abcdef0123456789abcdef
 *   value BASE64		this share's part of the key, 32 bytes
 *   commitment BASE64		count times, in order: SHA-256 of each value
 *   sealed BASE64		the locked file
 *   check 0123456789abcdef	of the lines above, for mistakes of typing
 *
 * A line that begins with "#" is for people.  The name of the set
 * is a hash of all that its shares have in common, commitments included: so a
 * share that was changed is found out by itself, and one of another set (made
 * up by whoever, even) by its name, before anything is restored.
 */
#define SHARE_MAX	32	/* of one set */
#define SHARE_NAME_MAX	64
#define SHARE_FILE_MAX	65536	/* bytes that can be cut */
#define SHARE_TEXT_MAX	(2 * SHARE_FILE_MAX)
#define SHARE_SET_LEN	16

struct share {
	char       name[SHARE_NAME_MAX + 1];
	uint8_t    index, count, threshold;	/* index: 1 .. count */
	uint8_t    set[SHARE_SET_LEN];
	uint8_t    value[HASH_LEN];
	uint8_t    commitments[SHARE_MAX][HASH_LEN];
	struct str sealed;
};

/*
 * Adds the text of share i + 1 to texts[i], each to be wiped (key_wipe_str).
 * ERR_USAGE: 2 <= threshold <= count <= SHARE_MAX; ERR_DATA: the file or its
 * name is too long, or has characters that are not to be seen.
 */
int share_split(struct str *texts, size_t count, size_t threshold,
    struct slice file, const char *name, struct err *);
/* ERR_DATA: it is none, was mistyped or was changed. */
int share_read(struct share *, struct slice text, struct err *);
/*
 * Adds the file, to be wiped.  labels: what people know each share by.
 * ERR_DATA: too few, the same twice, or of different sets; err names which.
 */
int share_combine(struct str *file, const struct share *shares,
    const char *const *labels, size_t n, struct err *);
void share_fini(struct share *);	/* wipes */
void share_add_set(struct str *, const struct share *);	/* hex */

#endif
