#include <string.h>

#include "base/unit.h"
#include "pki/base64.h"
#include "pki/bundle.h"
#include "pki/forge_test.h"
#include "pki/openssl_test.h"

static struct str
root_der(const char *name, struct key *key)
{
	struct forge f;

	key_generate(key);
	forge_ca(&f, name, name, key->point);
	return forge_sign(&f, key);
}

TEST(bundle_keeps_each_root_once)
{
	struct key ka, kb;
	struct str a = root_der("a", &ka), b = root_der("b", &kb), pem = { 0 };
	struct bundle *one = bundle_new(SLICE("td"));
	struct bundle *two = bundle_new(SLICE("td"));
	struct err err = ERR_INIT;

	assert_int_equal(bundle_add(one, str_slice(&a), &err), 0);
	assert_int_equal(bundle_add(one, str_slice(&b), &err), 0);
	assert_int_equal(bundle_add(one, str_slice(&a), &err), 0);
	assert_int_equal(one->len, 2);
	bundle_pem(&pem, one);
	assert_int_equal(bundle_add_pem(two, str_slice(&pem), &err), 0);
	assert_int_equal(two->len, 2);
	assert_true(bundle_has(two, str_slice(&b)));
	assert_ptr_equal(bundle_ref(two), two);
	bundle_unref(two);
	bundle_unref(two);
	bundle_unref(one);
	bundle_unref(NULL);
	str_fini(&a);
	str_fini(&b);
	str_fini(&pem);
}

static struct slice
hash_of(const struct bundle *b, uint8_t out[HASH_LEN])
{
	bundle_hash(b, out);
	return slice_of(out, HASH_LEN);
}

TEST(bundle_hash_is_of_the_keys_in_any_order)
{
	struct key ka, kb;
	struct str a = root_der("a", &ka), b = root_der("b", &kb), renewed;
	struct bundle *ab = bundle_new(SLICE("td")), *ba = bundle_new(
	    SLICE("td")), *only_a = bundle_new(SLICE("td"));
	struct err err = ERR_INIT;
	struct forge f;
	uint8_t x[HASH_LEN], y[HASH_LEN];

	bundle_add(ab, str_slice(&a), &err);
	bundle_add(ab, str_slice(&b), &err);
	bundle_add(ba, str_slice(&b), &err);
	bundle_add(ba, str_slice(&a), &err);
	bundle_add(only_a, str_slice(&a), &err);
	assert_true(slice_eq(hash_of(ab, x), hash_of(ba, y)));
	assert_false(slice_eq(hash_of(ab, x), hash_of(only_a, y)));

	/* The same key under a later certificate changes nothing. */
	forge_ca(&f, "a", "a", ka.point);
	f.not_after += 86400;
	renewed = forge_sign(&f, &ka);
	assert_int_equal(bundle_add(ab, str_slice(&renewed), &err), 0);
	assert_int_equal(ab->len, 3);
	assert_true(slice_eq(hash_of(ab, x), hash_of(ba, y)));
	bundle_unref(ab);
	bundle_unref(ba);
	bundle_unref(only_a);
	str_fini(&a);
	str_fini(&b);
	str_fini(&renewed);
}

/* Whoever keeps a copy has to know of a root that was renewed with its key, too. */
TEST(bundle_digest_tells_every_change)
{
	struct key ka, kb;
	struct str a = root_der("a", &ka), b = root_der("b", &kb), renewed;
	struct bundle *all[4];
	uint8_t digest[4][HASH_LEN];
	struct err err = ERR_INIT;
	struct forge f;

	forge_ca(&f, "a", "a", ka.point);
	f.not_after += 86400;
	renewed = forge_sign(&f, &ka);
	for (size_t i = 0; i < 4; i++)
		all[i] = bundle_new(i == 0 ? SLICE("other") : SLICE("td"));
	bundle_add(all[0], str_slice(&a), &err);
	bundle_add(all[0], str_slice(&b), &err);
	bundle_add(all[1], str_slice(&a), &err);
	bundle_add(all[1], str_slice(&b), &err);
	bundle_add(all[2], str_slice(&b), &err);
	bundle_add(all[2], str_slice(&a), &err);
	bundle_add(all[3], str_slice(&renewed), &err);
	bundle_add(all[3], str_slice(&b), &err);
	for (size_t i = 0; i < 4; i++) {
		bundle_digest(all[i], digest[i]);
		bundle_unref(all[i]);
	}
	assert_memory_equal(digest[0], digest[1], HASH_LEN);
	assert_memory_not_equal(digest[1], digest[2], HASH_LEN);
	assert_memory_not_equal(digest[1], digest[3], HASH_LEN);
	str_fini(&a);
	str_fini(&b);
	str_fini(&renewed);
}

