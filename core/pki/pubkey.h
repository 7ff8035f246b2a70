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

void pubkey_p256(struct pubkey *, const uint8_t point[KEY_POINT_LEN]);
/* False: it has more bytes than fit. */
bool pubkey_copy(struct pubkey *, const br_x509_pkey *);

#endif
