#include <bearssl.h>
#include <stdbool.h>
#include <string.h>

#include "base/random.h"
#include "base/unit.h"
#include "pki/p256.h"

/*
 * BearSSL's own P-256 is the oracle: slower, written by other people, and
 * asked the same questions.
 */
#define ORACLE		(&br_ec_p256_m31)
#define CURVE		BR_EC_secp256r1
#define SCALAR_LEN	32
#define POINT_LEN	65

static const unsigned char *
base_point(void)
{
	size_t len;

	return ORACLE->generator(CURVE, &len);
}

/* The order plus a small number. */
static void
near_order(unsigned char x[SCALAR_LEN], int plus)
{
	size_t len;
	int carry = plus;

	memcpy(x, ORACLE->order(CURVE, &len), SCALAR_LEN);
	for (size_t i = SCALAR_LEN; i-- > 0; carry >>= 8) {
		carry += x[i];
		x[i] = (unsigned char)carry;
	}
}

/* Good scalars: 1 <= x < order.  Returns false behind the last. */
static bool
scalar(unsigned char x[SCALAR_LEN], size_t i)
{
	static const unsigned char patterns[] = {
		0xff, 0x7f, 0x80, 0x55, 0xaa, 0x0f, 0xf0, 0x01, 0xfe
	};

	memset(x, 0, SCALAR_LEN);
	if (i < 40) {			/* small ones, every window digit */
		x[SCALAR_LEN - 1] = (unsigned char)(i + 1);
		return true;
	}
	if ((i -= 40) < 255) {		/* one bit */
		x[SCALAR_LEN - 1 - i / 8] = (unsigned char)(1 << i % 8);
		return true;
	}
	if ((i -= 255) < 8) {		/* close to the order */
		near_order(x, -1 - (int)i);
		return true;
	}
	if ((i -= 8) < sizeof(patterns)) {
		memset(x + 4, patterns[i], SCALAR_LEN - 4);
		return true;
	}
	if ((i -= sizeof(patterns)) < 31) {	/* leading zeros */
		random_bytes(x + 1 + i, SCALAR_LEN - 1 - i);
		x[SCALAR_LEN - 1] |= 1;
		return true;
	}
	random_bytes(x, SCALAR_LEN);
	x[0] &= 0x7f;
	x[SCALAR_LEN - 1] |= 1;
	return i - 31 < 60;
}

static void
random_point(unsigned char p[POINT_LEN])
{
	unsigned char x[SCALAR_LEN];

	random_bytes(x, sizeof(x));
	x[0] &= 0x7f;
	x[SCALAR_LEN - 1] |= 1;
	assert_int_equal(ORACLE->mulgen(p, x, sizeof(x), CURVE), POINT_LEN);
}

TEST(p256_constants_are_the_curves)
{
	size_t len, want_len;
	const unsigned char *p;

	p = p256_ec.generator(CURVE, &len);
	assert_memory_equal(p, ORACLE->generator(CURVE, &want_len), len);
	assert_int_equal(len, want_len);
	p = p256_ec.order(CURVE, &len);
	assert_memory_equal(p, ORACLE->order(CURVE, &want_len), len);
	assert_int_equal(len, want_len);
	assert_int_equal(p256_ec.xoff(CURVE, &len),
	    ORACLE->xoff(CURVE, &want_len));
	assert_int_equal(len, want_len);
	assert_int_equal(p256_ec.supported_curves, ORACLE->supported_curves);
}

TEST(p256_mulgen_is_as_the_oracles)
{
	unsigned char x[SCALAR_LEN], got[POINT_LEN], want[POINT_LEN];

	for (size_t i = 0; scalar(x, i); i++) {
		assert_int_equal(p256_ec.mulgen(got, x, sizeof(x), CURVE),
		    POINT_LEN);
		ORACLE->mulgen(want, x, sizeof(x), CURVE);
		assert_memory_equal(got, want, POINT_LEN);
	}
}

