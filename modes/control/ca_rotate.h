#ifndef CONTROL_CA_ROTATE_H
#define CONTROL_CA_ROTATE_H

#include "modes/control/ca_files.h"

/*
 * ca_rotate: another intermediate, or another root with an intermediate under
 * it, in the files of the certificate authority.
 * Life: ca_rotate_prepare -> (the new root is published; every holder of the
 *     trust bundle gets to know it) -> ca_rotate_activate -> ca_rotate_drop,
 *     once nothing under the old root is valid any more.
 *
 * The new root is also signed by the old one, under its own name.  That
 * certificate goes behind the new intermediate in every chain, so that whoever
 * knows the old root alone trusts what the new one signs, too; old leaves are
 * trusted because the old root stays in the bundle.  There is no such
 * certificate where the old root's key is elsewhere and nobody brought one.
 *
 *   root.pem                  the bundle, the active root first
 *   root.next.pem, .key       the bundle as it will be, and the new root's key
 *   intermediate.next.pem, .key   prepared: certificates to present, and the key
 *   intermediate.old.pem      the one before, for leaves that it signed
 *   activating                all of next is to take its place, whatever
 *                             happens: ca_files_prepare goes on with it; with
 *                             "keyless" in it the new root's key is elsewhere,
 *                             and the old one's goes
 */
enum ca_level { CA_INTERMEDIATE, CA_ROOT };

struct ca_rotate_options {
	struct slice domain;
	const char  *root_key_file;	/* NULL: our own */
	int64_t      now;
	/* A root from outside, and its key; absent: one is made. */
	struct slice root_pem, root_key_pem;
};

/* ERR_EXISTS: one is prepared already; ERR_CONFIG: no root key. */
int ca_rotate_prepare(const struct ca_files *, enum ca_level,
    const struct ca_rotate_options *, struct err *);
/* What another authority signed (ca_outside.h); all of it borrowed. */
struct ca_signed {
	struct slice      intermediate;	/* DER, as the others */
	const struct key *key;		/* the intermediate's */
	struct slice      root;		/* one that is not trusted yet; or absent */
	struct slice      cross;	/* that root, signed by the active one; or
					   absent */
};
/*
 * With a new root the active one vouches for it where its key is here, or by
 * the cross.  Where there is neither, only those who heard of the new root
 * before it is activated trust what it signs; a warning says so.
 */
int ca_rotate_prepare_signed(const struct ca_files *, const struct ca_signed *,
    const struct ca_rotate_options *, struct err *);
/* Whether the active root's key can be used here; the key's file is read. */
bool ca_rotate_has_key(const struct ca_files *, const char *root_key_file);
/* What is prepared; false: nothing is. */
bool ca_rotate_is_prepared(const struct ca_files *, enum ca_level *);
/* Whether who knows the active root alone will trust what the prepared one signs. */
bool ca_rotate_is_vouched(const struct ca_files *);
/*
 * Whether its activation removes the key of a root of our own, for one from
 * outside: then there is no way back to that root.
 */
bool ca_rotate_forgets_key(const struct ca_files *);
/* ERR_NOT_FOUND: nothing is prepared. */
int ca_rotate_activate(const struct ca_files *, struct err *);
/* Goes on with an activation that was cut short; none: 0. */
int ca_rotate_resume(const struct ca_files *, struct err *);
/*
 * Takes roots other than the first from the bundle: those that ended before
 * `ended`, or all of them when that is INT64_MAX.  Gives how many, or -1.
 */
int ca_rotate_drop(const struct ca_files *, struct slice domain, int64_t ended,
    struct err *);

#endif
