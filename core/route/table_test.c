#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "route/query.h"
#include "route/table_parts.h"
#include "route/table_test.h"

/* --- one rule ------------------------------------------------------------------ */

static const struct {
	const char *rule, *request;
	bool        taken;
} alone[] = {
	/* hosts */
	{ "a.example", "a.example", true },
	{ "a.EXAMPLE", "a.example", true },
	{ "a.example", "b.example", false },
	{ "a.example", "x.a.example", false },
	{ "*.example", "a.example", true },
	{ "*.example", "a.b.example", true },
	{ "*.example", "example", false },
	{ "*.example", "badexample", false },
	{ "*.b.example", "a.example", false },
	{ "", "whatever", true },
	/* exact paths */
	{ "/abc", "/abc", true },
	{ "/abc", "/abc/", false },
	{ "/abc", "/Abc", false },
	{ "/abc", "/abc?x=1", true },
	{ "/abc/", "/abc/", true },
	{ "/abc/", "/abc", false },
	{ "/", "/", true },
	{ "/", "/a", false },
	/* prefixes: HTTPPathMatch's table */
	{ "/*", "/", true },
	{ "/*", "/a/b", true },
	{ "/abc*", "/abc", true },
	{ "/abc*", "/abc/", true },
	{ "/abc*", "/abc/def", true },
	{ "/abc*", "/abcd", false },
	{ "/abc*", "/ab", false },
	{ "/abc*", "/ABC", false },
	{ "/abc/*", "/abc", true },
	{ "/abc/*", "/abc/", true },
	{ "/abc/*", "/abc/def", true },
	{ "/abc/*", "/abcd", false },
	{ "/abc/def*", "/abc/def/ghi/jkl", true },
	{ "/abc/def*", "/abc/de", false },
	/* regular expressions: the whole path */
	{ "~/users/[0-9]+", "/users/7", true },
	{ "~/users/[0-9]+", "/users/7/x", false },
	{ "~/users", "/x/users", false },
	/* parts of calls */
	{ "%/", "/shop.Cart/Add", true },
	{ "%/", "/", true },
	{ "%/Add", "/shop.Cart/Add", true },
	{ "%/Add", "/shop.Cart/add", false },
	{ "%/Add", "/shop.Cart/AddAll", false },
	{ "%/Add", "/Add", false },
	{ "%/Add", "//Add", false },
	{ "%shop.Cart/", "/shop.Cart/Add", true },
	{ "%shop.Cart/", "/shop.Cart/", false },
	{ "%shop.Cart/", "/shop.Cart", false },
	{ "%shop.Cart/", "/shop.Carts/Add", false },
	{ "%~shop[.].*/", "/shop.Cart/Add", true },
	{ "%~shop[.].*/", "/eshop.Cart/Add", false },
	{ "%~^shop[.]|x$/~A.*|B", "/shop./Add", true },
	{ "%~^shop[.]|x$/~A.*|B", "/x/BB", false },
	{ "%/~A.*", "/shop.Cart/Add", true },
	{ "%/~A.*", "/shop.Cart/Remove", false },
	/* methods */
	{ "GET", "GET", true },
	{ "GET", "HEAD", false },
	{ "PATCH", "PATCH", true },
	{ "GET", "GETX", false },
	/* headers */
	{ "Version:one", "version:one", true },
	{ "version:one", "version:One", false },
	{ "version:one", "version:one,two", false },
	{ "version:one", "", false },
	{ "version:", "version:", true },
	{ "version:", "", false },
	{ "version:~v[0-9]+", "version:v12", true },
	{ "version:~v[0-9]+", "version:xv12", false },
	{ "a:1 b:2", "a:1 b:2", true },
	{ "a:1 b:2", "a:1", false },
	{ "a:1 A:2", "a:1", true },	/* the first of a name counts */
	/* query parameters */
	{ "?animal=whale", "/?animal=whale", true },
	{ "?animal=whale", "/?x=1&animal=whale&y=2", true },
	{ "?animal=whale", "/?Animal=whale", false },
	{ "?animal=whale", "/?animal=dolphin&animal=whale", false },
	{ "?animal=whale", "/", false },
	{ "?animal=whale", "/?animal", false },
	{ "?animal=", "/?animal", true },
	{ "?animal=", "/?animal=", true },
	{ "?animal=wh", "/?animal=wh%61le", false },
	{ "?animal=whale", "/?animal=wh%61le", true },
	{ "?animal=whale", "/?%61nimal=whale", true },
	{ "?a=%zz", "/?a=%zz", true },
	{ "?a=~[a-z\\s]+", "/?a=x+y%7a", true },
	{ "?a=~[a-z\\s]+", "/?a=x%2By", false },
};