TEST(p256_mul_is_as_the_oracles)
{
	unsigned char x[SCALAR_LEN], got[POINT_LEN], want[POINT_LEN];

	for (size_t i = 0; scalar(x, i); i++) {
		random_point(got);
		memcpy(want, got, sizeof(want));
		assert_int_equal(p256_ec.mul(got, POINT_LEN, x, sizeof(x),
		    CURVE), 1);
		assert_int_equal(ORACLE->mul(want, POINT_LEN, x, sizeof(x),
		    CURVE), 1);
		assert_memory_equal(got, want, POINT_LEN);
	}
}

TEST(p256_muladd_is_as_the_oracles)
{
	unsigned char x[SCALAR_LEN], y[SCALAR_LEN], b[POINT_LEN];
	unsigned char got[POINT_LEN], want[POINT_LEN];

	for (size_t i = 0; scalar(x, i); i += 3) {
		const unsigned char *with = i % 2 == 0 ? NULL : b;

		scalar(y, 1000);
		random_point(b);
		random_point(got);
		memcpy(want, got, sizeof(want));
		assert_int_equal(p256_ec.muladd(got, with, POINT_LEN,
		    x, sizeof(x), y, sizeof(y), CURVE), 1);
		assert_int_equal(ORACLE->muladd(want, with, POINT_LEN,
		    x, sizeof(x), y, sizeof(y), CURVE), 1);
		assert_memory_equal(got, want, POINT_LEN);
	}
}

/* x*A + x*A: an addition that is a doubling; and one that cancels. */
TEST(p256_muladd_knows_equal_and_opposite_points)
{
	unsigned char one[] = { 1 }, minus[SCALAR_LEN];
	unsigned char got[POINT_LEN], want[POINT_LEN];

	memcpy(got, base_point(), POINT_LEN);
	memcpy(want, got, POINT_LEN);
	assert_int_equal(p256_ec.muladd(got, NULL, POINT_LEN, one, 1, one, 1,
	    CURVE), 1);
	assert_int_equal(ORACLE->mul(want, POINT_LEN,
	    (const unsigned char *)"\2", 1, CURVE), 1);
	assert_memory_equal(got, want, POINT_LEN);
	near_order(minus, -1);
	memcpy(got, base_point(), POINT_LEN);
	assert_int_equal(p256_ec.muladd(got, NULL, POINT_LEN, one, 1, minus,
	    SCALAR_LEN, CURVE), 0);
}

TEST(p256_never_gives_out_infinity)
{
	unsigned char x[SCALAR_LEN] = { 0 }, p[POINT_LEN];

	for (int i = 0; i < 2; i++) {
		memcpy(p, base_point(), POINT_LEN);
		assert_int_equal(p256_ec.mul(p, POINT_LEN, x, sizeof(x),
		    CURVE), 0);
		assert_int_equal(p256_ec.mulgen(p, x, sizeof(x), CURVE), 0);
		near_order(x, 0);
	}
	assert_int_equal(p256_ec.mulgen(p, x, 0, CURVE), 0);
}

TEST(p256_scalars_may_be_short_long_or_above_the_order)
{
	unsigned char one[] = { 1 }, five[40] = { 0 }, above[SCALAR_LEN];
	unsigned char got[POINT_LEN], want[POINT_LEN];

	five[39] = 5;
	near_order(above, 5);
	ORACLE->mulgen(want, five + 39, 1, CURVE);
	assert_int_equal(p256_ec.mulgen(got, five + 39, 1, CURVE), POINT_LEN);
	assert_memory_equal(got, want, POINT_LEN);
	assert_int_equal(p256_ec.mulgen(got, five, sizeof(five), CURVE),
	    POINT_LEN);
	assert_memory_equal(got, want, POINT_LEN);
	assert_int_equal(p256_ec.mulgen(got, above, sizeof(above), CURVE),
	    POINT_LEN);
	assert_memory_equal(got, want, POINT_LEN);
	memcpy(got, want, POINT_LEN);
	assert_int_equal(p256_ec.mul(got, POINT_LEN, one, 1, CURVE), 1);
	assert_memory_equal(got, want, POINT_LEN);
	five[0] = 1;
	assert_int_equal(p256_ec.mulgen(got, five, sizeof(five), CURVE), 0);
}

