#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "filter/cache_store.h"
#include "filter/origin_test.h"

#define REQ(method, target, fields) method " " target " HTTP/1.1\r\n" \
	"host: a\r\nconnection: close\r\n" fields "\r\n"
#define GET(fields)	REQ("GET", "/", fields)

static const struct origin_answer plain = { 200,
	"cache-control: max-age=60\netag: \"a\"\n", 3, { "one" }, NULL };
static const struct origin_answer shared = { 200,
	"cache-control: public, max-age=60\nvary: x-lang\n", 3, { "one" }, NULL };
static const struct origin_answer stale = { 200,
	"cache-control: public, max-age=0\netag: \"a\"\nx-old: 1\n", 3, { "one" },
	NULL };
static const struct origin_answer ok304 = { 304,
	"cache-control: public, max-age=60\netag: \"a\"\nx-new: 1\n", -1,
	{ NULL }, NULL };
static const struct origin_answer created = { 201, "", 0, { NULL }, NULL };
static const struct origin_answer broken = { 503, "", 4, { "oops" }, NULL };

static void
expect(const char *id, const char *request, int asked, const char *body)
{
	const struct str *got = origin_ask_as(id, request);
	struct str b = origin_body(got);

	if (origin_asked() != asked || strcmp(str_ptr(&b), body) != 0)
		fail_msg("asked %d, expected %d: %s", origin_asked(), asked,
		    str_ptr(got));
	str_fini(&b);
}

TEST(cache_gives_again_what_is_fresh)
{
	origin_start("cache", "ignoredQuery: [utm]");
	origin_says(&plain);
	expect("", GET(""), 1, "one");
	expect("", GET(""), 1, "one");
	const struct str *got = origin_ask(GET(""));

	assert_string_equal(origin_field(got, "age"), "0");
	assert_non_null(strstr(origin_field(got, "cache-status"), "mesh; hit; ttl="));
	assert_string_equal(origin_field(got, "content-length"), "3");
	assert_true(origin_field(got, "date")[0] != '\0');
	expect("", REQ("HEAD", "/", ""), 1, "");
	expect("", REQ("GET", "/?utm=1", ""), 1, "one");
	expect("", REQ("GET", "/?utm=1&b", ""), 2, "one");
	expect("", REQ("GET", "/b", ""), 3, "one");
	expect("", GET("cache-control: no-cache\r\n"), 4, "one");
	expect("", GET("pragma: no-cache\r\n"), 5, "one");
	expect("", GET("cache-control: min-fresh=61\r\n"), 6, "one");
	expect("", GET("range: bytes=0-1\r\n"), 7, "one");
	expect("", GET("cache-control: no-store\r\n"), 8, "one");
	expect("", GET(""), 8, "one");
	/* The caller has it already. */
	got = origin_ask(GET("if-none-match: \"b\", W/\"a\"\r\n"));
	assert_non_null(strstr(str_ptr(got), " 304 "));
	assert_string_equal(origin_field(got, "content-length"), "");
	assert_int_equal(origin_asked(), 8);
	/* Only what there is: also where the cache would not look. */
	static const char *const only[] = {
		REQ("GET", "/c", "cache-control: only-if-cached\r\n"),
		REQ("GET", "/", "cache-control: only-if-cached, no-cache\r\n"),
		REQ("GET", "/", "range: bytes=0-1\r\n"
		    "cache-control: only-if-cached\r\n"),
	};

	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++) {
		got = origin_ask(only[i]);
		assert_non_null(strstr(str_ptr(got), " 504 "));
	}
	expect("", GET("cache-control: only-if-cached\r\n"), 8, "one");
	origin_stop();
}

TEST(cache_never_gives_one_identity_the_answer_of_another)
{
	origin_start("cache", NULL);
	origin_says(&plain);
	expect("spiffe://m/a", GET(""), 1, "one");
	expect("spiffe://m/a", GET(""), 1, "one");
	expect("spiffe://m/b", GET(""), 2, "one");
	expect("", GET(""), 3, "one");
	expect("spiffe://m/a", GET("cookie: s=1\r\n"), 4, "one");
	expect("spiffe://m/a", GET("authorization: x\r\n"), 5, "one");
	expect("spiffe://m/a", GET(""), 5, "one");
	origin_says(&shared);
	expect("spiffe://m/a", REQ("GET", "/s", ""), 6, "one");
	expect("spiffe://m/b", REQ("GET", "/s", "cookie: s=1\r\n"), 6, "one");
	origin_stop();
}

