#ifndef PKI_PUBKEY_H
#define PKI_PUBKEY_H

#include <bearssl.h>
#include <stdbool.h>

#include "pki/key.h"

/*
 * pubkey: a public key with the bytes that it consists of, as BearSSL takes
 * it: RSA of at most 4096 bits, or a point on P-256, P-384 or P-521.  It points
 * into itself: it is filled where it stays.
 */
struct pubkey {
	br_x509_pkey  pkey;
	unsigned char bytes[BR_X509_BUFSIZE_KEY];
};

#define PUBKEY_RSA_MIN	2048	/* bits that we take (RFC 9325, 4.5) */
#define PUBKEY_RSA_MAX	4096

void pubkey_p256(struct pubkey *, const uint8_t point[KEY_POINT_LEN]);
/*
 * Big-endian numbers.  False: RSA is not of as many bits (without zeros in
 * front, odd), its exponent is even, 1 or of more than 32 bits, which bounds
 * what a signature costs; or the point is not on the curve (BR_EC_secp256r1 or
 * 384r1).
 */
bool pubkey_rsa(struct pubkey *, struct slice n, struct slice e);
bool pubkey_ec(struct pubkey *, int curve, struct slice x, struct slice y);
/* False: it has more bytes than fit. */
bool pubkey_copy(struct pubkey *, const br_x509_pkey *);

#endif
