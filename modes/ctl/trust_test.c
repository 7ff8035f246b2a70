#include <string.h>

#include "base/unit.h"
#include "modes/ctl/trust.h"
#include "pki/root_test.h"

/* A URI with a space is no SPIFFE ID: a root that names no trust domain. */
#define NAMELESS	SLICE("our company")

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
	root_add_pem(&pem, "Root of our company", NAMELESS);
	assert_null(trust_from_pem(str_slice(&pem), SLICE_NONE, &err));
	assert_int_equal(err.kind, ERR_DATA);
	assert_non_null(strstr(err.text, "trustDomain"));
	trusts(&pem, SLICE("known.example"), "known.example");
	root_add_pem(&pem, "Root before", SLICE("td"));
	trusts(&pem, SLICE_NONE, "td");
	trusts(&pem, SLICE("known.example"), "known.example");
	str_fini(&pem);
}
