#include <string.h>

#include "pki/jws.h"
#include "pki/p256.h"
#include "pki/pss.h"

#define HASH_MAX	64
#define ORDER_MAX	48	/* of P-384 */

enum padding { PADDING_NONE, PADDING_PKCS1, PADDING_PSS };

struct jws_alg {
	const char          *name;
	const br_hash_class *hash;
	const unsigned char *oid;	/* with PADDING_PKCS1 */
	enum padding         padding;
	int                  curve;	/* without padding */
	size_t               order_len;
};

static const struct jws_alg algs[] = {
	{ "RS256", &br_sha256_vtable, BR_HASH_OID_SHA256, PADDING_PKCS1, 0, 0 },
	{ "RS384", &br_sha384_vtable, BR_HASH_OID_SHA384, PADDING_PKCS1, 0, 0 },
	{ "RS512", &br_sha512_vtable, BR_HASH_OID_SHA512, PADDING_PKCS1, 0, 0 },
	{ "PS256", &br_sha256_vtable, NULL, PADDING_PSS, 0, 0 },
	{ "PS384", &br_sha384_vtable, NULL, PADDING_PSS, 0, 0 },
	{ "PS512", &br_sha512_vtable, NULL, PADDING_PSS, 0, 0 },
	{ "ES256", &br_sha256_vtable, NULL, PADDING_NONE, BR_EC_secp256r1, 32 },
	{ "ES384", &br_sha384_vtable, NULL, PADDING_NONE, BR_EC_secp384r1, 48 },
};

const struct jws_alg *
jws_alg_named(struct slice name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (slice_is(name, algs[i].name))
			return &algs[i];
	return NULL;
}

const char *
jws_alg_name(const struct jws_alg *alg)
{
	return alg->name;
}

bool
jws_alg_fits(const struct jws_alg *alg, const struct pubkey *key)
{
	if (alg->padding != PADDING_NONE)
		return key->pkey.key_type == BR_KEYTYPE_RSA;
	return key->pkey.key_type == BR_KEYTYPE_EC &&
	    key->pkey.key.ec.curve == alg->curve;
}

/* --- signatures ------------------------------------------------------------- */

static size_t
modulus_bits(const br_rsa_public_key *key)
{
	size_t bits = 8 * key->nlen;

	for (unsigned char top = key->n[0]; (top & 0x80) == 0; bits--)
		top = (unsigned char)(top << 1);
	return bits;
}

static bool
verify_rsa(const struct jws_alg *alg, const br_rsa_public_key *key,
    struct slice hash, struct slice sig)
{
	unsigned char block[PUBKEY_RSA_MAX / 8], found[HASH_MAX];

	if (sig.len != key->nlen)
		return false;
	if (alg->padding == PADDING_PKCS1)
		return br_rsa_i31_pkcs1_vrfy((const unsigned char *)sig.ptr,
		    sig.len, alg->oid, hash.len, key, found) == 1 &&
		    memcmp(found, hash.ptr, hash.len) == 0;
	memcpy(block, sig.ptr, sig.len);
	return br_rsa_i31_public(block, sig.len, key) == 1 &&
	    pss_verify(alg->hash, hash, block, modulus_bits(key));
}

static bool
verify_ec(const struct jws_alg *alg, const br_ec_public_key *key,
    struct slice hash, struct slice sig)
{
	unsigned char asn1[2 * ORDER_MAX + 16];

	if (sig.len != 2 * alg->order_len)
		return false;
	if (alg->curve != BR_EC_secp256r1)
		return br_ecdsa_i31_vrfy_raw(&br_ec_prime_i31, hash.ptr,
		    hash.len, key, sig.ptr, sig.len) == 1;
	memcpy(asn1, sig.ptr, sig.len);
	return p256_verify(&p256_ec, hash.ptr, hash.len, key, asn1,
	    br_ecdsa_raw_to_asn1(asn1, sig.len)) == 1;
}

bool
jws_verify(const struct jws_alg *alg, const struct pubkey *key,
    struct slice message, struct slice sig)
{
	br_hash_compat_context ctx;
	unsigned char hash[HASH_MAX];
	struct slice h = slice_of(hash, alg->hash->desc >>
	    BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK);

	if (!jws_alg_fits(alg, key))
		return false;
	alg->hash->init(&ctx.vtable);
	alg->hash->update(&ctx.vtable, message.ptr, message.len);
	alg->hash->out(&ctx.vtable, hash);
	return alg->padding == PADDING_NONE ?
	    verify_ec(alg, &key->pkey.key.ec, h, sig) :
	    verify_rsa(alg, &key->pkey.key.rsa, h, sig);
}
