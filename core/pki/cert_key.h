#ifndef PKI_CERT_KEY_H
#define PKI_CERT_KEY_H

#include "pki/cert.h"
#include "pki/pubkey.h"

/*
 * cert_key: keys and signatures of certificates of other trust domains, whose
 * authorities are not ours to choose: RSA of 2048 to 4096 bits with PKCS #1
 * v1.5, and ECDSA on P-256 and P-384, each with SHA-256, SHA-384 or SHA-512.
 *
 * There is no SHA-1, no RSA of fewer bits or with an exponent of more than 32,
 * which would be ours to pay, and no PSS.  ECDSA's signatures are proper DER.
 * On the machine of README's figures one with P-384 takes 3.3 ms to check, with
 * RSA of 4096 bits 0.8 ms, of 2048 bits 0.1 ms.
 */

/* Whether it is of such a kind and size; says nothing of points. */
bool cert_key_fits(const struct cert *);
/* False: it does not fit, or is not on its curve.  Copies. */
bool cert_key_get(struct pubkey *, const struct cert *);
/* As cert_signed_by, with all of these. */
bool cert_key_signed(const struct cert *, const struct cert *issuer);
/* "P-256", "RSA-2048"; "other". */
void cert_key_add_name(struct str *, const struct cert *);

#endif
