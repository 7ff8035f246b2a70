#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "policy/authn.h"
#include "policy/authz_test.h"
#include "policy/signer_test.h"
#include "policy/token_cache.h"

#define NOW	INT64_C(1795223561)	/* 2026-11-21 */

/* Two issuers, and documents in which @A@ and @B@ stand for their keys. */
struct world {
	struct key  a, b;
	struct str  a_keys, b_keys;
	struct str  token;
};

static void
world_init(struct world *w)
{
	*w = (struct world){ .token = { 0 } };
	key_generate(&w->a);
	key_generate(&w->b);
	signer_add_keys(&w->a_keys, &w->a, "a");
	signer_add_keys(&w->b_keys, &w->b, "b");
}

static void
world_fini(struct world *w)
{
	key_fini(&w->a);
	key_fini(&w->b);
	str_fini(&w->a_keys);
	str_fini(&w->b_keys);
	str_fini(&w->token);
}

static void
add_filled(struct str *out, const struct world *w, const char *text)
{
	for (; *text != '\0'; text++)
		if (strncmp(text, "@A@", 3) == 0 ||
		    strncmp(text, "@B@", 3) == 0) {
			str_addf(out, "'%s'", str_ptr(text[1] == 'A' ?
			    &w->a_keys : &w->b_keys));
			text += 2;
		} else {
			str_add_char(out, *text);
		}
}

static struct authn *
rules_of(const struct world *w, const char *jwt_rules)
{
	struct str text = { 0 };

	str_add(&text, "apiVersion: security.istio.io/v1\n"
	    "kind: RequestAuthentication\nmetadata: {name: p}\n"
	    "spec: {jwtRules: ");
	add_filled(&text, w, jwt_rules);
	str_add_char(&text, '}');
	struct model_object *o = object_from(str_ptr(&text));
	struct authn *z = authn_new(&o, 1, NULL);

	assert_true(authn_is_of(z, &o, 1, NULL));
	assert_false(authn_is_of(z, &o, 0, NULL));
	model_object_unref(o);
	str_fini(&text);
	return z;
}

/* Until the next call.  who: 'a' or 'b'. */
static struct slice
token(struct world *w, char who, const char *claims)
{
	str_clear(&w->token);
	signer_add_token(&w->token, who == 'a' ? &w->a : &w->b,
	    who == 'a' ? "a" : "b", claims);
	return str_slice(&w->token);
}

static struct authn_verdict
judge(const struct authn *z, struct slice text, uint64_t rules)
{
	const struct authn_found found = { text, rules };
	struct authn_verdict v;

	authn_judge(z, &found, 1, NOW, &v);
	return v;
}

TEST(authn_takes_the_tokens_of_its_issuers)
{
	static const struct {
		char           who;
		const char    *claims;
		enum jwt_fault fault;
		size_t         rule;
		const char    *principal;
	} v[] = {
		{ 'a', "{\"iss\":\"A\",\"sub\":\"ann\"}", JWT_OK, 0, "A/ann" },
		{ 'b', "{\"iss\":\"B\",\"sub\":\"bob\",\"aud\":\"x\"}", JWT_OK,
		    1, "B/bob" },
		{ 'a', "{\"iss\":\"A\"}", JWT_OK, 0, NULL },
		{ 'b', "{\"iss\":\"B\",\"aud\":\"y\"}", JWT_AUDIENCE, 1, NULL },
		{ 'b', "{\"iss\":\"B\"}", JWT_AUDIENCE, 1, NULL },
		{ 'a', "{\"iss\":\"C\"}", JWT_ISSUER, 0, NULL },
		{ 'a', "{\"iss\":\"B\",\"aud\":\"x\"}", JWT_KEY, 1, NULL },
		{ 'a', "{\"iss\":\"A\",\"exp\":1}", JWT_EXPIRED, 0, NULL },
		{ 'a', "{\"sub\":\"ann\"}", JWT_ISSUER, 0, NULL },
	};
	struct world w;

	world_init(&w);
	struct authn *z = rules_of(&w, "[{issuer: A, jwks: @A@}, "
	    "{issuer: B, jwks: @B@, audiences: [x]}]");

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct authn_verdict got = judge(z, token(&w, v[i].who,
		    v[i].claims), 3);

		if (got.fault != v[i].fault || got.rule != v[i].rule ||
		    (got.proof != NULL) != (v[i].fault == JWT_OK))
			fail_msg("%s: %s at %zu", v[i].claims,
			    jwt_fault_name(got.fault), got.rule);
		if (v[i].principal != NULL)
			assert_true(slice_is(got.proof->token.principal,
			    v[i].principal));
		else if (got.proof != NULL)
			assert_null(got.proof->token.principal.ptr);
		authn_proof_unref(got.proof);
	}
	assert_int_equal(judge(z, SLICE("a.b"), 3).fault, JWT_MALFORMED);
	authn_unref(z);
	world_fini(&w);
}

