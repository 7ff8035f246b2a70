#ifndef PKI_JWK_H
#define PKI_JWK_H

#include "base/arena.h"
#include "base/err.h"
#include "pki/jws.h"

/*
 * jwk: the public keys of somebody who signs tokens, as a JWK Set (RFC 7517).
 *
 * The set must be one JSON object with a list "keys" of objects, none with a
 * member twice.  A key that is none of ours is left out and counted, as section
 * 5 wants it: another kty, curve or use, key_ops without "verify", an alg that
 * does not belong to it, members that are missing or no strict base64url,
 * numbers out of range (pubkey.h).
 *
 * Certificates and addresses in it (x5c, x5u) mean nothing here.
 */
#define JWK_TEXT_MAX	(256u << 10)	/* bytes of a set */
#define JWK_SET_MAX	100		/* keys of a set, left out or not */
#define JWK_KID_MAX	512		/* bytes */

struct jwk {
	struct slice          kid;	/* absent: it has none */
	const struct jws_alg *only;	/* NULL: any that fits */
	struct pubkey         key;
};

struct jwk_set {
	struct jwk *v;
	size_t      len;
	size_t      left_out;
	bool        has_secret;	/* one has a private part or is a shared secret */
};

/* Everything lies in the arena.  ERR_DATA, ERR_TOO_LARGE; a set may be empty. */
int jwk_set_read(struct jwk_set *, struct arena *, struct slice text,
    struct err *);
/* Whether a token of that algorithm and kid (absent: none) may be of the key. */
bool jwk_may_be(const struct jwk *, const struct jws_alg *, struct slice kid);

#endif
