#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/chain.h"
#include "pki/der.h"
#include "pki/forge_test.h"
#include "pki/pem.h"

/* A trust domain "td": root, an intermediate under it, and a leaf's key. */
static struct {
	struct key     root, inter, leaf;
	struct bundle *bundle;
	struct str     root_der, inter_der;
} pki;

static void
pki_make(void)
{
	struct forge f;
	struct err err = ERR_INIT;

	if (pki.bundle != NULL)
		return;
	key_generate(&pki.root);
	key_generate(&pki.inter);
	key_generate(&pki.leaf);
	forge_ca(&f, "root", "root", pki.root.point);
	f.skid = SLICE("root-key");
	pki.root_der = forge_sign(&f, &pki.root);
	forge_ca(&f, "root", "inter", pki.inter.point);
	f.path_len = 0;
	f.skid = SLICE("inter-key");
	f.akid = SLICE("root-key");
	pki.inter_der = forge_sign(&f, &pki.root);
	pki.bundle = bundle_new(SLICE("td"));
	assert_int_equal(bundle_add(pki.bundle, str_slice(&pki.root_der),
	    &err), 0);
}

__attribute__((destructor)) static void
pki_free(void)
{
	bundle_unref(pki.bundle);
	str_fini(&pki.root_der);
	str_fini(&pki.inter_der);
}

static const struct leaf_policy now = { .now = FORGE_NOW };

static void
assert_distrust(enum distrust got, enum distrust want, const char *what)
{
	if (got != want)
		fail_msg("%s: %s, wanted %s", what, distrust_name(got),
		    distrust_name(want));
}

/* Through the doors of the handshake, in pieces of every size up to most. */
static enum distrust
verdict(const struct slice *certs, size_t len, const struct leaf_policy *p)
{
	static const size_t pieces[] = { 1, 7, 4096 };
	enum distrust first = DISTRUST_COUNT;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct chain c;
		enum distrust d;

		chain_init(&c);
		for (size_t j = 0; j < len; j++) {
			struct slice s = certs[j];

			chain_start(&c);
			while (s.len > 0) {
				size_t n = s.len < pieces[i] ? s.len :
				    pieces[i];

				chain_add(&c, slice_of(s.ptr, n));
				s = slice_from(s, n);
			}
			chain_end(&c);
		}
		d = chain_check(&c, pki.bundle, p);
		if (d == DISTRUST_NONE)
			assert_true(c.id.text.len > 0 &&
			    c.leaf.key_is_p256);
		chain_fini(&c);
		assert_true(first == DISTRUST_COUNT || first == d);
		first = d;
	}
	return first;
}

static enum distrust
leaf_verdict(struct str *leaf, const struct leaf_policy *p)
{
	struct slice certs[] = { str_slice(leaf), str_slice(&pki.inter_der) };
	enum distrust d = verdict(certs, 2, p);

	str_fini(leaf);
	return d;
}

TEST(chain_trusts_a_proper_leaf)
{
	struct forge f;
	struct str leaf;
	struct leaf_policy p = now;

	pki_make();
	forge_leaf(&f, pki.leaf.point);
	f.akid = SLICE("inter-key");
	leaf = forge_sign(&f, &pki.inter);

	struct slice certs[] = {
		str_slice(&leaf), str_slice(&pki.inter_der),
		str_slice(&pki.root_der)
	};
	struct cert c;
	struct spiffe id;

	assert_distrust(verdict(certs, 2, &p), DISTRUST_NONE, "two");
	assert_distrust(verdict(certs, 3, &p), DISTRUST_NONE, "root sent too");
	assert_distrust(verdict(certs, 1, &p), DISTRUST_UNKNOWN_ISSUER,
	    "intermediate missing");
	assert_distrust(verdict(certs, 0, &p), DISTRUST_NO_CERTIFICATE, "none");
	p.expected = SLICE("spiffe://td/ns/a/sa/b");
	assert_distrust(chain_verify(certs, 2, pki.bundle, &p, &c, &id),
	    DISTRUST_NONE, "as expected");
	assert_true(slice_is(id.name, "b") && slice_is(id.ns, "a"));
	assert_memory_equal(c.point, pki.leaf.point, KEY_POINT_LEN);
	p.expected = SLICE("spiffe://td/ns/a/sa/c");
	assert_distrust(verdict(certs, 2, &p), DISTRUST_OTHER_PEER, "impostor");
	str_fini(&leaf);
}

