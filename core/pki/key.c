#include <bearssl.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/random.h"
#include "pki/der.h"
#include "pki/hash.h"
#include "pki/key.h"
#include "pki/p256.h"
#include "pki/pem.h"

/* Order of the P-256 base point (SEC 2, 2.4.2). */
static const uint8_t order[KEY_SECRET_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
	0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

enum { KEY_DER_MAX = 512 };

/* In constant time: 0 < secret < order. */
static bool
in_range(const uint8_t secret[KEY_SECRET_LEN])
{
	int borrow = 0, any = 0;

	for (size_t i = KEY_SECRET_LEN; i-- > 0;) {
		borrow = (secret[i] - order[i] - borrow) >> 8 & 1;
		any |= secret[i];
	}
	return (borrow & (any != 0)) != 0;
}

static br_ec_private_key
library_key(const struct key *key, uint8_t copy[KEY_SECRET_LEN])
{
	memcpy(copy, key->secret, KEY_SECRET_LEN);
	return (br_ec_private_key){ BR_EC_secp256r1, copy, KEY_SECRET_LEN };
}

static void
compute_point(struct key *key)
{
	size_t n = p256_ec.mulgen(key->point, key->secret,
	    KEY_SECRET_LEN, BR_EC_secp256r1);

	check(n == KEY_POINT_LEN);
}

void
key_generate(struct key *key)
{
	do {
		random_bytes(key->secret, KEY_SECRET_LEN);
	} while (!in_range(key->secret));
	compute_point(key);
}

bool
key_from_secret(struct key *key, struct slice secret)
{
	*key = (struct key){ 0 };
	if (secret.len != KEY_SECRET_LEN)
		return false;
	memcpy(key->secret, secret.ptr, KEY_SECRET_LEN);
	if (!in_range(key->secret)) {
		key_fini(key);
		return false;
	}
	compute_point(key);
	return true;
}

void
key_fini(struct key *key)
{
	mem_wipe(key, sizeof(*key));
}

/* ECPrivateKey (RFC 5915, 3); the curve may have been named outside. */
static bool
parse_sec1(struct key *key, struct slice der, bool curve_known)
{
	struct der d, seq, in;
	struct slice secret = SLICE_NONE, point = SLICE_NONE;
	uint32_t version = 0;
	enum oid curve = curve_known ? OID_P256 : OID_UNKNOWN;

	der_init(&d, der);
	der_enter(&d, DER_SEQUENCE, &seq);
	der_u32(&seq, &version);
	der_get(&seq, DER_OCTETS, &secret);
	if (der_peek(&seq) == DER_CONTEXT_IN(0)) {
		der_enter(&seq, DER_CONTEXT_IN(0), &in);
		der_oid(&in, &curve);
		if (!der_end(&in))
			return false;
	}
	if (der_peek(&seq) == DER_CONTEXT_IN(1)) {
		der_enter(&seq, DER_CONTEXT_IN(1), &in);
		der_bits(&in, &point);
		if (!der_end(&in))
			return false;
	}
	if (!der_end(&d) || !der_end(&seq) || version != 1 ||
	    curve != OID_P256 || secret.len != KEY_SECRET_LEN)
		return false;
	memcpy(key->secret, secret.ptr, KEY_SECRET_LEN);
	if (!in_range(key->secret))
		return false;
	compute_point(key);
	return point.ptr == NULL ||
	    slice_eq(point, slice_of(key->point, KEY_POINT_LEN));
}

/* PrivateKeyInfo (RFC 5208, 5); attributes behind the key are let be. */
static bool
parse_pkcs8(struct key *key, struct slice der)
{
	struct der d, seq, alg;
	struct slice sec1;
	uint32_t version;
	enum oid kind, curve;

	der_init(&d, der);
	der_enter(&d, DER_SEQUENCE, &seq);
	der_u32(&seq, &version);
	der_enter(&seq, DER_SEQUENCE, &alg);
	der_oid(&alg, &kind);
	der_oid(&alg, &curve);
	der_get(&seq, DER_OCTETS, &sec1);
	if (der_peek(&seq) == DER_CONTEXT_IN(0))
		der_get(&seq, DER_CONTEXT_IN(0), NULL);
	return der_end(&alg) && der_end(&seq) && der_end(&d) && version == 0 &&
	    kind == OID_EC_PUBLIC_KEY && curve == OID_P256 &&
	    parse_sec1(key, sec1, true);
}

int
key_parse(struct key *key, struct slice text, struct err *err)
{
	uint8_t der[KEY_DER_MAX];
	struct pem pem;
	bool sec1, ok;
	ptrdiff_t n;
	int r;

	do {
		r = pem_next(&text, &pem, err);
		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(err, ERR_DATA, "no private key in the "
			    "PEM text (wanted \"%s\" or \"%s\")",
			    PEM_LABEL_KEY, PEM_LABEL_EC_KEY);
		sec1 = slice_is(pem.label, PEM_LABEL_EC_KEY);
	} while (!sec1 && !slice_is(pem.label, PEM_LABEL_KEY));

	n = pem_decode(&pem, der, sizeof(der));
	ok = n > 0 && (sec1 ?
	    parse_sec1(key, slice_of(der, (size_t)n), false) :
	    parse_pkcs8(key, slice_of(der, (size_t)n)));
	mem_wipe(der, sizeof(der));
	if (ok)
		return 0;
	key_fini(key);
	return err_set(err, ERR_DATA, "the private key is not an intact, "
	    "unencrypted key on P-256");
}

static void
put_sec1(struct str *out, const struct key *key, bool with_curve)
{
	size_t seq = der_open(out, DER_SEQUENCE), in;

	der_put_u32(out, 1);
	der_put(out, DER_OCTETS, slice_of(key->secret, KEY_SECRET_LEN));
	if (with_curve) {
		in = der_open(out, DER_CONTEXT_IN(0));
		der_put_oid(out, OID_P256);
		der_close(out, in);
	}
	in = der_open(out, DER_CONTEXT_IN(1));
	der_put_bits(out, slice_of(key->point, KEY_POINT_LEN));
	der_close(out, in);
	der_close(out, seq);
}

void
key_room_str(struct str *s, size_t len)
{
	static const char blank[4096];
	size_t had = s->len;

	for (size_t n; len > 0; len -= n) {
		n = len < sizeof(blank) ? len : sizeof(blank);
		str_add_slice(s, slice_of(blank, n));
	}
	s->len = had;
	if (s->ptr != NULL)
		s->ptr[had] = '\0';
}

void
key_pkcs8(struct str *out, const struct key *key)
{
	size_t seq, in;

	key_room_str(out, KEY_DER_MAX);
	seq = der_open(out, DER_SEQUENCE);
	der_put_u32(out, 0);
	in = der_open(out, DER_SEQUENCE);
	der_put_oid(out, OID_EC_PUBLIC_KEY);
	der_put_oid(out, OID_P256);
	der_close(out, in);
	in = der_open(out, DER_OCTETS);
	put_sec1(out, key, false);
	der_close(out, in);
	der_close(out, seq);
}

void
key_pem(struct str *out, const struct key *key)
{
	struct str der = { 0 };

	key_pkcs8(&der, key);
	key_room_str(out, 2 * KEY_DER_MAX);
	pem_add(out, PEM_LABEL_KEY, str_slice(&der));
	key_wipe_str(&der);
}

void
key_pem_sec1(struct str *out, const struct key *key)
{
	struct str der = { 0 };

	key_room_str(&der, KEY_DER_MAX);
	key_room_str(out, 2 * KEY_DER_MAX);
	put_sec1(&der, key, true);
	pem_add(out, PEM_LABEL_EC_KEY, str_slice(&der));
	key_wipe_str(&der);
}

void
key_wipe_str(struct str *s)
{
	if (s->ptr != NULL)
		mem_wipe(s->ptr, s->cap);
	str_fini(s);
}

size_t
key_sign(const struct key *key, struct slice message, uint8_t sig[KEY_SIG_MAX])
{
	uint8_t hash[HASH_LEN], copy[KEY_SECRET_LEN];
	br_ec_private_key sk = library_key(key, copy);
	size_t n;

	hash_sha256(hash, message);
	n = p256_sign(&p256_ec, &br_sha256_vtable, hash, &sk, sig);
	mem_wipe(copy, sizeof(copy));
	check(n > 0 && n <= KEY_SIG_MAX);
	return n;
}

/* Two positive integers of at most 32 bytes, and nothing else. */
static bool
signature_is_der(struct slice sig)
{
	struct der d;
	struct slice r, s;

	der_init(&d, sig);
	return der_uint_pair(&d, &r, &s) && der_end(&d) &&
	    r.len <= KEY_SECRET_LEN && s.len <= KEY_SECRET_LEN;
}

bool
key_verify(const uint8_t point[KEY_POINT_LEN], struct slice message,
    struct slice sig)
{
	uint8_t hash[HASH_LEN], q[KEY_POINT_LEN];
	br_ec_public_key pk = { BR_EC_secp256r1, q, sizeof(q) };

	if (!signature_is_der(sig))
		return false;
	memcpy(q, point, sizeof(q));
	hash_sha256(hash, message);
	return p256_verify(&p256_ec, hash, sizeof(hash), &pk, sig.ptr,
	    sig.len) == 1;
}

bool
key_point_ok(struct slice point)
{
	static const uint8_t one[] = { 1 };
	uint8_t q[KEY_POINT_LEN];

	if (point.len != KEY_POINT_LEN || point.ptr[0] != 4)
		return false;
	memcpy(q, point.ptr, sizeof(q));
	return p256_ec.mul(q, sizeof(q), one, sizeof(one),
	    BR_EC_secp256r1) == 1;
}
