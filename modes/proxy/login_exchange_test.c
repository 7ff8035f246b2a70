#include "base/unit.h"
#include "modes/proxy/login.h"

/* The pair of RFC 7636, appendix B. */
#define VERIFIER	"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE	"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static const struct login_way way = {
	.state = "00112233445566778899aabbccddeeff",
	.verifier = { VERIFIER, sizeof(VERIFIER) - 1 },
	.nonce = { "n o", 3 }, .back = { "/", 1 },
};

TEST(login_leads_to_the_provider_with_all_that_it_must_know)
{
	static const struct {
		const char *endpoint, *begins;
	} v[] = {
		{ "https://idp.example/authorize",
		    "https://idp.example/authorize?response_type=code&" },
		{ "https://idp.example/a?tenant=1",
		    "https://idp.example/a?tenant=1&response_type=code&" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		const struct login l = { .client_id = SLICE("shop/web"),
			.scopes = SLICE("openid groups"),
			.authorize = slice_str(v[i].endpoint) };
		struct slice got = login_address(&l, &way,
		    SLICE("https://shop/oauth2/callback"), &a);
		const struct slice parts[] = { slice_str(v[i].begins),
			SLICE("client_id=shop%2Fweb&redirect_uri=https%3A%2F%2F"
			"shop%2Foauth2%2Fcallback&scope=openid%20groups&"
			"state=00112233445566778899aabbccddeeff&nonce=n%20o&"
			"code_challenge=" CHALLENGE
			"&code_challenge_method=S256") };

		assert_true(slice_eq(got, arena_join(&a, parts, 2)));
		arena_fini(&a);
	}
}

TEST(login_asks_for_tokens_as_a_form)
{
	struct arena a = { 0 };

	assert_true(slice_is(login_code_form(&way, SLICE("a&b=c"),
	    SLICE("https://s/c"), &a), "grant_type=authorization_code&"
	    "code=a%26b%3Dc&redirect_uri=https%3A%2F%2Fs%2Fc&"
	    "code_verifier=" VERIFIER));
	assert_true(slice_is(login_refresh_form(SLICE("r+t"), &a),
	    "grant_type=refresh_token&refresh_token=r%2Bt"));
	arena_fini(&a);
}

TEST(login_takes_no_answer_that_proves_nobody)
{
	static const struct {
		const char *json;
		bool        is_refresh;
		const char *why;	/* NULL: it is taken */
	} v[] = {
		{ "<html>", false, "malformed" },
		{ "{\"access_token\":\"x\"}", false, "no_id_token" },
		{ "{\"id_token\":\"x\"}", false, "malformed" },
		{ "{\"id_token\":\"eyJhbGciOiJub25lIn0.e30.\"}", false,
		    "algorithm" },
		{ "{\"id_token\":\"eyJhbGciOiJub25lIn0.e30.\"}", true,
		    "algorithm" },
		{ "{\"expires_in\":60,\"refresh_token\":\"new\"}", true, NULL },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		struct issuer_keys *none = issuer_keys_none();
		struct login l = { .rule = { .trust = {
		    .keys = issuer_keys_set(none) } } };
		struct login_session s = { .refresh = SLICE("old") };
		const char *why = login_tokens_read(&l, slice_str(v[i].json),
		    v[i].is_refresh ? SLICE_NONE : SLICE("n"), 1000, &a, &s);

		if (v[i].why == NULL) {
			assert_null(why);
			assert_int_equal(s.until_s, 1060);
			assert_true(slice_is(s.refresh, "new"));
		} else {
			assert_string_equal(why, v[i].why);
		}
		issuer_keys_unref(none);
		arena_fini(&a);
	}
}

TEST(login_leads_back_to_this_host_and_no_other)
{
	static const struct {
		const char *path, *query, *back;
	} v[] = {
		{ "/", NULL, "/" },
		{ "/a/b", "c=%2F&d", "/a/b?c=%2F&d" },
		{ "/a", "", "/a?" },
		{ "//evil.example", "a", "/" },
		{ "/\\evil.example", NULL, "/" },
		{ "/%5Cevil.example", NULL, "/%5Cevil.example" },
		{ "/a//b", NULL, "/a//b" },
		{ "/@evil.example", NULL, "/@evil.example" },
		{ "https://evil.example/", NULL, "/" },
		{ "javascript:alert(1)", NULL, "/" },
		{ "*", NULL, "/" },
		{ "", NULL, "/" },
		/* Browsers leave these out, and what is left may begin so. */
		{ "/\t/evil.example", NULL, "/" },
		{ "/\r\nset-cookie: a=b", NULL, "/" },
		{ "/a", "b\r\nset-cookie: a=b", "/a" },
		{ "/\xc3\xa9", NULL, "/" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };

		assert_true(slice_is(login_back(slice_str(v[i].path),
		    v[i].query == NULL ? SLICE_NONE : slice_str(v[i].query),
		    &a), v[i].back));
		arena_fini(&a);
	}
}

TEST(login_takes_no_way_back_from_another_provider)
{
	const struct login l = { .rule = { .trust = {
	    .issuer = SLICE("https://idp.example") } } };
	static const struct {
		const char *query;
		bool        is_another;
	} v[] = {
		{ "code=a", false },
		{ "code=a&iss=https%3A%2F%2Fidp.example", false },
		{ "code=a&iss=https://idp.example", false },
		{ "code=a&iss=https://evil.example", true },
		{ "iss=", true },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };

		assert_int_equal(login_is_from_another(&l,
		    slice_str(v[i].query), &a), v[i].is_another);
		arena_fini(&a);
	}
}

TEST(login_keeps_the_access_token_where_it_is_forwarded)
{
	static const struct {
		const char *json;
		bool        forwards;
		int64_t     until_s;
		const char *access;
	} v[] = {
		{ "{\"access_token\":\"x\",\"expires_in\":60}", true, 1060, "x" },
		{ "{\"access_token\":\"x\",\"expires_in\":60}", false, 1060,
		    "old" },
		{ "{\"expires_in\":60}", true, 1060, "old" },
		{ "{\"access_token\":\"x\"}", true, 1300, "x" },
		{ "{\"access_token\":\"x\",\"expires_in\":-9}", true, 1300,
		    "x" },
		{ "{\"access_token\":\"x\",\"expires_in\":"
		    "9223372036854775807}", true, 1000 + 366 * 86400, "x" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		const struct login l = { .forwards_access = v[i].forwards };
		struct login_session s = { .access = SLICE("old") };

		assert_null(login_tokens_read(&l, slice_str(v[i].json),
		    SLICE_NONE, 1000, &a, &s));
		assert_int_equal(s.until_s, v[i].until_s);
		assert_true(slice_is(s.access, v[i].access));
		arena_fini(&a);
	}
}

TEST(login_shows_of_the_way_back_only_why_it_failed)
{
	static const struct {
		const char *query, *shown;
	} v[] = {
		{ "code=s3cret&state=abc", "code=-&state=-" },
		{ "state=abc&code=a=b=c&code=x", "state=-&code=-&code=-" },
		{ "error=access_denied&error_description=no%20no&state=abc",
		    "error=access_denied&error_description=no%20no&state=-" },
		{ "c%6fde=s3cret", "c%6fde=-" },
		{ "error", "error" },
		{ "s3cret", "-" },
		{ "&=s3cret", "-&=-" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };

		assert_true(slice_is(login_query_hide(slice_str(v[i].query),
		    &a), v[i].shown));
		arena_fini(&a);
	}
	assert_null(login_query_hide(SLICE_NONE, NULL).ptr);
}
