#include <bearssl.h>
#include <stdbool.h>
#include <string.h>

#include "base/random.h"
#include "base/unit.h"
#include "pki/p256.h"

#define ORACLE		(&br_ec_p256_m31)
#define SCALAR_LEN	32
#define POINT_LEN	65
#define SIG_MAX		72

static const unsigned char order[SCALAR_LEN] =
    "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";

struct pair {
	unsigned char     secret[SCALAR_LEN], point[POINT_LEN];
	br_ec_private_key key;
	br_ec_public_key  pub;
};

static void
pair_init(struct pair *p)
{
	random_bytes(p->secret, sizeof(p->secret));
	p->secret[0] &= 0x7f;
	p->secret[SCALAR_LEN - 1] |= 1;
	ORACLE->mulgen(p->point, p->secret, SCALAR_LEN, BR_EC_secp256r1);
	p->key = (br_ec_private_key){ BR_EC_secp256r1, p->secret, SCALAR_LEN };
	p->pub = (br_ec_public_key){ BR_EC_secp256r1, p->point, POINT_LEN };
}

static bool
verify(const struct pair *p, const void *hash, size_t hash_len,
    const void *sig, size_t len)
{
	bool is_good = p256_verify(&p256_ec, hash, hash_len, &p->pub, sig,
	    len) == 1;

	assert_int_equal(is_good, br_ecdsa_i31_vrfy_asn1(ORACLE, hash,
	    hash_len, &p->pub, sig, len));
	return is_good;
}

/* Both numbers as 32 bytes, into ASN.1. */
static size_t
encode(unsigned char sig[SIG_MAX], const unsigned char *r,
    const unsigned char *s)
{
	memcpy(sig, r, SCALAR_LEN);
	memcpy(sig + SCALAR_LEN, s, SCALAR_LEN);
	return br_ecdsa_raw_to_asn1(sig, 2 * SCALAR_LEN);
}

TEST(p256_sign_is_the_oracles_byte_for_byte)
{
	static const br_hash_class *const classes[] = {
		&br_sha256_vtable, &br_sha1_vtable, &br_sha224_vtable,
		&br_sha384_vtable, &br_sha512_vtable
	};
	struct pair p;
	unsigned char hash[64], got[SIG_MAX], want[SIG_MAX];

	for (size_t i = 0; i < 100; i++) {
		const br_hash_class *class = classes[i % 5];
		size_t hash_len = class->desc >> BR_HASHDESC_OUT_OFF &
		    BR_HASHDESC_OUT_MASK, n;

		pair_init(&p);
		random_bytes(hash, sizeof(hash));
		if (i % 10 == 0)
			memset(hash, 0xff, sizeof(hash));
		n = br_ecdsa_i31_sign_asn1(ORACLE, class, hash, &p.key, want);
		assert_int_equal(p256_sign(&p256_ec, class, hash, &p.key,
		    got), n);
		assert_memory_equal(got, want, n);
		assert_true(verify(&p, hash, hash_len, got, n));
	}
}

TEST(p256_sign_refuses_what_is_no_secret)
{
	unsigned char hash[32] = { 1 }, sig[SIG_MAX], x[40] = { 0 };
	br_ec_private_key key = { BR_EC_secp256r1, x, SCALAR_LEN };

	assert_int_equal(p256_sign(&p256_ec, &br_sha256_vtable, hash, &key,
	    sig), 0);
	memcpy(x, order, SCALAR_LEN);
	assert_int_equal(p256_sign(&p256_ec, &br_sha256_vtable, hash, &key,
	    sig), 0);
	memset(x, 0xff, SCALAR_LEN);
	assert_int_equal(p256_sign(&p256_ec, &br_sha256_vtable, hash, &key,
	    sig), 0);
	key.xlen = sizeof(x);
	assert_int_equal(p256_sign(&p256_ec, &br_sha256_vtable, hash, &key,
	    sig), 0);
	key.xlen = 0;
	assert_int_equal(p256_sign(&p256_ec, &br_sha256_vtable, hash, &key,
	    sig), 0);
	memset(x, 0, sizeof(x));
	x[39] = 9;
	key.xlen = sizeof(x);	/* leading zeros are let be */
	assert_int_not_equal(p256_sign(&p256_ec, &br_sha256_vtable, hash,
	    &key, sig), 0);
}

TEST(p256_verify_refuses_numbers_out_of_range)
{
	unsigned char zero[SCALAR_LEN] = { 0 }, above[SCALAR_LEN];
	unsigned char one[SCALAR_LEN] = { 0 }, last[SCALAR_LEN];
	unsigned char all[SCALAR_LEN], hash[32], sig[SIG_MAX];
	const unsigned char *numbers[] = { zero, order, above, all, one, last };
	struct pair p;

	pair_init(&p);
	random_bytes(hash, sizeof(hash));
	memset(all, 0xff, sizeof(all));
	memcpy(above, order, SCALAR_LEN);
	memcpy(last, order, SCALAR_LEN);
	above[SCALAR_LEN - 1]++;
	last[SCALAR_LEN - 1]--;
	one[SCALAR_LEN - 1] = 1;
	for (size_t r = 0; r < 6; r++)
		for (size_t s = 0; s < 6; s++)
			assert_false(verify(&p, hash, sizeof(hash), sig,
			    encode(sig, numbers[r], numbers[s])));
}

