#include "tls/identity.h"

#include <string.h>

#include "base/unit.h"
#include "tls/meet_test.h"
#include "tls/trust.h"

static void
assert_refused(struct test_ca *ca, struct slice chain, struct slice key,
    struct slice bundle, const char *want)
{
	struct err err = ERR_INIT;

	assert_null(tls_identity_new(chain, key, bundle, ca->domain, 1, &err));
	if (strstr(err.text, want) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, want);
}

TEST(identities_are_checked_when_they_are_made)
{
	struct test_ca ca, other;
	struct str chain = { 0 }, key = { 0 }, chain2 = { 0 }, key2 = { 0 };
	struct str foreign = { 0 }, foreign_key = { 0 };
	struct test_leaf leaf = { .id = "spiffe://td/ns/x/sa/a" };

	test_ca_init(&ca, "td");
	test_ca_init(&other, "other");
	test_leaf_pem(&ca, &leaf, &chain, &key);
	test_leaf_pem(&ca, &leaf, &chain2, &key2);
	leaf.id = "spiffe://other/ns/x/sa/a";
	test_leaf_pem(&ca, &leaf, &foreign, &foreign_key);

	struct slice bundle = str_slice(&ca.bundle_pem);

	assert_refused(&ca, str_slice(&chain), str_slice(&key2), bundle,
	    "not the one of the certificate");
	assert_refused(&ca, str_slice(&chain), str_slice(&key),
	    str_slice(&other.bundle_pem), "certificate");
	assert_refused(&ca, str_slice(&foreign), str_slice(&foreign_key),
	    bundle, "certificate");
	assert_refused(&ca, SLICE("rubbish"), str_slice(&key), bundle,
	    "certificate chain");
	assert_refused(&ca, str_slice(&chain), SLICE("rubbish"), bundle,
	    "key");
	assert_refused(&ca, str_slice(&chain), SLICE_NONE, bundle, "key");
	assert_refused(&ca, SLICE_NONE, str_slice(&key), bundle,
	    "certificate chain");
	assert_refused(&ca, str_slice(&chain), str_slice(&key), SLICE(""),
	    "trust bundle");
	str_fini(&chain);
	str_fini(&key);
	str_fini(&chain2);
	str_fini(&key2);
	str_fini(&foreign);
	str_fini(&foreign_key);
	test_ca_fini(&ca);
	test_ca_fini(&other);
}

TEST(identities_know_who_they_are)
{
	struct test_ca ca;
	struct tls_identity *id;

	test_ca_init(&ca, "td");
	id = test_identity(&ca, "spiffe://td/ns/x/sa/a", 5);
	assert_string_equal(tls_identity_id(id), "spiffe://td/ns/x/sa/a");
	assert_true(tls_identity_not_before(id) < tls_identity_not_after(id));
	assert_ptr_equal(tls_identity_ref(id), id);
	tls_identity_unref(id);
	tls_identity_unref(id);
	tls_identity_unref(NULL);
	test_ca_fini(&ca);
}

/* As once the root above it was revoked: it shows it, and believes others. */
TEST(an_identity_trusts_other_roots_than_vouch_for_it)
{
	struct test_ca ca, next;
	struct tls_identity *id;
	struct bundle *b;
	struct err err = ERR_INIT;

	test_ca_init(&ca, "td");
	test_ca_init(&next, "td");
	id = test_identity(&ca, "spiffe://td/ns/x/sa/a", 5);
	assert_int_equal(tls_identity_trust(id, SLICE("rubbish"), &err), -1);
	b = tls_identity_bundle(id);
	assert_true(bundle_has(b, ca.root.der));
	bundle_unref(b);
	err = ERR_INIT;
	assert_int_equal(tls_identity_trust(id, str_slice(&next.bundle_pem),
	    &err), 0);
	b = tls_identity_bundle(id);
	assert_true(bundle_has(b, next.root.der));
	assert_false(bundle_has(b, ca.root.der));
	assert_string_equal(tls_identity_id(id), "spiffe://td/ns/x/sa/a");
	bundle_unref(b);
	tls_identity_unref(id);
	test_ca_fini(&ca);
	test_ca_fini(&next);
}
