#ifndef PKI_JWS_H
#define PKI_JWS_H

#include <stdbool.h>

#include "base/slice.h"
#include "pki/pubkey.h"

/*
 * jws: signatures as JSON writes them (RFC 7518, section 3): RSA with the
 * padding of PKCS #1 or PSS, and ECDSA as r and s behind each other.
 *
 * There is no "none" and nothing with a shared secret, so that nobody can take
 * a public key for one.  An algorithm belongs to one kind of key, and ECDSA's to
 * one curve; a key of another kind verifies nothing.
 */
struct jws_alg;

/* "RS256"; NULL: none of ours.  Names are compared exactly. */
const struct jws_alg *jws_alg_named(struct slice name);
const char *jws_alg_name(const struct jws_alg *);
bool jws_alg_fits(const struct jws_alg *, const struct pubkey *);
/*
 * The signature has exactly as many bytes as the modulus, or twice those of the
 * order; r and s are from 1 to below the order.
 */
bool jws_verify(const struct jws_alg *, const struct pubkey *,
    struct slice message, struct slice sig);

#endif
