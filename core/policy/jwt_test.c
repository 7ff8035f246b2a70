#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "pki/base64.h"
#include "policy/jwt.h"
#include "policy/jwt_vectors_test.h"
#include "policy/signer_test.h"

#define NOW	INT64_C(1795223561)	/* 2026-11-21 */
#define ISSUER	"https://issuer.example"

struct fixture {
	struct arena   arena;
	struct jwk_set set;
	struct key     key;
};

static void
fixture_init(struct fixture *f)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;

	arena_init(&f->arena);
	key_generate(&f->key);
	signer_add_keys(&text, &f->key, "k");
	assert_int_equal(jwk_set_read(&f->set, &f->arena, str_slice(&text),
	    &err), 0);
	assert_int_equal(f->set.len, 1);
	str_fini(&text);
}

static void
fixture_fini(struct fixture *f)
{
	key_fini(&f->key);
	arena_fini(&f->arena);
}

static enum jwt_fault
judge(struct fixture *f, struct slice text, const char *audience)
{
	const char *const audiences[] = { "other", audience };
	const struct jwt_trust trust = { SLICE(ISSUER), audiences,
		audience == NULL ? 0 : 2, &f->set };
	struct jwt t;
	enum jwt_fault fault = jwt_read(&t, &f->arena, text);

	return fault != JWT_OK ? fault : jwt_verify(&t, &trust, NOW);
}

static void
expect(struct fixture *f, const char *header, const char *claims,
    const char *audience, enum jwt_fault want)
{
	struct str text = { 0 };
	enum jwt_fault got;

	signer_add_part(&text, header);
	str_add_char(&text, '.');
	signer_add_part(&text, claims);
	signer_add_signature(&text, &f->key);
	got = judge(f, str_slice(&text), audience);
	if (got != want)
		fail_msg("%s %s: %s, not %s", header, claims,
		    jwt_fault_name(got), jwt_fault_name(want));
	str_fini(&text);
}

#define HEADER	"{\"alg\":\"ES256\",\"kid\":\"k\"}"
#define ISS	"\"iss\":\"" ISSUER "\""

static const struct {
	const char    *header;
	enum jwt_fault want;
} headers[] = {
	{ HEADER, JWT_OK },
	{ "{\"alg\":\"ES256\"}", JWT_OK },
	{ "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"cty\":\"x\"}", JWT_OK },
	{ " {\"alg\":\"\\u0045S256\"}", JWT_OK },
	{ "{\"alg\":\"none\"}", JWT_ALGORITHM },
	{ "{\"alg\":\"NonE\"}", JWT_ALGORITHM },
	{ "{\"alg\":\"\"}", JWT_ALGORITHM },
	{ "{\"alg\":\"HS256\",\"kid\":\"k\"}", JWT_ALGORITHM },
	{ "{\"alg\":\"es256\"}", JWT_ALGORITHM },
	{ "{\"alg\":\"ES256K\"}", JWT_ALGORITHM },
	{ "{\"alg\":\"EdDSA\"}", JWT_ALGORITHM },
	{ "{\"alg\":\"ES384\",\"kid\":\"k\"}", JWT_KEY },
	{ "{\"alg\":\"RS256\",\"kid\":\"k\"}", JWT_KEY },
	{ "{\"alg\":\"PS256\"}", JWT_KEY },
	{ "{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}", JWT_KEY },
	{ "{\"alg\":\"ES256\",\"kid\":\"k' OR 1=1 --\"}", JWT_KEY },
	{ "{\"alg\":\"ES256\",\"kid\":\"\"}", JWT_KEY },
	{ "{\"alg\":\"ES256\",\"kid\":\"K\"}", JWT_KEY },
	{ "{\"alg\":\"ES256\",\"kid\":\"k\\u0000\"}", JWT_MALFORMED },
	{ "{\"alg\":\"ES256\",\"kid\":7}", JWT_MALFORMED },
	{ "{\"alg\":\"ES256\",\"kid\":null}", JWT_MALFORMED },
	{ "{\"alg\":\"ES256\",\"typ\":[]}", JWT_MALFORMED },
	{ "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", JWT_CRITICAL },
	{ "{\"alg\":\"ES256\",\"crit\":[]}", JWT_CRITICAL },
	{ "{\"alg\":\"ES256\",\"b64\":false}", JWT_CRITICAL },
	{ "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", JWT_MALFORMED },
	{ "{\"alg\":\"none\",\"alg\":\"ES256\"}", JWT_MALFORMED },
	/* The same member, written in two ways. */
	{ "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", JWT_MALFORMED },
	{ "{\"alg\":[\"ES256\"]}", JWT_MALFORMED },
	{ "{\"alg\":null}", JWT_MALFORMED },
	{ "{\"kid\":\"k\"}", JWT_MALFORMED },
	{ "{}", JWT_MALFORMED },
	{ "", JWT_MALFORMED },
	{ "[]", JWT_MALFORMED },
	{ "\"ES256\"", JWT_MALFORMED },
	{ HEADER "x", JWT_MALFORMED },
	{ "\xef\xbb\xbf" HEADER, JWT_MALFORMED },
	{ "{\"alg\":\"ES256\",\"kid\":\"\xff\"}", JWT_MALFORMED },
};

