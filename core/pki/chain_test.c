#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/chain_fixture_test.h"
#include "pki/mint.h"
#include "pki/pem.h"
#include "pki/spoil_test.h"

TEST(chain_trusts_a_proper_leaf)
{
	struct forge f;
	struct str leaf;
	struct leaf_policy p = pki_now;

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

	assert_distrust(pki_verdict(certs, 2, &p), DISTRUST_NONE, "two");
	assert_distrust(pki_verdict(certs, 3, &p), DISTRUST_NONE,
	    "root sent too");
	assert_distrust(pki_verdict(certs, 1, &p), DISTRUST_UNKNOWN_ISSUER,
	    "intermediate missing");
	assert_distrust(pki_verdict(certs, 0, &p), DISTRUST_NO_CERTIFICATE,
	    "none");
	p.expected = SLICE("spiffe://td/ns/a/sa/b");
	assert_distrust(chain_verify(certs, 2, pki.bundle, &p, &c, &id),
	    DISTRUST_NONE, "as expected");
	assert_true(slice_is(id.name, "b") && slice_is(id.ns, "a"));
	assert_memory_equal(c.point, pki.leaf.point, KEY_POINT_LEN);
	p.expected = SLICE("spiffe://td/ns/a/sa/c");
	assert_distrust(pki_verdict(certs, 2, &p), DISTRUST_OTHER_PEER,
	    "impostor");
	str_fini(&leaf);
}

TEST(chain_refuses_other_signers)
{
	struct forge f;
	struct str leaf;

	pki_make();
	forge_leaf(&f, pki.leaf.point);
	leaf = forge_sign(&f, &pki.leaf);
	assert_distrust(pki_leaf_verdict(&leaf), DISTRUST_SIGNATURE,
	    "signed by itself in another's name");
	forge_leaf(&f, pki.leaf.point);
	f.issuer = f.subject = "me";
	leaf = forge_sign(&f, &pki.leaf);

	struct slice alone = str_slice(&leaf);

	assert_distrust(pki_verdict(&alone, 1, &pki_now),
	    DISTRUST_UNKNOWN_ISSUER,
	    "self-signed");
	str_fini(&leaf);
	alone = str_slice(&pki.root_der);
	assert_distrust(pki_verdict(&alone, 1, &pki_now), DISTRUST_LEAF_IS_CA,
	    "the root itself");
	struct slice inter = str_slice(&pki.inter_der);

	assert_distrust(pki_verdict(&inter, 1, &pki_now), DISTRUST_LEAF_IS_CA,
	    "an intermediate");
}

