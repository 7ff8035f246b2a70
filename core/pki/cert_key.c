#include "pki/cert_key.h"

#include <string.h>

#include "pki/der.h"
#include "pki/p256.h"

#define SUM_MAX		64	/* bytes of a hash */
#define ECDSA_MAX	112	/* bytes of a signature on P-384 */

static const struct sig {
	const br_hash_class *hash;
	const unsigned char *rsa_oid;	/* NULL: ECDSA */
} sigs[] = {
	[CERT_SIG_ECDSA_SHA256]	= { &br_sha256_vtable, NULL },
	[CERT_SIG_ECDSA_SHA384]	= { &br_sha384_vtable, NULL },
	[CERT_SIG_ECDSA_SHA512]	= { &br_sha512_vtable, NULL },
	[CERT_SIG_RSA_SHA256]	= { &br_sha256_vtable, BR_HASH_OID_SHA256 },
	[CERT_SIG_RSA_SHA384]	= { &br_sha384_vtable, BR_HASH_OID_SHA384 },
	[CERT_SIG_RSA_SHA512]	= { &br_sha512_vtable, BR_HASH_OID_SHA512 },
};

/* --- keys ------------------------------------------------------------------- */

static bool
read_rsa(const struct cert *c, struct slice *n, struct slice *e)
{
	struct der d;

	der_init(&d, c->key);
	return der_uint_pair(&d, n, e) && der_end(&d);
}

bool
cert_key_fits(const struct cert *c)
{
	struct pubkey key;
	struct slice n, e;

	return c->key_kind == CERT_KEY_RSA ? read_rsa(c, &n, &e) &&
	    pubkey_rsa(&key, n, e) : c->key_kind != CERT_KEY_OTHER;
}

/* Both coordinates behind 04 (SEC 1, section 2.3.3). */
static bool
get_point(struct pubkey *k, const struct cert *c, int curve)
{
	size_t half = c->key.len / 2;

	return c->key.len % 2 == 1 && c->key.ptr[0] == 4 &&
	    pubkey_ec(k, curve, slice_of(c->key.ptr + 1, half),
	    slice_from(c->key, 1 + half));
}

bool
cert_key_get(struct pubkey *k, const struct cert *c)
{
	struct slice n, e;

	switch (c->key_kind) {
	case CERT_KEY_P256:
		return get_point(k, c, BR_EC_secp256r1);
	case CERT_KEY_P384:
		return get_point(k, c, BR_EC_secp384r1);
	case CERT_KEY_RSA:
		return read_rsa(c, &n, &e) && pubkey_rsa(k, n, e);
	case CERT_KEY_OTHER:
		break;
	}
	return false;
}

static size_t
bits_of(struct slice n)
{
	size_t bits = 8 * n.len;

	while (bits > 0 && (n.ptr[n.len - 1 - (bits - 1) / 8] >>
	    (bits - 1) % 8 & 1) == 0)
		bits--;
	return bits;
}

void
cert_key_add_name(struct str *out, const struct cert *c)
{
	struct slice n, e;

	if (c->key_kind == CERT_KEY_RSA && read_rsa(c, &n, &e))
		str_addf(out, "RSA-%zu", bits_of(n));
	else
		str_add(out, c->key_kind == CERT_KEY_P256 ? "P-256" :
		    c->key_kind == CERT_KEY_P384 ? "P-384" : "other");
}

/* --- signatures ------------------------------------------------------------- */

/* RFC 3279, section 2.2.3. */
static bool
is_der(struct slice sig)
{
	struct der d;
	struct slice r, s;

	der_init(&d, sig);
	return der_uint_pair(&d, &r, &s) && der_end(&d) &&
	    sig.len <= ECDSA_MAX;
}

static bool
verify_ecdsa(const br_ec_public_key *key, struct slice sum, struct slice sig)
{
	if (!is_der(sig))
		return false;
	return key->curve == BR_EC_secp256r1 ?
	    p256_verify(&p256_ec, sum.ptr, sum.len, key, sig.ptr,
	    sig.len) == 1 : br_ecdsa_i31_vrfy_asn1(&br_ec_prime_i31, sum.ptr,
	    sum.len, key, sig.ptr, sig.len) == 1;
}

static bool
verify_rsa(const br_rsa_public_key *key, const unsigned char *oid,
    struct slice sum, struct slice sig)
{
	unsigned char found[SUM_MAX];

	return sig.len == key->nlen &&
	    br_rsa_pkcs1_vrfy_get_default()((const unsigned char *)sig.ptr,
	    sig.len, oid, sum.len, key, found) == 1 &&
	    memcmp(found, sum.ptr, sum.len) == 0;
}

bool
cert_key_signed(const struct cert *c, const struct cert *issuer)
{
	const struct sig *sig = &sigs[c->sig_kind];
	br_hash_compat_context ctx;
	unsigned char sum[SUM_MAX];
	struct pubkey key;
	struct slice s;

	if (c->sig_kind == CERT_SIG_OTHER || !cert_key_get(&key, issuer) ||
	    (sig->rsa_oid != NULL) != (key.pkey.key_type == BR_KEYTYPE_RSA))
		return false;
	sig->hash->init(&ctx.vtable);
	sig->hash->update(&ctx.vtable, c->tbs.ptr, c->tbs.len);
	sig->hash->out(&ctx.vtable, sum);
	s = slice_of(sum, sig->hash->desc >> BR_HASHDESC_OUT_OFF &
	    BR_HASHDESC_OUT_MASK);
	return sig->rsa_oid == NULL ?
	    verify_ecdsa(&key.pkey.key.ec, s, c->signature) :
	    verify_rsa(&key.pkey.key.rsa, sig->rsa_oid, s, c->signature);
}
