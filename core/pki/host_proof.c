#include <string.h>

#include "base/check.h"
#include "pki/base64.h"
#include "pki/der.h"
#include "pki/hash.h"
#include "pki/host_proof.h"
#include "pki/pem.h"

#define RSA_SIG_MAX	512	/* bytes: 4096 bits */
#define PUBLIC_MAX	1024	/* bytes of DER */

void
host_proof_add_text(struct str *out, const uint8_t nonce[HOST_NONCE_LEN],
    struct slice csr, struct slice control)
{
	uint8_t hash[HASH_LEN];

	hash_sha256(hash, csr);
	str_add(out, "mesh attestation of a host\n");
	str_add_hex(out, nonce, HOST_NONCE_LEN);
	str_add_char(out, '\n');
	str_add_hex(out, hash, HASH_LEN);
	str_add_char(out, '\n');
	str_add_slice(out, control);
}

/* --- signing ------------------------------------------------------------- */

void
host_proof_sign_bare(struct str *out, const struct key *key, struct slice text)
{
	uint8_t sig[KEY_SIG_MAX];
	size_t len = key_sign(key, text, sig);

	base64_add(out, BASE64_STD, slice_of(sig, len));
}

void
host_proof_sign(struct str *out, const struct keypair *k, struct slice text)
{
	uint8_t hash[HASH_LEN], sig[RSA_SIG_MAX];
	size_t len;

	if (!k->is_rsa) {
		host_proof_sign_bare(out, &k->key, text);
		return;
	}
	len = (k->rsa_key->n_bitlen + 7) / 8;
	hash_sha256(hash, text);
	/* Fails for a broken key alone, whose proof nobody believes then. */
	if (len <= sizeof(sig) && br_rsa_pkcs1_sign_get_default()(
	    BR_HASH_OID_SHA256, hash, sizeof(hash), k->rsa_key, sig) == 1)
		base64_add(out, BASE64_STD, slice_of(sig, len));
}

/* --- and judging it ------------------------------------------------------ */

static bool
is_of_rsa(const br_rsa_public_key *key, struct slice text, struct slice sig)
{
	uint8_t hash[HASH_LEN], signed_hash[HASH_LEN];

	hash_sha256(hash, text);
	return br_rsa_pkcs1_vrfy_get_default()((const unsigned char *)sig.ptr,
	    sig.len, BR_HASH_OID_SHA256, sizeof(hash), key, signed_hash) == 1 &&
	    memcmp(hash, signed_hash, sizeof(hash)) == 0;
}

bool
host_proof_is_good(const struct pubkey *key, struct slice text,
    struct slice proof)
{
	const br_x509_pkey *p = &key->pkey;
	uint8_t bytes[RSA_SIG_MAX];
	ptrdiff_t len = base64_decode(bytes, sizeof(bytes), BASE64_STD, proof);
	struct slice sig;

	if (len <= 0)
		return false;
	sig = slice_of(bytes, (size_t)len);
	if (p->key_type == BR_KEYTYPE_RSA)
		return is_of_rsa(&p->key.rsa, text, sig);
	return p->key_type == BR_KEYTYPE_EC &&
	    p->key.ec.curve == BR_EC_secp256r1 &&
	    p->key.ec.qlen == KEY_POINT_LEN &&
	    key_verify(p->key.ec.q, text, sig);
}

/* --- public keys --------------------------------------------------------- */

void
host_proof_add_public(struct str *out, const uint8_t point[KEY_POINT_LEN])
{
	struct str der = { 0 };
	size_t at = der_open(&der, DER_SEQUENCE), alg;

	alg = der_open(&der, DER_SEQUENCE);
	der_put_oid(&der, OID_EC_PUBLIC_KEY);
	der_put_oid(&der, OID_P256);
	der_close(&der, alg);
	der_put_bits(&der, slice_of(point, KEY_POINT_LEN));
	der_close(&der, at);
	pem_add(out, PEM_LABEL_PUBLIC, str_slice(&der));
	str_fini(&der);
}

static bool
read_der(uint8_t point[KEY_POINT_LEN], struct slice der)
{
	enum oid kind = OID_UNKNOWN, curve = OID_UNKNOWN;
	struct der d, in, alg;
	struct slice bits;

	der_init(&d, der);
	der_enter(&d, DER_SEQUENCE, &in);
	der_enter(&in, DER_SEQUENCE, &alg);
	der_oid(&alg, &kind);
	der_oid(&alg, &curve);
	der_bits(&in, &bits);
	if (!der_end(&alg) || !der_end(&in) || !der_end(&d) ||
	    kind != OID_EC_PUBLIC_KEY || curve != OID_P256 ||
	    !key_point_ok(bits))
		return false;
	memcpy(point, bits.ptr, KEY_POINT_LEN);
	return true;
}

int
host_proof_read_public(uint8_t point[KEY_POINT_LEN], struct slice text,
    struct err *err)
{
	uint8_t der[PUBLIC_MAX];
	struct pem pem;
	ptrdiff_t n;
	int r = pem_next(&text, &pem, err);

	if (r < 0)
		return -1;
	if (r == 0 || !slice_is(pem.label, PEM_LABEL_PUBLIC))
		return err_set(err, ERR_DATA, "expected a BEGIN "
		    PEM_LABEL_PUBLIC " block");
	n = pem_decode(&pem, der, sizeof(der));
	return n > 0 && read_der(point, slice_of(der, (size_t)n)) ? 0 :
	    err_set(err, ERR_DATA, "expected a public key on P-256");
}