TEST(cache_tells_variants_apart)
{
	origin_start("cache", NULL);
	origin_says(&shared);
	expect("", GET("x-lang: de\r\n"), 1, "one");
	expect("", GET("x-lang: en\r\n"), 2, "one");
	expect("", GET(""), 3, "one");
	expect("", GET("x-lang: \r\n"), 4, "one");
	expect("", GET("x-lang: de\r\n"), 4, "one");
	expect("", GET(""), 4, "one");
	for (int i = 0; i < CACHE_VARIANTS; i++) {
		char request[128];

		snprintf(request, sizeof(request), GET("x-lang: %d\r\n"), i);
		expect("", request, 5 + i, "one");
	}
	expect("", GET("x-lang: de\r\n"), 5 + CACHE_VARIANTS, "one");
	origin_stop();
}

/* They may have sent it on as different ones. */
TEST(cache_gives_nothing_that_came_by_another_rule)
{
	static const struct origin_answer aging = { 200, "cache-control: public, "
		"max-age=0, stale-while-revalidate=60\n", 3, { "one" }, NULL };
	static const struct origin_answer two = { 200,
		"cache-control: public, max-age=60\n", 3, { "two" }, NULL };

	origin_start("cache", NULL);
	origin_says(&two);
	expect("", GET("x-rule: a\r\n"), 1, "two");
	origin_says(&aging);
	expect("", GET("x-rule: b\r\n"), 2, "one");
	expect("", GET("x-rule: a\r\n"), 2, "two");
	/* What is asked beside an exchange is for its rule, too. */
	origin_says(&two);
	expect("", GET("x-rule: b\r\n"), 3, "one");
	expect("", GET("x-rule: b\r\n"), 3, "two");
	/* What was changed, was for all. */
	origin_says(&aging);
	expect("", REQ("POST", "/", "x-rule: c\r\ncontent-length: 0\r\n"), 4,
	    "one");
	expect("", GET("x-rule: a\r\n"), 5, "one");
	origin_stop();
}

TEST(cache_asks_whether_the_stale_is_still_right)
{
	origin_start("cache", NULL);
	origin_says(&stale);
	expect("", GET(""), 1, "one");
	origin_says(&ok304);
	expect("", GET("if-none-match: \"mine\"\r\n"), 2, "one");
	assert_string_equal(strstr(origin_request(), "if-none-match"),
	    "if-none-match=\"a\";");
	const struct str *got = origin_ask(GET(""));

	assert_int_equal(origin_asked(), 2);
	assert_string_equal(origin_field(got, "x-new"), "1");
	assert_string_equal(origin_field(got, "x-old"), "1");
	/* What nobody keeps is passed as the service says it. */
	got = origin_ask(REQ("GET", "/b", "if-none-match: \"a\"\r\n"));
	assert_non_null(strstr(str_ptr(got), " 304 "));
	origin_stop();
}

TEST(cache_forgets_what_was_changed)
{
	origin_start("cache", NULL);
	origin_says(&plain);
	expect("", GET(""), 1, "one");
	origin_says(&broken);
	expect("", REQ("PUT", "/", "content-length: 0\r\n"), 2, "oops");
	expect("", GET(""), 2, "one");
	origin_says(&created);
	expect("", REQ("PUT", "/", "content-length: 0\r\n"), 3, "");
	origin_says(&plain);
	expect("", GET(""), 4, "one");
	origin_stop();
}

TEST(cache_gives_the_stale_when_the_service_fails)
{
	origin_start("cache", "staleIfError: 60s");
	origin_says(&stale);
	expect("", GET(""), 1, "one");
	origin_says(&broken);
	expect("", GET(""), 2, "one");
	expect("", GET("cache-control: max-age=0\r\n"), 3, "oops");
	expect("", REQ("GET", "/b", ""), 4, "oops");
	origin_stop();
	origin_start("cache", NULL);
	origin_says(&stale);
	expect("", GET(""), 1, "one");
	origin_says(&broken);
	expect("", GET(""), 2, "oops");
	origin_stop();
}

/* It was "ttl=0" for as long as it was stale by less than a second. */
TEST(cache_says_of_the_stale_since_when)
{
	static const struct origin_answer old = { 200, "age: 5\n"
		"cache-control: max-age=3, stale-while-revalidate=60\n", 3,
		{ "one" }, NULL };

	origin_start("cache", NULL);
	origin_says(&old);
	expect("", GET(""), 1, "one");
	const struct str *got = origin_ask(GET(""));

	assert_string_equal(origin_field(got, "age"), "5");
	assert_string_equal(origin_field(got, "cache-status"),
	    "mesh; hit; ttl=-2");
	origin_stop();
}

