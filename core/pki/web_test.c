#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "pki/chain.h"
#include "pki/openssl_test.h"
#include "pki/web.h"

/* A root, an intermediate and a leaf for each kind of key. */
static const struct {
	const char *name, *genkey;
} kinds[] = {
	{ "rsa", "rsa -pkeyopt rsa_keygen_bits:2048" },
	{ "p256", "ec -pkeyopt ec_paramgen_curve:P-256" },
	{ "p384", "ec -pkeyopt ec_paramgen_curve:P-384" },
};

static void
save_text(const char *name, const char *text)
{
	openssl_save(name, slice_str(text));
}

static void
make_key(const char *name, const char *genkey)
{
	openssl_must(NULL, "genpkey -algorithm %s -out %s.key", genkey, name);
}

/* NAME.key is there; NAME.pem is made, signed by BY.key. */
static void
sign(const char *name, const char *by, const char *ext, const char *dates)
{
	char file[64];

	snprintf(file, sizeof(file), "%s.ext", name);
	save_text(file, ext);
	openssl_must(NULL, "req -new -key %s.key -subj /CN=%s -out %s.csr",
	    name, name, name);
	openssl_must(NULL, "x509 -req -in %s.csr -CA %s.pem -CAkey %s.key "
	    "-CAcreateserial -sha256 -extfile %s.ext -out %s.pem %s", name,
	    by, by, name, name, dates);
}

static void
make_root(const char *name)
{
	openssl_must(NULL, "req -x509 -new -key %s.key -subj /CN=%s -days 30 "
	    "-addext basicConstraints=critical,CA:TRUE "
	    "-addext keyUsage=critical,keyCertSign -out %s.pem", name, name,
	    name);
}

#define CA_EXT	"basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"

static void
make_family(const char *kind, const char *genkey)
{
	char root[32], inter[32], leaf[32];

	snprintf(root, sizeof(root), "%s-root", kind);
	snprintf(inter, sizeof(inter), "%s-inter", kind);
	snprintf(leaf, sizeof(leaf), "%s-leaf", kind);
	make_key(root, genkey);
	make_key(inter, genkey);
	make_key(leaf, genkey);
	make_root(root);
	sign(inter, root, CA_EXT, "-days 30");
}

static struct web_roots *
load_root(const char *name)
{
	struct web_roots *r = web_roots_new();
	struct str pem = openssl_load(name);
	struct err err = ERR_INIT;

	assert_int_equal(web_roots_add(r, str_slice(&pem), &err), 0);
	str_fini(&pem);
	return r;
}

static enum distrust
judge(const char *const *files, size_t n, const struct web_policy *p,
    struct pubkey *key)
{
	struct slice certs[4];
	struct err err = ERR_INIT;
	struct chain chain;
	struct cert leaf;
	enum distrust why;

	chain_init(&chain);
	for (size_t i = 0; i < n; i++) {
		struct str pem = openssl_load(files[i]);

		assert_int_equal(chain_add_pem(&chain, str_slice(&pem), &err), 0);
		str_fini(&pem);
	}
	for (size_t i = 0; i < n; i++)
		certs[i] = chain_cert(&chain, i);
	why = web_verify(certs, n, p, &leaf, key);
	chain_fini(&chain);
	return why;
}

static enum distrust
verdict(const char *const *files, size_t n, struct web_roots *roots,
    struct web_name name, int64_t now, struct pubkey *key)
{
	const struct web_policy p = { roots, &name, 1, now, false };

	return judge(files, n, &p, key);
}

static void
check_family(const char *kind)
{
	struct pubkey *key = mem_zalloc(sizeof(*key));
	const struct web_name name = { false, SLICE("api.example.com") };
	char leaf[32], inter[32], root[32];
	const char *files[] = { leaf, inter, root };
	struct web_roots *roots;

	snprintf(leaf, sizeof(leaf), "%s-leaf", kind);
	snprintf(inter, sizeof(inter), "%s-inter", kind);
	sign(leaf, inter, "subjectAltName=DNS:api.example.com\n"
	    "extendedKeyUsage=serverAuth\n", "-days 30");
	snprintf(leaf, sizeof(leaf), "%s-leaf.pem", kind);
	snprintf(inter, sizeof(inter), "%s-inter.pem", kind);
	snprintf(root, sizeof(root), "%s-root.pem", kind);
	roots = load_root(root);
	assert_int_equal(verdict(files, 2, roots, name, clock_wall_s(), key),
	    DISTRUST_NONE);
	assert_int_equal(key->pkey.key_type == BR_KEYTYPE_RSA,
	    strcmp(kind, "rsa") == 0);
	assert_int_equal(verdict(files, 3, roots, name, clock_wall_s(), key),
	    DISTRUST_NONE);
	assert_int_equal(verdict(files, 1, roots, name, clock_wall_s(), key),
	    DISTRUST_UNKNOWN_ISSUER);
	assert_int_equal(verdict(files, 2, roots, name,
	    clock_wall_s() + 40 * 86400, key), DISTRUST_EXPIRED);
	assert_int_equal(verdict(files, 2, roots, name,
	    clock_wall_s() - 86400, key), DISTRUST_NOT_YET);
	web_roots_unref(roots);
	mem_free(key);
}