static void no_uri(struct forge *f) { str_clear(&f->san);
	forge_name(f, DER_CONTEXT(2), SLICE("b.a.mesh")); }
static void no_san(struct forge *f) { str_clear(&f->san); }
static void two_uris(struct forge *f) {
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://td/ns/a/sa/c")); }
static void nul_dns(struct forge *f) {
	forge_name(f, DER_CONTEXT(2), slice_of("b.a.mesh\0.evil", 14)); }
static void nul_uri(struct forge *f) { str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), slice_of("spiffe://td/a\0b", 15)); }
static void foreign(struct forge *f) { str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://other/ns/a/sa/b")); }
static void no_path(struct forge *f) { str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://td")); }
static void https_uri(struct forge *f) { str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("https://td/ns/a/sa/b")); }
static void upper_uri(struct forge *f) { str_clear(&f->san);
	forge_name(f, DER_CONTEXT(6), SLICE("spiffe://TD/ns/a/sa/b")); }
static void plain_san(struct forge *f) { f->san_not_critical = true; }
static void expired(struct forge *f) { f->not_after = FORGE_NOW - 1; }
static void early(struct forge *f) {
	f->not_before = FORGE_NOW + LEAF_SKEW_S + 1; }
static void long_life(struct forge *f) {
	f->not_after = f->not_before + LEAF_LIFE_MAX_S + 1; }
static void ca(struct forge *f) { f->is_ca = true; }
static void server_only(struct forge *f) { f->client = false; }
static void client_only(struct forge *f) { f->server = false; }
static void no_purpose(struct forge *f) { f->server = f->client = false; }
static void cert_sign(struct forge *f) { f->usage |= CERT_USE_CERT_SIGN; }
static void crl_sign(struct forge *f) { f->usage |= CERT_USE_CRL_SIGN; }
static void no_signing(struct forge *f) { f->usage = 1 << 2; }
static void no_usage(struct forge *f) { f->no_usage = true; }
static void usage_plain(struct forge *f) { f->usage_not_critical = true; }
static void usage_twice(struct forge *f) { f->usage_twice = true; }
static void version_1(struct forge *f) { f->version = 1; }
static void version_2(struct forge *f) { f->version = 2; }
static void extra(struct forge *f) { f->extra = SLICE("\x2a\x03\x04"); }
static void extra_critical(struct forge *f) { extra(f);
	f->extra_critical = true; }
static void constraints(struct forge *f) { f->constraints = true; }
static void serial_zero(struct forge *f) { f->serial = SLICE("\0"); }
static void serial_long(struct forge *f) {
	f->serial = SLICE("123456789012345678901"); }
static void off_curve(struct forge *f) { f->point[60] ^= 1; }
static void p384(struct forge *f) {
	f->spki = SLICE("\x30\x17\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
	    "\x06\x05\x2b\x81\x04\x00\x22\x03\x03\x00\x04\x05"); }
static void rsa(struct forge *f) {
	f->spki = SLICE("\x30\x13\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
	    "\x01\x01\x05\x00\x03\x02\x00\x30"); }
static void sha1(struct forge *f) { f->inner_algorithm = f->outer_algorithm =
	    SLICE("\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"); }
static void two_algorithms(struct forge *f) { f->outer_algorithm =
	    SLICE("\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"); }
static void trailing(struct forge *f) { f->trailing = true; }
static void stranger(struct forge *f) { f->issuer = "nobody"; }
static void other_key_id(struct forge *f) { f->akid = SLICE("root-key"); }
static void own_key_id(struct forge *f) { f->akid = SLICE("inter-key"); }
static void nothing(struct forge *f) { (void)f; }
static void no_basic(struct forge *f) { f->no_basic = true; }

static const struct {
	const char   *what;
	void        (*spoil)(struct forge *);
	enum distrust want;
} leaves[] = {
	{ "nothing wrong",		nothing,	DISTRUST_NONE },
	{ "no basic constraints",	no_basic,	DISTRUST_NONE },
	{ "unknown, not critical",	extra,		DISTRUST_NONE },
	{ "no URI",			no_uri,		DISTRUST_NO_ID },
	{ "no SAN",			no_san,		DISTRUST_NO_ID },
	{ "two URIs",			two_uris,	DISTRUST_MANY_IDS },
	{ "NUL in a DNS name",		nul_dns,	DISTRUST_NAME_BYTES },
	{ "NUL in the URI",		nul_uri,	DISTRUST_NAME_BYTES },
	{ "other trust domain",		foreign,	DISTRUST_FOREIGN },
	{ "trust domain itself",	no_path,	DISTRUST_BAD_ID },
	{ "https",			https_uri,	DISTRUST_BAD_ID },
	{ "upper case",			upper_uri,	DISTRUST_BAD_ID },
	{ "SAN not critical",		plain_san,	DISTRUST_SAN_NOT_CRITICAL },
	{ "expired",			expired,	DISTRUST_EXPIRED },
	{ "not yet valid",		early,		DISTRUST_NOT_YET },
	{ "lives too long",		long_life,	DISTRUST_LIFETIME },
	{ "CA as leaf",			ca,		DISTRUST_LEAF_IS_CA },
	{ "server only",		server_only,	DISTRUST_EXT_USAGE },
	{ "client only",		client_only,	DISTRUST_EXT_USAGE },
	{ "no purpose",			no_purpose,	DISTRUST_EXT_USAGE },
	{ "keyCertSign",		cert_sign,	DISTRUST_USAGE },
	{ "cRLSign",			crl_sign,	DISTRUST_USAGE },
	{ "no digitalSignature",	no_signing,	DISTRUST_USAGE },
	{ "no key usage",		no_usage,	DISTRUST_USAGE },
	{ "usage not critical",		usage_plain,	DISTRUST_USAGE },
	{ "usage twice",		usage_twice,	DISTRUST_REPEATED },
	{ "version 1",			version_1,	DISTRUST_VERSION },
	{ "version 2",			version_2,	DISTRUST_VERSION },
	{ "unknown critical",		extra_critical,	DISTRUST_CRITICAL },
	{ "name constraints",		constraints,	DISTRUST_CONSTRAINTS },
	{ "serial zero",		serial_zero,	DISTRUST_SERIAL },
	{ "serial too long",		serial_long,	DISTRUST_MALFORMED },
	{ "point off the curve",	off_curve,	DISTRUST_KEY },
	{ "P-384 key",			p384,		DISTRUST_KEY },
	{ "RSA key",			rsa,		DISTRUST_KEY },
	{ "ECDSA with SHA-1",		sha1,		DISTRUST_ALGORITHM },
	{ "two algorithms",		two_algorithms,	DISTRUST_ALGORITHM },
	{ "bytes behind",		trailing,	DISTRUST_MALFORMED },
	{ "unknown issuer",		stranger,	DISTRUST_UNKNOWN_ISSUER },
	{ "another key identifier",	other_key_id,	DISTRUST_KEY_ID },
};

TEST(chain_refuses_each_defect_of_a_leaf_by_name)
{
	pki_make();
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		struct forge f;
		struct str leaf;

		forge_leaf(&f, pki.leaf.point);
		leaves[i].spoil(&f);
		leaf = forge_sign(&f, &pki.inter);
		assert_distrust(leaf_verdict(&leaf, &now), leaves[i].want,
		    leaves[i].what);
	}
}

