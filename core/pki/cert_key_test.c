#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "pki/any_key_test.h"
#include "pki/base64.h"
#include "pki/cert_key.h"
#include "pki/chain_fixture_test.h"
#include "pki/der.h"
#include "pki/spiffe_bundle.h"

#define RSA_ID	"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"

/* A domain of another's: root, intermediate and leaf, each of some kind. */
struct domain {
	struct str     root, inter, leaf;
	struct bundle *bundle;
};

static struct str
make_ca(const char *issuer, const char *subject, enum any_kind key,
    enum any_kind by, enum any_hash hash)
{
	static const uint8_t point[KEY_POINT_LEN];
	struct forge f;

	forge_ca(&f, issuer, subject, point);
	any_key_put(&f, key);
	return any_key_sign(&f, by, hash);
}

static struct str
make_leaf(enum any_kind key, enum any_kind by, enum any_hash hash)
{
	static const uint8_t point[KEY_POINT_LEN];
	struct forge f;

	forge_leaf(&f, point);
	any_key_put(&f, key);
	return any_key_sign(&f, by, hash);
}

static struct bundle *
make_bundle(struct str *root, bool is_foreign)
{
	struct bundle *b = bundle_new(SLICE("td"));
	struct err err = ERR_INIT;

	b->is_foreign = is_foreign;
	if (bundle_add(b, str_slice(root), &err) != 0)
		fail_msg("%s", err.text);
	return b;
}

static void
domain_make(struct domain *d, enum any_kind ca, enum any_kind leaf,
    enum any_hash hash)
{
	d->root = make_ca("root", "root", ca, ca, hash);
	d->inter = make_ca("root", "inter", ca, ca, hash);
	d->leaf = make_leaf(leaf, ca, hash);
	d->bundle = make_bundle(&d->root, true);
}

static void
domain_free(struct domain *d)
{
	bundle_unref(d->bundle);
	str_fini(&d->root);
	str_fini(&d->inter);
	str_fini(&d->leaf);
}

static enum distrust
verdict(const struct bundle *b, const struct str *leaf, const struct str *inter)
{
	struct slice certs[] = { slice_of(leaf->ptr, leaf->len),
		slice_of(inter->ptr, inter->len) };
	struct cert c;
	struct spiffe id;

	return chain_verify(certs, 2, b, &pki_now, &c, &id);
}

static const struct {
	const char   *what;
	enum any_kind ca, leaf;
	enum any_hash hash;
} goods[] = {
	{ "RSA-2048, as Istio", ANY_RSA_2048, ANY_RSA_2048, ANY_SHA256 },
	{ "RSA-2048 with SHA-384", ANY_RSA_2048, ANY_P256, ANY_SHA384 },
	{ "RSA-2048 with SHA-512", ANY_RSA_2048, ANY_P384, ANY_SHA512 },
	{ "RSA-4096, as SPIRE", ANY_RSA_4096, ANY_P256, ANY_SHA256 },
	{ "RSA with exponent 3", ANY_RSA_E3, ANY_RSA_4096, ANY_SHA256 },
	{ "P-384, as SPIRE", ANY_P384, ANY_P384, ANY_SHA384 },
	{ "P-384 with SHA-256", ANY_P384, ANY_RSA_2048, ANY_SHA256 },
	{ "P-384 with SHA-512", ANY_P384, ANY_P256, ANY_SHA512 },
	{ "P-256, as Consul", ANY_P256, ANY_P256, ANY_SHA256 },
	{ "P-256 with SHA-384", ANY_P256, ANY_RSA_4096, ANY_SHA384 },
	{ "P-256 with SHA-512", ANY_P256, ANY_P384, ANY_SHA512 },
};

static const char *const key_names[ANY_KINDS] = {
	"P-256", "P-384", "other", "RSA-1024", "RSA-2048", "RSA-4096",
	"RSA-2048", "RSA-2048",
};

