#include <stdio.h>

#include "base/unit.h"
#include "pki/base64.h"
#include "pki/bundle_set.h"
#include "pki/forge_test.h"
#include "pki/jwk.h"
#include "pki/jwt_svid.h"
#include "pki/spiffe_bundle.h"
#include "pki/spoil_test.h"

#define KEY_OF_USE(kty, use, rest)	\
	"{\"kty\":\"" kty "\",\"use\":\"" use "\"" rest "}"

/* Two roots that both are called "root", and one with a broken key. */
static struct str roots[3];

static void
roots_make(void)
{
	for (size_t i = 0; i < 3; i++) {
		struct forge f;
		struct key k;

		key_generate(&k);
		forge_ca(&f, "root", "root", k.point);
		if (i == 2)
			spoil_rsa(&f);
		roots[i] = forge_sign(&f, &k);
		key_fini(&k);
	}
}

static void
roots_free(void)
{
	for (size_t i = 0; i < 3; i++)
		str_fini(&roots[i]);
}

/* "$0" stands for the first root's base64, and so on. */
static struct str
expand(const char *text)
{
	struct str out = { 0 };

	for (; *text != '\0'; text++) {
		if (*text == '$')
			base64_add(&out, BASE64_STD,
			    str_slice(&roots[*++text - '0']));
		else
			str_add_char(&out, *text);
	}
	return out;
}

#define ROOT(n)	KEY_OF_USE("EC", "x509-svid", ",\"x5c\":[\"$" n "\"]")
#define JWT(kid)	KEY_OF_USE("EC", "jwt-svid", ",\"kid\":\"" kid "\"")

static const struct {
	const char *name, *text;
	size_t      roots, jwt, left_out;
	uint64_t    sequence;
	uint32_t    refresh_s;
} good[] = {
	{ "no key: nobody", "{\"keys\":[]}", 0, 0, 0, 0, 0 },
	{ "one", "{\"keys\":[" ROOT("0") "]}", 1, 0, 0, 0, 0 },
	{ "two of one name", "{\"keys\":[" ROOT("0") "," ROOT("1") "]}", 2, 0, 0, 0, 0 },
	{ "twice the same", "{\"keys\":[" ROOT("0") "," ROOT("0") "]}", 1, 0, 0, 0, 0 },
	{ "numbers", "{\"spiffe_sequence\":7,\"spiffe_refresh_hint\":60,\"keys\":["
	    ROOT("0") "]}", 1, 0, 0, 7, 60 },
	{ "a hint of a hundred years", "{\"spiffe_refresh_hint\":3153600000,\"keys\":[]}",
	    0, 0, 0, 0, 366 * 86400 },
	{ "others beside", "{\"more\":{},\"keys\":[" ROOT("0") "," JWT("a") "," JWT("b")
	    "]}", 1, 2, 0, 0, 0 },
	{ "RSA of no size beside", "{\"keys\":[" ROOT("2") "," ROOT("0") "]}", 1, 0, 1, 0, 0 },
	{ "unknown use", "{\"keys\":[" KEY_OF_USE("EC", "sig", "") "]}", 0, 0, 0, 0, 0 },
	{ "unknown kty", "{\"keys\":[" KEY_OF_USE("AKP", "x509-svid", "") "]}", 0, 0, 0, 0,
	    0 },
	{ "no use", "{\"keys\":[{\"kty\":\"EC\"}]}", 0, 0, 0, 0, 0 },
	{ "use is no text", "{\"keys\":[{\"kty\":\"EC\",\"use\":[]}]}", 0, 0, 0, 0, 0 },
};

TEST(spiffe_bundle_reads_what_the_standard_allows)
{
	roots_make();
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct str text = expand(good[i].text);
		struct spiffe_bundle b;
		struct err err = ERR_INIT;

		if (spiffe_bundle_read(&b, SLICE("td"), str_slice(&text),
		    &err) != 0)
			fail_msg("%s: %s", good[i].name, err.text);
		if (b.roots->len != good[i].roots || b.jwt != good[i].jwt ||
		    b.left_out != good[i].left_out ||
		    b.sequence != good[i].sequence ||
		    b.has_sequence != (good[i].sequence > 0) ||
		    b.refresh_s != good[i].refresh_s)
			fail_msg("%s: %zu roots, %zu for tokens, %zu left out",
			    good[i].name, b.roots->len, b.jwt, b.left_out);
		assert_true(slice_is(b.roots->domain, "td"));
		spiffe_bundle_fini(&b);
		str_fini(&text);
	}
	roots_free();
}