TEST(route_table_takes_what_a_rule_says)
{
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		const char *rules[] = { alone[i].rule, NULL };
		struct route_table *t = test_table(rules);

		if ((test_find(t, alone[i].request) == 0) != alone[i].taken)
			fail_msg("\"%s\" and \"%s\"", alone[i].rule,
			    alone[i].request);
		route_table_unref(t);
	}
}

/* --- which goes before ----------------------------------------------------------- */

/* The first rule wins over the second, in whatever order they come. */
static const struct {
	const char     *winner, *loser, *request;
	enum route_loss loss;
} pairs[] = {
	{ "a.example", "*.example /x POST h:1", "a.example POST /x h:1",
	    ROUTE_BELOW_HOST },
	{ "*.b.example", "*.example /x", "a.b.example /x", ROUTE_BELOW_HOST },
	{ "a.b.example", "*.b.example /x", "a.b.example /x", ROUTE_BELOW_HOST },
	{ "*.example", "/x", "/x", ROUTE_BELOW_HOST },
	{ "/x", "/x* GET h:1", "/x h:1", ROUTE_BELOW_KIND },
	{ "/*", "~/.*", "/x", ROUTE_BELOW_KIND },
	{ "/x/y*", "/x* GET h:1 ?q=1", "/x/y/z?q=1 h:1", ROUTE_BELOW_LENGTH },
	{ "/x*", "/* GET", "/x", ROUTE_BELOW_LENGTH },
	{ "~/x[a-z]*", "~/.* GET", "/xa", ROUTE_BELOW_LENGTH },
	{ "~/.*", "%s/", "/s/m", ROUTE_BELOW_KIND },
	{ "/s*", "%~s/~m", "/s/m", ROUTE_BELOW_KIND },
	{ "%~s.*/", "%~s/m h:1", "/s/m h:1", ROUTE_BELOW_LENGTH },
	{ "%~s/m", "%~s/ h:1", "/s/m h:1", ROUTE_BELOW_LENGTH },
	{ "%~./", "%/longer h:1", "/s/longer h:1", ROUTE_BELOW_LENGTH },
	{ "%/m", "%/ h:1", "/s/m h:1", ROUTE_BELOW_LENGTH },
	{ "%/ h:1", "%/ @0", "/s/m h:1", ROUTE_BELOW_HEADERS },
	{ "GET", "h:1 i:2", "h:1 i:2", ROUTE_BELOW_METHOD },
	{ "h:1 i:2", "h:1 ?a=1 ?b=2", "/?a=1&b=2 h:1 i:2", ROUTE_BELOW_HEADERS },
	{ "?a=1 ?b=2 @9", "?a=1 @1", "/?a=1&b=2", ROUTE_BELOW_QUERIES },
	{ "@1 #z/z", "@2 #a/a", "/", ROUTE_BELOW_AGE },
	{ "#a/b", "#b/a", "/", ROUTE_BELOW_NAME },
	{ "#a/b r1", "#a/c r0", "/", ROUTE_BELOW_NAME },
	{ "r0 m5", "r1 m0", "/", ROUTE_BELOW_ORDER },
	{ "r1 m0", "r1 m1", "/", ROUTE_BELOW_ORDER },
	{ "/abc*", "/abc/* r1", "/abc/d", ROUTE_BELOW_ORDER },
};

struct heard {
	int                  n;
	struct route_verdict v[8];
};

static void
hear(void *arg, const struct route_verdict *v)
{
	struct heard *h = arg;

	assert_in_range(h->n, 0, 7);
	h->v[h->n++] = *v;
}

