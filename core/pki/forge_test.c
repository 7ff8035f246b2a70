#include <string.h>

#include "base/unit.h"
#include "pki/der.h"
#include "pki/forge_test.h"

#define ECDSA_SHA256	SLICE("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02")

static void
defaults(struct forge *f, const uint8_t point[KEY_POINT_LEN])
{
	*f = (struct forge){
		.version = 3, .serial = SLICE("\x41" "serial"),
		.not_before = FORGE_NOW - 60, .not_after = FORGE_NOW + 86400,
		.inner_algorithm = ECDSA_SHA256,
		.outer_algorithm = ECDSA_SHA256,
		.path_len = -1,
	};
	memcpy(f->point, point, KEY_POINT_LEN);
}

void
forge_leaf(struct forge *f, const uint8_t point[KEY_POINT_LEN])
{
	defaults(f, point);
	f->issuer = "inter";
	f->usage = CERT_USE_SIGN;
	f->server = f->client = true;
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://td/ns/a/sa/b"));
	forge_name(f, DER_CONTEXT(2), SLICE("b.a.mesh"));
}

void
forge_ca(struct forge *f, const char *issuer, const char *subject,
    const uint8_t point[KEY_POINT_LEN])
{
	defaults(f, point);
	f->issuer = issuer;
	f->subject = subject;
	f->is_ca = true;
	f->usage = CERT_USE_CERT_SIGN;
}

void
forge_name(struct forge *f, uint8_t tag, struct slice name)
{
	der_put(&f->san, tag, name);
}

static void
put_name(struct str *out, const char *name)
{
	size_t seq = der_open(out, DER_SEQUENCE), set, pair;

	if (name != NULL) {
		set = der_open(out, DER_SET);
		pair = der_open(out, DER_SEQUENCE);
		der_put_oid(out, OID_COMMON_NAME);
		der_put(out, DER_UTF8, slice_str(name));
		der_close(out, pair);
		der_close(out, set);
	}
	der_close(out, seq);
}

static void
put_spki(struct str *out, const struct forge *f)
{
	size_t seq, alg;

	if (f->spki.ptr != NULL) {
		str_add_slice(out, f->spki);
		return;
	}
	seq = der_open(out, DER_SEQUENCE);
	alg = der_open(out, DER_SEQUENCE);
	der_put_oid(out, OID_EC_PUBLIC_KEY);
	der_put_oid(out, OID_P256);
	der_close(out, alg);
	der_put_bits(out, slice_of(f->point, KEY_POINT_LEN));
	der_close(out, seq);
}

static void
put_ext(struct str *out, struct slice oid, bool critical, struct str *value)
{
	size_t at = der_open(out, DER_SEQUENCE);

	der_put(out, DER_OID, oid);
	if (critical)
		der_put_bool(out, true);
	der_put(out, DER_OCTETS, str_slice(value));
	der_close(out, at);
	str_clear(value);
}

static void
put_basic(struct str *out, const struct forge *f)
{
	struct str v = { 0 };
	size_t seq = der_open(&v, DER_SEQUENCE);

	if (f->is_ca)
		der_put_bool(&v, true);
	if (f->path_len >= 0)
		der_put_u32(&v, (uint32_t)f->path_len);
	der_close(&v, seq);
	put_ext(out, oid_body(OID_BASIC_CONSTRAINTS), !f->basic_not_critical,
	    &v);
	str_fini(&v);
}

static void
put_purposes(struct str *out, const struct forge *f)
{
	struct str v = { 0 };
	size_t seq = der_open(&v, DER_SEQUENCE);

	if (f->server)
		der_put_oid(&v, OID_SERVER_AUTH);
	if (f->client)
		der_put_oid(&v, OID_CLIENT_AUTH);
	der_close(&v, seq);
	put_ext(out, oid_body(OID_EXT_KEY_USAGE), false, &v);
	str_fini(&v);
}