TEST(authorities_elsewhere_have_keys_of_other_kinds)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		struct err err = ERR_INIT;
		struct str name = { 0 };
		struct domain d;
		struct cert c;

		domain_make(&d, goods[i].ca, goods[i].leaf, goods[i].hash);
		assert_distrust(verdict(d.bundle, &d.leaf, &d.inter),
		    DISTRUST_NONE, goods[i].what);
		assert_int_equal(cert_parse(&c, str_slice(&d.leaf), &err), 0);
		cert_key_add_name(&name, &c);
		assert_string_equal(str_ptr(&name), key_names[goods[i].leaf]);
		str_fini(&name);
		domain_free(&d);
	}
}

TEST(our_own_domain_has_p256_with_sha256_alone)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		bool is_own = goods[i].ca == ANY_P256 &&
		    goods[i].hash == ANY_SHA256;
		struct bundle *b = bundle_new(SLICE("td"));
		struct err err = ERR_INIT;
		struct domain d;

		domain_make(&d, goods[i].ca, goods[i].leaf, goods[i].hash);
		assert_int_equal(bundle_add(b, str_slice(&d.root), &err),
		    is_own ? 0 : -1);
		if (!is_own)
			assert_non_null(strstr(err.text, "only P-256"));
		bundle_unref(b);
		domain_free(&d);
	}
}

/* A root of ours that signed such an intermediate, or leaf, of its own. */
TEST(our_own_root_vouches_for_no_other_kind)
{
	struct str root = make_ca("root", "root", ANY_P256, ANY_P256, ANY_SHA256);
	struct bundle *b = make_bundle(&root, false);

	for (enum any_kind k = 0; k < ANY_KINDS; k++) {
		struct str inter = make_ca("root", "inter", k, ANY_P256,
		    ANY_SHA256);
		struct str leaf = make_leaf(ANY_P256, k, ANY_SHA256);
		struct str good = make_ca("root", "inter", ANY_P256, ANY_P256,
		    ANY_SHA256);
		struct str other = make_leaf(k, ANY_P256, ANY_SHA256);
		struct str hash = make_leaf(ANY_P256, ANY_P256, ANY_SHA384);

		assert_distrust(verdict(b, &leaf, &inter), k == ANY_P256 ?
		    DISTRUST_NONE : k == ANY_P384 || k == ANY_P521 ?
		    DISTRUST_KEY : DISTRUST_ALGORITHM, "intermediate");
		assert_distrust(verdict(b, &other, &good), k == ANY_P256 ?
		    DISTRUST_NONE : DISTRUST_KEY, "leaf");
		assert_distrust(verdict(b, &hash, &good), DISTRUST_ALGORITHM,
		    "hash");
		str_fini(&inter);
		str_fini(&leaf);
		str_fini(&good);
		str_fini(&other);
		str_fini(&hash);
	}
	bundle_unref(b);
	str_fini(&root);
}

/* --- what is refused of anybody ---------------------------------------------- */

static void
as_it_is(struct forge *f)
{
	(void)f;
}

static void
two_hashes(struct forge *f)
{
	f->outer_algorithm = SLICE(RSA_ID "\x0c\x05\x00");
}

static void
null_inside_only(struct forge *f)
{
	f->outer_algorithm = SLICE(RSA_ID "\x0b");
}

static void
null_nowhere(struct forge *f)
{
	f->inner_algorithm = f->outer_algorithm = SLICE(RSA_ID "\x0b");
}

static void
null_with_bytes(struct forge *f)
{
	f->inner_algorithm = f->outer_algorithm = SLICE(RSA_ID "\x0b\x05\x01\x00");
}

static void
pss(struct forge *f)
{
	f->inner_algorithm = f->outer_algorithm = SLICE(RSA_ID "\x0a\x30\x00");
}

static void
md5(struct forge *f)
{
	f->inner_algorithm = f->outer_algorithm = SLICE(RSA_ID "\x04\x05\x00");
}

static void
ecdsa_of_rsa(struct forge *f)
{
	f->inner_algorithm = f->outer_algorithm =
	    SLICE("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03");
}

static void
constrained(struct forge *f)
{
	f->constraints = true;
}

static void
another_domain(struct forge *f)
{
	str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://other/ns/a/sa/b"));
}