TEST(route_precedence_is_that_of_gateway_api)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (int way = 0; way < 2; way++) {
			const char *rules[] = {
			    way ? pairs[i].loser : pairs[i].winner,
			    way ? pairs[i].winner : pairs[i].loser, NULL };
			struct route_table *t = test_table(rules);
			struct test_request req;
			struct heard heard = { 0 };

			if (test_find(t, pairs[i].request) != way)
				fail_msg("\"%s\" loses to \"%s\"",
				    pairs[i].winner, pairs[i].loser);
			test_request_read(&req, pairs[i].request);
			route_explain(t, &req.request, hear, &heard);
			assert_int_equal(heard.n, 2);
			assert_int_equal(heard.v[0].loss, ROUTE_WON);
			if (heard.v[1].loss != pairs[i].loss)
				fail_msg("\"%s\" loses, for %s", pairs[i].loser,
				    route_loss_text(heard.v[1].loss));
			route_table_unref(t);
		}
}

TEST(route_explain_says_which_part_failed)
{
	static const char *const rules[] = { "b.example", "/x", "POST",
		"h:1 x-color:red", "?q=1", "/no* h:1", NULL };
	static const struct {
		int             rule;
		enum route_loss loss;
		const char     *name;
	} expected[] = {
		{ 3, ROUTE_BY_HEADER, "x-color" }, { 4, ROUTE_BY_QUERY, "q" },
		{ 2, ROUTE_BY_METHOD, NULL }, { 1, ROUTE_BY_PATH, NULL },
		{ 0, ROUTE_BY_HOST, NULL }, { 5, ROUTE_BY_PATH, NULL },
	};
	struct route_table *t = test_table(rules);
	struct test_request req;
	struct heard heard = { 0 };

	test_request_read(&req, "/ h:1");
	route_explain(t, &req.request, hear, &heard);
	assert_int_equal(heard.n, 6);	/* nobody wins */
	for (size_t i = 0; i < 6; i++) {
		int rule = expected[i].rule;
		size_t k = 0;

		while (heard.v[k].rule.payload != (const void *)(uintptr_t)(rule + 1))
			k++;
		assert_int_equal(heard.v[k].loss, expected[i].loss);
		assert_true(slice_eq(heard.v[k].name, slice_str(expected[i].name)));
	}
	route_table_unref(t);
}

TEST(route_of_a_wider_host_takes_what_the_narrower_leaves)
{
	static const char *const rules[] = { "a.b.example /x", "*.b.example /y",
		"*.example /z", "/w", NULL };
	struct route_table *t = test_table(rules);

	assert_int_equal(test_find(t, "a.b.example /x"), 0);
	assert_int_equal(test_find(t, "a.b.example /y"), 1);
	assert_int_equal(test_find(t, "a.b.example /z"), 2);
	assert_int_equal(test_find(t, "a.b.example /w"), 3);
	assert_int_equal(test_find(t, "a.b.example /v"), -1);
	assert_int_equal(test_find(t, "c.example /y"), -1);
	route_table_unref(t);
}

TEST(route_found_says_what_matched)
{
	static const char *const rules[] = { "*.example /abc/* #ns/web r3 m2", NULL };
	struct route_table *t = test_table(rules);
	struct test_request req;
	struct route_found found;

	test_request_read(&req, "a.example /abc/d");
	assert_true(route_find(t, &req.request, &found));
	assert_true(slice_is(found.route, "ns/web"));
	assert_true(slice_is(found.host, "*.example"));
	assert_true(slice_is(found.path, "/abc"));
	assert_int_equal(found.path_kind, ROUTE_PREFIX);
	assert_int_equal(found.rule, 3);
	assert_int_equal(found.match, 2);
	route_table_unref(t);
}

TEST(route_table_without_rules_takes_nothing)
{
	static const char *const rules[] = { NULL };
	struct route_table *t = test_table(rules);

	assert_int_equal(test_find(t, "/"), -1);
	assert_int_equal(route_table_len(t), 0);
	route_table_unref(route_table_ref(t));
	route_table_unref(t);
}

