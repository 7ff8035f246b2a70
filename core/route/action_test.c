#include "base/str.h"
#include "base/unit.h"
#include "route/action.h"

/* --- paths: Gateway API's table of ReplacePrefixMatch and more -------------------- */

static const struct {
	const char *path, *prefix, *by, *result;
} prefixes[] = {
	{ "/foo/bar", "/foo", "/xyz", "/xyz/bar" },
	{ "/foo/bar", "/foo", "/xyz/", "/xyz/bar" },
	{ "/foo", "/foo", "/xyz", "/xyz" },
	{ "/foo/", "/foo", "/xyz", "/xyz/" },
	{ "/foo/bar", "/foo", "", "/bar" },
	{ "/foo/", "/foo", "", "/" },
	{ "/foo", "/foo", "", "/" },
	{ "/foo/", "/foo", "/", "/" },
	{ "/foo", "/foo", "/", "/" },
	{ "/foo", "/foo", "/xyz/", "/xyz/" },
	{ "/foo/", "/foo", "/xyz/", "/xyz/" },
	{ "/bar", "", "/xyz", "/xyz/bar" },
	{ "/", "", "/xyz", "/xyz/" },
	{ "/prefix/one/two", "/prefix/one", "/one", "/one/two" },
};

TEST(route_path_change_replaces_whole_segments)
{
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct model_path_modifier m = { .type = MODEL_REPLACE_PREFIX,
			.prefix = prefixes[i].by };
		struct slice out = route_path_change(&a, &m,
		    slice_str(prefixes[i].path), slice_str(prefixes[i].prefix));

		if (!slice_is(out, prefixes[i].result))
			fail_msg("%s: %s by \"%s\" is %.*s", prefixes[i].path,
			    prefixes[i].prefix, prefixes[i].by, SLICE_ARG(out));
	}
	arena_fini(&a);
}

TEST(route_path_change_replaces_the_full_path)
{
	struct model_path_modifier m = { .type = MODEL_REPLACE_FULL,
		.full = "/one" };
	struct arena a;

	arena_init(&a);
	assert_true(slice_is(route_path_change(&a, &m, SLICE("/full/one/two"),
	    SLICE_NONE), "/one"));
	assert_true(slice_is(route_path_change(&a, NULL, SLICE("/same"),
	    SLICE_NONE), "/same"));
	m.full = "";
	assert_true(slice_is(route_path_change(&a, &m, SLICE("/x"), SLICE_NONE),
	    "/"));
	arena_fini(&a);
}

/* --- redirects: the conformance tests of the ports and schemes --------------------- */

static const struct {
	const char *scheme;	/* of the request, with its listener's port */
	uint16_t    port;
	const char *to_scheme;
	uint16_t    to_port;
	const char *to_host, *location;
} redirects[] = {
	{ "http", 80, NULL, 0, "example.org", "http://example.org/a?b=c" },
	{ "http", 80, NULL, 80, "example.org", "http://example.org/a?b=c" },
	{ "http", 80, NULL, 8080, "example.org", "http://example.org:8080/a?b=c" },
	{ "http", 80, "https", 0, "example.org", "https://example.org/a?b=c" },
	{ "http", 80, "https", 443, "example.org", "https://example.org/a?b=c" },
	{ "http", 80, "https", 8443, "example.org",
	    "https://example.org:8443/a?b=c" },
	{ "http", 8080, NULL, 0, "example.org", "http://example.org:8080/a?b=c" },
	{ "http", 8080, NULL, 80, "example.org", "http://example.org/a?b=c" },
	{ "http", 8080, "https", 0, "example.org", "https://example.org/a?b=c" },
	{ "http", 8080, "http", 0, "example.org", "http://example.org/a?b=c" },
	{ "https", 443, NULL, 0, "example.org", "https://example.org/a?b=c" },
	{ "https", 443, NULL, 443, "example.org", "https://example.org/a?b=c" },
	{ "https", 443, NULL, 8443, "example.org",
	    "https://example.org:8443/a?b=c" },
	{ "https", 443, "http", 443, "example.org",
	    "http://example.org:443/a?b=c" },
	{ "http", 80, NULL, 8083, NULL, "http://a.example:8083/a?b=c" },
	{ "http", 80, NULL, 0, "::1", "http://[::1]/a?b=c" },
};