static const struct {
	const char *name, *text, *why;
} bad[] = {
	{ "no text", "", "bundle:1:1: " },
	{ "no object", "[]", "expected a JSON object with a list \"keys\"" },
	{ "no keys", "{}", "expected a JSON object with a list \"keys\"" },
	{ "keys twice", "{\"keys\":[],\"keys\":[]}", "bundle:1:" },
	{ "keys are no list", "{\"keys\":{}}", "expected a JSON object with a list" },
	{ "a key is no object", "{\"keys\":[1]}", "keys[0]: expected an object" },
	{ "a member twice", "{\"keys\":[{\"kty\":\"EC\",\"kty\":\"EC\"}]}", "bundle:1:" },
	{ "no certificate", "{\"keys\":[" KEY_OF_USE("EC", "x509-svid", "") "]}",
	    "keys[0].x5c: expected a list of one certificate" },
	{ "two certificates in one", "{\"keys\":[" KEY_OF_USE("EC", "x509-svid",
	    ",\"x5c\":[\"$0\",\"$1\"]") "]}",
	    "keys[0].x5c: expected a list of one certificate" },
	{ "a number", "{\"keys\":[" KEY_OF_USE("EC", "x509-svid", ",\"x5c\":[7]") "]}",
	    "keys[0].x5c: expected a list of one certificate" },
	{ "other base64", "{\"keys\":[" KEY_OF_USE("EC", "x509-svid", ",\"x5c\":[\"-_\"]")
	    "]}", "keys[0].x5c: expected base64 of a certificate" },
	{ "bytes behind", "{\"keys\":[" ROOT("0") "," KEY_OF_USE("EC", "x509-svid",
	    ",\"x5c\":[\"$0AAAA\"]") "]}", "keys[1].x5c: expected base64 of a cert" },
	{ "RSA of no size alone", "{\"keys\":[" ROOT("2") "]}",
	    "none of its 1 authorities can be used: certificate is no root: only keys of RSA" },
	{ "no kid", "{\"keys\":[" KEY_OF_USE("EC", "jwt-svid", "") "]}",
	    "keys[0].kid: expected one" },
	{ "a kid twice", "{\"keys\":[" JWT("a") "," JWT("a") "]}",
	    "keys[1].kid: another key has the same" },
	{ "a negative number", "{\"spiffe_sequence\":-1,\"keys\":[]}",
	    "spiffe_sequence: expected a whole number" },
	{ "a number with a point", "{\"spiffe_refresh_hint\":1.5,\"keys\":[]}",
	    "spiffe_refresh_hint: expected a whole number" },
	{ "a broken PEM", "-----BEGIN CERTIFICATE-----\nA\n", "" },
};

TEST(spiffe_bundle_refuses_the_rest_and_says_why)
{
	roots_make();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str text = expand(bad[i].text);
		struct spiffe_bundle b;
		struct err err = ERR_INIT;

		if (spiffe_bundle_read(&b, SLICE("td"), str_slice(&text),
		    &err) == 0)
			fail_msg("%s was taken", bad[i].name);
		if (!slice_has_prefix(slice_str(err.text),
		    slice_str(bad[i].why)))
			fail_msg("%s: %s", bad[i].name, err.text);
		assert_null(b.roots);
		str_fini(&text);
	}
	roots_free();
}