/* Wherever one was found that is not good, its rule takes none. */
TEST(authn_verifies_once_what_rules_with_the_same_keys_look_at)
{
	static const struct {
		const char *claims;
		size_t      signatures, rule;
	} cases[] = {
		{ "{\"iss\":\"A\",\"aud\":\"p\"}", 1, 0 },
		{ "{\"iss\":\"A\",\"aud\":\"q\"}", 1, 1 },
		{ "{\"iss\":\"A\",\"aud\":\"r\"}", 2, 2 },
		{ "{\"iss\":\"C\"}", 0, 0 },
	};
	struct world w;

	world_init(&w);
	struct authn *z = rules_of(&w,
	    "[{issuer: A, jwks: @A@, audiences: [p]},"
	    " {issuer: A, jwks: @A@, audiences: [q]},"
	    " {issuer: A, jwks: @B@}]");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct authn_verdict v = judge(z, token(&w, 'a',
		    cases[i].claims), 7);

		assert_int_equal(v.signatures, cases[i].signatures);
		assert_int_equal(v.proof != NULL, i < 2);
		if (v.proof != NULL)
			assert_int_equal(v.rule, cases[i].rule);
		authn_proof_unref(v.proof);
	}
	authn_unref(z);
	world_fini(&w);
}

TEST(authn_of_several_tokens_wants_all_of_one_rule)
{
	struct world w;
	char good[512], other[512], bad[512], of_b[512];
	struct authn_verdict v;

	world_init(&w);
	struct authn *z = rules_of(&w, "[{issuer: A, jwks: @A@}, "
	    "{issuer: B, jwks: @B@, fromHeaders: [{name: x-b}]}]");

	snprintf(good, sizeof(good), "%s", token(&w, 'a',
	    "{\"iss\":\"A\",\"sub\":\"1\",\"exp\":1795223600}").ptr);
	snprintf(other, sizeof(other), "%s", token(&w, 'a',
	    "{\"iss\":\"A\",\"sub\":\"2\",\"exp\":1795223580}").ptr);
	snprintf(bad, sizeof(bad), "%s", token(&w, 'b',
	    "{\"iss\":\"A\",\"sub\":\"3\",\"exp\":1795223590}").ptr);
	snprintf(of_b, sizeof(of_b), "%s", token(&w, 'b',
	    "{\"iss\":\"B\",\"sub\":\"4\"}").ptr);
	const struct authn_found two[] = { { slice_str(good), 1 },
	    { slice_str(other), 1 } };
	const struct authn_found mixed[] = { { slice_str(good), 1 },
	    { slice_str(bad), 1 } };
	const struct authn_found saved[] = { { slice_str(bad), 1 },
	    { slice_str(of_b), 2 } };

	authn_judge(z, two, 2, NOW, &v);
	assert_non_null(v.proof);
	assert_true(slice_is(v.proof->token.principal, "A/1"));
	assert_int_equal(v.proof->until_s, 1795223580);
	authn_proof_unref(v.proof);
	authn_judge(z, mixed, 2, NOW, &v);
	assert_null(v.proof);
	assert_int_equal(v.fault, JWT_KEY);
	authn_judge(z, saved, 2, NOW, &v);
	assert_non_null(v.proof);
	assert_true(slice_is(v.proof->token.principal, "B/4"));
	assert_int_equal(v.proof->until_s, INT64_MAX);
	assert_int_equal(v.rule, 1);
	assert_int_equal(v.proof->takers, 2);
	authn_proof_unref(v.proof);
	authn_unref(z);
	world_fini(&w);
}

/* The others are asked about what the first that takes it does not look at. */
TEST(authn_knows_which_other_rules_take_what_they_look_at)
{
	struct world w;
	char of_a[512], of_b[512];
	struct authn_verdict v;

	world_init(&w);
	struct authn *z = rules_of(&w, "[{issuer: A, jwks: @A@}, "
	    "{issuer: B, jwks: @B@, fromHeaders: [{name: x-b}]}]");

	snprintf(of_a, sizeof(of_a), "%s", token(&w, 'a',
	    "{\"iss\":\"A\",\"sub\":\"1\"}").ptr);
	snprintf(of_b, sizeof(of_b), "%s", token(&w, 'b',
	    "{\"iss\":\"B\",\"sub\":\"2\",\"exp\":1795223600}").ptr);
	const struct authn_found both[] = { { slice_str(of_b), 2 },
	    { slice_str(of_a), 1 } };
	const struct authn_found half[] = { { slice_str(of_a), 1 },
	    { slice_str(of_a), 2 } };

	authn_judge(z, both, 2, NOW, &v);
	assert_non_null(v.proof);
	assert_true(slice_is(v.proof->token.principal, "A/1"));
	assert_int_equal(v.proof->takers, 3);
	assert_int_equal(v.proof->until_s, 1795223600);
	assert_int_equal(v.signatures, 2);
	authn_proof_unref(v.proof);
	authn_judge(z, half, 2, NOW, &v);
	assert_non_null(v.proof);
	assert_int_equal(v.proof->takers, 1);
	assert_int_equal(v.proof->until_s, INT64_MAX);
	authn_proof_unref(v.proof);
	authn_unref(z);
	world_fini(&w);
}