TEST(web_trusts_chains_of_rsa_and_of_each_curve)
{
	openssl_needed();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		make_family(kinds[i].name, kinds[i].genkey);
		check_family(kinds[i].name);
	}
}

TEST(web_refuses_the_right_name_from_a_wrong_root)
{
	const char *files[] = { "p256-leaf.pem", "p256-inter.pem" };
	const struct web_name name = { false, SLICE("api.example.com") };
	struct pubkey *key = mem_zalloc(sizeof(*key));

	openssl_needed();
	make_family("p256", kinds[1].genkey);
	sign("p256-leaf", "p256-inter", "subjectAltName=DNS:api.example.com\n",
	    "-days 3");
	make_key("other-root", kinds[1].genkey);
	make_root("other-root");

	struct web_roots *other = load_root("other-root.pem");

	assert_int_equal(verdict(files, 2, other, name, clock_wall_s(), key),
	    DISTRUST_UNKNOWN_ISSUER);
	web_roots_unref(other);
	/* The same subject with another key: the signature tells. */
	openssl_must(NULL, "req -x509 -new -key other-root.key -subj "
	    "/CN=p256-root -days 30 -addext basicConstraints=critical,CA:TRUE "
	    "-out twin.pem");
	other = load_root("twin.pem");
	assert_int_not_equal(verdict(files, 2, other, name, clock_wall_s(),
	    key), DISTRUST_NONE);
	web_roots_unref(other);
	/* No root at all. */
	other = web_roots_new();
	assert_int_equal(verdict(files, 2, other, name, clock_wall_s(), key),
	    DISTRUST_UNKNOWN_ISSUER);
	web_roots_unref(other);
	mem_free(key);
}

static const struct {
	const char     *ext;
	struct web_name want;
	enum distrust   why;
} leaves[] = {
	{ "subjectAltName=DNS:API.example.com\n",
	    { false, SLICE("api.EXAMPLE.com") }, DISTRUST_NONE },
	{ "subjectAltName=DNS:other.example.com\n",
	    { false, SLICE("api.example.com") }, DISTRUST_OTHER_HOST },
	{ "subjectAltName=DNS:*.example.com\n",
	    { false, SLICE("api.example.com") }, DISTRUST_NONE },
	{ "subjectAltName=DNS:*.example.com\n",
	    { false, SLICE("a.b.example.com") }, DISTRUST_OTHER_HOST },
	{ "subjectAltName=DNS:*.example.com\n",
	    { false, SLICE("example.com") }, DISTRUST_OTHER_HOST },
	/* The common name is "probe", which is nobody's name. */
	{ "basicConstraints=CA:FALSE\n",
	    { false, SLICE("probe") }, DISTRUST_OTHER_HOST },
	{ "subjectAltName=IP:127.0.0.1\n",
	    { false, SLICE("127.0.0.1") }, DISTRUST_NONE },
	{ "subjectAltName=DNS:127.0.0.1\n",
	    { false, SLICE("127.0.0.1") }, DISTRUST_OTHER_HOST },
	{ "subjectAltName=IP:::1\n",
	    { false, SLICE("::1") }, DISTRUST_NONE },
	{ "subjectAltName=IP:127.0.0.1\n",
	    { false, SLICE("127.0.0.2") }, DISTRUST_OTHER_HOST },
	{ "subjectAltName=URI:spiffe://other/api\n",
	    { true, SLICE("spiffe://other/api") }, DISTRUST_NONE },
	{ "subjectAltName=URI:spiffe://other/api\n",
	    { true, SLICE("spiffe://other/web") }, DISTRUST_OTHER_HOST },
	{ "subjectAltName=DNS:a.example.com\n",
	    { true, SLICE("a.example.com") }, DISTRUST_OTHER_HOST },
	{ "subjectAltName=DNS:a.example.com\nextendedKeyUsage=clientAuth\n",
	    { false, SLICE("a.example.com") }, DISTRUST_EXT_USAGE },
	{ "subjectAltName=DNS:a.example.com\nkeyUsage=keyEncipherment\n",
	    { false, SLICE("a.example.com") }, DISTRUST_USAGE },
	{ "subjectAltName=DNS:a.example.com\n1.2.3.4=critical,DER:0500\n",
	    { false, SLICE("a.example.com") }, DISTRUST_CRITICAL },
};

