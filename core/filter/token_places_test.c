#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "conf/yaml.h"
#include "filter/token_places.h"

#define KEYS	"jwks: '{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"	\
	"\"lfMI9MZrznx4QtcHOySVyoQflvx6gZCLfhtrssKOPi0\",\"y\":"		\
	"\"ivOO6QcyF4e5ESw36zJ4tuqun4S0_rOP0_1oUK67D_4\"}]}'"

static struct authn *
rules_from(const char *rules)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	const struct conf_node *n = conf_yaml_read(&a, slice_str(
	    arena_printf(&a, "apiVersion: security.istio.io/v1\n"
	    "kind: RequestAuthentication\nmetadata: {name: p}\n"
	    "spec: {jwtRules: %s}", rules)), "t", &err);
	struct model_object *o = n == NULL ? NULL :
	    model_object_read(n, MODEL_STRICT, "default", &err);

	if (o == NULL)
		fail_msg("%s: %s", rules, err.text);
	struct authn *z = authn_new(&o, 1, NULL);

	model_object_unref(o);
	arena_fini(&a);
	return z;
}

/* "name: value|name: value"; query may be NULL. */
static void
head_from(struct http_head *h, struct arena *a, const char *fields,
    const char *query)
{
	struct slice rest = slice_str(fields), line, name;

	http_head_init(h, a);
	while (slice_cut(&rest, '|', &line)) {
		slice_cut(&line, ':', &name);
		http_fields_add(&h->fields, name, slice_trim(line));
	}
	h->query = slice_str(query);
}

static const char *
show(const struct http_head *h, struct arena *a)
{
	struct slice s = h->query.ptr == NULL ? SLICE("") : h->query;

	for (size_t i = 0; i < h->fields.len; i++) {
		const struct slice parts[] = { s, SLICE("|"),
			h->fields.v[i].name, SLICE(": "),
			h->fields.v[i].value };

		s = arena_join(a, parts, 5);
	}
	return arena_dup(a, s).ptr;
}

#define DEFAULTS	"[{issuer: A, " KEYS "}]"
#define OWN	"[{issuer: A, fromHeaders: [{name: X-Token}, {name: x-jwt, "	\
	"prefix: 'JWT '}], fromParams: [tok, 'a b'], fromCookies: [sid], "	\
	KEYS "}]"

static const struct {
	const char *rules, *fields, *query;
	const char *tokens;		/* each with a space behind it */
	const char *stripped;
} places[] = {
	{ DEFAULTS, "authorization: Bearer t", NULL, "t ", "" },
	{ DEFAULTS, "authorization: bEARER   t", NULL, "t ", "" },
	{ DEFAULTS, "authorization: Basic dTpw", NULL, "",
	    "|authorization: Basic dTpw" },
	{ DEFAULTS, "authorization: Bearer", NULL, "",
	    "|authorization: Bearer" },
	{ DEFAULTS, "authorization: Bearer t|authorization: Basic b|"
	    "authorization: Bearer u", NULL, "t u ",
	    "|authorization: Basic b" },
	{ DEFAULTS, "x: y", "a=1&access_token=t&b=2", "t ", "a=1&b=2|x: y" },
	{ DEFAULTS, "x: y", "access_token=t", "t ", "|x: y" },
	{ DEFAULTS, "x: y", "acc%65ss_token=%74&access_token=u", "t u ",
	    "|x: y" },
	{ DEFAULTS, "x: y", "access_token=&access_tokens=1&xaccess_token=2", "",
	    "access_token=&access_tokens=1&xaccess_token=2|x: y" },
	{ DEFAULTS, "authorization: Bearer t", "access_token=u", "t u ", "" },
	{ DEFAULTS, "cookie: access_token=t", NULL, "",
	    "|cookie: access_token=t" },
	{ OWN, "authorization: Bearer t", "access_token=t", "",
	    "access_token=t|authorization: Bearer t" },
	{ OWN, "x-token: t|x-jwt: JWT u|x-jwt: jwt v", NULL, "t u ",
	    "|x-jwt: jwt v" },
	{ OWN, "x: y", "a+b=t&tok=u", "u t ", "|x: y" },
	{ OWN, "cookie: a=1; sid=t; b=2|cookie: sid=\"u\"", NULL, "t u ",
	    "|cookie: a=1; b=2" },
	{ OWN, "cookie: sid=t; b=sid=2", NULL, "t ", "|cookie: b=sid=2" },
	{ OWN, "cookie: xsid=t; sid; Sid=2", NULL, "",
	    "|cookie: xsid=t; sid; Sid=2" },
};

TEST(tokens_are_found_and_taken_out_where_their_rules_say)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct authn_found found[AUTHN_TOKENS_MAX];
		struct arena a = { 0 };
		struct str tokens = { 0 };
		struct http_head h;
		size_t n;
		struct authn *z = rules_from(places[i].rules);

		head_from(&h, &a, places[i].fields, places[i].query);
		assert_true(token_places_find(z, &h, &a, found, &n));
		for (size_t k = 0; k < n; k++) {
			str_add_slice(&tokens, found[k].text);
			str_add_char(&tokens, ' ');
			assert_int_equal(found[k].rules, 1);
		}
		assert_string_equal(str_ptr(&tokens), places[i].tokens);
		if (n > 0)
			token_places_strip(z, &(struct authn_proof){
			    .takers = 1 }, &h, &a);
		assert_string_equal(show(&h, &a), places[i].stripped);
		str_fini(&tokens);
		arena_fini(&a);
		authn_unref(z);
	}
}

