#include "base/unit.h"
#include "pki/jwk.h"
#include "pki/jws_vectors_test.h"

/* The base point of P-256, as a key. */
#define X	"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY"
#define Y	"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
#define EC	"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\""
#define EC_XY(x, y) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" x "\",\"y\":\"" y "\"}"
/* 43 letters are 32 bytes and 2 bits; this many are 256 bytes. */
#define A32	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A320	A32 A32 A32 A32 A32 A32 A32 A32 A32 A32
#define N(first, last)	first A320 "AAAAAAAAAAAAAAAAAA" last
#define RSA(n, e) "{\"kty\":\"RSA\",\"n\":\"" n "\",\"e\":\"" e "\"}"
#define N2048	N("gA", "AQ")

static const struct {
	const char *name, *key;
	int         is_ours;
} cases[] = {
	{ "EC", "{" EC "}", 1 },
	{ "use", "{\"use\":\"sig\"," EC "}", 1 },
	{ "ops", "{\"key_ops\":[\"sign\",\"verify\"]," EC "}", 1 },
	{ "alg", "{\"alg\":\"ES256\"," EC "}", 1 },
	{ "certificates mean nothing", "{\"x5c\":[7],\"x5u\":\"x\"," EC "}", 1 },
	{ "to encrypt", "{\"use\":\"enc\"," EC "}", 0 },
	{ "use is no text", "{\"use\":[\"sig\"]," EC "}", 0 },
	{ "ops without verify", "{\"key_ops\":[\"encrypt\"]," EC "}", 0 },
	{ "ops is no list", "{\"key_ops\":\"verify\"," EC "}", 0 },
	{ "alg of another curve", "{\"alg\":\"ES384\"," EC "}", 0 },
	{ "alg of another kind", "{\"alg\":\"RS256\"," EC "}", 0 },
	{ "alg with a secret", "{\"alg\":\"HS256\"," EC "}", 0 },
	{ "alg is none", "{\"alg\":\"none\"," EC "}", 0 },
	{ "kid is no text", "{\"kid\":1," EC "}", 0 },
	{ "no kty", "{\"crv\":\"P-256\"}", 0 },
	{ "unknown kty", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"}", 0 },
	{ "a shared secret", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", 0 },
	{ "unknown curve", "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" X "\",\"y\":\"" Y
	    "\"}", 0 },
	{ "no y", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}", 0 },
	{ "padding", EC_XY(X "=", Y), 0 },
	{ "bits left over", EC_XY("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZ", Y), 0 },
	{ "white space", EC_XY(" " X, Y), 0 },
	{ "the other alphabet", EC_XY(X, "T+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU"), 0 },
	{ "not on the curve", EC_XY(Y, X), 0 },
	{ "infinity", EC_XY("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 0 },
	{ "a byte too much", EC_XY("AGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW", Y), 0 },
	{ "RSA", RSA(N2048, "AQAB"), 1 },
	{ "RSA, e is 3", RSA(N2048, "Aw"), 1 },
	{ "RSA of 2047 bits", RSA(N("QA", "AQ"), "AQAB"), 0 },
	{ "RSA with zeros in front", RSA(N("AA", "AQ"), "AQAB"), 0 },
	{ "RSA, even", RSA(N("gA", "Ag"), "AQAB"), 0 },
	{ "RSA of 40 bits", RSA("gAAAAAE", "AQAB"), 0 },
	{ "RSA of 4104 bits", RSA("gAAA" A320 A320 A32 "AAAAAAAB", "AQAB"), 0 },
	{ "RSA, e is 1", RSA(N2048, "AQ"), 0 },
	{ "RSA, e is even", RSA(N2048, "BA"), 0 },
	{ "RSA, e is empty", RSA(N2048, ""), 0 },
	{ "RSA, e is long", RSA(N2048, "gAAAAAE"), 0 },
	{ "RSA, e with a zero in front", RSA(N2048, "AAEAAQ"), 0 },
	{ "RSA without n", "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", 0 },
	{ "n is a number", "{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"}", 0 },
};

static int
read_set(struct jwk_set *set, struct arena *a, const char *text,
    struct err *err)
{
	*err = ERR_INIT;
	arena_init(a);
	return jwk_set_read(set, a, slice_str(text), err);
}

TEST(jwk_keys_that_are_none_of_ours_are_left_out)
{
	struct jwk_set set;
	struct arena a, text;
	struct err err;

	arena_init(&text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Between two others, which they must not spoil. */
		const char *all = arena_printf(&text, "{\"keys\":[{" EC
		    ",\"kid\":\"a\"},%s,{" EC ",\"kid\":\"b\"}],\"more\":1}",
		    cases[i].key);

		if (read_set(&set, &a, all, &err) != 0)
			fail_msg("%s: %s", cases[i].name, err.text);
		if (set.len != 2 + (size_t)cases[i].is_ours ||
		    set.left_out != (size_t)!cases[i].is_ours)
			fail_msg("%s", cases[i].name);
		assert_true(slice_is(set.v[0].kid, "a"));
		assert_true(slice_is(set.v[set.len - 1].kid, "b"));
		arena_fini(&a);
	}
	arena_fini(&text);
}

TEST(jwk_a_set_that_is_none_is_refused)
{
	static const char *const texts[] = { "", "{", "[]", "\"keys\"", "{}",
		"{\"keys\":{}}", "{\"keys\":[1]}", "{\"keys\":[[]]}",
		"{\"keys\":[],\"keys\":[]}", "{\"keys\":[]} x",
		"{\"keys\":[{" EC ",\"kid\":\"a\",\"kid\":\"b\"}]}",
		"{\"keys\":[{\"kid\":\"\\ud800\"}]}" };
	struct jwk_set set;
	struct arena a;
	struct err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (read_set(&set, &a, texts[i], &err) == 0)
			fail_msg("%s", texts[i]);
		assert_int_equal(err.kind, ERR_DATA);
		arena_fini(&a);
	}
	assert_int_equal(read_set(&set, &a, "{\"keys\":[]}", &err), 0);
	assert_int_equal(set.len + set.left_out, 0);
	arena_fini(&a);
}

TEST(jwk_a_set_has_bounds)
{
	struct jwk_set set;
	struct arena a;
	struct err err;
	struct str text = { 0 };

	str_add(&text, "{\"keys\":[{}");
	for (int i = 1; i < JWK_SET_MAX; i++)
		str_add(&text, ",{}");
	str_add(&text, "]}");
	assert_int_equal(read_set(&set, &a, str_ptr(&text), &err), 0);
	assert_int_equal(set.left_out, JWK_SET_MAX);
	arena_fini(&a);
	text.len -= 2;
	str_add(&text, ",{}]}");
	assert_int_equal(read_set(&set, &a, str_ptr(&text), &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	arena_fini(&a);
	while (text.len <= JWK_TEXT_MAX)
		str_add_char(&text, ' ');
	assert_int_equal(read_set(&set, &a, str_ptr(&text), &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	arena_fini(&a);
	str_fini(&text);
}

TEST(jwk_a_secret_is_seen)
{
	static const struct {
		const char *key;
		bool        is_secret;
	} keys[] = {
		{ "{" EC "}", false }, { "{" EC ",\"d\":\"AA\"}", true },
		{ "{\"kty\":\"oct\",\"k\":\"AA\"}", true },
	};
	struct jwk_set set;
	struct arena a, text;
	struct err err;

	arena_init(&text);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_equal(read_set(&set, &a, arena_printf(&text,
		    "{\"keys\":[%s]}", keys[i].key), &err), 0);
		assert_int_equal(set.has_secret, keys[i].is_secret);
		arena_fini(&a);
	}
	arena_fini(&text);
}

TEST(jwk_kid_and_algorithm_choose)
{
	const struct jws_alg *rs = jws_alg_named(SLICE("RS256")),
	    *ps = jws_alg_named(SLICE("PS256")),
	    *es = jws_alg_named(SLICE("ES256"));
	struct jwk_set set;
	struct arena a;
	struct err err;

	assert_int_equal(read_set(&set, &a, "{\"keys\":[{" EC "},{" EC
	    ",\"kid\":\"b\"},{\"kty\":\"RSA\",\"n\":\"" N2048 "\",\"e\":\"AQAB\","
	    "\"alg\":\"PS256\",\"kid\":\"../../etc/passwd\"}]}", &err), 0);
	assert_int_equal(set.len, 3);
	assert_true(jwk_may_be(&set.v[0], es, SLICE("any")));
	assert_true(jwk_may_be(&set.v[1], es, SLICE("b")));
	assert_true(jwk_may_be(&set.v[1], es, SLICE_NONE));
	assert_false(jwk_may_be(&set.v[1], es, SLICE("any")));
	assert_false(jwk_may_be(&set.v[1], es, SLICE("")));
	assert_false(jwk_may_be(&set.v[1], rs, SLICE("b")));
	assert_false(jwk_may_be(&set.v[2], rs, SLICE_NONE));
	assert_true(jwk_may_be(&set.v[2], ps, SLICE("../../etc/passwd")));
	assert_false(jwk_may_be(&set.v[2], es, SLICE_NONE));
	arena_fini(&a);
}
