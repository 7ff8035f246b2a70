#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "pki/base64.h"
#include "pki/bundle.h"
#include "pki/cert_key.h"
#include "pki/pem.h"

struct bundle *
bundle_new(struct slice domain)
{
	struct bundle *b = mem_zalloc(sizeof(*b));

	refs_init(&b->refs);
	arena_init(&b->memory);
	b->domain = arena_dup(&b->memory, domain);
	return b;
}

struct bundle *
bundle_ref(struct bundle *b)
{
	refs_take(&b->refs);
	return b;
}

void
bundle_unref(struct bundle *b)
{
	if (b == NULL || !refs_drop(&b->refs))
		return;
	arena_fini(&b->memory);
	mem_free(b->roots);
	mem_free(b);
}

bool
bundle_has(const struct bundle *b, struct slice der)
{
	for (size_t i = 0; i < b->len; i++)
		if (slice_eq(b->roots[i].der, der))
			return true;
	return false;
}

bool
bundle_has_key(const struct bundle *b, const uint8_t hash[HASH_LEN])
{
	uint8_t of[HASH_LEN];

	for (size_t i = 0; i < b->len; i++) {
		hash_sha256(of, b->roots[i].spki);
		if (memcmp(of, hash, HASH_LEN) == 0)
			return true;
	}
	return false;
}

static const char *
why_no_key(const struct bundle *b, const struct cert *c)
{
	struct pubkey key;

	if (!b->is_foreign)
		return c->key_kind == CERT_KEY_P256 &&
		    c->sig_kind == CERT_SIG_ECDSA_SHA256 ? NULL :
		    "only P-256 keys and ECDSA with SHA-256 are supported";
	return cert_key_get(&key, c) && c->sig_kind != CERT_SIG_OTHER ? NULL :
	    "only keys of RSA with 2048 to 4096 bits, P-256 and P-384, and "
	    "SHA-256, SHA-384 and SHA-512 are supported";
}

/*
 * Of another domain's root the signature under itself would cost what such keys
 * cost and prove nothing: it is believed for being in the bundle.
 */
static bool
is_self_signed(const struct bundle *b, const struct cert *c)
{
	bool is_ours = c->key_kind == CERT_KEY_P256 &&
	    c->sig_kind == CERT_SIG_ECDSA_SHA256;

	return c->subject.len > 2 && cert_is_self_issued(c) &&
	    (is_ours ? cert_signed_by(c, c) : b->is_foreign);
}

static const char *
why_no_root(const struct bundle *b, const struct cert *c)
{
	if (c->version != 3 || c->has_repeated || c->has_unknown_critical ||
	    c->has_name_constraints)
		return "it has extensions that are not supported";
	if (!c->is_ca || !c->basic_critical)
		return "it is not a certificate authority's: it has no critical "
		    "basicConstraints with CA:TRUE";
	if (!c->has_usage || (c->usage & CERT_USE_CERT_SIGN) == 0)
		return "it may not sign certificates: it has no keyUsage with "
		    "keyCertSign";
	if (why_no_key(b, c) != NULL)
		return why_no_key(b, c);
	if (!is_self_signed(b, c))
		return "it is not self-signed";
	for (size_t i = 0; !b->is_foreign && i < b->len; i++)
		if (slice_eq(b->roots[i].subject, c->subject) &&
		    !slice_eq(b->roots[i].spki, c->spki))
			return "another root has the same subject";
	return NULL;
}

int
bundle_add(struct bundle *b, struct slice der, struct err *err)
{
	struct cert c;
	struct slice copy;
	const char *why;

	if (bundle_has(b, der))
		return 0;
	if (cert_parse(&c, der, err) < 0)
		return -1;
	why = why_no_root(b, &c);
	if (why != NULL)
		return err_set(err, ERR_DATA, "certificate is no root: %s",
		    why);
	if (b->len == BUNDLE_ROOTS_MAX)
		return err_set(err, ERR_DATA, "more than %d roots",
		    BUNDLE_ROOTS_MAX);
	copy = arena_dup(&b->memory, der);
	b->roots = mem_realloc(b->roots, (b->len + 1) * sizeof(*b->roots));
	check(cert_parse(&b->roots[b->len], copy, err) == 0);
	b->len++;
	return 0;
}

void
bundle_keep_jwks(struct bundle *b, struct slice text)
{
	b->jwks = arena_dup(&b->memory, text);
}

int
bundle_add_pem(struct bundle *b, struct slice text, struct err *err)
{
	uint8_t *der = mem_alloc(CERT_MAX);
	struct pem pem;
	size_t found = 0;
	int r;

	while ((r = pem_next(&text, &pem, err)) > 0) {
		ptrdiff_t n;

		if (!slice_is(pem.label, PEM_LABEL_CERT))
			continue;
		n = pem_decode(&pem, der, CERT_MAX);
		r = n < 0 ? err_set(err, ERR_DATA, "certificate %zu is not "
		    "base64 or too large", found + 1) :
		    bundle_add(b, slice_of(der, (size_t)n), err);
		if (r < 0)
			break;
		found++;
	}
	if (r == 0 && found == 0)
		r = err_set(err, ERR_DATA, "no \"%s\" block in the PEM text",
		    PEM_LABEL_CERT);
	mem_free(der);
	return r;
}

void
bundle_pem(struct str *out, const struct bundle *b)
{
	for (size_t i = 0; i < b->len; i++)
		pem_add(out, PEM_LABEL_CERT, b->roots[i].der);
}

static void
add_key(struct str *out, const struct cert *root)
{
	str_add(out, "{\"kty\":\"EC\",\"use\":\"x509-svid\","
	    "\"crv\":\"P-256\",\"x\":\"");
	base64_add(out, BASE64_URL, slice_of(root->point + 1, 32));
	str_add(out, "\",\"y\":\"");
	base64_add(out, BASE64_URL, slice_of(root->point + 33, 32));
	str_add(out, "\",\"x5c\":[\"");
	base64_add(out, BASE64_STD, root->der);
	str_add(out, "\"]}");
}

void
bundle_jwks(struct str *out, const struct bundle *b, uint64_t sequence,
    uint32_t refresh_s, struct slice more)
{
	str_addf(out, "{\"spiffe_sequence\":%" PRIu64
	    ",\"spiffe_refresh_hint\":%" PRIu32 ",\"keys\":[", sequence,
	    refresh_s);
	for (size_t i = 0; i < b->len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		add_key(out, &b->roots[i]);
	}
	if (more.len > 0 && b->len > 0)
		str_add_char(out, ',');
	str_add_slice(out, more);
	str_add(out, "]}");
}

static int
compare_hashes(const void *a, const void *b)
{
	return memcmp(a, b, HASH_LEN);
}

void
bundle_hash(const struct bundle *b, uint8_t out[HASH_LEN])
{
	uint8_t hashes[BUNDLE_ROOTS_MAX][HASH_LEN];
	struct hash h;

	for (size_t i = 0; i < b->len; i++)
		hash_sha256(hashes[i], b->roots[i].spki);
	qsort(hashes, b->len, HASH_LEN, compare_hashes);
	hash_init(&h);
	for (size_t i = 0; i < b->len; i++)
		if (i == 0 || compare_hashes(hashes[i], hashes[i - 1]) != 0)
			hash_add(&h, slice_of(hashes[i], HASH_LEN));
	hash_out(&h, out);
}

void
bundle_digest(const struct bundle *b, uint8_t out[HASH_LEN])
{
	struct hash h;

	hash_init(&h);
	for (size_t i = 0; i < b->len; i++)
		hash_add(&h, b->roots[i].der);
	hash_out(&h, out);
}
