#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "pki/forge_test.h"
#include "pki/keypair.h"
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