TEST(bundle_refuses_what_is_no_root)
{
	struct key ka, kb, kc;
	struct str a = root_der("a", &ka), twin = root_der("a", &kb), der;
	struct bundle *b = bundle_new(SLICE("td"));
	struct err err = ERR_INIT;
	struct forge f;

	assert_int_equal(bundle_add(b, str_slice(&a), &err), 0);
	assert_int_equal(bundle_add(b, str_slice(&twin), &err), -1);
	assert_non_null(strstr(err.text, "same subject"));
	assert_int_equal(bundle_add(b, SLICE("junk"), &err), -1);

	key_generate(&kc);
	forge_leaf(&f, kc.point);
	der = forge_sign(&f, &kc);
	assert_int_equal(bundle_add(b, str_slice(&der), &err), -1);
	assert_non_null(strstr(err.text, "no critical basicConstraints"));
	str_fini(&der);
	/* As plain `openssl req -x509` makes it. */
	forge_ca(&f, "plain", "plain", kc.point);
	f.usage = 0;
	der = forge_sign(&f, &kc);
	assert_int_equal(bundle_add(b, str_slice(&der), &err), -1);
	assert_non_null(strstr(err.text, "no keyUsage with keyCertSign"));
	str_fini(&der);
	forge_ca(&f, "a", "inter", kc.point);
	der = forge_sign(&f, &ka);
	assert_int_equal(bundle_add(b, str_slice(&der), &err), -1);
	assert_non_null(strstr(err.text, "not self-signed"));
	str_fini(&der);
	forge_ca(&f, "c", "c", kc.point);
	der = forge_sign(&f, &ka);
	assert_int_equal(bundle_add(b, str_slice(&der), &err), -1);
	str_fini(&der);
	assert_int_equal(bundle_add_pem(b, SLICE("no block\n"), &err), -1);
	assert_int_equal(bundle_add_pem(b, SLICE("-----BEGIN CERTIFICATE-----\n"
	    "!!!!\n-----END CERTIFICATE-----\n"), &err), -1);
	assert_int_equal(b->len, 1);
	bundle_unref(b);
	str_fini(&a);
	str_fini(&twin);
}

TEST(bundle_jwks_carries_key_and_certificate)
{
	struct key k;
	struct str der = root_der("a", &k), json = { 0 }, want = { 0 };
	struct bundle *b = bundle_new(SLICE("td"));
	struct err err = ERR_INIT;

	bundle_jwks(&json, b, 0, 5, SLICE_NONE);
	assert_string_equal(str_ptr(&json), "{\"spiffe_sequence\":0,"
	    "\"spiffe_refresh_hint\":5,\"keys\":[]}");
	str_clear(&json);
	assert_int_equal(bundle_add(b, str_slice(&der), &err), 0);
	bundle_jwks(&json, b, 7, 300, SLICE("{}"));
	str_add(&want, "{\"spiffe_sequence\":7,\"spiffe_refresh_hint\":300,"
	    "\"keys\":[{\"kty\":\"EC\",\"use\":\"x509-svid\","
	    "\"crv\":\"P-256\",\"x\":\"");
	base64_add(&want, BASE64_URL, slice_of(k.point + 1, 32));
	str_add(&want, "\",\"y\":\"");
	base64_add(&want, BASE64_URL, slice_of(k.point + 33, 32));
	str_add(&want, "\",\"x5c\":[\"");
	base64_add(&want, BASE64_STD, str_slice(&der));
	str_add(&want, "\"]},{}]}");
	assert_string_equal(str_ptr(&json), str_ptr(&want));
	bundle_unref(b);
	str_fini(&der);
	str_fini(&json);
	str_fini(&want);
}