/* Good numbers, r + order instead of r: equal modulo the order. */
TEST(p256_verify_reduces_nothing)
{
	unsigned char hash[32] = { 3 }, sig[SIG_MAX], raw[80], wide[80];
	struct pair p;
	size_t n;
	int carry = 0;

	pair_init(&p);
	n = p256_sign(&p256_ec, &br_sha256_vtable, hash, &p.key, sig);
	memcpy(raw, sig, n);
	n = br_ecdsa_asn1_to_raw(raw, n) / 2;
	memset(wide, 0, sizeof(wide));
	memcpy(wide + 33 - n, raw, n);
	memcpy(wide + 66 - n, raw + n, n);
	memcpy(raw, wide, 66);
	assert_true(verify(&p, hash, 32, raw, br_ecdsa_raw_to_asn1(raw, 66)));
	for (size_t i = 33; i-- > 1; carry >>= 8) {
		carry += wide[i] + order[i - 1];
		wide[i] = (unsigned char)carry;
	}
	wide[0] = (unsigned char)carry;
	assert_false(verify(&p, hash, 32, wide,
	    br_ecdsa_raw_to_asn1(wide, 66)));
}

TEST(p256_verify_refuses_every_changed_byte)
{
	unsigned char hash[32], sig[SIG_MAX], bad[SIG_MAX];
	struct pair p, other;
	size_t n;

	pair_init(&p);
	pair_init(&other);
	random_bytes(hash, sizeof(hash));
	n = p256_sign(&p256_ec, &br_sha256_vtable, hash, &p.key, sig);
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, sig, n);
		bad[i] ^= (unsigned char)(1 << i % 8);
		assert_false(verify(&p, hash, sizeof(hash), bad, n));
		assert_false(verify(&p, hash, sizeof(hash), sig, i));
	}
	for (size_t i = 0; i < sizeof(hash); i++) {
		hash[i] ^= 1;
		assert_false(verify(&p, hash, sizeof(hash), sig, n));
		hash[i] ^= 1;
	}
	assert_false(verify(&other, hash, sizeof(hash), sig, n));
	assert_true(verify(&p, hash, sizeof(hash), sig, n));
}

TEST(p256_verify_cuts_long_hashes_and_takes_short_ones)
{
	unsigned char hash[64], sig[SIG_MAX];
	struct pair p;
	size_t n;

	pair_init(&p);
	random_bytes(hash, sizeof(hash));
	n = p256_sign(&p256_ec, &br_sha256_vtable, hash, &p.key, sig);
	assert_true(verify(&p, hash, 48, sig, n));
	assert_true(verify(&p, hash, 64, sig, n));
	assert_false(verify(&p, hash, 31, sig, n));
	assert_false(verify(&p, hash, 0, sig, n));
}

/*
 * Hash 0: only the key's point is multiplied.  BearSSL leaves undefined what
 * it makes of that, and refuses; FIPS 186-4 does not.
 */
TEST(p256_verify_knows_hash_zero_and_hash_order)
{
	unsigned char hash[32] = { 0 }, sig[SIG_MAX];
	struct pair p;
	size_t n;

	pair_init(&p);
	for (int i = 0; i < 2; i++) {
		n = br_ecdsa_i31_sign_asn1(ORACLE, &br_sha256_vtable, hash,
		    &p.key, sig);
		assert_true(p256_verify(&p256_ec, hash, sizeof(hash), &p.pub,
		    sig, n));
		memcpy(hash, order, sizeof(hash));
	}
}

/* u*G + v*Q at infinity: Q = G, and r = -hash. */
TEST(p256_verify_refuses_a_sum_at_infinity)
{
	unsigned char hash[32] = { 0 }, sig[SIG_MAX];
	unsigned char r[SCALAR_LEN], s[SCALAR_LEN] = { 0 };
	struct pair p;
	size_t len;

	pair_init(&p);
	memcpy(p.point, ORACLE->generator(BR_EC_secp256r1, &len), POINT_LEN);
	hash[31] = 1;
	s[31] = 7;
	memcpy(r, order, sizeof(r));
	r[31]--;
	assert_false(p256_verify(&p256_ec, hash, sizeof(hash), &p.pub, sig,
	    encode(sig, r, s)));
}

TEST(p256_verify_refuses_bad_keys_and_bad_encodings)
{
	static const struct {
		const char *bytes;
		size_t      len;
	} encodings[] = {
		{ "", 0 }, { "\x30", 1 }, { "\x30\x00", 2 },
		{ "\x30\x06\x02\x01\x01\x02\x01", 7 },
		{ "\x30\x06\x02\x01\x00\x02\x01\x00", 8 },
		{ "\x30\x05\x02\x00\x02\x01\x01", 7 },
		{ "\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00", 10 },
		{ "\x31\x06\x02\x01\x01\x02\x01\x01", 8 },
		{ "\x30\x06\x03\x01\x01\x02\x01\x01", 8 },
		{ "\x30\x06\x02\x01\x81\x02\x01\x81", 8 },
	};
	unsigned char hash[32] = { 5 }, sig[300] = { 0 }, sig_len;
	struct pair p;

	pair_init(&p);
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		assert_false(verify(&p, hash, sizeof(hash),
		    encodings[i].bytes, encodings[i].len));
	assert_false(verify(&p, hash, sizeof(hash), sig, sizeof(sig)));
	sig_len = (unsigned char)p256_sign(&p256_ec, &br_sha256_vtable, hash,
	    &p.key, sig);
	assert_true(verify(&p, hash, sizeof(hash), sig, sig_len));
	p.pub.qlen = 64;
	assert_false(verify(&p, hash, sizeof(hash), sig, sig_len));
	p.pub.qlen = POINT_LEN;
	p.point[64] ^= 1;
	assert_false(verify(&p, hash, sizeof(hash), sig, sig_len));
	p.point[64] ^= 1;
	p.point[0] = 6;
	assert_false(p256_verify(&p256_ec, hash, sizeof(hash), &p.pub, sig,
	    sig_len));
}