TEST(chain_refuses_other_signers)
{
	struct forge f;
	struct str leaf;

	pki_make();
	forge_leaf(&f, pki.leaf.point);
	leaf = forge_sign(&f, &pki.leaf);
	assert_distrust(leaf_verdict(&leaf, &now), DISTRUST_SIGNATURE,
	    "signed by itself in another's name");
	forge_leaf(&f, pki.leaf.point);
	f.issuer = f.subject = "me";
	leaf = forge_sign(&f, &pki.leaf);

	struct slice alone = str_slice(&leaf);

	assert_distrust(verdict(&alone, 1, &now), DISTRUST_UNKNOWN_ISSUER,
	    "self-signed");
	str_fini(&leaf);
	alone = str_slice(&pki.root_der);
	assert_distrust(verdict(&alone, 1, &now), DISTRUST_LEAF_IS_CA,
	    "the root itself");
	struct slice inter = str_slice(&pki.inter_der);

	assert_distrust(verdict(&inter, 1, &now), DISTRUST_LEAF_IS_CA,
	    "an intermediate");
}

static void inter_leaf(struct forge *f) { f->is_ca = false; f->path_len = -1; }
static void inter_usage(struct forge *f) { f->usage = CERT_USE_CRL_SIGN; }
static void inter_plain(struct forge *f) { f->basic_not_critical = true; }