/* --- rules that are not taken ------------------------------------------------------ */

static const struct {
	const char *rule, *what;
} wrong[] = {
	{ "~/a(", "path: column 3" },
	{ "x-y:~[", "header \"x-y\": column 1" },
	{ "?q=~a**", "query parameter \"q\": column 3" },
	{ "%~a(/x", "service: column 2" },
	{ "%x/~[", "method: column 1" },
	{ "FETCH", "method" },
};

TEST(route_table_goes_on_after_a_wrong_rule)
{
	struct route_table *t = route_table_new();
	struct test_rule r;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		test_rule_read(&r, wrong[i].rule);
		assert_int_equal(route_table_add(t, &r.rule, &err), -1);
		if (strstr(err.text, wrong[i].what) == NULL)
			fail_msg("%s: %s", wrong[i].rule, err.text);
		assert_int_equal(err.kind, ERR_DATA);
	}
	test_rule_read(&r, "/x");
	r.rule.path = SLICE("x");
	assert_int_equal(route_table_add(t, &r.rule, &err), -1);
	test_rule_read(&r, "/x");
	assert_int_equal(route_table_add(t, &r.rule, &err), 0);
	route_table_seal(t);
	assert_int_equal(test_find(t, "/x"), -1);	/* the payload is NULL */
	assert_int_equal(route_table_len(t), 1);
	route_table_unref(t);
}

/* --- many ---------------------------------------------------------------------------- */

struct dice {
	uint64_t state;
};

static uint32_t
roll(struct dice *d, uint32_t sides)
{
	d->state = d->state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (uint32_t)(d->state >> 33) % sides;
}

#define ONE_OF(d, list)	(list)[roll(d, sizeof(list) / sizeof((list)[0]))]

static void
random_rule(struct str *s, struct dice *d)
{
	static const char *const hosts[] = { "", "a.example", "*.example",
		"*.b.example", "a.b.example" };
	static const char *const paths[] = { "", "/*", "/x", "/x*", "/x/y", "/x/y*",
		"/x/*", "/x/y/z*", "~/x.*", "~/x/[yz]", "/z", "/x/y/z/w/v*",
		"%/", "%/y", "%x/", "%~[xz]/~y.*" };
	static const char *const others[] = { "GET", "POST", "h:1", "h:2", "h:3",
		"i:1", "h:~[12]", "?q=1", "?q=2", "?p=~[0-9]", "" };

	str_clear(s);
	str_addf(s, "%s %s", ONE_OF(d, hosts), ONE_OF(d, paths));
	for (uint32_t n = roll(d, 3); n > 0; n--)
		str_addf(s, " %s", ONE_OF(d, others));
	str_addf(s, " @%u r%u m%u", roll(d, 3), roll(d, 5), roll(d, 1000));
}

static void
random_request(struct str *s, struct dice *d)
{
	static const char *const hosts[] = { "a.example", "a.b.example", "example",
		"c.b.example", "other" };
	static const char *const paths[] = { "/", "/x", "/x/", "/x/y", "/x/z", "/xy",
		"/x/y/z", "/x/y/z/w/v/u", "/z" };
	static const char *const queries[] = { "", "?q=1", "?q=2&p=3", "?q=%31",
		"?p=x" };
	static const char *const headers[] = { "", "h:1", "h:2", "h:3 i:1", "h:4" };
	static const char *const verbs[] = { "GET", "POST" };

	str_clear(s);
	str_addf(s, "%s %s %s%s %s", ONE_OF(d, hosts), ONE_OF(d, verbs),
	    ONE_OF(d, paths), ONE_OF(d, queries), ONE_OF(d, headers));
}

/* Asks every entry in turn, without any hash: the first in the order wins. */
static int
find_slowly(const struct route_table *t, const struct route_request *req)
{
	const struct entry *best = NULL;
	enum route_loss why;
	struct slice name;

	for (size_t i = 0; i < t->len; i++) {
		const struct entry *e = &t->entries[i];

		if (host_takes(&t->hosts[e->host], req) &&
		    entry_takes_path(e, req) &&
		    entry_takes_rest(e, req, &name) == ROUTE_WON &&
		    (best == NULL || entry_compare(t, e, best, &why) < 0))
			best = e;
	}
	return best == NULL ? -1 : (int)(uintptr_t)best->payload - 1;
}