static void
off_curve(struct forge *f)
{
	static char spki[256];
	struct slice of = f->spki;

	memcpy(spki, of.ptr, of.len);
	spki[of.len - 1] = (char)(spki[of.len - 1] ^ 1);
	f->spki = slice_of(spki, of.len);
}

static const struct {
	const char   *what;
	void        (*spoil)(struct forge *);
	enum any_kind key;	/* of the leaf */
	enum any_hash hash;
	enum distrust want;
} bads[] = {
	{ "nothing", as_it_is, ANY_RSA_2048, ANY_SHA256, DISTRUST_NONE },
	{ "SHA-1", as_it_is, ANY_RSA_2048, ANY_SHA1, DISTRUST_ALGORITHM },
	{ "MD5", md5, ANY_RSA_2048, ANY_SHA256, DISTRUST_ALGORITHM },
	{ "PSS", pss, ANY_RSA_2048, ANY_SHA256, DISTRUST_ALGORITHM },
	{ "two hashes", two_hashes, ANY_RSA_2048, ANY_SHA256, DISTRUST_ALGORITHM },
	{ "NULL inside only", null_inside_only, ANY_RSA_2048, ANY_SHA256,
	    DISTRUST_ALGORITHM },
	{ "NULL nowhere", null_nowhere, ANY_RSA_2048, ANY_SHA256, DISTRUST_NONE },
	{ "NULL with bytes", null_with_bytes, ANY_RSA_2048, ANY_SHA256,
	    DISTRUST_ALGORITHM },
	{ "ECDSA by RSA", ecdsa_of_rsa, ANY_RSA_2048, ANY_SHA256,
	    DISTRUST_SIGNATURE },
	{ "RSA of 1024 bits", as_it_is, ANY_RSA_1024, ANY_SHA256, DISTRUST_KEY },
	{ "exponent of 34 bits", as_it_is, ANY_RSA_WIDE_E, ANY_SHA256, DISTRUST_KEY },
	{ "P-521", as_it_is, ANY_P521, ANY_SHA256, DISTRUST_KEY },
	{ "off the curve", off_curve, ANY_P384, ANY_SHA256, DISTRUST_KEY },
	{ "name constraints", constrained, ANY_P384, ANY_SHA256,
	    DISTRUST_CONSTRAINTS },
	{ "another domain", another_domain, ANY_RSA_2048, ANY_SHA256,
	    DISTRUST_FOREIGN },
};

TEST(leaves_elsewhere_are_judged_as_strictly)
{
	static const uint8_t point[KEY_POINT_LEN];
	struct domain d;

	domain_make(&d, ANY_RSA_2048, ANY_P256, ANY_SHA256);
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct str leaf;
		struct forge f;

		forge_leaf(&f, point);
		any_key_put(&f, bads[i].key);
		bads[i].spoil(&f);
		leaf = any_key_sign(&f, ANY_RSA_2048, bads[i].hash);
		assert_distrust(verdict(d.bundle, &leaf, &d.inter),
		    bads[i].want, bads[i].what);
		str_fini(&leaf);
	}
	domain_free(&d);
}

/* SEQUENCE of n, so many bytes of 0xff, and e. */
static struct str
rsa_spki(size_t bytes, struct slice e)
{
	struct str out = { 0 }, key = { 0 }, n = { 0 };
	size_t seq = der_open(&out, DER_SEQUENCE), at;

	at = der_open(&out, DER_SEQUENCE);
	der_put_oid(&out, OID_RSA);
	der_put(&out, DER_NULL, SLICE(""));
	der_close(&out, at);
	for (size_t i = 0; i < bytes; i++)
		str_add_char(&n, (char)0xff);
	at = der_open(&key, DER_SEQUENCE);
	der_put_uint(&key, str_slice(&n));
	der_put_uint(&key, e);
	der_close(&key, at);
	der_put_bits(&out, str_slice(&key));
	der_close(&out, seq);
	str_fini(&key);
	str_fini(&n);
	return out;
}

