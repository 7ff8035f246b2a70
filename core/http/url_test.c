#include "base/unit.h"
#include "http/url.h"

static const struct {
	const char *text;
	bool        is_tls;
	const char *host;
	int         port;
	const char *authority, *target;
} good[] = {
	{ "https://idp.example.com/keys", true, "idp.example.com", 443,
	    "idp.example.com", "/keys" },
	{ "HTTPS://IdP.example.com:8443", true, "idp.example.com", 8443,
	    "idp.example.com:8443", "/" },
	{ "http://[::1]:80/a?b=c/d", false, "::1", 80, "[::1]:80", "/a?b=c/d" },
	{ "http://127.0.0.1?x", false, "127.0.0.1", 80, "127.0.0.1", "/?x" },
};

TEST(a_url_is_taken_apart)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct arena a = { 0 };
		struct http_url u;

		assert_true(http_url_parse(&a, slice_str(good[i].text), &u));
		assert_int_equal(u.is_tls, good[i].is_tls);
		assert_true(slice_is(u.host, good[i].host));
		assert_int_equal(u.port, good[i].port);
		assert_true(slice_is(u.authority, good[i].authority));
		assert_true(slice_is(u.target, good[i].target));
		arena_fini(&a);
	}
}

TEST(what_is_no_url_that_one_may_ask_for_is_refused)
{
	static const char *const bad[] = {
		"", "https://", "https:/a", "ftp://a/", "a.example.com/keys",
		"https://user@a.example.com/", "https://a.example.com/#x",
		"https://a.example.com:0/", "https://a.example.com:65536/",
		"https://a.example.com/a b", "https://a.example.com/\r\nx: y",
		"https://a.example.com/%2f", "https:///keys", "https://a b/",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena a = { 0 };
		struct http_url u;

		if (http_url_parse(&a, slice_str(bad[i]), &u))
			fail_msg("%s was taken", bad[i]);
		arena_fini(&a);
	}
}

TEST(a_location_leads_to_another_url_or_path)
{
	static const struct {
		const char *location, *authority, *target;	/* NULL: refused */
		bool        is_same_origin;
	} v[] = {
		{ "/b?c#d", "a:8443", "/b?c", true },
		{ "https://a:8443/x", "a:8443", "/x", true },
		{ "https://a/x", "a", "/x", false },
		{ "http://a:8443/x", "a:8443", "/x", false },
		{ "https://b/x#y", "b", "/x", false },
		{ "//b/x", NULL, NULL, false },
		{ "x", NULL, NULL, false },
		{ "", NULL, NULL, false },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		struct http_url from, to;

		assert_true(http_url_parse(&a, SLICE("https://a:8443/k"),
		    &from));
		assert_int_equal(http_url_follow(&a, &from,
		    slice_str(v[i].location), &to), v[i].target != NULL);
		if (v[i].target != NULL) {
			assert_true(slice_is(to.authority, v[i].authority));
			assert_true(slice_is(to.target, v[i].target));
			assert_int_equal(http_url_same_origin(&from, &to),
			    v[i].is_same_origin);
		}
		arena_fini(&a);
	}
}