TEST(jwt_headers_are_judged)
{
	struct fixture f;

	fixture_init(&f);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		expect(&f, headers[i].header, "{" ISS "}", NULL, headers[i].want);
	fixture_fini(&f);
}

static const struct {
	const char    *claims, *audience;
	enum jwt_fault want;
} payloads[] = {
	{ "{" ISS "}", NULL, JWT_OK },
	{ "{" ISS ",\"sub\":\"a\",\"more\":{\"a\":[1,null]}}", NULL, JWT_OK },
	{ "{}", NULL, JWT_ISSUER },
	{ "{\"iss\":\"" ISSUER "/\"}", NULL, JWT_ISSUER },
	{ "{\"iss\":\"HTTPS://issuer.example\"}", NULL, JWT_ISSUER },
	{ "{\"iss\":[\"" ISSUER "\"]}", NULL, JWT_MALFORMED },
	{ "{\"iss\":\"x\"," ISS "}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"a\":{\"b\":1,\"\\u0062\":2}}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"sub\":1}", NULL, JWT_MALFORMED },
	{ "[" "]", NULL, JWT_MALFORMED },
	{ "", NULL, JWT_MALFORMED },
	{ "{" ISS "}{}", NULL, JWT_MALFORMED },
	/* The last second of each, and the next. */
	{ "{" ISS ",\"exp\":1795223502}", NULL, JWT_OK },
	{ "{" ISS ",\"exp\":1795223501.5}", NULL, JWT_OK },
	{ "{" ISS ",\"exp\":1795223501}", NULL, JWT_EXPIRED },
	{ "{" ISS ",\"exp\":0}", NULL, JWT_EXPIRED },
	{ "{" ISS ",\"exp\":1e300}", NULL, JWT_OK },
	{ "{" ISS ",\"nbf\":1795223621}", NULL, JWT_OK },
	{ "{" ISS ",\"nbf\":1795223621.5}", NULL, JWT_EARLY },
	{ "{" ISS ",\"nbf\":1795223622}", NULL, JWT_EARLY },
	{ "{" ISS ",\"iat\":1795223621}", NULL, JWT_OK },
	{ "{" ISS ",\"iat\":1795223622}", NULL, JWT_EARLY },
	{ "{" ISS ",\"iat\":0}", NULL, JWT_OK },
	{ "{" ISS ",\"exp\":\"1895223502\"}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"exp\":null}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"exp\":true}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"exp\":[1895223502]}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"exp\":-1}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"nbf\":\"0\"}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"iat\":{}}", NULL, JWT_MALFORMED },
	{ "{" ISS ",\"aud\":\"web\"}", "web", JWT_OK },
	{ "{" ISS ",\"aud\":[\"x\",\"web\"]}", "web", JWT_OK },
	{ "{" ISS ",\"aud\":\"web\"}", NULL, JWT_OK },
	{ "{" ISS ",\"aud\":\"other\"}", "web", JWT_OK },
	{ "{" ISS "}", "web", JWT_AUDIENCE },
	{ "{" ISS ",\"aud\":[]}", "web", JWT_AUDIENCE },
	{ "{" ISS ",\"aud\":\"\"}", "web", JWT_AUDIENCE },
	{ "{" ISS ",\"aud\":\"web2\"}", "web", JWT_AUDIENCE },
	{ "{" ISS ",\"aud\":\"we\"}", "web", JWT_AUDIENCE },
	{ "{" ISS ",\"aud\":\"Web\"}", "web", JWT_AUDIENCE },
	{ "{" ISS ",\"aud\":[\"web\",1]}", "web", JWT_MALFORMED },
	{ "{" ISS ",\"aud\":{\"web\":1}}", "web", JWT_MALFORMED },
	{ "{" ISS ",\"aud\":null}", NULL, JWT_MALFORMED },
};

TEST(jwt_claims_are_judged)
{
	struct fixture f;

	fixture_init(&f);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
		expect(&f, HEADER, payloads[i].claims, payloads[i].audience,
		    payloads[i].want);
	fixture_fini(&f);
}