TEST(tokens_of_other_rules_stay_where_they_are)
{
	struct authn *z = rules_from("[{issuer: A, " KEYS "}, {issuer: B, "
	    "fromHeaders: [{name: x-b}], fromParams: [b], " KEYS "}]");
	struct arena a = { 0 };
	struct http_head h;

	head_from(&h, &a, "authorization: Bearer t|x-b: u", "b=u&c=1");
	token_places_strip(z, &(struct authn_proof){ .rule = 1, .takers = 3 },
	    &h, &a);
	assert_string_equal(show(&h, &a), "c=1|authorization: Bearer t");
	assert_true(slice_is(token_places_hide(z, SLICE("b=u&c=1&"
	    "access_token=t"), &a), "c=1"));
	arena_fini(&a);
	authn_unref(z);
}

/* What no rule takes is nobody's, whatever becomes of the one that is good. */
TEST(tokens_that_no_rule_takes_are_taken_out)
{
	static const struct {
		const char *forwards;	/* of the second rule */
		uint64_t    takers;
		const char *left;
	} cases[] = {
		{ "false", 2, "c=1|authorization: Basic x|cookie: a=1" },
		{ "true", 2, "c=1&b=u|authorization: Basic x|x-b: v|cookie: a=1" },
		{ "false", 7, "c=1&access_token=s|authorization: Bearer t|"
		    "authorization: Basic x|cookie: a=1; sid=w" },
		{ "true", 6, "c=1&b=u|authorization: Basic x|x-b: v|"
		    "cookie: a=1; sid=w" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct http_head h;
		struct authn *z = rules_from(arena_printf(&a,
		    "[{issuer: A, " KEYS "}, {issuer: B, fromHeaders: "
		    "[{name: x-b}], fromParams: [b], forwardOriginalToken: %s, "
		    KEYS "}, {issuer: C, fromCookies: [sid], " KEYS "}]",
		    cases[i].forwards));

		head_from(&h, &a, "authorization: Bearer t|authorization: "
		    "Basic x|x-b: v|cookie: a=1; sid=w",
		    "c=1&b=u&access_token=s");
		if (cases[i].takers == 7)
			h.query = SLICE("c=1&access_token=s&b=u");
		token_places_strip(z, &(struct authn_proof){ .rule = 1,
		    .takers = cases[i].takers }, &h, &a);
		assert_string_equal(show(&h, &a), cases[i].left);
		authn_unref(z);
		arena_fini(&a);
	}
}

TEST(tokens_of_a_request_are_so_many_at_most)
{
	struct authn *z = rules_from(DEFAULTS);
	struct authn_found found[AUTHN_TOKENS_MAX];
	struct arena a = { 0 };
	struct http_head h;
	size_t n;

	head_from(&h, &a, "", NULL);
	for (int i = 0; i < AUTHN_TOKENS_MAX; i++)
		http_fields_add(&h.fields, SLICE("authorization"),
		    SLICE("Bearer t"));
	assert_true(token_places_find(z, &h, &a, found, &n));
	h.query = SLICE("access_token=t");
	assert_false(token_places_find(z, &h, &a, found, &n));
	arena_fini(&a);
	authn_unref(z);
}

/* --- claims for the application ------------------------------------------------ */

#define OUTPUTS	"[{issuer: A, outputPayloadToHeader: X-Payload, "		\
	"outputClaimToHeaders: [{header: X-Sub, claim: sub}, "			\
	"{header: x-unit, claim: org.unit}, {header: x-age, claim: age}, "	\
	"{header: x-on, claim: 'on'}, {header: x-groups, claim: groups}, "	\
	"{header: x-bad, claim: bad}, {header: x-none, claim: none}], " KEYS "}]"

TEST(claims_reach_the_application_and_nobody_elses_words_do)
{
	static const char claims[] = "{\"sub\":\"ann\",\"org\":{\"unit\":\" b \"},"
	    "\"age\":7,\"on\":true,\"groups\":[\"a\",\"b\"],"
	    "\"bad\":\"x\\r\\ny: z\",\"none\":null}";
	struct authn *z = rules_from(OUTPUTS);
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct http_head h;
	struct authn_proof p = { .payload = SLICE("cGF5"),
		.claims = conf_json_read(&a, slice_str(claims), "t", &err) };

	assert_non_null(p.claims);
	head_from(&h, &a, "x-sub: root|x-payload: eA|x-bad: 1|x-none: 2|x: y|"
	    "x-sub: again|x.sub: other", NULL);
	token_outputs_clear(z, &h.fields);
	assert_string_equal(show(&h, &a), "|x: y");
	token_outputs_put(z, &p, &h, &a);
	assert_string_equal(show(&h, &a), "|x: y|x-payload: cGF5|x-sub: ann|"
	    "x-unit: b|x-age: 7|x-on: true|x-groups: WyJhIiwiYiJd");
	arena_fini(&a);
	authn_unref(z);
}
