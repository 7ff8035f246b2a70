#ifndef PKI_P256_H
#define PKI_P256_H

#include <bearssl.h>

/*
 * p256: the curve P-256 as BearSSL's tables want it, computed by libcrypto:
 * handshakes, chains, requests and certificates all come through here.
 *
 * Of libcrypto only points, integers and the group are used, through their
 * public functions: no EVP, no EC_KEY, no providers, no configuration file,
 * no random numbers, no threads.  What depends on a secret (mul, mulgen,
 * p256_sign) takes the same time for each value of it; p256_verify knows no
 * secret and takes what it takes.  Secrets are wiped before a return.  Any
 * thread.
 *
 * As BearSSL's, with these promises kept that it leaves open: a point at
 * infinity is never given out (mul, muladd and mulgen return 0), and other
 * curves than P-256 are refused.
 */
extern const br_ec_impl p256_ec;

/*
 * br_ecdsa_sign and br_ecdsa_vrfy, signatures in ASN.1.  The nonce is that
 * of RFC 6979, made by BearSSL's HMAC_DRBG: equal to br_ecdsa_i31_sign_asn1
 * byte for byte.  0 for a secret that is no key, and for another curve.
 */
size_t p256_sign(const br_ec_impl *, const br_hash_class *, const void *hash,
    const br_ec_private_key *, void *sig);
/* 1 if it is good.  The signature is read as br_ecdsa_asn1_to_raw does. */
uint32_t p256_verify(const br_ec_impl *, const void *hash, size_t hash_len,
    const br_ec_public_key *, const void *sig, size_t sig_len);

const char *p256_library_version(void);

#endif
