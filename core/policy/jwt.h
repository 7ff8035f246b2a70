#ifndef POLICY_JWT_H
#define POLICY_JWT_H

#include <stdint.h>

#include "base/arena.h"
#include "conf/node.h"
#include "pki/jwk.h"

/*
 * jwt: a token that says who a request is from (RFC 7519), signed in the compact
 * form of JWS (RFC 7515), and whether it is to be believed.  Pure functions.
 *
 * Life: jwt_read -> jwt_verify, with the keys of its issuer -> its claims.
 *
 * Exactly one text is a token: three parts of strict base64url, the first two a
 * JSON object each, without a member twice.  What the header says of keys but
 * their kid (jwk, jku, x5c, x5u) means nothing, and with "crit" or "b64" the
 * token is refused: no such extension is known.  Neither "none" nor an
 * algorithm with a shared secret exists here, and a key takes part only in
 * those of its own kind.
 *
 * Times may be off by JWT_SKEW_S.  A token without "exp" has no end.
 */
#define JWT_TEXT_MAX	(16u << 10)	/* bytes of a token */
#define JWT_HEADER_MAX	4096		/* of its header, as text */
#define JWT_SKEW_S	60
#define JWT_TRIES	8		/* keys that a token is tried with */

enum jwt_fault {
	JWT_OK,
	JWT_TOO_LARGE,
	JWT_MALFORMED,
	JWT_ALGORITHM,
	JWT_CRITICAL,
	JWT_ISSUER,
	JWT_KEY,
	JWT_KEYS,
	JWT_SIGNATURE,
	JWT_EXPIRED,
	JWT_EARLY,
	JWT_AUDIENCE,
	JWT_FAULTS
};
/* "expired"; "the token has expired" */
const char *jwt_fault_name(enum jwt_fault);
const char *jwt_fault_text(enum jwt_fault);

struct jwt {
	struct slice            text, payload;	/* borrowed: all, the middle part */
	const struct jws_alg   *alg;
	struct slice            kid;		/* absent: none */
	const struct conf_node *claims;
	struct slice            issuer, subject;	/* absent: none */
};

/*
 * What it says, which nobody has vouched for yet.  Borrows text for as long as
 * the token is used; all else lies in the arena.
 */
enum jwt_fault jwt_read(struct jwt *, struct arena *, struct slice text);

struct jwt_trust {
	struct slice          issuer;		/* absent: any */
	const char *const    *audiences;	/* one of which must be there */
	size_t                audiences_len;	/* 0: any */
	const struct jwk_set *keys;
};

/*
 * Whose it is, of all of that: what costs.  JWT_KEY: no key of the set can be it;
 * new ones may have come.  JWT_KEYS: more than JWT_TRIES can, and those that came
 * first are not it; they that have its kid come before those that have none.
 */
enum jwt_fault jwt_verify_signature(const struct jwt *, const struct jwk_set *);
enum jwt_fault jwt_verify(const struct jwt *, const struct jwt_trust *,
    int64_t now_s);
/*
 * All but the signature, JWT_ISSUER before anything else; also for people who ask
 * what a token would do.  It lets nobody in.
 */
enum jwt_fault jwt_verify_claims(const struct jwt *, const struct jwt_trust *,
    int64_t now_s);
/* Claims that somebody may sign, without a text; false: no token has them. */
bool jwt_of_claims(struct jwt *, const struct conf_node *claims);

#endif
