#ifndef PKI_ANY_KEY_TEST_H
#define PKI_ANY_KEY_TEST_H

#include <bearssl.h>

#include "pki/forge_test.h"

/*
 * any_key: for tests, keys of every kind that authorities elsewhere have, made
 * by openssl, and certificates of theirs.  Each kind is made once; a test that
 * finds no openssl skips itself (openssl_test.h).
 */
enum any_kind { ANY_P256, ANY_P384, ANY_P521, ANY_RSA_1024, ANY_RSA_2048,
	ANY_RSA_4096, ANY_RSA_E3, ANY_RSA_WIDE_E, ANY_KINDS };
enum any_hash { ANY_SHA1, ANY_SHA256, ANY_SHA384, ANY_SHA512 };

struct any_key {
	struct str              spki;	/* SubjectPublicKeyInfo, in DER */
	br_skey_decoder_context secret;
};
const struct any_key *any_key(enum any_kind);

/* The key of a certificate. */
void any_key_put(struct forge *, enum any_kind);
/*
 * Signs and says so, unless the algorithms were spoilt before (are others than
 * those of forge_leaf and forge_ca).
 */
struct str any_key_sign(struct forge *, enum any_kind, enum any_hash);

#endif
