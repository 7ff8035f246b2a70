#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "model/oidc_login.h"
#include "model/set.h"
#include "modes/ctl/inquiry_token.h"
#include "policy/jwt_vectors_test.h"

#define NOW	INT64_C(1795223561)	/* tokens of the vectors are good then */
#define LATER	INT64_C(1795230060)	/* and have expired, skew and all */
#define ISSUER	"issuer: \"https://issuer.example\""
#define REMOTE	", jwksUri: \"https://issuer.example/keys\""
#define RULE(rest)	"[{" ISSUER rest "}]"
#define CLAIMS(rest)	"{\"iss\":\"https://issuer.example\",\"sub\":\"ann\"" rest "}"
#define SESSION(rest)	"{\"iss\":\"https://idp.example\",\"sub\":\"ann\"" rest "}"

/* Of one place: the documents, and the question. */
struct question {
	const char *rules;	/* of one RequestAuthentication, @K@: keys; or NULL */
	bool        has_login;
	const char *claims;	/* NULL: the token of the vectors */
	const char *header, *value;
	bool        is_bare;	/* neither token nor claims */
	bool        has_jwks;	/* --jwks-file */
	int64_t     now_s;	/* 0: NOW */
};

struct answer {
	enum inquiry_token_is is;
	const char           *fault;	/* or NULL */
	const char           *why;	/* a part of it; NULL: nothing is said */
	const char           *principal;	/* NULL: policies see none */
};

static void
read_documents(struct model_set *set, const struct question *q)
{
	const char *keys = q->rules == NULL ? NULL : strstr(q->rules, "@K@");
	struct str text = { 0 };

	if (q->rules != NULL)
		str_add(&text, "apiVersion: security.istio.io/v1\n"
		    "kind: RequestAuthentication\nmetadata: {name: tokens}\n"
		    "spec: {jwtRules: ");
	if (keys != NULL)
		str_addf(&text, "%.*s'%s'%s}\n", (int)(keys - q->rules),
		    q->rules, jwt_keys, keys + 3);
	else if (q->rules != NULL)
		str_addf(&text, "%s}\n", q->rules);
	str_add(&text, "---\napiVersion: mesh/v1\nkind: OIDCLogin\n"
	    "metadata: {name: people}\nspec: {targetRefs: [{group: "
	    "gateway.networking.k8s.io, kind: Gateway, name: public}], "
	    "provider: {issuer: \"https://idp.example\"}, clientID: shop, "
	    "clientSecret: {name: idp}, claimToHeaders: [{header: X-Who, "
		    "claim: sub}]}\n");
	model_set_init(set, MODEL_STRICT, "shop");
	model_set_read_text(set, str_slice(&text), "test", CONF_YAML);
	if (set->faults_len > 0)
		fail_msg("%s", set->faults[0].err.text);
	str_fini(&text);
}

static void
expect(const struct question *q, const struct answer *want)
{
	struct ctl c = { .quiet = true };
	struct asked asked = { .authority = SLICE_NONE };
	struct asked_token typed = { .text = SLICE_NONE };
	struct model_set set;
	struct err err = ERR_INIT;

	http_fields_init(&asked.headers, &c.arena);
	if (q->header != NULL)
		http_fields_add(&asked.headers, slice_str(q->header),
		    slice_str(q->value));
	read_documents(&set, q);
	if (q->claims != NULL)
		typed.claims = conf_json_read(&c.arena, slice_str(q->claims),
		    "claims", &err);
	else if (!q->is_bare)
		typed.text = slice_str(jwt_tokens[3]);
	if (q->has_jwks)
		typed.jwks = slice_str(jwt_keys);
	struct inquiry_token t = { .c = &c, .asked = &asked, .typed = &typed,
		.policies = set.objects, .policies_len = q->rules != NULL,
		.login = q->has_login ? set.objects[set.len - 1] : NULL,
		.now_s = q->now_s == 0 ? NOW : q->now_s };

	inquiry_token_judge(&t);
	if (t.is != want->is)
		fail_msg("%s %s: %s, %s", q->rules, q->claims,
		    inquiry_token_word(t.is), t.why);
	assert_true((t.why == NULL) == (want->why == NULL));
	if (want->why != NULL && strstr(t.why, want->why) == NULL)
		fail_msg("%s", t.why);
	assert_true((t.fault == NULL) == (want->fault == NULL));
	if (want->fault != NULL)
		assert_string_equal(t.fault, want->fault);
	assert_true((t.token == NULL) == (want->principal == NULL));
	if (want->principal != NULL)
		assert_true(slice_is(t.token->principal, want->principal));
	inquiry_token_fini(&t);
	model_set_fini(&set);
	ctl_fini(&c);
}

#define ALICE	"https://issuer.example/alice"
#define ANN	"https://issuer.example/ann"