static void
put_key_ids(struct str *out, const struct forge *f)
{
	struct str v = { 0 };
	size_t seq;

	if (f->skid.ptr != NULL) {
		der_put(&v, DER_OCTETS, f->skid);
		put_ext(out, oid_body(OID_SUBJECT_KEY_ID), false, &v);
	}
	if (f->akid.ptr != NULL) {
		seq = der_open(&v, DER_SEQUENCE);
		der_put(&v, DER_CONTEXT(0), f->akid);
		der_close(&v, seq);
		put_ext(out, oid_body(OID_AUTHORITY_KEY_ID), false, &v);
	}
	str_fini(&v);
}

static void
put_extensions(struct str *out, const struct forge *f)
{
	struct str v = { 0 };
	size_t outer = der_open(out, DER_CONTEXT_IN(3));
	size_t list = der_open(out, DER_SEQUENCE);

	if (!f->no_basic)
		put_basic(out, f);
	for (int i = f->no_usage ? 2 : f->usage_twice ? 0 : 1; i < 2; i++) {
		der_put_flags(&v, f->usage);
		put_ext(out, oid_body(OID_KEY_USAGE), !f->usage_not_critical,
		    &v);
	}
	if (f->server || f->client)
		put_purposes(out, f);
	if (f->san.len > 0) {
		der_put(&v, DER_SEQUENCE, str_slice(&f->san));
		put_ext(out, oid_body(OID_SUBJECT_ALT_NAME),
		    !f->san_not_critical, &v);
	}
	if (f->extra.ptr != NULL) {
		str_add(&v, "x");
		put_ext(out, f->extra, f->extra_critical, &v);
	}
	if (f->constraints) {
		der_put(&v, DER_SEQUENCE, SLICE(""));
		put_ext(out, oid_body(OID_NAME_CONSTRAINTS), false, &v);
	}
	put_key_ids(out, f);
	der_close(out, list);
	der_close(out, outer);
	str_fini(&v);
}

static void
put_tbs(struct str *out, const struct forge *f)
{
	size_t tbs = der_open(out, DER_SEQUENCE), at;

	if (f->version > 1) {
		at = der_open(out, DER_CONTEXT_IN(0));
		der_put_u32(out, (uint32_t)f->version - 1);
		der_close(out, at);
	}
	der_put_uint(out, f->serial);
	der_put(out, DER_SEQUENCE, f->inner_algorithm);
	put_name(out, f->issuer);
	at = der_open(out, DER_SEQUENCE);
	der_put_time(out, f->not_before);
	der_put_time(out, f->not_after);
	der_close(out, at);
	put_name(out, f->subject);
	put_spki(out, f);
	if (f->version == 3)
		put_extensions(out, f);
	der_close(out, tbs);
}

struct str
forge_sign_by(struct forge *f, size_t (*sign)(const void *key,
    struct slice tbs, uint8_t sig[FORGE_SIG_MAX]), const void *key)
{
	struct str out = { 0 }, tbs = { 0 };
	uint8_t sig[FORGE_SIG_MAX];
	size_t n, at = der_open(&out, DER_SEQUENCE);

	put_tbs(&tbs, f);
	n = sign(key, str_slice(&tbs), sig);
	str_add_slice(&out, str_slice(&tbs));
	der_put(&out, DER_SEQUENCE, f->outer_algorithm);
	der_put_bits(&out, slice_of(sig, n));
	der_close(&out, at);
	if (f->trailing)
		str_add_char(&out, 0);
	str_fini(&tbs);
	str_fini(&f->san);
	return out;
}

static size_t
sign_p256(const void *key, struct slice tbs, uint8_t sig[FORGE_SIG_MAX])
{
	return key_sign(key, tbs, sig);
}

struct str
forge_sign(struct forge *f, const struct key *key)
{
	return forge_sign_by(f, sign_p256, key);
}