/* With its own key it would be good; that key is nobody's here. */
/* A signature costs up to 3 ms, and a set may have 100 keys. */
TEST(jwt_a_token_that_names_no_key_is_tried_with_a_few)
{
	static const struct {
		size_t         at;	/* of its key, among the others */
		const char    *header;
		const char    *kid;	/* of its key; the others have none */
		enum jwt_fault want;
	} cases[] = {
		{ JWT_TRIES - 1, "{\"alg\":\"ES256\"}", NULL, JWT_OK },
		{ JWT_TRIES, "{\"alg\":\"ES256\"}", NULL, JWT_KEYS },
		{ JWT_TRIES, HEADER, NULL, JWT_KEYS },
		/* By its name it is found among any number. */
		{ JWT_TRIES + 3, HEADER, "k", JWT_OK },
		{ JWT_TRIES + 3, "{\"alg\":\"ES256\"}", "k", JWT_KEYS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jwk keys[JWT_TRIES + 4];
		struct fixture f, other;

		fixture_init(&f);
		fixture_init(&other);
		for (size_t k = 0; k < JWT_TRIES + 4; k++) {
			keys[k] = (k == cases[i].at ? &f : &other)->set.v[0];
			keys[k].kid = k != cases[i].at || cases[i].kid == NULL ?
			    SLICE_NONE : slice_str(cases[i].kid);
		}
		f.set.v = keys;
		f.set.len = JWT_TRIES + 4;
		expect(&f, cases[i].header, "{" ISS "}", NULL, cases[i].want);
		fixture_fini(&other);
		fixture_fini(&f);
	}
}

TEST(jwt_a_key_in_the_token_means_nothing)
{
	static const char *const members[] = { "jwk", "jku", "x5u", "x5c" };
	struct fixture f, stranger;
	struct str header = { 0 }, text = { 0 };

	fixture_init(&f);
	fixture_init(&stranger);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		str_clear(&header);
		str_clear(&text);
		str_addf(&header, "{\"alg\":\"ES256\",\"%s\":{\"kty\":\"EC\",\"crv\":"
		    "\"P-256\",\"x\":\"", members[i]);
		base64_add(&header, BASE64_URL,
		    slice_of(stranger.key.point + 1, 32));
		str_add(&header, "\",\"y\":\"");
		base64_add(&header, BASE64_URL,
		    slice_of(stranger.key.point + 33, 32));
		str_add(&header, "\"}}");
		signer_add_part(&text, str_ptr(&header));
		str_add_char(&text, '.');
		signer_add_part(&text, "{" ISS "}");
		signer_add_signature(&text, &stranger.key);
		assert_int_equal(judge(&stranger, str_slice(&text), NULL),
		    JWT_OK);
		assert_int_equal(judge(&f, str_slice(&text), NULL),
		    JWT_SIGNATURE);
	}
	str_fini(&header);
	str_fini(&text);
	fixture_fini(&f);
	fixture_fini(&stranger);
}

static void
read_vectors(struct fixture *f)
{
	struct err err = ERR_INIT;

	arena_init(&f->arena);
	assert_int_equal(jwk_set_read(&f->set, &f->arena, slice_str(jwt_keys),
	    &err), 0);
}

TEST(jwt_tokens_of_others_are_good_and_no_part_of_them_is)
{
	struct fixture f;

	read_vectors(&f);
	for (size_t i = 0; i < sizeof(jwt_tokens) / sizeof(jwt_tokens[0]); i++) {
		struct slice whole = slice_str(jwt_tokens[i]);

		if (judge(&f, whole, "web") != JWT_OK)
			fail_msg("token %zu", i);
		for (size_t n = 0; n < whole.len; n++)
			assert_int_not_equal(judge(&f, slice_of(whole.ptr, n),
			    "web"), JWT_OK);
		arena_fini(&f.arena);
		read_vectors(&f);
	}
	arena_fini(&f.arena);
}

TEST(jwt_a_token_has_one_text)
{
	static const char *const behind[] = { ".", "=", "==", "A", "AA", "AAAA",
		" ", "\n", ".x", "." "e30", "!", "+" };
	static const char *const before[] = { ".", " ", "A", "AAAA", "=", "e30." };
	struct fixture f;
	struct str text = { 0 };

	read_vectors(&f);
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		str_clear(&text);
		str_addf(&text, "%s%s", jwt_tokens[0], behind[i]);
		assert_int_not_equal(judge(&f, str_slice(&text), NULL), JWT_OK);
	}
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		str_clear(&text);
		str_addf(&text, "%s%s", before[i], jwt_tokens[0]);
		assert_int_not_equal(judge(&f, str_slice(&text), NULL), JWT_OK);
	}
	/* Padding, and nothing, where the parts meet. */
	for (const char *dot = strchr(jwt_tokens[0], '.'); dot != NULL;
	    dot = strchr(dot + 1, '.')) {
		str_clear(&text);
		str_addf(&text, "%.*s=%s", (int)(dot - jwt_tokens[0]),
		    jwt_tokens[0], dot);
		assert_int_equal(judge(&f, str_slice(&text), NULL),
		    JWT_MALFORMED);
		str_clear(&text);
		str_addf(&text, "%.*s.%s", (int)(dot - jwt_tokens[0]),
		    jwt_tokens[0], dot);
		assert_int_equal(judge(&f, str_slice(&text), NULL),
		    JWT_MALFORMED);
	}
	str_fini(&text);
	arena_fini(&f.arena);
}