TEST(route_location_leaves_usual_ports_out)
{
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(redirects) / sizeof(redirects[0]); i++) {
		struct model_redirect r = { .scheme = redirects[i].to_scheme,
			.port = redirects[i].to_port,
			.hostname = redirects[i].to_host };
		struct route_place at = { .scheme = slice_str(redirects[i].scheme),
			.host = SLICE("a.example"), .port = redirects[i].port,
			.path = SLICE("/a"), .query = SLICE("b=c") };
		struct slice out = route_location(&a, &r, &at);

		if (!slice_is(out, redirects[i].location))
			fail_msg("%.*s, not %s", SLICE_ARG(out),
			    redirects[i].location);
	}
	arena_fini(&a);
}

TEST(route_location_changes_the_path)
{
	struct model_path_modifier m = { .type = MODEL_REPLACE_PREFIX,
		.prefix = "/replacement-prefix" };
	struct model_redirect r = { .path = &m };
	struct route_place at = { .scheme = SLICE("http"), .port = 80,
		.host = SLICE("a.example"), .path = SLICE("/original-prefix/lemon"),
		.prefix = SLICE("/original-prefix") };
	struct arena a;

	arena_init(&a);
	assert_true(slice_is(route_location(&a, &r, &at),
	    "http://a.example/replacement-prefix/lemon"));
	at.query = SLICE("");
	assert_true(slice_is(route_location(&a, &r, &at),
	    "http://a.example/replacement-prefix/lemon?"));
	m = (struct model_path_modifier){ .type = MODEL_REPLACE_FULL,
		.full = "/all?x=1" };
	at.query = SLICE("y=2");
	assert_true(slice_is(route_location(&a, &r, &at),
	    "http://a.example/all?x=1&y=2"));
	arena_fini(&a);
}

/* --- fields ----------------------------------------------------------------------------- */

static void
note(struct str *s, const char *verb, struct slice name, struct slice value)
{
	str_addf(s, "%s %.*s=%.*s;", verb, SLICE_ARG(name), SLICE_ARG(value));
}

static void
note_set(void *fields, struct slice name, struct slice value)
{
	note(fields, "set", name, value);
}

static void
note_add(void *fields, struct slice name, struct slice value)
{
	note(fields, "add", name, value);
}

static void
note_remove(void *fields, struct slice name)
{
	note(fields, "remove", name, SLICE(""));
}

TEST(route_fields_are_set_added_and_removed_in_lower_case)
{
	static const struct route_fields how = { note_set, note_add, note_remove };
	struct model_header_value set = { "X-Set", "One" }, add[] = {
		{ "x-add", "Two" }, { "X-ADD-2", "Three" } };
	const char *remove[] = { "X-Gone" };
	struct model_header_change c = { .set = &set, .set_len = 1, .add = add,
		.add_len = 2, .remove = remove, .remove_len = 1 };
	struct str s = { 0 };
	struct arena a;

	arena_init(&a);
	route_fields_change(&a, &c, &how, &s);
	assert_string_equal(str_ptr(&s), "set x-set=One;add x-add=Two;"
	    "add x-add-2=Three;remove x-gone=;");
	str_fini(&s);
	arena_fini(&a);
}

/* --- CORS --------------------------------------------------------------------------------- */

static const char *no_credentials[] = { "*" };
static const char *two_origins[] = { "https://www.foo.com", "https://*.bar.com" };
static const char *two_methods[] = { "GET", "OPTIONS" };
static const char *two_headers[] = { "x-header-1", "x-header-2" };
static const char *two_exposed[] = { "x-header-3", "x-header-4" };

static struct model_cors lists = { .origins = two_origins, .origins_len = 2,
	.methods = two_methods, .methods_len = 2, .headers = two_headers,
	.headers_len = 2, .expose = two_exposed, .expose_len = 2,
	.credentials = true, .max_age_s = 3600 };
static struct model_cors stars = { .origins = no_credentials, .origins_len = 1,
	.methods = no_credentials, .methods_len = 1, .headers = no_credentials,
	.headers_len = 1, .expose = no_credentials, .expose_len = 1,
	.max_age_s = 5 };
static struct model_cors stars_with_credentials = { .origins = no_credentials,
	.origins_len = 1, .methods = no_credentials, .methods_len = 1,
	.headers = no_credentials, .headers_len = 1, .expose = no_credentials,
	.expose_len = 1, .credentials = true, .max_age_s = 5 };

#define ALWAYS		"access-control-allow-origin="
#define VARY		"vary=Origin;"
#define VARY_ALL	"vary=Origin, Access-Control-Request-Method,"	\
			" Access-Control-Request-Headers;"

