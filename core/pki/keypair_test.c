#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "pki/forge_test.h"
#include "pki/keypair.h"
#include "pki/openssl_test.h"
#include "pki/pem.h"

static struct str
leaf_of(const struct key *key)
{
	struct str pem = { 0 }, der;
	struct forge f;

	forge_leaf(&f, key->point);
	der = forge_sign(&f, key);
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&der));
	str_fini(&der);
	return pem;
}

TEST(keypair_is_a_certificate_and_its_key)
{
	struct key own, other;
	struct str cert, own_pem = { 0 }, other_pem = { 0 };

	key_generate(&own);
	key_generate(&other);
	cert = leaf_of(&own);
	key_pem(&own_pem, &own);
	key_pem(&other_pem, &other);
	const struct {
		struct slice cert, key;
		const char  *want;	/* NULL: a pair */
	} cases[] = {
		{ str_slice(&cert), str_slice(&own_pem), NULL },
		{ str_slice(&cert), str_slice(&other_pem),
		    "tls.key: the key is not the one of the certificate" },
		{ SLICE("garbage"), str_slice(&own_pem), "tls.crt: " },
		{ SLICE_NONE, str_slice(&own_pem), "tls.crt: " },
		{ str_slice(&own_pem), str_slice(&cert), "tls.crt: " },
		{ str_slice(&cert), SLICE("garbage"), "tls.key: " },
		{ str_slice(&cert), SLICE_NONE, "tls.key: " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int r = keypair_check(cases[i].cert, cases[i].key, &err);

		if (r != (cases[i].want == NULL ? 0 : -1) ||
		    !slice_has_prefix(slice_str(err.text),
		    slice_str(cases[i].want)))
			fail_msg("%zu: %s", i, err.text);
	}
	str_fini(&cert);
	key_wipe_str(&own_pem);
	key_wipe_str(&other_pem);
	key_fini(&own);
	key_fini(&other);
}

/* How people's keys come: as openssl writes them, and as older ones did. */
static const struct {
	const char *genkey, *rewrite, *label, *want;
} written[] = {
	{ "rsa -pkeyopt rsa_keygen_bits:2048", "rsa", "BEGIN PRIVATE KEY",
	    NULL },
	{ "rsa -pkeyopt rsa_keygen_bits:2048", "rsa -traditional",
	    "BEGIN RSA PRIVATE KEY", NULL },
	{ "rsa -pkeyopt rsa_keygen_bits:3072", "rsa", "BEGIN PRIVATE KEY",
	    NULL },
	{ "rsa -pkeyopt rsa_keygen_bits:4096", "rsa -traditional",
	    "BEGIN RSA PRIVATE KEY", NULL },
	{ "ec -pkeyopt ec_paramgen_curve:P-256", "pkey", "BEGIN PRIVATE KEY",
	    NULL },
	{ "ec -pkeyopt ec_paramgen_curve:P-256", "ec", "BEGIN EC PRIVATE KEY",
	    NULL },
	{ "rsa -pkeyopt rsa_keygen_bits:1024", "rsa", "BEGIN PRIVATE KEY",
	    "tls.key: the key is RSA of 1024 bits, expected 2048 to 4096" },
	{ "ec -pkeyopt ec_paramgen_curve:P-384", "pkey", "BEGIN PRIVATE KEY",
	    "tls.key: the key is no intact, unencrypted RSA key and none on "
	    "P-256" },
	{ "rsa -pkeyopt rsa_keygen_bits:2048", "rsa -aes128 -passout pass:x",
	    "BEGIN ENCRYPTED PRIVATE KEY", "tls.key: the key is no intact, "
	    "unencrypted RSA key and none on P-256" },
};

TEST(keypair_takes_keys_as_people_have_them)
{
	openssl_needed();
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		struct err err = ERR_INIT;
		struct str cert, key;
		int r;

		openssl_must(NULL, "genpkey -algorithm %s -out made.key",
		    written[i].genkey);
		openssl_must(NULL, "req -x509 -new -key made.key -subj /CN=a "
		    "-days 2 -out made.pem");
		openssl_must(NULL, "%s -in made.key -out written.key",
		    written[i].rewrite);
		cert = openssl_load("made.pem");
		key = openssl_load("written.key");
		assert_non_null(strstr(str_ptr(&key), written[i].label));
		r = keypair_check(str_slice(&cert), str_slice(&key), &err);
		if (r != (written[i].want == NULL ? 0 : -1) ||
		    !slice_has_prefix(slice_str(err.text),
		    slice_str(written[i].want)))
			fail_msg("%zu: %s", i, err.text);
		str_fini(&cert);
		key_wipe_str(&key);
	}
}
