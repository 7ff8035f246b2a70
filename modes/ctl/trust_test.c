#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/ctl/trust.h"
#include "pki/mint.h"
#include "pki/pem.h"

/* A URI with a space is no SPIFFE ID: a root that names no trust domain. */
#define NAMELESS	SLICE("our company")

static void
add_root(struct str *pem, const char *name, struct slice domain)
{
	struct mint_ca ca = { .domain = domain, .common_name = slice_str(name),
	    .not_before = clock_wall_s() - 100,
	    .not_after = clock_wall_s() + 10000 };
	struct str der = { 0 };
	struct key key;

	key_generate(&key);
	mint_serial(ca.serial);
	mint_root(&der, &ca, &key);
	pem_add(pem, PEM_LABEL_CERT, str_slice(&der));
	key_fini(&key);
	str_fini(&der);
}

static void
trusts(const struct str *pem, struct slice known, const char *domain)
{
	struct err err = ERR_INIT;
	struct bundle *b = trust_from_pem(str_slice(pem), known, &err);

	if (b == NULL)
		fail_msg("%s", err.text);
	else
		assert_true(slice_is(b->domain, domain));
	bundle_unref(b);
}

TEST(trust_takes_its_domain_from_who_knows_or_from_a_root)
{
	struct str pem = { 0 };
	struct err err = ERR_INIT;

	assert_null(trust_from_pem(SLICE(""), SLICE_NONE, &err));
	assert_string_equal(err.text, "no certificate in it");
	add_root(&pem, "Root of our company", NAMELESS);
	assert_null(trust_from_pem(str_slice(&pem), SLICE_NONE, &err));
	assert_int_equal(err.kind, ERR_DATA);
	assert_non_null(strstr(err.text, "trustDomain"));
	trusts(&pem, SLICE("known.example"), "known.example");
	add_root(&pem, "Root before", SLICE("td"));
	trusts(&pem, SLICE_NONE, "td");
	trusts(&pem, SLICE("known.example"), "known.example");
	str_fini(&pem);
}