TEST(web_knows_a_server_by_its_alternative_names)
{
	const char *files[] = { "probe.pem", "p256-inter.pem" };
	struct pubkey *key = mem_zalloc(sizeof(*key));

	openssl_needed();
	make_family("p256", kinds[1].genkey);
	make_key("probe", kinds[1].genkey);

	struct web_roots *roots = load_root("p256-root.pem");

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		sign("probe", "p256-inter", leaves[i].ext, "-days 3");
		enum distrust why = verdict(files, 2, roots, leaves[i].want,
		    clock_wall_s(), key);

		if (why != leaves[i].why)
			fail_msg("%s: %s, expected %s", leaves[i].ext,
			    distrust_name(why), distrust_name(leaves[i].why));
	}
	web_roots_unref(roots);
	mem_free(key);
}

static const struct {
	const char   *ext;
	enum distrust why;
} client_leaves[] = {
	{ "extendedKeyUsage=clientAuth\n", DISTRUST_NONE },
	{ "extendedKeyUsage=serverAuth,clientAuth\n", DISTRUST_NONE },
	{ "basicConstraints=CA:FALSE\n", DISTRUST_NONE },
	{ "extendedKeyUsage=serverAuth\n", DISTRUST_EXT_USAGE },
	{ "extendedKeyUsage=codeSigning\n", DISTRUST_EXT_USAGE },
	/* RFC 5280, 4.2.1.12: who asks for one use may insist on that. */
	{ "extendedKeyUsage=anyExtendedKeyUsage\n", DISTRUST_EXT_USAGE },
	{ "keyUsage=keyEncipherment\n", DISTRUST_USAGE },
	{ "1.2.3.4=critical,DER:0500\n", DISTRUST_CRITICAL },
};

TEST(web_asks_of_a_client_no_name_but_the_right_use)
{
	const char *files[] = { "probe.pem", "p256-inter.pem" };
	struct pubkey *key = mem_zalloc(sizeof(*key));

	openssl_needed();
	make_family("p256", kinds[1].genkey);
	make_key("probe", kinds[1].genkey);

	struct web_roots *roots = load_root("p256-root.pem");

	for (size_t i = 0; i < sizeof(client_leaves) / sizeof(client_leaves[0]);
	    i++) {
		sign("probe", "p256-inter", client_leaves[i].ext, "-days 3");
		const struct web_policy p = { .roots = roots,
			.now = clock_wall_s(), .is_client = true };
		enum distrust why = judge(files, 2, &p, key);

		if (why != client_leaves[i].why)
			fail_msg("%s: %s, expected %s", client_leaves[i].ext,
			    distrust_name(why),
			    distrust_name(client_leaves[i].why));
	}
	web_roots_unref(roots);
	mem_free(key);
}

/* What is not understood must not be passed over, marked critical or not. */
TEST(web_refuses_an_authority_with_constraints_of_names)
{
	static const char *const exts[] = {
		CA_EXT "nameConstraints=critical,permitted;DNS:example.com\n",
		CA_EXT "nameConstraints=permitted;DNS:example.com\n",
	};
	const char *files[] = { "p256-leaf.pem", "p256-inter.pem" };
	const struct web_name name = { false, SLICE("api.example.com") };
	struct pubkey *key = mem_zalloc(sizeof(*key));

	openssl_needed();
	make_family("p256", kinds[1].genkey);

	struct web_roots *roots = load_root("p256-root.pem");

	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++) {
		sign("p256-inter", "p256-root", exts[i], "-days 3");
		sign("p256-leaf", "p256-inter",
		    "subjectAltName=DNS:api.example.com\n", "-days 3");
		assert_int_equal(verdict(files, 2, roots, name, clock_wall_s(),
		    key), DISTRUST_CONSTRAINTS);
	}
	web_roots_unref(roots);
	mem_free(key);
}

