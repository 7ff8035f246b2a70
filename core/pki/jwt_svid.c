#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "conf/json.h"
#include "pki/base64.h"
#include "pki/der.h"
#include "pki/hash.h"
#include "pki/jwt_svid.h"

#define HALF_LEN	32	/* bytes of a coordinate, and of r and s */

static void
add_half(struct str *out, const char *name, const uint8_t *half)
{
	str_addf(out, "\"%s\":\"", name);
	base64_add(out, BASE64_URL, slice_of(half, HALF_LEN));
	str_add_char(out, '"');
}

void
jwt_svid_kid(char kid[JWT_KID_LEN + 1], const uint8_t point[KEY_POINT_LEN])
{
	struct str s = { 0 };
	uint8_t hash[HASH_LEN];

	/* The members that are required, in the order of their names. */
	str_add(&s, "{\"crv\":\"P-256\",\"kty\":\"EC\",");
	add_half(&s, "x", point + 1);
	str_add_char(&s, ',');
	add_half(&s, "y", point + 1 + HALF_LEN);
	str_add_char(&s, '}');
	hash_sha256(hash, str_slice(&s));
	str_clear(&s);
	base64_add(&s, BASE64_URL, slice_of(hash, HASH_LEN));
	check(s.len == JWT_KID_LEN);
	memcpy(kid, s.ptr, JWT_KID_LEN + 1);
	str_fini(&s);
}

void
jwt_svid_add_key(struct str *out, const uint8_t point[KEY_POINT_LEN],
    const char *use)
{
	char kid[JWT_KID_LEN + 1];

	jwt_svid_kid(kid, point);
	str_add(out, "{\"kty\":\"EC\",");
	if (use != NULL)
		str_addf(out, "\"use\":\"%s\",", use);
	str_addf(out, "\"kid\":\"%s\",\"crv\":\"P-256\",", kid);
	add_half(out, "x", point + 1);
	str_add_char(out, ',');
	add_half(out, "y", point + 1 + HALF_LEN);
	str_add_char(out, '}');
}

/* r or s of a signature of ours, filled up with zeros in front. */
static void
fill_half(uint8_t half[HALF_LEN], struct slice digits)
{
	check(digits.len <= HALF_LEN);
	memset(half, 0, HALF_LEN);
	memcpy(half + HALF_LEN - digits.len, digits.ptr, digits.len);
}

/* As JWS has it (RFC 7518, 3.4). */
static void
add_signature(struct str *out, const struct key *key, struct slice message)
{
	uint8_t der[KEY_SIG_MAX], raw[2 * HALF_LEN];
	struct der d;
	struct slice r, s;

	der_init(&d, slice_of(der, key_sign(key, message, der)));
	check(der_uint_pair(&d, &r, &s) && der_end(&d));
	fill_half(raw, r);
	fill_half(raw + HALF_LEN, s);
	base64_add(out, BASE64_URL, slice_of(raw, sizeof(raw)));
}

static void
add_claims(struct str *out, const struct jwt_svid *t)
{
	str_add(out, "{\"iss\":");
	str_add_json(out, t->issuer);
	str_add(out, ",\"sub\":");
	str_add_json(out, t->id);
	str_add(out, ",\"aud\":[");
	for (size_t i = 0; i < t->audiences_len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		str_add_json(out, t->audiences[i]);
	}
	str_addf(out, "],\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}", t->issued,
	    t->expires);
}

void
jwt_svid_add(struct str *out, const struct jwt_svid *t, const struct key *key)
{
	char kid[JWT_KID_LEN + 1];
	struct str part = { 0 };
	size_t start = out->len;

	jwt_svid_kid(kid, key->point);
	str_addf(&part, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
	    kid);
	base64_add(out, BASE64_URL, str_slice(&part));
	str_add_char(out, '.');
	str_clear(&part);
	add_claims(&part, t);
	base64_add(out, BASE64_URL, str_slice(&part));
	str_clear(&part);
	str_add_slice(&part, slice_from(str_slice(out), start));
	str_add_char(out, '.');
	add_signature(out, key, str_slice(&part));
	str_fini(&part);
}
