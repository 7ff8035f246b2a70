#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/bundle.h"
#include "pki/chain.h"
#include "pki/mint.h"
#include "pki/openssl_test.h"
#include "pki/pem.h"

#define NOW	INT64_C(1795223561)	/* 2026-11-21T01:12:41Z */
#define YEAR	(INT64_C(365) * 86400)

/* A root, an intermediate and a leaf as control makes them. */
struct family {
	struct key  root_key, inter_key, leaf_key;
	struct str  root, inter, leaf;
	struct cert root_cert, inter_cert, leaf_cert;
};

static void
family_make(struct family *f, int64_t not_before, int64_t root_end)
{
	struct slice dns[] = {
		SLICE("orders.shop.mesh"), SLICE("*.orders.shop.mesh"),
		SLICE("orders-1.shop.workload.mesh")
	};
	struct mint_ca ca = {
		.common_name = SLICE("mesh root 1"), .domain = SLICE("td.test"),
		.not_before = not_before, .not_after = root_end,
	};
	struct mint_leaf leaf = {
		.id = SLICE("spiffe://td.test/ns/shop/sa/orders"),
		.dns = dns, .dns_len = 3,
		.not_before = not_before, .not_after = not_before + 86400,
	};
	struct err err = ERR_INIT;

	*f = (struct family){ 0 };
	key_generate(&f->root_key);
	key_generate(&f->inter_key);
	key_generate(&f->leaf_key);
	mint_serial(ca.serial);
	mint_root(&f->root, &ca, &f->root_key);
	assert_int_equal(cert_parse(&f->root_cert, str_slice(&f->root), &err),
	    0);
	ca.common_name = SLICE("mesh intermediate 1");
	ca.not_after = not_before + YEAR;
	mint_serial(ca.serial);
	mint_intermediate(&f->inter, &ca, f->inter_key.point, &f->root_cert,
	    &f->root_key);
	assert_int_equal(cert_parse(&f->inter_cert, str_slice(&f->inter), &err),
	    0);
	mint_serial(leaf.serial);
	memcpy(leaf.point, f->leaf_key.point, KEY_POINT_LEN);
	mint_leaf(&f->leaf, &leaf, &f->inter_cert, &f->inter_key);
	assert_int_equal(cert_parse(&f->leaf_cert, str_slice(&f->leaf), &err),
	    0);
}

static void
family_free(struct family *f)
{
	str_fini(&f->root);
	str_fini(&f->inter);
	str_fini(&f->leaf);
}

TEST(mint_makes_what_chain_trusts)
{
	struct family f;
	struct bundle *b = bundle_new(SLICE("td.test"));
	struct leaf_policy p = { .now = NOW };
	struct err err = ERR_INIT;
	struct cert leaf;
	struct spiffe id;

	family_make(&f, NOW - MINT_SKEW_S, NOW + 10 * YEAR);
	assert_int_equal(bundle_add(b, str_slice(&f.root), &err), 0);

	struct slice certs[] = { str_slice(&f.leaf), str_slice(&f.inter) };

	assert_string_equal(distrust_name(chain_verify(certs, 2, b, &p, &leaf,
	    &id)), "none");
	assert_int_equal(id.kind, SPIFFE_WORKLOAD);
	assert_memory_equal(leaf.point, f.leaf_key.point, KEY_POINT_LEN);
	bundle_unref(b);
	family_free(&f);
}

TEST(mint_fields_read_back)
{
	struct family f;
	struct str s = { 0 };
	struct slice at, name;

	family_make(&f, NOW - MINT_SKEW_S, NOW + 40 * YEAR);
	assert_true(f.root_cert.is_ca && f.inter_cert.is_ca);
	assert_int_equal(f.root_cert.path_len, -1);
	assert_int_equal(f.inter_cert.path_len, 0);
	assert_int_equal(f.root_cert.not_after, NOW + 40 * YEAR); /* 2066 */
	assert_true(slice_is(f.root_cert.uri, "spiffe://td.test"));
	assert_true(slice_eq(f.leaf_cert.akid, f.inter_cert.skid));
	assert_true(slice_eq(f.inter_cert.akid, f.root_cert.skid));
	assert_true(f.leaf_cert.has_basic && !f.leaf_cert.is_ca);
	assert_int_equal(f.leaf_cert.usage, CERT_USE_SIGN);
	assert_int_equal(f.leaf_cert.serial.len, MINT_SERIAL_LEN);
	assert_int_equal(f.leaf_cert.uris, 1);
	assert_int_equal(f.leaf_cert.dns, 3);
	assert_int_equal(f.leaf_cert.not_before, NOW - 60);
	at = f.leaf_cert.san;
	assert_int_equal(cert_san_next(&at, &name), CERT_SAN_URI);
	assert_int_equal(cert_san_next(&at, &name), CERT_SAN_DNS);
	assert_true(slice_is(name, "orders.shop.mesh"));
	assert_int_equal(cert_san_next(&at, &name), CERT_SAN_DNS);
	assert_int_equal(cert_san_next(&at, &name), CERT_SAN_DNS);
	assert_int_equal(cert_san_next(&at, &name), CERT_SAN_END);
	cert_add_name(&s, f.leaf_cert.issuer);
	assert_string_equal(str_ptr(&s), "CN=mesh intermediate 1");
	str_clear(&s);
	cert_add_name(&s, f.leaf_cert.subject);
	assert_string_equal(str_ptr(&s), "");
	str_fini(&s);
	family_free(&f);
}

TEST(mint_serials_are_positive_and_differ)
{
	uint8_t a[MINT_SERIAL_LEN], b[MINT_SERIAL_LEN];

	for (int i = 0; i < 100; i++) {
		mint_serial(a);
		mint_serial(b);
		assert_true(a[0] >= 0x40 && a[0] < 0x80);
		assert_memory_not_equal(a, b, sizeof(a));
	}
}

