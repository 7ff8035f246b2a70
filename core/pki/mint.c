#include <string.h>

#include "base/random.h"
#include "pki/der.h"
#include "pki/hash.h"
#include "pki/mint.h"

enum { KEY_ID_LEN = 20 };

void
mint_serial(uint8_t serial[MINT_SERIAL_LEN])
{
	random_bytes(serial, MINT_SERIAL_LEN);
	/* Positive and of full length, whatever was drawn. */
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
}

static void
put_algorithm(struct str *out)
{
	size_t at = der_open(out, DER_SEQUENCE);

	der_put_oid(out, OID_ECDSA_SHA256);
	der_close(out, at);
}

void
mint_add_name(struct str *out, struct slice common_name)
{
	size_t rdns = der_open(out, DER_SEQUENCE);
	size_t set = der_open(out, DER_SET);
	size_t pair = der_open(out, DER_SEQUENCE);

	der_put_oid(out, OID_COMMON_NAME);
	der_put(out, DER_UTF8, common_name);
	der_close(out, pair);
	der_close(out, set);
	der_close(out, rdns);
}

static void
put_validity(struct str *out, int64_t from, int64_t to)
{
	size_t at = der_open(out, DER_SEQUENCE);

	der_put_time(out, from);
	der_put_time(out, to);
	der_close(out, at);
}

static void
put_spki(struct str *out, const uint8_t point[KEY_POINT_LEN])
{
	size_t at = der_open(out, DER_SEQUENCE);
	size_t alg = der_open(out, DER_SEQUENCE);

	der_put_oid(out, OID_EC_PUBLIC_KEY);
	der_put_oid(out, OID_P256);
	der_close(out, alg);
	der_put_bits(out, slice_of(point, KEY_POINT_LEN));
	der_close(out, at);
}

/* An extension is open twice: the SEQUENCE and the OCTET STRING in it. */
struct ext {
	size_t outer, body;
};

static struct ext
ext_open(struct str *out, enum oid oid, bool critical)
{
	struct ext e;

	e.outer = der_open(out, DER_SEQUENCE);
	der_put_oid(out, oid);
	if (critical)
		der_put_bool(out, true);
	e.body = der_open(out, DER_OCTETS);
	return e;
}

static void
ext_close(struct str *out, struct ext e)
{
	der_close(out, e.body);
	der_close(out, e.outer);
}

/* RFC 7093, 2 (1): the first 160 bits of SHA-256 over the point. */
static void
key_id(uint8_t id[KEY_ID_LEN], const uint8_t point[KEY_POINT_LEN])
{
	uint8_t hash[HASH_LEN];

	hash_sha256(hash, slice_of(point, KEY_POINT_LEN));
	memcpy(id, hash, KEY_ID_LEN);
}

static void
put_key_ids(struct str *out, const uint8_t point[KEY_POINT_LEN],
    struct slice own_id, struct slice issuer_id)
{
	uint8_t id[KEY_ID_LEN];
	struct ext e = ext_open(out, OID_SUBJECT_KEY_ID, false);
	size_t seq;

	key_id(id, point);
	der_put(out, DER_OCTETS, own_id.ptr != NULL ? own_id :
	    slice_of(id, sizeof(id)));
	ext_close(out, e);
	if (issuer_id.ptr == NULL)
		return;
	e = ext_open(out, OID_AUTHORITY_KEY_ID, false);
	seq = der_open(out, DER_SEQUENCE);
	der_put(out, DER_CONTEXT(0), issuer_id);
	der_close(out, seq);
	ext_close(out, e);
}

static void
put_usage(struct str *out, uint16_t usage)
{
	struct ext e = ext_open(out, OID_KEY_USAGE, true);

	der_put_flags(out, usage);
	ext_close(out, e);
}

static void
put_basic(struct str *out, bool is_ca, int path_len)
{
	struct ext e = ext_open(out, OID_BASIC_CONSTRAINTS, true);
	size_t seq = der_open(out, DER_SEQUENCE);

	if (is_ca)
		der_put_bool(out, true);
	if (path_len >= 0)
		der_put_u32(out, (uint32_t)path_len);
	der_close(out, seq);
	ext_close(out, e);
}

static void
put_ca_extensions(struct str *out, const struct mint_ca *ca,
    const uint8_t point[KEY_POINT_LEN], struct slice issuer_id, int path_len)
{
	size_t outer = der_open(out, DER_CONTEXT_IN(3));
	size_t list = der_open(out, DER_SEQUENCE);
	struct ext e;
	size_t names, uri;

	put_basic(out, true, path_len);
	put_usage(out, CERT_USE_CERT_SIGN | CERT_USE_CRL_SIGN);
	put_key_ids(out, point, ca->key_id, issuer_id);
	e = ext_open(out, OID_SUBJECT_ALT_NAME, false);
	names = der_open(out, DER_SEQUENCE);
	uri = der_open(out, DER_CONTEXT(6));
	str_add(out, "spiffe://");
	str_add_slice(out, ca->domain);
	der_close(out, uri);
	der_close(out, names);
	ext_close(out, e);
	der_close(out, list);
	der_close(out, outer);
}