static const struct {
	const struct model_cors *cors;
	const char *method, *origin, *asked_method, *asked_headers;
	enum route_cors answer;
	const char *fields;
} cors[] = {
	/* Which is kept, perhaps, and asked for by somebody with an origin. */
	{ &lists, "GET", NULL, NULL, NULL, ROUTE_CORS_NONE, VARY },
	{ &lists, "OPTIONS", NULL, "GET", NULL, ROUTE_CORS_NONE, VARY },
	{ &lists, "OPTIONS", "https://xpto.www.bar.com", "GET",
	    "x-header-1, x-header-2", ROUTE_CORS_PREFLIGHT,
	    ALWAYS "https://xpto.www.bar.com;"
	    "access-control-allow-credentials=true;"
	    "access-control-expose-headers=x-header-3, x-header-4;"
	    "access-control-allow-methods=GET, OPTIONS;"
	    "access-control-allow-headers=x-header-1, x-header-2;"
	    "access-control-max-age=3600;" VARY_ALL },
	{ &lists, "OPTIONS", "https://foobar.com", "GET", NULL,
	    ROUTE_CORS_PREFLIGHT, VARY_ALL },
	{ &lists, "GET", "https://www.foo.com", "GET", NULL, ROUTE_CORS_ACTUAL,
	    ALWAYS "https://www.foo.com;access-control-allow-credentials=true;"
	    "access-control-expose-headers=x-header-3, x-header-4;" VARY },
	{ &lists, "GET", "https://foobar.com", NULL, NULL, ROUTE_CORS_ACTUAL,
	    VARY },
	/* OPTIONS without the field of a preflight is a request like others. */
	{ &lists, "OPTIONS", "https://www.foo.com", NULL, NULL, ROUTE_CORS_ACTUAL,
	    ALWAYS "https://www.foo.com;access-control-allow-credentials=true;"
	    "access-control-expose-headers=x-header-3, x-header-4;" VARY },
	{ &stars, "OPTIONS", "https://other.foo.com", "PUT", "x-a",
	    ROUTE_CORS_PREFLIGHT, ALWAYS "*;access-control-expose-headers=*;"
	    "access-control-allow-methods=*;access-control-allow-headers=*;"
	    "access-control-max-age=5;" VARY_ALL },
	{ &stars_with_credentials, "OPTIONS", "https://other.foo.com", "PUT",
	    "x-header-1, x-header-2", ROUTE_CORS_PREFLIGHT,
	    ALWAYS "https://other.foo.com;access-control-allow-credentials=true;"
	    "access-control-allow-methods=PUT;"
	    "access-control-allow-headers=x-header-1, x-header-2;"
	    "access-control-max-age=5;" VARY_ALL },
	{ &stars_with_credentials, "GET", "https://other.foo.com", NULL, NULL,
	    ROUTE_CORS_ACTUAL, ALWAYS "https://other.foo.com;"
	    "access-control-allow-credentials=true;" VARY },
};

static void
note_field(void *arg, struct slice name, struct slice value)
{
	struct str *s = arg;

	str_addf(s, "%.*s=%.*s;", SLICE_ARG(name), SLICE_ARG(value));
}

TEST(route_cors_answers_as_the_conformance_tests_want)
{
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(cors) / sizeof(cors[0]); i++) {
		struct route_cors_request req = { slice_str(cors[i].method),
			slice_str(cors[i].origin),
			slice_str(cors[i].asked_method),
			slice_str(cors[i].asked_headers) };
		struct str s = { 0 };

		assert_int_equal(route_cors_answer(&a, cors[i].cors, &req,
		    note_field, &s), cors[i].answer);
		assert_string_equal(str_ptr(&s), cors[i].fields);
		str_fini(&s);
	}
	arena_fini(&a);
}

static const struct {
	const char *pattern, *origin;
	bool        allowed;
} origins[] = {
	{ "*", "https://a.example:1", true },
	{ "*", "null", true },
	{ "https://a.example", "https://a.example", true },
	{ "https://a.example", "HTTPS://A.example", true },
	{ "https://a.example", "http://a.example", false },
	{ "https://a.example", "https://a.example:8443", false },
	{ "https://a.example:8443", "https://a.example:8443", true },
	{ "https://*.example", "https://a.b.example", true },
	{ "https://*.example", "https://example", false },
	{ "https://*.example", "https://.example", false },
	{ "https://*.example", "https://badexample", false },
	{ "https://*.example", "https://evil.com:1.example", false },
	{ "https://*.example", "https://evil.com/.example", false },
	{ "https://*.example", "https://a.example.evil", false },
	{ "https://*.example:8443", "https://a.example:8443", true },
};

TEST(route_cors_compares_origins)
{
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		const char *list[] = { origins[i].pattern };
		struct model_cors c = { .origins = list, .origins_len = 1 };

		if (route_cors_allows(&c, slice_str(origins[i].origin)) !=
		    origins[i].allowed)
			fail_msg("%s and %s", origins[i].pattern,
			    origins[i].origin);
	}
}
