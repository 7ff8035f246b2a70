#ifndef PKI_PSS_H
#define PKI_PSS_H

#include <bearssl.h>
#include <stdbool.h>

#include "base/slice.h"

/*
 * pss: whether a block that an RSA public key gave back is the padding of a
 * hash (EMSA-PSS-VERIFY, RFC 8017, section 9.1.2), which BearSSL has not.
 *
 * MGF1 is with the same hash and the salt as long as it, as JWS (RFC 7518,
 * section 3.5) and TLS want it; any other length of salt is refused.  Every
 * rule is looked at whatever came before; nothing here is secret.
 */

/*
 * block: as long as the modulus, whose length in bits is given.  It is written
 * over.  hash: of the message, by that function.
 */
bool pss_verify(const br_hash_class *, struct slice hash, unsigned char *block,
    size_t modulus_bits);

#endif