TEST(inquiry_token_is_judged_as_by_a_proxy)
{
	static const struct {
		struct question asked;
		struct answer   want;
	} cases[] = {
		{ { .rules = RULE(", jwks: @K@") }, { INQUIRY_TOKEN_GOOD, NULL,
		    "good by RequestAuthentication shop/tokens", ALICE } },
		{ { .rules = RULE(", jwks: @K@, audiences: [web]") },
		    { INQUIRY_TOKEN_GOOD, NULL, "good", ALICE } },
		{ { .rules = RULE(", jwks: @K@, audiences: [bank]") },
		    { INQUIRY_TOKEN_REFUSED, "audience", "answered 401: the token "
		    "is for another audience, by RequestAuthentication "
		    "shop/tokens", NULL } },
		{ { .rules = RULE(", jwks: @K@"), .now_s = LATER },
		    { INQUIRY_TOKEN_REFUSED, "expired", "has expired", NULL } },
		{ { .rules = "[{issuer: \"https://b.example\", jwks: @K@}]" },
		    { INQUIRY_TOKEN_REFUSED, "issuer", "is not trusted", NULL } },
		/* Nobody looks there. */
		{ { .is_bare = false }, { INQUIRY_TOKEN_NONE, NULL,
		    "no RequestAuthentication is about it, so nobody looks", NULL } },
		{ { .rules = RULE(", jwks: @K@"), .is_bare = true },
		    { INQUIRY_TOKEN_NONE, NULL, NULL, NULL } },
		/* It stands where its rule looks. */
		{ { .rules = RULE(", jwks: @K@, fromHeaders: [{name: x-token}]") },
		    { INQUIRY_TOKEN_GOOD, NULL, "good", ALICE } },
		/* Those that are typed as a header count, too. */
		{ { .rules = RULE(", jwks: @K@"), .is_bare = true, .header =
		    "authorization", .value = "Bearer x" },
		    { INQUIRY_TOKEN_REFUSED, "malformed", "malformed", NULL } },
		{ { .rules = RULE(", jwks: @K@"), .header = "authorization",
		    .value = "Bearer x" },
		    { INQUIRY_TOKEN_REFUSED, "malformed", "malformed", NULL } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&cases[i].asked, &cases[i].want);
}

TEST(inquiry_token_of_keys_elsewhere_is_refused_or_unknown)
{
	static const struct {
		struct question asked;
		struct answer   want;
	} cases[] = {
		{ { .rules = RULE(REMOTE) }, { INQUIRY_TOKEN_UNKNOWN, NULL,
		    "the keys of https://issuer.example/keys are not at hand",
		    ALICE } },
		{ { .rules = RULE("") }, { INQUIRY_TOKEN_UNKNOWN, NULL,
		    "the keys of https://issuer.example are not", ALICE } },
		{ { .rules = RULE(REMOTE), .has_jwks = true },
		    { INQUIRY_TOKEN_GOOD, NULL, "good", ALICE } },
		/* No key makes up for these. */
		{ { .rules = RULE(REMOTE), .now_s = LATER },
		    { INQUIRY_TOKEN_REFUSED, "expired", "has expired", NULL } },
		{ { .rules = RULE(REMOTE ", audiences: [bank]") },
		    { INQUIRY_TOKEN_REFUSED, "audience", "audience", NULL } },
		{ { .rules = "[{issuer: \"https://b.example\"}]" },
		    { INQUIRY_TOKEN_REFUSED, "issuer", "issuer", NULL } },
		/* A rule that knows its keys does not take it, another may. */
		{ { .rules = "[{" ISSUER ", jwks: @K@, audiences: [bank]}, {" ISSUER
		    REMOTE "}]" }, { INQUIRY_TOKEN_UNKNOWN, NULL, "not at hand",
		    ALICE } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&cases[i].asked, &cases[i].want);
}

TEST(inquiry_claims_need_somebody_who_would_take_them)
{
	static const struct {
		struct question asked;
		struct answer   want;
	} cases[] = {
		{ { .claims = CLAIMS("") }, { INQUIRY_TOKEN_NONE, NULL,
		    "the claims have no source and do not count", NULL } },
		{ { .rules = RULE(REMOTE), .claims = CLAIMS("") },
		    { INQUIRY_TOKEN_ASSUMED, NULL, "as if signed for "
		    "RequestAuthentication shop/tokens", ANN } },
		{ { .rules = RULE(", audiences: [web]"), .claims = CLAIMS("") },
		    { INQUIRY_TOKEN_REFUSED, "audience", "audience", NULL } },
		{ { .rules = RULE(""), .claims = CLAIMS(",\"exp\":1") },
		    { INQUIRY_TOKEN_REFUSED, "expired", "expired", NULL } },
		{ { .rules = RULE(""), .claims = SESSION("") },
		    { INQUIRY_TOKEN_REFUSED, "issuer", "issuer", NULL } },
		/* A rule of the same issuer says more than that of another. */
		{ { .rules = "[{issuer: \"https://b.example\"}, {" ISSUER
		    ", audiences: [web]}]", .claims = CLAIMS("") },
		    { INQUIRY_TOKEN_REFUSED, "audience", "audience", NULL } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&cases[i].asked, &cases[i].want);
}

TEST(inquiry_token_a_login_comes_first)
{
	static const struct {
		struct question asked;
		struct answer   want;
	} cases[] = {
		{ { .has_login = true, .is_bare = true }, { INQUIRY_TOKEN_LOGIN, NULL,
		    "OIDCLogin shop/people asks for a login at "
		    "https://idp.example first", NULL } },
		{ { .has_login = true }, { INQUIRY_TOKEN_LOGIN, NULL, "OIDCLogin", NULL } },
		{ { .has_login = true, .claims = SESSION(",\"aud\":\"shop\"") },
		    { INQUIRY_TOKEN_ASSUMED, NULL, "of a login by OIDCLogin "
		    "shop/people", "https://idp.example/ann" } },
		{ { .has_login = true, .claims = SESSION(",\"aud\":\"bank\"") },
		    { INQUIRY_TOKEN_LOGIN, NULL, "; the claims are for another "
		    "audience", NULL } },
		/* Who has a good token need not. */
		{ { .rules = RULE(", jwks: @K@"), .has_login = true },
		    { INQUIRY_TOKEN_GOOD, NULL, "good", ALICE } },
		{ { .rules = RULE(", jwks: @K@"), .has_login = true,
		    .claims = SESSION(",\"aud\":\"shop\"") },
		    { INQUIRY_TOKEN_ASSUMED, NULL, "of a login",
		    "https://idp.example/ann" } },
		{ { .rules = RULE(", jwks: @K@"), .has_login = true, .is_bare = true },
		    { INQUIRY_TOKEN_LOGIN, NULL, "OIDCLogin", NULL } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&cases[i].asked, &cases[i].want);
}

/* What a rule makes of a good one is there for policies, and no more. */
TEST(inquiry_token_policies_see_the_request_behind_it)
{
	struct ctl c = { .quiet = true };
	struct asked asked = { .authority = SLICE_NONE };
	const struct asked_token typed = { .text = SLICE_NONE };
	const struct question q = { .rules = RULE(", jwks: @K@, "
	    "outputClaimToHeaders: [{header: x-user, claim: sub}]") };
	struct model_set set;

	http_fields_init(&asked.headers, &c.arena);
	http_fields_add(&asked.headers, SLICE("x-user"), SLICE("forged"));
	http_fields_add(&asked.headers, SLICE("authorization"), slice_str(
	    arena_printf(&c.arena, "Bearer %s", jwt_tokens[3])));
	read_documents(&set, &q);
	struct inquiry_token t = { .c = &c, .asked = &asked, .typed = &typed,
		.policies = set.objects, .policies_len = 1, .now_s = NOW };

	inquiry_token_judge(&t);
	assert_int_equal(t.is, INQUIRY_TOKEN_GOOD);
	assert_int_equal(t.seen.headers.len, 1);
	assert_true(slice_is(t.seen.headers.v[0].name, "x-user"));
	assert_true(slice_is(t.seen.headers.v[0].value, "alice"));
	inquiry_token_fini(&t);
	model_set_fini(&set);
	ctl_fini(&c);
}

/* Whatever the caller says in it, as at a Gateway. */
TEST(inquiry_token_policies_see_what_a_login_tells_the_application)
{
	for (int is_in = 0; is_in < 2; is_in++) {
		struct ctl c = { .quiet = true };
		struct asked asked = { .authority = SLICE_NONE };
		struct asked_token typed = { .text = SLICE_NONE };
		const struct question q = { .has_login = true };
		struct model_set set;
		struct err err = ERR_INIT;

		http_fields_init(&asked.headers, &c.arena);
		http_fields_add(&asked.headers, SLICE("x-who"), SLICE("root"));
		http_fields_add(&asked.headers, SLICE("x.who"), SLICE("root"));
		read_documents(&set, &q);
		if (is_in)
			typed.claims = conf_json_read(&c.arena,
			    SLICE(SESSION(",\"aud\":\"shop\"")), "claims",
			    &err);
		struct inquiry_token t = { .c = &c, .asked = &asked,
			.typed = &typed, .policies = set.objects,
			.login = set.objects[set.len - 1], .now_s = NOW };

		inquiry_token_judge(&t);
		assert_int_equal(t.is, is_in ? INQUIRY_TOKEN_ASSUMED :
		    INQUIRY_TOKEN_LOGIN);
		assert_int_equal(t.seen.headers.len, is_in);
		assert_true(slice_eq(asked_header(&t.seen, SLICE("x-who"),
		    SLICE(", ")), is_in ? SLICE("ann") : SLICE_NONE));
		inquiry_token_fini(&t);
		model_set_fini(&set);
		ctl_fini(&c);
	}
}