static struct issuer_keys *
keys_from(void *arg, const struct model_jwt_rule *r, struct slice *source)
{
	assert_string_equal(r->jwks_uri, "https://a.example/keys");
	*source = SLICE("here");
	return issuer_keys_ref(arg);
}

TEST(authn_knows_where_keys_come_from_and_that_others_came)
{
	struct world w;
	struct err err = ERR_INIT;

	world_init(&w);
	struct issuer_keys *keys = issuer_keys_new(str_slice(&w.a_keys), &err);
	struct issuer_keys *others = issuer_keys_new(str_slice(&w.b_keys),
	    &err);
	const struct authn_sources from = { keys_from, keys },
	    now = { keys_from, others };
	struct model_object *o = object_from("apiVersion: "
	    "security.istio.io/v1\nkind: RequestAuthentication\n"
	    "metadata: {name: p}\nspec: {jwtRules: [{issuer: A, jwksUri: "
	    "'https://a.example/keys', timeout: 2s}]}");
	struct authn *z = authn_new(&o, 1, &from);

	assert_true(slice_is(z->rules[0].source, "here"));
	assert_int_equal(z->rules[0].timeout_ms, 2000);
	assert_true(authn_is_of(z, &o, 1, &from));
	assert_false(authn_is_of(z, &o, 1, &now));
	struct authn_verdict v = judge(z, token(&w, 'a', "{\"iss\":\"A\"}"),
	    1);

	assert_int_equal(v.fault, JWT_OK);
	authn_proof_unref(v.proof);
	authn_unref(z);
	model_object_unref(o);
	issuer_keys_unref(keys);
	issuer_keys_unref(others);
	world_fini(&w);
}

TEST(issuer_keys_are_asked_for_once_and_not_at_once_again)
{
	struct issuer_keys *k = issuer_keys_none();

	assert_int_equal(issuer_keys_ask(k, 5), ISSUER_KEYS_ASK);
	assert_int_equal(issuer_keys_ask(k, 6), ISSUER_KEYS_WAIT);
	issuer_keys_answered(k, 7);
	assert_int_equal(issuer_keys_ask(k, 7), ISSUER_KEYS_FINAL);
	assert_int_equal(issuer_keys_ask(k, 6 + ISSUER_KEYS_PAUSE_MS),
	    ISSUER_KEYS_FINAL);
	assert_int_equal(issuer_keys_ask(k, 7 + ISSUER_KEYS_PAUSE_MS),
	    ISSUER_KEYS_ASK);
	issuer_keys_asked(k);
	assert_int_equal(issuer_keys_ask(k, 9), ISSUER_KEYS_WAIT);
	issuer_keys_unref(k);
}

TEST(authn_of_a_rule_without_keys_takes_nothing)
{
	struct world w;

	world_init(&w);
	struct authn *z = rules_of(&w, "[{issuer: A, jwksUri: "
	    "'https://a.example/keys'}]");
	struct authn_verdict v = judge(z, token(&w, 'a',
	    "{\"iss\":\"A\",\"sub\":\"1\"}"), 1);

	assert_null(v.proof);
	assert_int_equal(v.fault, JWT_KEY);
	authn_unref(z);
	world_fini(&w);
}

TEST(authn_makes_lists_of_claims_with_spaces)
{
	struct world w;
	struct str text = { 0 };

	world_init(&w);
	struct authn *z = rules_of(&w, "[{issuer: A, jwks: @A@, "
	    "spaceDelimitedClaims: [roles, none]}]");
	struct authn_verdict v = judge(z, token(&w, 'a', "{\"iss\":\"A\","
	    "\"scope\":\"read  write\",\"roles\":\"x\",\"other\":\"a b\","
	    "\"permission\":[\"c d\"]}"), 1);

	assert_non_null(v.proof);
	conf_json_write(&text, v.proof->token.claims);
	assert_string_equal(str_ptr(&text), "{\"iss\":\"A\",\"scope\":[\"read\","
	    "\"write\"],\"roles\":[\"x\"],\"other\":\"a b\","
	    "\"permission\":[\"c d\"]}");
	/* The application gets them as they were. */
	assert_string_equal(conf_get_string(v.proof->claims, "scope"),
	    "read  write");
	str_fini(&text);
	authn_proof_unref(v.proof);
	authn_unref(z);
	world_fini(&w);
}