/* A leaf that signs another leaf: the oldest trick. */
TEST(web_lets_only_authorities_sign)
{
	const char *files[] = { "evil.pem", "probe.pem", "p256-inter.pem" };
	const struct web_name name = { false, SLICE("bank.example.com") };
	struct pubkey *key = mem_zalloc(sizeof(*key));

	openssl_needed();
	make_family("p256", kinds[1].genkey);
	make_key("probe", kinds[1].genkey);
	make_key("evil", kinds[1].genkey);
	sign("probe", "p256-inter", "subjectAltName=DNS:a.example.com\n"
	    "basicConstraints=CA:FALSE\n", "-days 3");
	sign("evil", "probe", "subjectAltName=DNS:bank.example.com\n",
	    "-days 3");

	struct web_roots *roots = load_root("p256-root.pem");

	assert_int_equal(verdict(files, 3, roots, name, clock_wall_s(), key),
	    DISTRUST_ISSUER_NOT_CA);
	web_roots_unref(roots);
	mem_free(key);
}

TEST(web_refuses_short_rsa_keys_and_sha1)
{
	const char *files[] = { "probe.pem" };
	const struct web_name name = { false, SLICE("a.example.com") };
	struct pubkey *key = mem_zalloc(sizeof(*key));

	openssl_needed();
	make_key("p256-root", kinds[1].genkey);
	make_root("p256-root");
	make_key("probe", "rsa -pkeyopt rsa_keygen_bits:1024");
	sign("probe", "p256-root", "subjectAltName=DNS:a.example.com\n",
	    "-days 3");

	struct web_roots *roots = load_root("p256-root.pem");

	assert_int_equal(verdict(files, 1, roots, name, clock_wall_s(), key),
	    DISTRUST_KEY);
	make_key("probe", kinds[1].genkey);
	sign("probe", "p256-root", "subjectAltName=DNS:a.example.com\n",
	    "-days 3 -sha1");
	assert_int_equal(verdict(files, 1, roots, name, clock_wall_s(), key),
	    DISTRUST_ALGORITHM);
	web_roots_unref(roots);
	mem_free(key);
}

TEST(web_takes_a_certificate_that_signs_itself_if_it_is_a_root)
{
	const char *files[] = { "self.pem" };
	struct web_name name = { false, SLICE("self.example.com") };
	struct pubkey *key = mem_zalloc(sizeof(*key));

	openssl_needed();
	make_key("self", kinds[0].genkey);
	openssl_must(NULL, "req -x509 -new -key self.key -subj /CN=self "
	    "-days 30 -addext subjectAltName=DNS:self.example.com "
	    "-addext basicConstraints=critical,CA:FALSE -out self.pem");

	struct web_roots *roots = load_root("self.pem");

	assert_int_equal(verdict(files, 1, roots, name, clock_wall_s(), key),
	    DISTRUST_NONE);
	name.text = SLICE("other.example.com");
	assert_int_equal(verdict(files, 1, roots, name, clock_wall_s(), key),
	    DISTRUST_OTHER_HOST);
	web_roots_unref(roots);
	mem_free(key);
}

static const struct {
	const char *text, *why;
} bad_roots[] = {
	{ "", "no certificate" },
	{ "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
	    "certificate 1" },
	{ "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	    "certificate 1: the certificate is broken" },
};

TEST(web_roots_say_what_is_wrong_with_a_text)
{
	for (size_t i = 0; i < sizeof(bad_roots) / sizeof(bad_roots[0]); i++) {
		struct web_roots *r = web_roots_new();
		struct err err = ERR_INIT;

		assert_int_equal(web_roots_add(r, slice_str(bad_roots[i].text),
		    &err), -1);
		assert_non_null(strstr(err.text, bad_roots[i].why));
		assert_int_equal(web_roots_len(r), 0);
		web_roots_unref(r);
	}
}

static const struct {
	const char *name, *host;
	bool        want;
} covers[] = {
	{ "a.example.com", "a.example.com", true },
	{ "A.Example.Com", "a.example.com", true },
	{ "a.example.com", "b.example.com", false },
	{ "*.example.com", "a.example.com", true },
	{ "*.example.com", "a.b.example.com", false },
	{ "*.example.com", ".example.com", false },
	{ "*.example.com", "example.com", false },
	{ "*.com", "example.com", false },
	{ "*", "example", false },
	{ "a*.example.com", "ab.example.com", false },
	{ "a.*.com", "a.example.com", false },
	{ "*.*.com", "a.*.com", false },
	{ "", "", false },
};

TEST(web_wildcards_stand_for_one_label)
{
	for (size_t i = 0; i < sizeof(covers) / sizeof(covers[0]); i++)
		if (web_name_covers(slice_str(covers[i].name),
		    slice_str(covers[i].host)) != covers[i].want)
			fail_msg("%s for %s", covers[i].name, covers[i].host);
}
