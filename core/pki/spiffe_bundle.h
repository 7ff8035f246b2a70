#ifndef PKI_SPIFFE_BUNDLE_H
#define PKI_SPIFFE_BUNDLE_H

#include "pki/bundle.h"

/*
 * spiffe_bundle: what another trust domain publishes of itself, as a JWK Set
 * (SPIFFE Trust Domain and Bundle, section 4) or, where somebody wrote it down
 * by hand, as PEM.  bundle_jwks (bundle.h) is the opposite.
 *
 * Of a JWK Set, which is one JSON object without a member twice, each key of
 * use "x509-svid" has one certificate in x5c, and each of use "jwt-svid" a kid
 * that no other has; keys of another use or kty are passed over (4.2.2).  A
 * certificate that is proper and yet no root for us, such as one on P-521, is
 * left out and counted; where all of them are, that is an error, as it would
 * otherwise look like a domain that takes all its authorities back.
 *
 * Those for JWT-SVIDs come out as a JWK Set as others have it, without "use",
 * which would say to them that it is for nothing (RFC 7517, 4.2).
 *
 * No key at all is just that (4.2.1): nobody of the domain is to be believed.
 */
#define SPIFFE_BUNDLE_MAX	(256u << 10)	/* bytes of its text */
#define SPIFFE_BUNDLE_KEYS	100		/* of any use */

struct spiffe_bundle {
	struct bundle *roots;		/* a reference; perhaps with no root */
	bool           has_sequence;
	uint64_t       sequence;
	uint32_t       refresh_s;	/* 0: it does not say */
	size_t         jwt;		/* keys for JWT-SVIDs */
	size_t         left_out;	/* authorities that are none for us, */
	char           why[200];	/* the first of them, or "" */
};

/* Gives *out; of an error nothing.  ERR_DATA, ERR_TOO_LARGE. */
int spiffe_bundle_read(struct spiffe_bundle *out, struct slice domain,
    struct slice text, struct err *);
void spiffe_bundle_fini(struct spiffe_bundle *);

#endif
