#ifndef PKI_JWT_SVID_H
#define PKI_JWT_SVID_H

#include <stdint.h>

#include "base/str.h"
#include "pki/key.h"

/*
 * jwt_svid: writing JWT-SVIDs (SPIFFE's standard of that name) and the public
 * keys that verify them, always ES256.  Reading them is policy/jwt.h's.
 *
 * A key is named by its thumbprint (RFC 7638), so that its kid follows from it.
 * Claims: iss (the trust domain), sub, aud (a list), iat, exp.
 */
#define JWT_KID_LEN	43	/* base64url of a SHA-256 */

void jwt_svid_kid(char kid[JWT_KID_LEN + 1], const uint8_t point[KEY_POINT_LEN]);
/* Adds a key as a member of a JWK Set; use "jwt-svid", or NULL for none. */
void jwt_svid_add_key(struct str *, const uint8_t point[KEY_POINT_LEN],
    const char *use);

struct jwt_svid {
	struct slice        issuer, id;
	const struct slice *audiences;
	size_t              audiences_len;
	int64_t             issued, expires;	/* seconds since 1970 */
};
/* Adds the token in its compact form. */
void jwt_svid_add(struct str *, const struct jwt_svid *, const struct key *);

#endif