static void
save_pem(const char *name, const struct str *der)
{
	struct str pem = { 0 };

	pem_add(&pem, PEM_LABEL_CERT, str_slice(der));
	openssl_save(name, str_slice(&pem));
	str_fini(&pem);
}

/* What `openssl x509 -text` must say about each. */
static const struct {
	const char *file, *text;
} said[] = {
	{ "root.pem",	"Version: 3 (0x2)" },
	{ "root.pem",	"Signature Algorithm: ecdsa-with-SHA256" },
	{ "root.pem",	"Issuer: CN = mesh root 1" },
	{ "root.pem",	"Subject: CN = mesh root 1" },
	{ "root.pem",	"X509v3 Basic Constraints: critical\n"
	    "                CA:TRUE\n" },
	{ "root.pem",	"X509v3 Key Usage: critical\n"
	    "                Certificate Sign, CRL Sign\n" },
	{ "root.pem",	"Not After : Nov 11 01:12:41 2066 GMT" },
	{ "inter.pem",	"CA:TRUE, pathlen:0" },
	{ "inter.pem",	"URI:spiffe://td.test\n" },
	{ "leaf.pem",	"Subject: \n" },
	{ "leaf.pem",	"X509v3 Basic Constraints: critical\n"
	    "                CA:FALSE\n" },
	{ "leaf.pem",	"X509v3 Key Usage: critical\n"
	    "                Digital Signature\n" },
	{ "leaf.pem",	"TLS Web Server Authentication, "
	    "TLS Web Client Authentication" },
	{ "leaf.pem",	"X509v3 Subject Alternative Name: critical\n"
	    "                URI:spiffe://td.test/ns/shop/sa/orders, "
	    "DNS:orders.shop.mesh, DNS:*.orders.shop.mesh, "
	    "DNS:orders-1.shop.workload.mesh\n" },
	{ "leaf.pem",	"Not Before: Nov 21 01:11:41 2026 GMT" },
	{ "leaf.pem",	"ASN1 OID: prime256v1" },
	{ "leaf.pem",	"X509v3 Authority Key Identifier:" },
	{ "leaf.pem",	"X509v3 Subject Key Identifier:" },
};

TEST(openssl_reads_and_verifies_what_mint_makes)
{
	struct family f;

	openssl_needed();
	family_make(&f, NOW - MINT_SKEW_S, NOW + 40 * YEAR);
	save_pem("root.pem", &f.root);
	save_pem("inter.pem", &f.inter);
	save_pem("leaf.pem", &f.leaf);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct str text = { 0 };

		openssl_must(&text, "x509 -in %s -noout -text", said[i].file);
		if (strstr(str_ptr(&text), said[i].text) == NULL)
			fail_msg("%s lacks \"%s\": %s", said[i].file,
			    said[i].text, str_ptr(&text));
		str_fini(&text);
	}
	for (int server = 0; server < 2; server++)
		openssl_must(NULL, "verify -x509_strict -attime %lld "
		    "-purpose %s -CAfile root.pem -untrusted inter.pem "
		    "leaf.pem", (long long)NOW,
		    server ? "sslserver" : "sslclient");
	openssl_must(NULL, "verify -x509_strict -attime %lld -verify_hostname "
	    "80.orders.shop.mesh -CAfile root.pem -untrusted inter.pem "
	    "leaf.pem", (long long)NOW);
	assert_int_not_equal(openssl_run(NULL, "verify -attime %lld "
	    "-CAfile root.pem -untrusted inter.pem leaf.pem",
	    (long long)NOW + 2 * 86400), 0);
	family_free(&f);
}

TEST(cert_parse_reads_what_openssl_makes)
{
	struct str der;
	struct cert c;
	struct err err = ERR_INIT;

	openssl_needed();
	openssl_must(NULL, "req -x509 -newkey ec -pkeyopt "
	    "ec_paramgen_curve:P-256 -nodes -keyout o.key -outform DER "
	    "-out o.der -days 30 -subj /C=DE/O=Example/CN=o "
	    "-addext keyUsage=critical,keyCertSign,cRLSign");
	der = openssl_load("o.der");
	assert_int_equal(cert_parse(&c, str_slice(&der), &err), 0);
	assert_int_equal(c.key_kind, CERT_KEY_P256);
	assert_int_equal(c.sig_kind, CERT_SIG_ECDSA_SHA256);
	assert_true(c.is_ca);
	assert_true(cert_signed_by(&c, &c));

	struct str name = { 0 };
	struct bundle *b = bundle_new(SLICE("td"));

	cert_add_name(&name, c.subject);
	assert_string_equal(str_ptr(&name), "C=DE, O=Example, CN=o");
	assert_int_equal(bundle_add(b, str_slice(&der), &err), 0);
	bundle_unref(b);
	str_fini(&name);
	str_fini(&der);
	openssl_must(NULL, "req -x509 -newkey rsa:1024 -nodes -keyout r.key "
	    "-outform DER -out r.der -days 30 -subj /CN=r");
	der = openssl_load("r.der");
	assert_int_equal(cert_parse(&c, str_slice(&der), &err), 0);
	assert_int_equal(c.key_kind, CERT_KEY_RSA);
	assert_int_equal(c.sig_kind, CERT_SIG_RSA_SHA256);
	str_fini(&der);
}

TEST(cert_parse_has_a_size_limit)
{
	char *big = mem_zalloc(CERT_MAX + 1);
	struct cert c;
	struct err err = ERR_INIT;

	assert_int_equal(cert_parse(&c, slice_of(big, CERT_MAX + 1), &err), -1);
	assert_non_null(strstr(err.text, "16385 bytes"));
	mem_free(big);
}
