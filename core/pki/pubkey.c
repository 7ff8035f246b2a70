#include <string.h>

#include "pki/pubkey.h"

#define RSA_MIN		(PUBKEY_RSA_MIN / 8)
#define RSA_MAX		(PUBKEY_RSA_MAX / 8)
#define P256_LEN	32	/* bytes of a coordinate */
#define P384_LEN	48

void
pubkey_p256(struct pubkey *k, const uint8_t point[KEY_POINT_LEN])
{
	memcpy(k->bytes, point, KEY_POINT_LEN);
	k->pkey.key_type = BR_KEYTYPE_EC;
	k->pkey.key.ec = (br_ec_public_key){
		BR_EC_secp256r1, k->bytes, KEY_POINT_LEN
	};
}

static bool
copy_rsa(struct pubkey *k, const br_rsa_public_key *from)
{
	if (from->nlen > sizeof(k->bytes) ||
	    from->elen > sizeof(k->bytes) - from->nlen)
		return false;
	memcpy(k->bytes, from->n, from->nlen);
	memcpy(k->bytes + from->nlen, from->e, from->elen);
	k->pkey.key.rsa = (br_rsa_public_key){
		k->bytes, from->nlen, k->bytes + from->nlen, from->elen
	};
	return true;
}

bool
pubkey_copy(struct pubkey *k, const br_x509_pkey *from)
{
	const br_ec_public_key *ec = &from->key.ec;

	k->pkey.key_type = from->key_type;
	if (from->key_type == BR_KEYTYPE_RSA)
		return copy_rsa(k, &from->key.rsa);
	if (ec->qlen > sizeof(k->bytes))
		return false;
	memcpy(k->bytes, ec->q, ec->qlen);
	k->pkey.key.ec = (br_ec_public_key){ ec->curve, k->bytes, ec->qlen };
	return true;
}

/* --- keys from their numbers ------------------------------------------------ */

static bool
exponent_ok(struct slice e)
{
	return e.len > 0 && e.len <= 4 && e.ptr[0] != 0 &&
	    (e.ptr[e.len - 1] & 1) == 1 && (e.len > 1 || e.ptr[0] != 1);
}

bool
pubkey_rsa(struct pubkey *k, struct slice n, struct slice e)
{
	const br_x509_pkey key = { .key_type = BR_KEYTYPE_RSA, .key.rsa = {
		slice_writable(n), n.len, slice_writable(e), e.len } };

	if (n.len < RSA_MIN || n.len > RSA_MAX || n.ptr[0] == 0 ||
	    (n.ptr[n.len - 1] & 1) == 0 || !exponent_ok(e))
		return false;
	return (n.len > RSA_MIN || (n.ptr[0] & 0x80) != 0) &&
	    pubkey_copy(k, &key);
}

static bool
is_on_p384(const unsigned char *point, size_t len)
{
	static const unsigned char one[] = { 1 };
	unsigned char q[1 + 2 * P384_LEN];

	memcpy(q, point, len);
	return br_ec_prime_i31.mul(q, len, one, sizeof(one),
	    BR_EC_secp384r1) == 1;
}

bool
pubkey_ec(struct pubkey *k, int curve, struct slice x, struct slice y)
{
	size_t half = curve == BR_EC_secp256r1 ? P256_LEN : P384_LEN;

	if (x.len != half || y.len != half)
		return false;
	k->bytes[0] = 4;
	memcpy(k->bytes + 1, x.ptr, half);
	memcpy(k->bytes + 1 + half, y.ptr, half);
	k->pkey.key_type = BR_KEYTYPE_EC;
	k->pkey.key.ec = (br_ec_public_key){ curve, k->bytes, 1 + 2 * half };
	return curve == BR_EC_secp256r1 ?
	    key_point_ok(slice_of(k->bytes, 1 + 2 * half)) :
	    is_on_p384(k->bytes, 1 + 2 * half);
}