TEST(spiffe_bundle_is_bounded)
{
	struct str many = { 0 }, large = { 0 };
	struct spiffe_bundle b;
	struct err err = ERR_INIT;

	str_add(&many, "{\"keys\":[{}");
	for (int i = 0; i < SPIFFE_BUNDLE_KEYS; i++)
		str_add(&many, ",{}");
	str_add(&many, "]}");
	assert_int_equal(spiffe_bundle_read(&b, SLICE("td"), str_slice(&many),
	    &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	while (large.len <= SPIFFE_BUNDLE_MAX)
		str_add(&large, "        ");
	assert_int_equal(spiffe_bundle_read(&b, SLICE("td"), str_slice(&large),
	    &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	str_fini(&many);
	str_fini(&large);
}

TEST(spiffe_bundle_reads_what_bundle_jwks_writes_and_pem)
{
	struct err err = ERR_INIT;
	struct str jwks = { 0 }, pem = { 0 };
	struct spiffe_bundle from_jwks, from_pem;
	struct bundle *b = bundle_new(SLICE("td"));

	roots_make();
	assert_int_equal(bundle_add(b, str_slice(&roots[0]), &err), 0);
	bundle_jwks(&jwks, b, 41, 300, SLICE_NONE);
	bundle_pem(&pem, b);
	assert_int_equal(spiffe_bundle_read(&from_jwks, SLICE("td"),
	    str_slice(&jwks), &err), 0);
	assert_int_equal(spiffe_bundle_read(&from_pem, SLICE("td"),
	    str_slice(&pem), &err), 0);
	assert_int_equal(from_jwks.sequence, 41);
	assert_int_equal(from_jwks.refresh_s, 300);
	assert_false(from_pem.has_sequence);
	assert_true(bundle_has(from_jwks.roots, str_slice(&roots[0])));
	assert_true(bundle_has(from_pem.roots, str_slice(&roots[0])));
	spiffe_bundle_fini(&from_jwks);
	spiffe_bundle_fini(&from_pem);
	bundle_unref(b);
	str_fini(&jwks);
	str_fini(&pem);
	roots_free();
}

/* As PyJWT and we read them: a key of use "jwt-svid" would be for nothing. */
TEST(spiffe_bundle_keeps_keys_of_tokens_for_those_who_verify)
{
	struct bundle *b = bundle_new(SLICE("td"));
	struct bundle_set *with = bundle_set_new(), *without = bundle_set_new();
	struct str jwks = { 0 }, key = { 0 };
	struct spiffe_bundle read, bare;
	struct err err = ERR_INIT;
	struct jwk_set set;
	struct arena a = { 0 };
	struct key k;
	char kid[JWT_KID_LEN + 1];

	roots_make();
	key_generate(&k);
	jwt_svid_kid(kid, k.point);
	jwt_svid_add_key(&key, k.point, "jwt-svid");
	assert_int_equal(bundle_add(b, str_slice(&roots[0]), &err), 0);
	bundle_jwks(&jwks, b, 1, 300, str_slice(&key));
	assert_int_equal(spiffe_bundle_read(&read, SLICE("td"),
	    str_slice(&jwks), &err), 0);
	assert_int_equal(read.jwt, 1);
	assert_int_equal(jwk_set_read(&set, &a, read.roots->jwks, &err), 0);
	assert_int_equal(set.len, 1);
	assert_true(slice_is(set.v[0].kid, kid));
	str_clear(&jwks);
	bundle_jwks(&jwks, b, 1, 300, SLICE_NONE);
	assert_int_equal(spiffe_bundle_read(&bare, SLICE("td"),
	    str_slice(&jwks), &err), 0);
	assert_null(bare.roots->jwks.ptr);
	/* Another key is another bundle. */
	assert_int_equal(bundle_set_add(with, read.roots, &err), 0);
	assert_int_equal(bundle_set_add(without, bare.roots, &err), 0);
	assert_false(bundle_set_equal(with, without));
	assert_true(bundle_set_equal(with, with));
	bundle_set_unref(with);
	bundle_set_unref(without);
	spiffe_bundle_fini(&read);
	spiffe_bundle_fini(&bare);
	bundle_unref(b);
	key_fini(&k);
	str_fini(&jwks);
	str_fini(&key);
	arena_fini(&a);
	roots_free();
}

static struct bundle *
bundle_of(const char *domain, size_t root)
{
	struct bundle *b = bundle_new(slice_str(domain));
	struct err err = ERR_INIT;

	if (root < 3)
		assert_int_equal(bundle_add(b, str_slice(&roots[root]), &err),
		    0);
	return b;
}

/* Gives a set of a.example with that root; 3: with none. */
static struct bundle_set *
set_of(size_t root)
{
	struct bundle_set *s = bundle_set_new();
	struct bundle *b = bundle_of("a.example", root);
	struct err err = ERR_INIT;

	assert_int_equal(bundle_set_add(s, b, &err), 0);
	bundle_unref(b);
	return s;
}

TEST(bundle_set_knows_each_domain_once_and_alone)
{
	struct bundle_set *a, *same, *other, *none;
	struct err err = ERR_INIT;
	struct bundle *twin;

	roots_make();
	a = set_of(0);
	same = set_of(0);
	other = set_of(1);
	none = set_of(3);
	assert_non_null(bundle_set_find(a, SLICE("a.example")));
	assert_null(bundle_set_find(a, SLICE("a.exampl")));
	assert_null(bundle_set_find(a, SLICE("b.example")));
	assert_null(bundle_set_find(NULL, SLICE("a.example")));
	assert_int_equal(none->len, 0);
	assert_true(bundle_set_equal(a, same));
	assert_false(bundle_set_equal(a, other));
	assert_false(bundle_set_equal(a, none));
	assert_false(bundle_set_equal(NULL, a));
	assert_true(bundle_set_equal(none, NULL));
	twin = bundle_of("a.example", 1);
	assert_int_equal(bundle_set_add(a, twin, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	bundle_unref(twin);
	bundle_set_unref(bundle_set_ref(a));
	bundle_set_unref(a);
	bundle_set_unref(same);
	bundle_set_unref(other);
	bundle_set_unref(none);
	bundle_set_unref(NULL);
	roots_free();
}

TEST(bundle_set_is_bounded)
{
	struct bundle_set *s = bundle_set_new();
	struct err err = ERR_INIT;
	char domain[20];

	roots_make();
	for (int i = 0; i <= BUNDLE_SET_MAX; i++) {
		snprintf(domain, sizeof(domain), "d%d", i);
		struct bundle *b = bundle_of(domain, 0);

		assert_int_equal(bundle_set_add(s, b, &err),
		    i == BUNDLE_SET_MAX ? -1 : 0);
		bundle_unref(b);
	}
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	bundle_set_unref(s);
	roots_free();
}