static const struct {
	const char   *what;
	spoil        *spoil;
	enum distrust want;
} inters[] = {
	{ "nothing wrong",		spoil_nothing,		DISTRUST_NONE },
	{ "not a CA",			spoil_inter_leaf,	DISTRUST_ISSUER_NOT_CA },
	{ "may not sign",		spoil_inter_usage,	DISTRUST_ISSUER_NOT_CA },
	{ "no usage",			spoil_no_usage,		DISTRUST_ISSUER_NOT_CA },
	{ "basic constraints plain",	spoil_inter_plain,	DISTRUST_ISSUER_NOT_CA },
	{ "expired",			spoil_expired,		DISTRUST_ISSUER_EXPIRED },
	{ "of another domain",		spoil_inter_foreign,	DISTRUST_ISSUER_FOREIGN },
	{ "not yet valid",		spoil_early,		DISTRUST_ISSUER_NOT_YET },
	{ "version 1",			spoil_version_1,	DISTRUST_VERSION },
	{ "usage twice",		spoil_usage_twice,	DISTRUST_REPEATED },
	{ "unknown critical",		spoil_extra_critical,	DISTRUST_CRITICAL },
	{ "name constraints",		spoil_constraints,	DISTRUST_CONSTRAINTS },
	{ "RSA key",			spoil_rsa,		DISTRUST_KEY },
	{ "bytes behind",		spoil_trailing,		DISTRUST_MALFORMED },
	{ "unknown issuer",		spoil_stranger,		DISTRUST_UNKNOWN_ISSUER },
	{ "the root's key identifier",	spoil_other_key_id,	DISTRUST_NONE },
	{ "another key identifier",	spoil_own_key_id,	DISTRUST_KEY_ID },
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

		assert_distrust(pki_verdict(certs, 2, &pki_now), inters[i].want,
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

	assert_distrust(pki_verdict(certs, 3, &pki_now),
	    DISTRUST_ISSUER_PATH_LEN,
	    "path length 0");
	certs[2] = str_slice(&wide);
	assert_distrust(pki_verdict(certs, 3, &pki_now), DISTRUST_NONE,
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

	assert_distrust(pki_verdict(certs, 2, &pki_now), DISTRUST_NONE,
	    "cross-signed");
	str_fini(&leaf);
	str_fini(&cross);
}

/* Others make key identifiers in their own way. */
TEST(chain_follows_a_root_of_another_make_signed_by_ours)
{
	struct mint_ca as = { .domain = SLICE("td"),
	    .not_before = FORGE_NOW - 100, .not_after = FORGE_NOW + 1000 };
	struct key theirs;
	struct forge f;
	struct str root, cross = { 0 }, leaf;
	struct cert own, their;
	struct err err = ERR_INIT;

	pki_make();
	key_generate(&theirs);
	forge_ca(&f, "theirs", "theirs", theirs.point);
	f.skid = SLICE("as they name it");
	root = forge_sign(&f, &theirs);
	assert_int_equal(cert_parse(&own, str_slice(&pki.root_der), &err), 0);
	assert_int_equal(cert_parse(&their, str_slice(&root), &err), 0);
	mint_serial(as.serial);
	mint_cross(&cross, &as, &their, &own, &pki.root);
	forge_leaf(&f, pki.leaf.point);
	f.issuer = "theirs";
	f.akid = SLICE("as they name it");
	leaf = forge_sign(&f, &theirs);

	struct slice certs[] = { str_slice(&leaf), str_slice(&cross) };

	assert_distrust(pki_verdict(certs, 2, &pki_now), DISTRUST_NONE,
	    "cross-signed");
	str_fini(&leaf);
	str_fini(&cross);
	str_fini(&root);
	key_fini(&theirs);
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

	assert_distrust(pki_verdict(certs, 2, &later), DISTRUST_ISSUER_EXPIRED,
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
	assert_distrust(pki_verdict(many, CHAIN_CERTS_MAX + 1, &pki_now),
	    DISTRUST_TOO_LONG, "certificates");
	big = slice_of(zeros, CHAIN_BYTES_MAX + 1);
	assert_distrust(pki_verdict(&big, 1, &pki_now), DISTRUST_TOO_LONG,
	    "bytes");
	big.len--;
	assert_distrust(pki_verdict(&big, 1, &pki_now), DISTRUST_MALFORMED,
	    "zeros");
	mem_free(zeros);
}

TEST(chain_memo_remembers_good_signatures_alone)
{
	struct chain_memo memo = { .next = 0 };
	struct leaf_policy p = { .now = FORGE_NOW, .memo = &memo };
	struct str leaf, other_inter;
	struct key other;
	struct forge f;
	struct cert c;
	struct spiffe id;

	pki_make();
	key_generate(&other);
	forge_leaf(&f, pki.leaf.point);
	leaf = forge_sign(&f, &pki.inter);
	forge_ca(&f, "root", "inter", pki.inter.point);
	other_inter = forge_sign(&f, &other);

	struct slice good[] = { str_slice(&leaf), str_slice(&pki.inter_der) };
	struct slice bad[] = { str_slice(&leaf), str_slice(&other_inter) };

	for (int i = 0; i < 3; i++) {
		assert_distrust(chain_verify(bad, 2, pki.bundle, &p, &c, &id),
		    DISTRUST_SIGNATURE, "no root signed it");
		assert_int_equal(memo.next, i > 0);
		assert_distrust(chain_verify(good, 2, pki.bundle, &p, &c, &id),
		    DISTRUST_NONE, "proper");
		assert_int_equal(memo.next, 1);
	}
	/* What was remembered says nothing about time. */
	p.now += 10 * 86400;
	assert_distrust(chain_verify(good, 2, pki.bundle, &p, &c, &id),
	    DISTRUST_ISSUER_EXPIRED, "later");
	str_fini(&leaf);
	str_fini(&other_inter);
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
	assert_distrust(chain_check(&c, pki.bundle, &pki_now), DISTRUST_NONE,
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
		assert_distrust(chain_verify(certs, 2, pki.bundle, &pki_now, &c,
		    &id), DISTRUST_MALFORMED, "truncated");
		mem_free(cut);
	}
	for (size_t bit = 0; bit < leaf.len * 8; bit++) {
		char *copy = mem_dup(leaf.ptr, leaf.len);

		copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
		certs[0] = slice_of(copy, leaf.len);
		assert_int_not_equal(chain_verify(certs, 2, pki.bundle, &pki_now,
		    &c, &id), DISTRUST_NONE);
		mem_free(copy);
	}
	str_fini(&leaf);
}