TEST(p256_refuses_what_is_no_point)
{
	static const unsigned char one[] = { 1 };
	static const char prime[] = "\xff\xff\xff\xff\x00\x00\x00\x01\x00\x00"
	    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"
	    "\xff\xff\xff\xff\xff\xff";
	unsigned char p[POINT_LEN + 1], good[POINT_LEN + 1] = { 0 };
	const size_t lengths[] = { 0, 1, 2, 33, 64, 66 };

	memcpy(good, base_point(), POINT_LEN);
	for (int first = 0; first < 256; first++) {	/* forms of SEC 1 */
		memcpy(p, good, sizeof(p));
		p[0] = (unsigned char)first;
		assert_int_equal(p256_ec.mul(p, POINT_LEN, one, 1, CURVE),
		    first == 4);
		memcpy(p, good, sizeof(p));	/* compressed, or infinity */
		p[0] = (unsigned char)first;
		assert_int_equal(p256_ec.mul(p, 33, one, 1, CURVE), 0);
		assert_int_equal(p256_ec.mul(p, 1, one, 1, CURVE), 0);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memcpy(p, good, sizeof(p));
		assert_int_equal(p256_ec.mul(p, lengths[i], one, 1, CURVE), 0);
		assert_int_equal(p256_ec.muladd(p, good, lengths[i], one, 1,
		    one, 1, CURVE), 0);
	}
	for (size_t bit = 8; bit < 8 * POINT_LEN; bit += 7) {
		memcpy(p, good, sizeof(p));
		p[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(p256_ec.mul(p, POINT_LEN, one, 1, CURVE), 0);
		memcpy(p, good, sizeof(p));
		p[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(p256_ec.muladd(good, p, POINT_LEN, one, 1,
		    one, 1, CURVE), 0);
	}
	memcpy(p + 1, prime, SCALAR_LEN);	/* x = p, that is 0 */
	p[0] = 4;
	assert_int_equal(p256_ec.mul(p, POINT_LEN, one, 1, CURVE), 0);
	memset(p + 1, 0, POINT_LEN - 1);
	assert_int_equal(p256_ec.mul(p, POINT_LEN, one, 1, CURVE), 0);
	memset(p + 1, 0xff, POINT_LEN - 1);
	assert_int_equal(p256_ec.mul(p, POINT_LEN, one, 1, CURVE), 0);
}

TEST(p256_refuses_other_curves)
{
	static const int curves[] = {
		0, BR_EC_secp256k1, BR_EC_secp384r1, BR_EC_curve25519, 31
	};
	unsigned char one[] = { 1 }, p[POINT_LEN], sig[80];
	unsigned char hash[32] = { 1 };

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		int id = curves[i];
		br_ec_private_key key = { id, one, 1 };
		br_ec_public_key pub = { id, p, POINT_LEN };
		size_t len;

		memcpy(p, base_point(), POINT_LEN);
		assert_int_equal(p256_ec.mul(p, POINT_LEN, one, 1, id), 0);
		assert_int_equal(p256_ec.mulgen(p, one, 1, id), 0);
		assert_int_equal(p256_ec.muladd(p, NULL, POINT_LEN, one, 1,
		    one, 1, id), 0);
		assert_null(p256_ec.generator(id, &len));
		assert_null(p256_ec.order(id, &len));
		p256_ec.xoff(id, &len);
		assert_int_equal(len, 0);
		assert_int_equal(p256_sign(&p256_ec, &br_sha256_vtable, hash,
		    &key, sig), 0);
		assert_int_equal(p256_verify(&p256_ec, hash, sizeof(hash),
		    &pub, "\x30\x06\x02\x01\x01\x02\x01\x01", 8), 0);
	}
}