static void
put_leaf_extensions(struct str *out, const struct mint_leaf *leaf,
    struct slice issuer_id)
{
	size_t outer = der_open(out, DER_CONTEXT_IN(3));
	size_t list = der_open(out, DER_SEQUENCE);
	struct ext e;
	size_t seq;

	put_basic(out, false, -1);
	put_usage(out, CERT_USE_SIGN);
	e = ext_open(out, OID_EXT_KEY_USAGE, false);
	seq = der_open(out, DER_SEQUENCE);
	der_put_oid(out, OID_SERVER_AUTH);
	der_put_oid(out, OID_CLIENT_AUTH);
	der_close(out, seq);
	ext_close(out, e);
	put_key_ids(out, leaf->point, SLICE_NONE, issuer_id);
	e = ext_open(out, OID_SUBJECT_ALT_NAME, true);
	seq = der_open(out, DER_SEQUENCE);
	der_put(out, DER_CONTEXT(6), leaf->id);
	for (size_t i = 0; i < leaf->dns_len; i++)
		der_put(out, DER_CONTEXT(2), leaf->dns[i]);
	der_close(out, seq);
	ext_close(out, e);
	der_close(out, list);
	der_close(out, outer);
}

static void
put_version_serial(struct str *out, const uint8_t serial[MINT_SERIAL_LEN])
{
	size_t at = der_open(out, DER_CONTEXT_IN(0));

	der_put_u32(out, 2);	/* v3 */
	der_close(out, at);
	der_put_uint(out, slice_of(serial, MINT_SERIAL_LEN));
	put_algorithm(out);
}

/* Adds Certificate ::= tbs, algorithm, signature. */
static void
put_signed(struct str *out, const struct str *tbs, const struct key *key)
{
	uint8_t sig[KEY_SIG_MAX];
	size_t n = key_sign(key, str_slice(tbs), sig);
	size_t at = der_open(out, DER_SEQUENCE);

	str_add_slice(out, str_slice(tbs));
	put_algorithm(out);
	der_put_bits(out, slice_of(sig, n));
	der_close(out, at);
}

void
mint_root(struct str *out, const struct mint_ca *ca, const struct key *key)
{
	struct str tbs = { 0 };
	size_t at = der_open(&tbs, DER_SEQUENCE);

	put_version_serial(&tbs, ca->serial);
	mint_add_name(&tbs, ca->common_name);
	put_validity(&tbs, ca->not_before, ca->not_after);
	mint_add_name(&tbs, ca->common_name);
	put_spki(&tbs, key->point);
	put_ca_extensions(&tbs, ca, key->point, SLICE_NONE, -1);
	der_close(&tbs, at);
	put_signed(out, &tbs, key);
	str_fini(&tbs);
}

/* Names are DER; as many CAs may follow below it. */
static void
mint_below(struct str *out, const struct mint_ca *ca, struct slice subject,
    const uint8_t point[KEY_POINT_LEN], const struct cert *issuer,
    const struct key *issuer_key, int below)
{
	struct str tbs = { 0 };
	size_t at = der_open(&tbs, DER_SEQUENCE);

	put_version_serial(&tbs, ca->serial);
	str_add_slice(&tbs, issuer->subject);
	put_validity(&tbs, ca->not_before, ca->not_after);
	str_add_slice(&tbs, subject);
	put_spki(&tbs, point);
	put_ca_extensions(&tbs, ca, point, issuer->skid, below);
	der_close(&tbs, at);
	put_signed(out, &tbs, issuer_key);
	str_fini(&tbs);
}

void
mint_intermediate(struct str *out, const struct mint_ca *ca,
    const uint8_t point[KEY_POINT_LEN], const struct cert *issuer,
    const struct key *issuer_key)
{
	struct str name = { 0 };

	mint_add_name(&name, ca->common_name);
	mint_below(out, ca, str_slice(&name), point, issuer, issuer_key, 0);
	str_fini(&name);
}

void
mint_cross(struct str *out, const struct mint_ca *ca,
    const struct cert *subject, const struct cert *issuer,
    const struct key *issuer_key)
{
	struct mint_ca named = *ca;

	named.key_id = subject->skid;
	mint_below(out, &named, subject->subject, subject->point, issuer,
	    issuer_key, 1);
}

void
mint_leaf(struct str *out, const struct mint_leaf *leaf,
    const struct cert *issuer, const struct key *issuer_key)
{
	struct str tbs = { 0 };
	size_t at = der_open(&tbs, DER_SEQUENCE), subject;

	put_version_serial(&tbs, leaf->serial);
	str_add_slice(&tbs, issuer->subject);
	put_validity(&tbs, leaf->not_before, leaf->not_after);
	subject = der_open(&tbs, DER_SEQUENCE);
	der_close(&tbs, subject);
	put_spki(&tbs, leaf->point);
	put_leaf_extensions(&tbs, leaf, issuer->skid);
	der_close(&tbs, at);
	put_signed(out, &tbs, issuer_key);
	str_fini(&tbs);
}