static const struct {
	size_t      bytes;
	const char *e;
	bool        fits;
} sizes[] = {
	{ 255, "\x03", false }, { 256, "\x03", true }, { 384, "\x03", true },
	{ 512, "\x03", true }, { 513, "\x03", false }, { 1024, "\x03", false },
	{ 256, "\x01", false }, { 256, "\x02", false },
	{ 256, "\x01\x01\x01\x01", true }, { 256, "\x01\x01\x01\x01\x01", false },
};

TEST(issuers_elsewhere_have_rsa_of_a_size_that_we_pay_for)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct str spki = rsa_spki(sizes[i].bytes,
		    slice_str(sizes[i].e)), inter;
		static const uint8_t point[KEY_POINT_LEN];
		struct forge f;
		struct domain d;
		struct pubkey key;
		struct cert c;
		struct err err = ERR_INIT;

		domain_make(&d, ANY_RSA_2048, ANY_P256, ANY_SHA256);
		forge_ca(&f, "root", "inter", point);
		f.spki = str_slice(&spki);
		inter = any_key_sign(&f, ANY_RSA_2048, ANY_SHA256);
		assert_int_equal(cert_parse(&c, str_slice(&inter), &err), 0);
		assert_int_equal(cert_key_fits(&c), sizes[i].fits);
		assert_int_equal(cert_key_get(&key, &c), sizes[i].fits);
		assert_distrust(verdict(d.bundle, &d.leaf, &inter),
		    sizes[i].fits ? DISTRUST_SIGNATURE : DISTRUST_KEY, "size");
		str_fini(&inter);
		str_fini(&spki);
		domain_free(&d);
	}
}

TEST(signatures_elsewhere_survive_no_flipped_bit)
{
	static const enum any_kind kinds[] = { ANY_RSA_2048, ANY_P384 };

	for (size_t i = 0; i < 2; i++) {
		struct domain d;
		char *last;

		domain_make(&d, kinds[i], ANY_P256, ANY_SHA256);
		last = d.leaf.ptr + d.leaf.len - 1;
		for (int bit = 0; bit < 8; bit++) {
			*last = (char)(*last ^ 1 << bit);
			assert_distrust(verdict(d.bundle, &d.leaf, &d.inter),
			    DISTRUST_SIGNATURE, "flipped");
			*last = (char)(*last ^ 1 << bit);
		}
		assert_distrust(verdict(d.bundle, &d.leaf, &d.inter),
		    DISTRUST_NONE, "as it was");
		domain_free(&d);
	}
}

/* --- many roots of one name --------------------------------------------------- */

static struct str
make_namesake(enum any_kind kind, struct slice id)
{
	static const uint8_t point[KEY_POINT_LEN];
	struct forge f;

	forge_ca(&f, "root", "root", point);
	f.skid = id;
	any_key_put(&f, kind);
	return any_key_sign(&f, kind, ANY_SHA256);
}

/* The one that signed is the last of six. */
TEST(roots_of_one_name_are_told_apart_by_their_identifiers)
{
	static const enum any_kind kinds[] = { ANY_P384, ANY_RSA_2048,
		ANY_RSA_4096, ANY_RSA_E3, ANY_P384, ANY_P256 };
	static const uint8_t point[KEY_POINT_LEN];

	for (int named = 0; named < 2; named++) {
		struct bundle *b = bundle_new(SLICE("td"));
		struct err err = ERR_INIT;
		struct forge f;
		struct str leaf, inter;

		b->is_foreign = true;
		for (size_t i = 0; i < 6; i++) {
			char id[] = { (char)('a' + i) };
			struct str root = make_namesake(kinds[i],
			    slice_of(id, 1));

			assert_int_equal(bundle_add(b, str_slice(&root), &err), 0);
			str_fini(&root);
		}
		assert_int_equal(b->len, 6);
		forge_ca(&f, "root", "inter", point);
		if (named)
			f.akid = SLICE("f");
		any_key_put(&f, ANY_RSA_2048);
		inter = any_key_sign(&f, ANY_P256, ANY_SHA256);
		leaf = make_leaf(ANY_P256, ANY_RSA_2048, ANY_SHA256);
		assert_distrust(verdict(b, &leaf, &inter), named ?
		    DISTRUST_NONE : DISTRUST_SIGNATURE, "the sixth");
		str_fini(&leaf);
		str_fini(&inter);
		bundle_unref(b);
	}
}

