#ifndef PKI_REVOKED_H
#define PKI_REVOKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/refs.h"
#include "base/slice.h"
#include "base/str.h"

/*
 * revoked: identities whose certificates are trusted no longer, although they
 * have not ended.
 * Life: revoked_new -> revoked_add ... -> shared, and from then on immutable
 *     -> revoked_ref, revoked_unref from any thread.
 *
 * An entry is an identity and a time.  What was signed for it up to then is
 * refused; what it gets afterwards, by a new join token, is good.  A
 * certificate tells when it was signed by its not_before, so an entry holds
 * the last not_before that it refuses.  Nobody has a use for the entry after
 * `until`, when the last of those certificates has ended.
 *
 * As text an entry is a line, "NOT_BEFORE UNTIL ID\n", in order of ids.
 */
#define REVOKED_MAX	1024	/* entries; their text fits a line of a session */

struct revoked_entry {
	struct slice id;		/* SPIFFE ID */
	int64_t      not_before, until;	/* seconds since 1970 */
};

struct revoked {
	struct refs           refs;
	struct revoked_entry *v;	/* in order of ids, each once */
	size_t                len;
	struct arena          memory;	/* of the ids */
};

struct revoked *revoked_new(void);	/* gives, without an entry */
struct revoked *revoked_ref(struct revoked *);
void revoked_unref(struct revoked *);	/* NULL is harmless */
/*
 * Copies.  Of an identity that is there already the later times count.
 * ERR_TOO_LARGE: there are REVOKED_MAX others.
 */
int revoked_add(struct revoked *, const struct revoked_entry *, struct err *);
/* The entries of `from` that are of use after `now`. */
int revoked_add_all(struct revoked *, const struct revoked *from, int64_t now,
    struct err *);
/* Is this certificate refused?  A NULL list refuses none. */
bool revoked_has(const struct revoked *, struct slice id, int64_t not_before);
bool revoked_equal(const struct revoked *, const struct revoked *);

void revoked_text(struct str *, const struct revoked *);
/* Gives, or NULL: it is no such text (ERR_DATA), or too long. */
struct revoked *revoked_read(struct slice text, struct err *);

#endif
