#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "filter/cache_rules.h"
#include "filter/http_date.h"
#include "filter/origin_test.h"

TEST(http_dates_of_three_forms)
{
	static const struct {
		const char *text;
		int64_t want;
	} v[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "", -1 }, { "0", -1 }, { "-1", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun, 06 Nov 1994 25:49:37 GMT", -1 },
		{ "Sun, 06 Foo 1994 08:49:37 GMT", -1 },
		{ "Sun, 36 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:-9:37 GMT", -1 },
	};
	struct arena a;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (http_date_read(slice_str(v[i].text)) != v[i].want)
			fail_msg("\"%s\"", v[i].text);
	arena_init(&a);
	assert_true(slice_is(http_date_text(&a, 784111777), v[0].text));
	arena_fini(&a);
}

static void
add_lines(struct http_fields *f, const char *text)
{
	struct slice rest = slice_str(text), line;

	while (slice_cut(&rest, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');

		http_fields_add(f, slice_of(line.ptr, (size_t)colon),
		    slice_trim(slice_from(line, (size_t)colon + 1)));
	}
}

TEST(cache_control_in_doubt_keeps_less)
{
	static const struct {
		const char *value;
		int64_t max_age;
		bool no_store, is_private;
	} v[] = {
		{ "max-age=5", 5, false, false },
		{ "MAX-AGE=\"5\"", 5, false, false },
		{ "max-age=5, max-age=3", 3, false, false },
		{ "max-age=-5", 0, false, false },
		{ "max-age=5x", 0, false, false },
		{ "max-age", 0, false, false },
		{ "max-age=99999999999999999999", CACHE_CONTROL_MAX, false, false },
		{ "private=\"a, no-store\", max-age=1", 1, false, true },
		{ "ext=\"no-store\"", -1, false, false },
		{ "ext=\"\\\", no-store\"", -1, false, false },
		{ "ext=\", max-age=9", -1, true, false },
		{ "no-storehouse", -1, false, false },
		{ ",, no-store ,", -1, true, false },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cache_control c;
		struct http_fields f;
		struct arena a;

		arena_init(&a);
		http_fields_init(&f, &a);
		http_fields_add(&f, SLICE("cache-control"),
		    slice_str(v[i].value));
		cache_control_read(&c, &f);
		if (c.max_age != v[i].max_age || c.no_store != v[i].no_store ||
		    c.is_private != v[i].is_private)
			fail_msg("%s: %lld %d %d", v[i].value,
			    (long long)c.max_age, c.no_store, c.is_private);
		arena_fini(&a);
	}
}

#define DATE	"date: Sun, 06 Nov 1994 08:49:37 GMT\n"
#define NOW	784111787	/* ten seconds later */

TEST(cache_keeps_what_rfc_9111_lets_it)
{
	static const struct {
		int status;
		const char *request, *response;
		bool is_kept, is_shared;
		int64_t fresh_s, age_s;
	} v[] = {
		{ 200, "", DATE "cache-control: max-age=60\n", true, false, 60, 10 },
		{ 200, "", "cache-control: max-age=60\n", true, false, 60, 0 },
		{ 200, "", DATE "age: 30\ncache-control: max-age=60\n",
		    true, false, 60, 30 },
		{ 200, "", DATE "cache-control: max-age=60, s-maxage=20\n",
		    true, true, 20, 10 },
		{ 200, "", DATE "expires: Sun, 06 Nov 1994 08:50:37 GMT\n",
		    true, false, 60, 10 },
		{ 200, "", DATE "cache-control: max-age=99999\n",
		    true, false, 3600, 10 },
		{ 404, "", DATE "cache-control: max-age=60\n", true, false, 60, 10 },
		{ 302, "", DATE "cache-control: max-age=60\n", true, false, 60, 10 },
		{ 200, "", DATE "etag: \"a\"\ncache-control: no-cache\n",
		    true, false, 0, 10 },
		{ 200, "", DATE "etag: \"a\"\ncache-control: max-age=0\n",
		    true, false, 0, 10 },
		{ 200, "cookie: a\n", DATE "cache-control: public, max-age=60\n",
		    true, true, 60, 10 },
		{ 200, "", DATE, false, false, 0, 0 },
		{ 200, "", DATE "expires: 0\n", false, false, 0, 0 },
		{ 200, "", DATE "cache-control: max-age=5\n", false, false, 0, 0 },
		{ 200, "", DATE "age: x\ncache-control: max-age=60\n",
		    false, false, 0, 0 },
		{ 500, "", DATE "cache-control: max-age=60\n", false, false, 0, 0 },
		{ 206, "", DATE "cache-control: max-age=60\n", false, false, 0, 0 },
		{ 200, "", DATE "cache-control: max-age=60, no-store\n",
		    false, false, 0, 0 },
		{ 200, "", DATE "cache-control: max-age=60, private\n",
		    false, false, 0, 0 },
		{ 200, "", DATE "cache-control: max-age=60\nvary: a, *\n",
		    false, false, 0, 0 },
		{ 200, "", DATE "cache-control: max-age=60, public\n"
		    "set-cookie: a=b\n", false, false, 0, 0 },
		{ 200, "authorization: a\n", DATE "cache-control: max-age=60\n",
		    false, false, 0, 0 },
		{ 200, "cookie: a\n", DATE "cache-control: max-age=60\n",
		    false, false, 0, 0 },
	};
	static const struct cache_limits limits = { .max_ttl_ms = 3600000 };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cache_entry *e = cache_entry_new();
		struct http_fields request;
		struct http_head h;
		struct arena a;

		arena_init(&a);
		http_fields_init(&request, &a);
		http_head_init(&h, &a);
		h.status = v[i].status;
		add_lines(&h.fields, v[i].response);
		for (size_t k = 0; v[i].request[0] != '\0' && k == 0; k++)
			http_fields_add_id(&request,
			    v[i].request[0] == 'c' ? FIELD_COOKIE :
			    FIELD_AUTHORIZATION, SLICE("a"));
		bool is_kept = cache_rules_keep(e, &limits, &request, &h, NOW, 0);

		if (is_kept != v[i].is_kept || (is_kept &&
		    (e->is_shared != v[i].is_shared ||
		    e->fresh_ms != v[i].fresh_s * 1000 ||
		    e->age_ms != v[i].age_s * 1000)))
			fail_msg("%zu: %s: %d, %lld, %lld", i, v[i].response,
			    is_kept, (long long)e->fresh_ms,
			    (long long)e->age_ms);
		cache_entry_unref(e);
		arena_fini(&a);
	}
}