static const struct {
	const char   *what;
	void        (*spoil)(struct forge *);
	enum distrust want;
} inters[] = {
	{ "nothing wrong",		nothing,	DISTRUST_NONE },
	{ "not a CA",			inter_leaf,	DISTRUST_ISSUER_NOT_CA },
	{ "may not sign",		inter_usage,	DISTRUST_ISSUER_NOT_CA },
	{ "no usage",			no_usage,	DISTRUST_ISSUER_NOT_CA },
	{ "basic constraints plain",	inter_plain,	DISTRUST_ISSUER_NOT_CA },
	{ "expired",			expired,	DISTRUST_ISSUER_EXPIRED },
	{ "not yet valid",		early,		DISTRUST_ISSUER_NOT_YET },
	{ "version 1",			version_1,	DISTRUST_VERSION },
	{ "usage twice",		usage_twice,	DISTRUST_REPEATED },
	{ "unknown critical",		extra_critical,	DISTRUST_CRITICAL },
	{ "name constraints",		constraints,	DISTRUST_CONSTRAINTS },
	{ "RSA key",			rsa,		DISTRUST_KEY },
	{ "bytes behind",		trailing,	DISTRUST_MALFORMED },
	{ "unknown issuer",		stranger,	DISTRUST_UNKNOWN_ISSUER },
	{ "the root's key identifier",	other_key_id,	DISTRUST_NONE },
	{ "another key identifier",	own_key_id,	DISTRUST_KEY_ID },
};

TEST(chain_refuses_each_defect_of_an_intermediate_by_name)
{
	pki_make();
	for (size_t i = 0; i < sizeof(inters) / sizeof(inters[0]); i++) {
		struct forge f;
		struct str inter, leaf;

		forge_ca(&f, "root", "inter", pki.inter.point);
		f.path_len = 0;
		inters[i].spoil(&f);
		inter = forge_sign(&f, &pki.root);
		forge_leaf(&f, pki.leaf.point);
		leaf = forge_sign(&f, &pki.inter);

		struct slice certs[] = { str_slice(&leaf), str_slice(&inter) };

		assert_distrust(verdict(certs, 2, &now), inters[i].want,
		    inters[i].what);
		str_fini(&leaf);
		str_fini(&inter);
	}
}

TEST(chain_counts_authorities_below_a_path_length)
{
	struct key sub;
	struct forge f;
	struct str sub_der, leaf, wide;

	pki_make();
	key_generate(&sub);
	forge_ca(&f, "inter", "sub", sub.point);
	sub_der = forge_sign(&f, &pki.inter);
	forge_leaf(&f, pki.leaf.point);
	f.issuer = "sub";
	leaf = forge_sign(&f, &sub);
	forge_ca(&f, "root", "inter", pki.inter.point);
	f.path_len = 1;
	wide = forge_sign(&f, &pki.root);

	struct slice certs[] = {
		str_slice(&leaf), str_slice(&sub_der), str_slice(&pki.inter_der)
	};

	assert_distrust(verdict(certs, 3, &now), DISTRUST_ISSUER_PATH_LEN,
	    "path length 0");
	certs[2] = str_slice(&wide);
	assert_distrust(verdict(certs, 3, &now), DISTRUST_NONE,
	    "path length 1");
	str_fini(&wide);
	str_fini(&leaf);
	str_fini(&sub_der);
	key_fini(&sub);
}

TEST(chain_follows_a_new_root_signed_by_the_old)
{
	struct key fresh;
	struct forge f;
	struct str cross, leaf;

	pki_make();
	key_generate(&fresh);
	forge_ca(&f, "root", "root 2", fresh.point);
	cross = forge_sign(&f, &pki.root);
	forge_leaf(&f, pki.leaf.point);
	f.issuer = "root 2";
	leaf = forge_sign(&f, &fresh);

	struct slice certs[] = { str_slice(&leaf), str_slice(&cross) };

	assert_distrust(verdict(certs, 2, &now), DISTRUST_NONE, "cross-signed");
	str_fini(&leaf);
	str_fini(&cross);
}

