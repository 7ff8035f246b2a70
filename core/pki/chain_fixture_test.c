#include "base/unit.h"
#include "pki/chain_fixture_test.h"
#include "pki/forge_test.h"

struct pki pki;
const struct leaf_policy pki_now = { .now = FORGE_NOW };

void
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

void
assert_distrust(enum distrust got, enum distrust want, const char *what)
{
	if (got != want)
		fail_msg("%s: %s, wanted %s", what, distrust_name(got),
		    distrust_name(want));
}

enum distrust
pki_verdict(const struct slice *certs, size_t len,
    const struct leaf_policy *p)
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
			    c.leaf.key_kind == CERT_KEY_P256);
		chain_fini(&c);
		assert_true(first == DISTRUST_COUNT || first == d);
		first = d;
	}
	return first;
}

enum distrust
pki_leaf_verdict(struct str *leaf)
{
	struct slice certs[] = { str_slice(leaf), str_slice(&pki.inter_der) };
	enum distrust d = pki_verdict(certs, 2, &pki_now);

	str_fini(leaf);
	return d;
}