TEST(cache_gives_what_is_stale_for_as_long_as_is_said)
{
	static const struct {
		const char *value;
		int64_t revalidate_s, error_s;
	} v[] = {
		{ "max-age=60", 5, 7 },
		{ "max-age=60, stale-while-revalidate=9", 9, 7 },
		{ "max-age=60, stale-if-error=9", 5, 9 },
		{ "max-age=60, stale-if-error=0", 5, 0 },
		{ "max-age=60, stale-if-error=99999", 5, 3600 },
		{ "max-age=60, must-revalidate, stale-if-error=9", 0, 0 },
		{ "max-age=60, proxy-revalidate, stale-if-error=9", 0, 0 },
		{ "s-maxage=60", 0, 0 },
		{ "s-maxage=60, stale-while-revalidate=9", 9, 0 },
		{ "max-age=0, stale-while-revalidate=9", 9, 7 },
	};
	static const struct cache_limits limits = { .max_ttl_ms = 3600000,
		.revalidate_ms = 5000, .error_ms = 7000 };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cache_entry *e = cache_entry_new();
		struct http_fields request;
		struct http_head h;
		struct arena a;

		arena_init(&a);
		http_fields_init(&request, &a);
		http_head_init(&h, &a);
		h.status = 200;
		http_fields_add(&h.fields, SLICE("cache-control"),
		    slice_str(v[i].value));
		if (!cache_rules_keep(e, &limits, &request, &h, NOW, 0) ||
		    e->revalidate_ms != v[i].revalidate_s * 1000 ||
		    e->error_ms != v[i].error_s * 1000)
			fail_msg("%s: %lld, %lld", v[i].value,
			    (long long)e->revalidate_ms, (long long)e->error_ms);
		cache_entry_unref(e);
		arena_fini(&a);
	}
}

/* --- the store, by many threads ---------------------------------------------------- */

#define ROUNDS	2000

static void *
use_store(void *arg)
{
	struct cache_store *s = arg;
	struct http_fields none = { 0 };
	const struct cache_asker x = { .identity = SLICE("x"), .request = &none };
	uint64_t now = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		char key[2] = { (char)('a' + i % 7), '\0' };
		bool has_key;
		struct cache_entry *e = cache_store_find(s, slice_str(key), &x,
		    &has_key);

		if (e != NULL && e->body->bytes[0] != key[0])
			return e;	/* the wrong one: said below */
		now++;
		if (e != NULL && cache_store_claim(s, e, now, now + 9))
			cache_store_unclaim(s, e, 0);
		cache_entry_unref(e);
		unsigned changes = cache_store_changes(s, slice_str(key));

		e = cache_entry_new();
		str_add_slice(&e->key, slice_str(key));
		str_add_slice(&e->owner, SLICE("x"));
		e->body = mem_zalloc(sizeof(*e->body) + 20000);
		e->body->refs = 1;
		e->body->len = 20000;
		e->body->bytes[0] = key[0];
		cache_store_put(s, e, &none, changes);
		cache_entry_unref(e);
		if (i % 5 == 0)
			cache_store_remove(s, slice_str(key));
	}
	return NULL;
}

TEST(cache_store_stays_within_its_bytes_under_threads)
{
	struct cache_store *s = cache_store_new(65536);
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, use_store, s), 0);
	for (int i = 0; i < 3; i++) {
		void *wrong;

		pthread_join(t[i], &wrong);
		assert_null(wrong);
	}
	assert_true(cache_store_bytes(s) <= 65536);
	cache_store_free(s);
}

TEST(cache_store_keeps_nothing_asked_for_before_a_removal)
{
	struct cache_store *s = cache_store_new(65536);
	struct cache_entry *e = cache_entry_new();
	struct http_fields none = { 0 };
	unsigned before = cache_store_changes(s, SLICE("k"));

	str_add_slice(&e->key, SLICE("k"));
	e->body = mem_zalloc(sizeof(*e->body));
	e->body->refs = 1;
	cache_store_remove(s, SLICE("k"));
	cache_store_put(s, e, &none, before);
	assert_int_equal(cache_store_bytes(s), 0);
	cache_store_put(s, e, &none, before + 1);
	assert_true(cache_store_bytes(s) > 0);
	assert_true(cache_store_claim(s, e, 5, 10));
	assert_false(cache_store_claim(s, e, 9, 19));
	assert_true(cache_store_claim(s, e, 10, 20));
	cache_entry_unref(e);
	cache_store_free(s);
}

/* --- the filter ------------------------------------------------------------------ */

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