/* Who made his chain himself gets no further than its first signature. */
TEST(a_chain_of_nobody_costs_one_signature)
{
	struct chain_memo memo = { .next = 0 };
	struct leaf_policy p = { .now = FORGE_NOW, .memo = &memo };
	struct domain d, false_d;
	struct slice certs[2];
	struct cert c;
	struct spiffe id;

	domain_make(&d, ANY_RSA_2048, ANY_P256, ANY_SHA256);
	domain_make(&false_d, ANY_P384, ANY_P256, ANY_SHA256);
	certs[0] = str_slice(&false_d.leaf);
	certs[1] = str_slice(&false_d.inter);
	assert_distrust(chain_verify(certs, 2, d.bundle, &p, &c, &id),
	    DISTRUST_SIGNATURE, "false");
	/* What he signed himself was not looked at, or it would be known. */
	assert_int_equal(memo.next, 0);
	certs[0] = str_slice(&d.leaf);
	certs[1] = str_slice(&d.inter);
	assert_distrust(chain_verify(certs, 2, d.bundle, &p, &c, &id),
	    DISTRUST_NONE, "true");
	assert_int_equal(memo.next, 1);
	domain_free(&d);
	domain_free(&false_d);
}

/* --- as domains publish them --------------------------------------------------- */

TEST(bundles_of_others_hold_roots_of_each_kind)
{
	static const enum any_kind kinds[] = { ANY_RSA_2048, ANY_RSA_4096,
		ANY_P384, ANY_P256, ANY_P521, ANY_RSA_1024 };
	struct str text = { 0 };
	struct spiffe_bundle b;
	struct err err = ERR_INIT;

	str_add(&text, "{\"keys\":[");
	for (size_t i = 0; i < 6; i++) {
		struct str root = make_ca("root", "root", kinds[i], kinds[i],
		    kinds[i] == ANY_P384 ? ANY_SHA384 : ANY_SHA256);

		str_addf(&text, "%s{\"use\":\"x509-svid\",\"kty\":\"%s\","
		    "\"x5c\":[\"", i > 0 ? "," : "", i == 0 || i == 1 || i == 5 ?
		    "RSA" : "EC");
		base64_add(&text, BASE64_STD, str_slice(&root));
		str_add(&text, "\"]}");
		str_fini(&root);
	}
	str_add(&text, "]}");
	assert_int_equal(spiffe_bundle_read(&b, SLICE("td"), str_slice(&text),
	    &err), 0);
	assert_int_equal(b.roots->len, 4);
	assert_int_equal(b.left_out, 2);
	assert_non_null(strstr(b.why, "only keys of RSA with 2048 to 4096 bits"));
	spiffe_bundle_fini(&b);
	str_fini(&text);
}

static const struct {
	const char   *what, *issuer;
	enum any_kind kind;
	bool          is_flipped;
	int           want;
} roots[] = {
	{ "RSA", "root", ANY_RSA_2048, false, 0 },
	{ "RSA, its signature broken", "root", ANY_RSA_2048, true, 0 },
	{ "RSA of another issuer", "other", ANY_RSA_2048, false, -1 },
	{ "P-384, its signature broken", "root", ANY_P384, true, 0 },
	{ "P-256", "root", ANY_P256, false, 0 },
	{ "P-256, its signature broken", "root", ANY_P256, true, -1 },
};

/* That a root signed itself proves nothing; of our kind it is looked at. */
TEST(roots_elsewhere_are_believed_for_being_in_the_bundle)
{
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		struct bundle *b = bundle_new(SLICE("td"));
		struct str root = make_ca(roots[i].issuer, "root",
		    roots[i].kind, roots[i].kind, ANY_SHA256);
		struct err err = ERR_INIT;

		b->is_foreign = true;
		if (roots[i].is_flipped)
			root.ptr[root.len - 1] ^= 1;
		if (bundle_add(b, str_slice(&root), &err) != roots[i].want)
			fail_msg("%s: %s", roots[i].what, err.text);
		bundle_unref(b);
		str_fini(&root);
	}
}