TEST(authn_looks_in_the_same_place_once)
{
	struct world w;

	world_init(&w);
	struct authn *z = rules_of(&w, "[{issuer: A, jwks: @A@}, "
	    "{issuer: B, jwks: @B@}, {issuer: C, jwks: @A@, fromHeaders: "
	    "[{name: X-C, prefix: 't '}], fromCookies: [c]}]");

	assert_int_equal(z->places_len, 4);
	assert_true(slice_is(z->places[0].name, "authorization"));
	assert_true(z->places[0].any_case);
	assert_int_equal(z->places[0].rules, 3);
	assert_int_equal(z->places[1].where, AUTHN_PARAM);
	assert_int_equal(z->places[1].rules, 3);
	assert_true(slice_is(z->places[2].name, "x-c"));
	assert_false(z->places[2].any_case);
	assert_int_equal(z->places[3].where, AUTHN_COOKIE);
	assert_int_equal(z->places[3].rules, 4);
	authn_unref(z);
	world_fini(&w);
}

/* --- what was verified before ----------------------------------------------------- */

TEST(token_cache_knows_a_token_by_its_rules_keys_and_places)
{
	struct world w;
	uint8_t key[5][HASH_LEN];

	world_init(&w);
	struct token_cache *c = token_cache_new(4, 1 << 20);
	struct authn *z = rules_of(&w, "[{issuer: A, jwks: @A@}]");
	struct authn *other = rules_of(&w, "[{issuer: A, jwks: @B@}]");
	struct slice text = token(&w, 'a', "{\"iss\":\"A\"}");
	const struct authn_found found[] = { { text, 1 }, { text, 2 },
	    { slice_of(text.ptr, text.len - 1), 1 } };
	struct authn_verdict v = judge(z, text, 1);

	token_cache_key(c, z, &found[0], 1, key[0]);
	token_cache_key(c, other, &found[0], 1, key[1]);
	token_cache_key(c, z, &found[1], 1, key[2]);
	token_cache_key(c, z, &found[2], 1, key[3]);
	token_cache_key(c, z, found, 2, key[4]);
	token_cache_put(c, key[0], v.proof);
	for (size_t i = 1; i < 5; i++)
		assert_null(token_cache_get(c, key[i], NOW));
	struct authn_proof *p = token_cache_get(c, key[0], NOW);

	assert_ptr_equal(p, v.proof);
	authn_proof_unref(p);
	authn_proof_unref(v.proof);
	token_cache_free(c);
	authn_unref(z);
	authn_unref(other);
	world_fini(&w);
}

TEST(token_cache_is_bounded_and_forgets_what_expires)
{
	struct world w;
	uint8_t key[HASH_LEN] = { 0 };
	size_t one;

	world_init(&w);
	struct authn *z = rules_of(&w, "[{issuer: A, jwks: @A@}]");
	struct authn_verdict v = judge(z, token(&w, 'a',
	    "{\"iss\":\"A\",\"exp\":1795223600}"), 1);
	struct token_cache *c = token_cache_new(3, 1 << 20);

	assert_non_null(v.proof);
	for (int i = 0; i < 5; i++) {
		key[0] = (uint8_t)i;
		token_cache_put(c, key, v.proof);
		token_cache_put(c, key, v.proof);
		/* The first one is used all the time. */
		key[0] = 0;
		authn_proof_unref(token_cache_get(c, key, NOW));
	}
	assert_int_equal(token_cache_len(c), 3);
	struct authn_proof *p = token_cache_get(c, key, NOW);

	assert_non_null(p);
	authn_proof_unref(p);
	key[0] = 1;
	assert_null(token_cache_get(c, key, NOW));
	key[0] = 0;
	assert_null(token_cache_get(c, key, 1795223600));
	assert_int_equal(token_cache_len(c), 2);
	token_cache_free(c);

	one = v.proof->arena.total + 1024;
	c = token_cache_new(100, 2 * one);
	for (int i = 0; i < 5; i++) {
		key[0] = (uint8_t)i;
		token_cache_put(c, key, v.proof);
	}
	assert_in_range(token_cache_len(c), 1, 2);
	token_cache_free(c);
	c = token_cache_new(100, 64);
	token_cache_put(c, key, v.proof);
	assert_int_equal(token_cache_len(c), 0);
	token_cache_free(c);
	authn_proof_unref(v.proof);
	authn_unref(z);
	world_fini(&w);
}
