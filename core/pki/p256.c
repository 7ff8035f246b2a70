#include "pki/p256.h"

/* What is below EVP costs a tenth of it and pulls in no provider. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define SCALAR_LEN	32
#define POINT_LEN	65
#define UNCOMPRESSED	4
/* As long as BearSSL's: numbers may come with leading zeros. */
#define SIG_MAX		(2 * 66 + 24)

/* SEC 2, section 2.4.2. */
static const unsigned char generator[POINT_LEN] = {
	0x04,
	0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47,
	0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
	0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0,
	0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
	0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b,
	0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
	0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce,
	0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5
};
static const unsigned char order[SCALAR_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
	0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

/* --- the group, made once and never changed ----------------------------- */

static struct {
	EC_GROUP    *group;
	BN_MONT_CTX *mont;		/* modulo the order */
	BIGNUM      *inverter;		/* order - 2 */
} curve;
static pthread_once_t curve_once = PTHREAD_ONCE_INIT;

static void
curve_init(void)
{
	const BIGNUM *n;
	BN_CTX *ctx;

	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT |
	    OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	ctx = BN_CTX_new();
	curve.group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	curve.mont = BN_MONT_CTX_new();
	check(ctx != NULL && curve.group != NULL && curve.mont != NULL);
	n = EC_GROUP_get0_order(curve.group);
	curve.inverter = BN_dup(n);
	check(curve.inverter != NULL && BN_sub_word(curve.inverter, 2) == 1 &&
	    BN_MONT_CTX_set(curve.mont, n, ctx) == 1);
	BN_CTX_free(ctx);
}

/* --- one computation ----------------------------------------------------- */

enum { NUMBERS = 4, POINTS = 2 };

struct work {
	BN_CTX   *ctx;
	BIGNUM   *n[NUMBERS];
	EC_POINT *p[POINTS];
};

static const BIGNUM *
order_number(void)
{
	return EC_GROUP_get0_order(curve.group);
}

/* libcrypto allocates for itself; without memory there is nothing to do. */
static void
work_init(struct work *w)
{
	pthread_once(&curve_once, curve_init);
	w->ctx = BN_CTX_new();
	check(w->ctx != NULL);
	for (int i = 0; i < NUMBERS; i++)
		check((w->n[i] = BN_new()) != NULL);
	for (int i = 0; i < POINTS; i++)
		check((w->p[i] = EC_POINT_new(curve.group)) != NULL);
}

/* Wipes; and an error queue would keep memory for each thread. */
static void
work_fini(struct work *w, bool failed)
{
	for (int i = 0; i < POINTS; i++)
		EC_POINT_clear_free(w->p[i]);
	for (int i = 0; i < NUMBERS; i++)
		BN_clear_free(w->n[i]);
	BN_CTX_free(w->ctx);
	if (failed)
		ERR_clear_error();
}

/*
 * Reads a number of at most 256 bits.  BN_bin2bn skips leading zeros one by
 * one, which would tell how many a secret has: so it is given one bit more
 * in front, which is taken off again.
 */
static bool
number_read(BIGNUM *n, const unsigned char *bytes, size_t len)
{
	unsigned char padded[1 + SCALAR_LEN] = { 1 };
	unsigned char high = 0;

	for (; len > SCALAR_LEN; len--)
		high |= *bytes++;
	if (high != 0)
		return false;
	memcpy(padded + sizeof(padded) - len, bytes, len);
	check(BN_bin2bn(padded, sizeof(padded), n) != NULL &&
	    BN_clear_bit(n, 8 * SCALAR_LEN) == 1);
	mem_wipe(padded, sizeof(padded));
	return true;
}

static bool
secret_read(BIGNUM *n, const unsigned char *bytes, size_t len)
{
	BN_set_flags(n, BN_FLG_CONSTTIME);
	return number_read(n, bytes, len);
}

static bool
is_scalar(const BIGNUM *n)
{
	return !BN_is_zero(n) && BN_ucmp(n, order_number()) < 0;
}

/* Uncompressed and on the curve: infinity is one byte, so it is not. */
static bool
point_read(struct work *w, EC_POINT *p, const unsigned char *bytes, size_t len)
{
	return len == POINT_LEN && bytes[0] == UNCOMPRESSED &&
	    EC_POINT_oct2point(curve.group, p, bytes, len, w->ctx) == 1;
}

static bool
point_write(struct work *w, const EC_POINT *p, unsigned char *bytes)
{
	return EC_POINT_point2oct(curve.group, p,
	    POINT_CONVERSION_UNCOMPRESSED, bytes, POINT_LEN, w->ctx) ==
	    POINT_LEN;
}

/* --- br_ec_impl ---------------------------------------------------------- */

static const unsigned char *
ec_generator(int id, size_t *len)
{
	*len = id == BR_EC_secp256r1 ? sizeof(generator) : 0;
	return id == BR_EC_secp256r1 ? generator : NULL;
}

static const unsigned char *
ec_order(int id, size_t *len)
{
	*len = id == BR_EC_secp256r1 ? sizeof(order) : 0;
	return id == BR_EC_secp256r1 ? order : NULL;
}

/* Where X is in an encoded point. */
static size_t
ec_xoff(int id, size_t *len)
{
	*len = id == BR_EC_secp256r1 ? SCALAR_LEN : 0;
	return id == BR_EC_secp256r1 ? 1 : 0;
}

static uint32_t
ec_mul(unsigned char *g, size_t g_len, const unsigned char *x, size_t x_len,
    int id)
{
	struct work w;
	bool ok;

	if (id != BR_EC_secp256r1)
		return 0;
	work_init(&w);
	ok = point_read(&w, w.p[0], g, g_len) &&
	    secret_read(w.n[0], x, x_len) &&
	    EC_POINT_mul(curve.group, w.p[1], NULL, w.p[0], w.n[0], w.ctx) &&
	    point_write(&w, w.p[1], g);
	work_fini(&w, !ok);
	return ok;
}

static size_t
ec_mulgen(unsigned char *r, const unsigned char *x, size_t x_len, int id)
{
	struct work w;
	bool ok;

	if (id != BR_EC_secp256r1)
		return 0;
	work_init(&w);
	ok = secret_read(w.n[0], x, x_len) &&
	    EC_POINT_mul(curve.group, w.p[0], w.n[0], NULL, NULL, w.ctx) &&
	    point_write(&w, w.p[0], r);
	work_fini(&w, !ok);
	return ok ? POINT_LEN : 0;
}

/* Without b: the generator. */
static uint32_t
ec_muladd(unsigned char *a, const unsigned char *b, size_t len,
    const unsigned char *x, size_t x_len, const unsigned char *y, size_t y_len,
    int id)
{
	struct work w;
	bool ok;

	if (id != BR_EC_secp256r1)
		return 0;
	work_init(&w);
	ok = point_read(&w, w.p[0], a, len) &&
	    point_read(&w, w.p[1], b != NULL ? b : generator, len) &&
	    secret_read(w.n[0], x, x_len) && secret_read(w.n[1], y, y_len) &&
	    EC_POINT_mul(curve.group, w.p[0], NULL, w.p[0], w.n[0], w.ctx) &&
	    EC_POINT_mul(curve.group, w.p[1], NULL, w.p[1], w.n[1], w.ctx) &&
	    EC_POINT_add(curve.group, w.p[0], w.p[0], w.p[1], w.ctx) &&
	    point_write(&w, w.p[0], a);
	work_fini(&w, !ok);
	return ok;
}

const br_ec_impl p256_ec = {
	.supported_curves = (uint32_t)1 << BR_EC_secp256r1,
	.generator = ec_generator,
	.order = ec_order,
	.xoff = ec_xoff,
	.mul = ec_mul,
	.mulgen = ec_mulgen,
	.muladd = ec_muladd,
};

/* --- ECDSA (FIPS 186-4, section 6) --------------------------------------- */

/* The leftmost 256 bits of a hash, modulo the order. */
static bool
hash_read(BIGNUM *n, const void *hash, size_t len)
{
	if (!number_read(n, hash, len < SCALAR_LEN ? len : SCALAR_LEN))
		return false;
	return BN_ucmp(n, order_number()) < 0 ||
	    BN_sub(n, n, order_number()) == 1;
}

static bool
times(struct work *w, BIGNUM *to, const BIGNUM *by)
{
	return BN_to_montgomery(to, to, curve.mont, w->ctx) == 1 &&
	    BN_mod_mul_montgomery(to, to, by, curve.mont, w->ctx) == 1;
}

/* x of a point modulo the order. */
static bool
point_x(struct work *w, const EC_POINT *p, BIGNUM *x)
{
	return EC_POINT_get_affine_coordinates(curve.group, p, x, NULL,
	    w->ctx) == 1 && (BN_ucmp(x, order_number()) < 0 ||
	    BN_sub(x, x, order_number()) == 1);
}

/* RFC 6979, section 3.2: the nonce, from the secret and the hash. */
static void
nonce_make(BIGNUM *k, const BIGNUM *secret, const BIGNUM *hash,
    const br_hash_class *class)
{
	unsigned char bytes[2 * SCALAR_LEN];
	br_hmac_drbg_context drbg;

	check(BN_bn2binpad(secret, bytes, SCALAR_LEN) == SCALAR_LEN &&
	    BN_bn2binpad(hash, bytes + SCALAR_LEN, SCALAR_LEN) == SCALAR_LEN);
	br_hmac_drbg_init(&drbg, class, bytes, sizeof(bytes));
	do {
		br_hmac_drbg_generate(&drbg, bytes, SCALAR_LEN);
		check(secret_read(k, bytes, SCALAR_LEN));
	} while (!is_scalar(k));
	mem_wipe(bytes, sizeof(bytes));
	mem_wipe(&drbg, sizeof(drbg));
}

/*
 * r = x(kG), s = (hash + r * secret) / k, the latter by Fermat's theorem as
 * libcrypto itself divides where no better way is known to take always the
 * same time.
 */
static bool
sign(struct work *w, const br_hash_class *class, const void *hash,
    size_t hash_len, unsigned char raw[2 * SCALAR_LEN])
{
	BIGNUM *secret = w->n[0], *s = w->n[1], *k = w->n[2], *r = w->n[3];

	if (!hash_read(s, hash, hash_len))
		return false;
	nonce_make(k, secret, s, class);
	return EC_POINT_mul(curve.group, w->p[0], k, NULL, NULL, w->ctx) &&
	    point_x(w, w->p[0], r) && !BN_is_zero(r) &&
	    times(w, secret, r) &&
	    BN_mod_add_quick(s, s, secret, order_number()) &&
	    BN_mod_exp_mont_consttime(k, k, curve.inverter, order_number(),
		w->ctx, curve.mont) &&
	    times(w, s, k) && !BN_is_zero(s) &&
	    BN_bn2binpad(r, raw, SCALAR_LEN) == SCALAR_LEN &&
	    BN_bn2binpad(s, raw + SCALAR_LEN, SCALAR_LEN) == SCALAR_LEN;
}

size_t
p256_sign(const br_ec_impl *impl, const br_hash_class *class, const void *hash,
    const br_ec_private_key *key, void *sig)
{
	size_t hash_len = class->desc >> BR_HASHDESC_OUT_OFF &
	    BR_HASHDESC_OUT_MASK;
	unsigned char raw[2 * SCALAR_LEN];
	struct work w;
	bool ok;

	(void)impl;
	if (key->curve != BR_EC_secp256r1)
		return 0;
	work_init(&w);
	ok = secret_read(w.n[0], key->x, key->xlen) && is_scalar(w.n[0]) &&
	    sign(&w, class, hash, hash_len, raw);
	work_fini(&w, !ok);
	if (!ok)
		return 0;
	memcpy(sig, raw, sizeof(raw));
	return br_ecdsa_raw_to_asn1(sig, sizeof(raw));
}

/* x(hash/s * G + r/s * Q) = r; w->p[0] is Q. */
static bool
verify(struct work *w, const void *hash, size_t hash_len,
    const unsigned char *raw, size_t half)
{
	BIGNUM *r = w->n[0], *u = w->n[1], *v = w->n[2], *inverse = w->n[3];

	if (!number_read(r, raw, half) || !is_scalar(r) ||
	    !number_read(v, raw + half, half) || !is_scalar(v) ||
	    !hash_read(u, hash, hash_len))
		return false;
	return BN_mod_inverse(inverse, v, order_number(), w->ctx) != NULL &&
	    BN_copy(v, r) != NULL && times(w, u, inverse) &&
	    times(w, v, inverse) &&
	    EC_POINT_mul(curve.group, w->p[1], u, w->p[0], v, w->ctx) &&
	    point_x(w, w->p[1], u) && BN_cmp(u, r) == 0;
}

uint32_t
p256_verify(const br_ec_impl *impl, const void *hash, size_t hash_len,
    const br_ec_public_key *key, const void *sig, size_t sig_len)
{
	unsigned char raw[SIG_MAX];
	struct work w;
	size_t raw_len;
	bool ok;

	(void)impl;
	if (key->curve != BR_EC_secp256r1 || sig_len > sizeof(raw))
		return 0;
	memcpy(raw, sig, sig_len);
	raw_len = br_ecdsa_asn1_to_raw(raw, sig_len);
	if (raw_len == 0)
		return 0;
	work_init(&w);
	ok = point_read(&w, w.p[0], key->q, key->qlen) &&
	    verify(&w, hash, hash_len, raw, raw_len / 2);
	work_fini(&w, !ok);
	return ok;
}

const char *
p256_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}