TEST(chain_refuses_an_expired_root)
{
	struct forge f;
	struct str leaf, inter;
	struct leaf_policy later = { .now = FORGE_NOW + 3 * 86400 };

	pki_make();
	forge_ca(&f, "root", "inter", pki.inter.point);
	f.not_after = later.now + 1000;
	inter = forge_sign(&f, &pki.root);
	forge_leaf(&f, pki.leaf.point);
	f.not_after = later.now + 1000;
	leaf = forge_sign(&f, &pki.inter);

	struct slice certs[] = { str_slice(&leaf), str_slice(&inter) };

	assert_distrust(verdict(certs, 2, &later), DISTRUST_ISSUER_EXPIRED,
	    "root expired");
	str_fini(&leaf);
	str_fini(&inter);
}

TEST(chain_limits_certificates_and_bytes)
{
	struct slice many[CHAIN_CERTS_MAX + 1], big;
	char *zeros = mem_zalloc(CHAIN_BYTES_MAX + 1);

	pki_make();
	for (size_t i = 0; i <= CHAIN_CERTS_MAX; i++)
		many[i] = str_slice(&pki.inter_der);
	assert_distrust(verdict(many, CHAIN_CERTS_MAX + 1, &now),
	    DISTRUST_TOO_LONG, "certificates");
	big = slice_of(zeros, CHAIN_BYTES_MAX + 1);
	assert_distrust(verdict(&big, 1, &now), DISTRUST_TOO_LONG, "bytes");
	big.len--;
	assert_distrust(verdict(&big, 1, &now), DISTRUST_MALFORMED, "zeros");
	mem_free(zeros);
}

TEST(chain_reads_a_pem_file)
{
	struct forge f;
	struct str leaf, text = { 0 };
	struct chain c;
	struct err err = ERR_INIT;

	pki_make();
	forge_leaf(&f, pki.leaf.point);
	leaf = forge_sign(&f, &pki.inter);
	pem_add(&text, PEM_LABEL_CERT, str_slice(&leaf));
	pem_add(&text, PEM_LABEL_CERT, str_slice(&pki.inter_der));
	chain_init(&c);
	assert_int_equal(chain_add_pem(&c, str_slice(&text), &err), 0);
	assert_int_equal(c.len, 2);
	assert_true(slice_eq(chain_cert(&c, 1), str_slice(&pki.inter_der)));
	assert_distrust(chain_check(&c, pki.bundle, &now), DISTRUST_NONE,
	    "from PEM");
	chain_fini(&c);
	assert_int_equal(chain_add_pem(&c, SLICE("words\n"), &err), -1);
	for (int i = 0; i < CHAIN_CERTS_MAX; i++)
		pem_add(&text, PEM_LABEL_CERT, str_slice(&leaf));
	assert_int_equal(chain_add_pem(&c, str_slice(&text), &err), -1);
	chain_fini(&c);
	str_fini(&leaf);
	str_fini(&text);
}

TEST(chain_survives_every_truncation_and_flipped_bit)
{
	struct forge f;
	struct str leaf;

	pki_make();
	forge_leaf(&f, pki.leaf.point);
	leaf = forge_sign(&f, &pki.inter);

	struct slice certs[] = { SLICE_NONE, str_slice(&pki.inter_der) };
	struct cert c;
	struct spiffe id;

	for (size_t n = 0; n < leaf.len; n++) {
		char *cut = mem_dup(leaf.ptr, n);

		certs[0] = slice_of(cut, n);
		assert_distrust(chain_verify(certs, 2, pki.bundle, &now, &c,
		    &id), DISTRUST_MALFORMED, "truncated");
		mem_free(cut);
	}
	for (size_t bit = 0; bit < leaf.len * 8; bit++) {
		char *copy = mem_dup(leaf.ptr, leaf.len);

		copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
		certs[0] = slice_of(copy, leaf.len);
		assert_int_not_equal(chain_verify(certs, 2, pki.bundle, &now,
		    &c, &id), DISTRUST_NONE);
		mem_free(copy);
	}
	str_fini(&leaf);
}

TEST(distrust_table_is_complete_and_unique)
{
	for (int i = 0; i < DISTRUST_COUNT; i++) {
		assert_non_null(distrust_name((enum distrust)i));
		assert_non_null(distrust_sentence((enum distrust)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
			    distrust_name((enum distrust)i),
			    distrust_name((enum distrust)j));
	}
}