TEST(jwt_a_token_has_bounds)
{
	struct fixture f;
	struct str claims = { 0 }, header = { 0 };

	fixture_init(&f);
	str_add(&claims, "{" ISS ",\"a\":\"");
	while (claims.len < 12000)
		str_add_char(&claims, 'a');
	str_add(&claims, "\"}");
	expect(&f, HEADER, str_ptr(&claims), NULL, JWT_OK);
	claims.len -= 2;
	while (claims.len < 12400)
		str_add_char(&claims, 'a');
	str_add(&claims, "\"}");
	expect(&f, HEADER, str_ptr(&claims), NULL, JWT_TOO_LARGE);
	str_add(&header, "{\"alg\":\"ES256\",\"a\":\"");
	while (header.len < 3000)
		str_add_char(&header, 'a');
	str_add(&header, "\"}");
	expect(&f, str_ptr(&header), "{" ISS "}", NULL, JWT_OK);
	header.len -= 2;
	while (header.len < 3100)
		str_add_char(&header, 'a');
	str_add(&header, "\"}");
	expect(&f, str_ptr(&header), "{" ISS "}", NULL, JWT_TOO_LARGE);
	str_clear(&claims);
	str_add(&claims, "{" ISS ",\"a\":");
	for (int i = 0; i < 1000; i++)
		str_add_char(&claims, '[');
	for (int i = 0; i < 1000; i++)
		str_add_char(&claims, ']');
	str_add(&claims, "}");
	expect(&f, HEADER, str_ptr(&claims), NULL, JWT_MALFORMED);
	str_fini(&claims);
	str_fini(&header);
	fixture_fini(&f);
}

TEST(jwt_what_it_says_is_given)
{
	struct fixture f;
	struct jwt t;

	read_vectors(&f);
	assert_int_equal(jwt_read(&t, &f.arena, slice_str(jwt_tokens[3])),
	    JWT_OK);
	assert_string_equal(jws_alg_name(t.alg), "PS256");
	assert_true(slice_is(t.kid, "r2048"));
	assert_true(slice_is(t.issuer, ISSUER));
	assert_true(slice_is(t.subject, "alice"));
	assert_string_equal(conf_string(conf_find(t.claims, "realm.role")), "a");
	for (int i = 0; i < JWT_FAULTS; i++) {
		assert_non_null(jwt_fault_name((enum jwt_fault)i));
		assert_non_null(jwt_fault_text((enum jwt_fault)i));
	}
	arena_fini(&f.arena);
}

TEST(jwt_claims_are_judged_without_a_signature)
{
	static const struct {
		const char    *claims;
		enum jwt_fault want;
	} cases[] = {
		{ "{" ISS ",\"aud\":\"a\",\"exp\":1795223562}", JWT_OK },
		{ "{" ISS ",\"aud\":[\"b\",\"a\"]}", JWT_OK },
		{ "{" ISS ",\"aud\":\"b\"}", JWT_AUDIENCE },
		{ "{" ISS "}", JWT_AUDIENCE },
		{ "{\"iss\":\"https://evil.example\",\"aud\":\"a\"}", JWT_ISSUER },
		{ "{\"aud\":\"a\"}", JWT_ISSUER },
		{ "{" ISS ",\"aud\":\"a\",\"exp\":1795223500}", JWT_EXPIRED },
		{ "{" ISS ",\"aud\":\"a\",\"nbf\":1795223700}", JWT_EARLY },
		{ "{" ISS ",\"aud\":1}", JWT_MALFORMED },
		{ "{\"iss\":7,\"aud\":\"a\"}", JWT_MALFORMED },
		{ "{" ISS ",\"aud\":\"a\",\"exp\":\"soon\"}", JWT_MALFORMED },
	};
	const char *const audiences[] = { "a" };
	const struct jwt_trust trust = { SLICE(ISSUER), audiences, 1, NULL };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct jwt t;
		enum jwt_fault got = !jwt_of_claims(&t, conf_json_read(&a,
		    slice_str(cases[i].claims), "claims", &err)) ?
		    JWT_MALFORMED : jwt_verify_claims(&t, &trust, NOW);

		if (got != cases[i].want)
			fail_msg("%s: %s", cases[i].claims, jwt_fault_name(got));
		arena_fini(&a);
	}
}
