#include <stdio.h>

#include "base/unit.h"
#include "filter/cache_rules.h"

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

#define NOW	784111787

/* Asks of one that came at once; the fields of both are lines. */
static bool
keep(struct cache_entry *e, const struct cache_limits *limits,
    const char *request, int status, const char *response)
{
	struct http_fields asked;
	struct http_head h;
	struct arena a;

	arena_init(&a);
	http_fields_init(&asked, &a);
	add_lines(&asked, request);
	http_head_init(&h, &a);
	h.status = status;
	add_lines(&h.fields, response);
	bool is_kept = cache_rules_keep(e, limits, &asked, &h, NOW, 0);

	arena_fini(&a);
	return is_kept;
}

/* Ten seconds before. */
#define DATE	"date: Sun, 06 Nov 1994 08:49:37 GMT\n"

static const struct {
	int status;
	const char *request, *response;
	bool is_kept, is_shared;
	int64_t fresh_s, age_s;
} stored[] = {
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

TEST(cache_keeps_what_rfc_9111_lets_it)
{
	static const struct cache_limits limits = { .max_ttl_ms = 3600000 };

	for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
		struct cache_entry *e = cache_entry_new();
		bool is_kept = keep(e, &limits, stored[i].request,
		    stored[i].status, stored[i].response);

		if (is_kept != stored[i].is_kept || (is_kept &&
		    (e->is_shared != stored[i].is_shared ||
		    e->fresh_ms != stored[i].fresh_s * 1000 ||
		    e->age_ms != stored[i].age_s * 1000)))
			fail_msg("%zu: %s: %d, %lld, %lld", i,
			    stored[i].response,
			    is_kept, (long long)e->fresh_ms,
			    (long long)e->age_ms);
		cache_entry_unref(e);
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
		char line[100];

		snprintf(line, sizeof(line), "cache-control: %s\n", v[i].value);
		if (!keep(e, &limits, "", 200, line) ||
		    e->revalidate_ms != v[i].revalidate_s * 1000 ||
		    e->error_ms != v[i].error_s * 1000)
			fail_msg("%s: %lld, %lld", v[i].value,
			    (long long)e->revalidate_ms, (long long)e->error_ms);
		cache_entry_unref(e);
	}
}