#define RULES_MAX	400

TEST(route_find_is_the_same_as_asking_every_rule)
{
	static struct str texts[RULES_MAX];
	static const char *rules[RULES_MAX + 1];
	struct dice d = { .state = 4359 };
	struct str request = { 0 };
	int found = 0;

	for (int round = 0; round < 60; round++) {
		size_t n = 1 + roll(&d, round % 3 == 0 ? RULES_MAX : 12);

		for (size_t i = 0; i < n; i++) {
			random_rule(&texts[i], &d);
			rules[i] = str_ptr(&texts[i]);
		}
		rules[n] = NULL;
		struct route_table *t = test_table(rules);

		for (int k = 0; k < 200; k++) {
			struct test_request req;

			random_request(&request, &d);
			test_request_read(&req, str_ptr(&request));
			int right = find_slowly(t, &req.request);

			if (test_find(t, str_ptr(&request)) != right)
				fail_msg("%s", str_ptr(&request));
			found += right >= 0;
		}
		route_table_unref(t);
	}
	assert_in_range(found, 1000, 60 * 200);
	for (size_t i = 0; i < RULES_MAX; i++)
		str_fini(&texts[i]);
	str_fini(&request);
}

/* As W12 has them: a third each of prefixes, exact paths and headers. */
static struct route_table *
many(size_t n, size_t *plain)
{
	struct route_table *t = route_table_new();
	struct err err = ERR_INIT;

	*plain = 0;
	for (size_t i = 0; i < n; i++) {
		char path[64], value[32];
		struct route_value h = { SLICE("x-tenant"), SLICE_NONE, false };
		struct route_rule r = { .route = SLICE("default/many"),
			.payload = (const void *)(uintptr_t)(i + 1) };

		snprintf(value, sizeof(value), "tenant-%zu", i);
		snprintf(path, sizeof(path), i % 3 == 2 ? "/shared" :
		    "/service-%zu/resource", i);
		h.value = slice_str(value);
		r.path = slice_str(path);
		r.path_kind = i % 3 == 0 ? ROUTE_PREFIX : ROUTE_EXACT;
		if (i % 3 == 2) {
			r.headers = &h;
			r.headers_len = 1;
		}
		*plain += sizeof(path) / 2;
		assert_int_equal(route_table_add(t, &r, &err), 0);
	}
	route_table_seal(t);
	return t;
}

TEST(route_table_takes_200_bytes_a_rule)
{
	size_t plain;
	struct route_table *t = many(10000, &plain);

	print_message("%zu bytes a rule\n", route_table_bytes(t) / 10000);
	assert_in_range(route_table_bytes(t), 1, 200 * 10000);
	assert_int_equal(test_find(t, "/service-9999/resource/x"), 9999);
	assert_int_equal(test_find(t, "/service-9997/resource"), 9997);
	assert_int_equal(test_find(t, "/shared x-tenant:tenant-9998"), 9998);
	assert_int_equal(test_find(t, "/shared x-tenant:tenant-9999"), -1);
	assert_int_equal(test_find(t, "/service-9997/resource/"), -1);
	route_table_unref(t);
}

static int asked;

static struct slice
count_header(const void *head, struct slice name)
{
	asked++;
	return slice_is(name, "x-tenant") ? *(const struct slice *)head : SLICE_NONE;
}

TEST(route_header_is_asked_for_once_however_many_rules_name_it)
{
	size_t plain;
	struct route_table *t = many(9999, &plain);
	struct slice tenant = SLICE("tenant-9998");
	struct route_request req = { .host = SLICE("a"), .method = SLICE("GET"),
		.path = SLICE("/shared"), .header = count_header, .head = &tenant };
	struct route_found found;

	asked = 0;
	assert_true(route_find(t, &req, &found));
	assert_int_equal(asked, 2);	/* for the index, then by the rule */
	route_table_unref(t);
}