TEST(cache_gives_the_stale_while_it_asks)
{
#define AGING	"cache-control: max-age=0, stale-while-revalidate=60\n"
	static const struct origin_answer aging = { 200, AGING "etag: \"a\"\n", 3,
		{ "one" }, NULL };
	static const struct origin_answer bare = { 200, AGING, 3, { "one" },
		NULL };
	static const struct origin_answer fresh = { 200,
		"cache-control: max-age=60\netag: \"b\"\n", 3, { "two" }, NULL };
	static const struct origin_answer private = { 200,
		"cache-control: private\n", 3, { "two" }, NULL };
	static const struct {
		const struct origin_answer *first, *then;
		const char *request;
		int         asked;	/* after two more */
		const char *body, *question;
	} v[] = {
		{ &aging, &ok304, GET(""), 2, "one", "if-none-match=\"a\";" },
		{ &aging, &fresh, GET(""), 2, "two", "if-none-match=\"a\";" },
		{ &bare, &fresh, GET(""), 2, "two", NULL },
		{ &aging, &fresh, REQ("HEAD", "/", ""), 2, "two",
		    "if-none-match=\"a\";" },
		{ &aging, &fresh, GET("if-none-match: \"mine\"\r\n"), 2, "two",
		    "if-none-match=\"a\";" },
		/* One that fails is not asked again by the next. */
		{ &aging, &broken, GET(""), 2, "one", "if-none-match=\"a\";" },
		/* What was kept is no longer anybody's. */
		{ &aging, &private, GET(""), 3, "two", NULL },
		/* It asks itself, who does not want a stale one. */
		{ &aging, &fresh, GET("cache-control: max-age=0\r\n"), 2, "two",
		    "if-none-match=\"a\";" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		origin_start("cache", NULL);
		origin_says(v[i].first);
		expect("", GET(""), 1, "one");
		origin_says(v[i].then);
		const struct str *got = origin_ask(v[i].request);
		bool is_given = strstr(origin_field(got, "cache-status"),
		    "mesh; hit; ttl=") != NULL;

		assert_int_equal(is_given, i + 1 <
		    sizeof(v) / sizeof(v[0]));
		assert_int_equal(origin_asked(), 2);
		if (v[i].question != NULL &&
		    strstr(origin_request(), v[i].question) == NULL)
			fail_msg("%zu: %s", i, origin_request());
		expect("", GET(""), v[i].asked, v[i].body);
		origin_stop();
	}
}

/* The bench waits until the exchange beside the client's is over. */
TEST(cache_hears_no_answer_out_that_it_does_not_keep)
{
	static const struct origin_answer aging = { 200, AGING, 3, { "one" },
		NULL };
	static const struct origin_answer endless[] = {
		{ 200, "cache-control: no-store\n", -1, { "two" }, "" },
		{ 200, AGING, -1, { "too much", " to be kept" }, "" },
	};

	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		origin_start("cache", "maxObject: 9");
		origin_says(&aging);
		expect("", GET(""), 1, "one");
		origin_says(&endless[i]);
		expect("", GET(""), 2, "one");
		origin_stop();
	}
}

TEST(cache_is_bounded)
{
	static char large[70000];
	static const struct origin_answer cut = { 200,
		"cache-control: max-age=60\n", -1, { "one", "two" }, "sum" };
	struct origin_answer a = plain;

	memset(large, 'x', sizeof(large) - 1);
	a.body[0] = large;
	a.length = -1;
	origin_start("cache", "{maxBytes: 64Ki, maxObject: 30Ki}");
	origin_says(&a);
	origin_ask(GET(""));
	origin_ask(GET(""));
	assert_int_equal(origin_asked(), 2);
	/* Two of 25 KB find room, a third takes that of the oldest. */
	large[25000] = '\0';
	for (int i = 0; i < 3; i++)
		origin_ask(i == 0 ? REQ("GET", "/0", "") : i == 1 ?
		    REQ("GET", "/1", "") : REQ("GET", "/2", ""));
	origin_ask(REQ("GET", "/2", ""));
	origin_ask(REQ("GET", "/1", ""));
	assert_int_equal(origin_asked(), 5);
	origin_ask(REQ("GET", "/0", ""));
	assert_int_equal(origin_asked(), 6);
	/* Trailers would be lost. */
	origin_says(&cut);
	origin_ask(REQ("GET", "/t", ""));
	origin_ask(REQ("GET", "/t", ""));
	assert_int_equal(origin_asked(), 8);
	origin_stop();
}
