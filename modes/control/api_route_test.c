#include "base/unit.h"
#include "modes/control/api_route.h"

static const struct {
	enum http_method method;
	unsigned         role;
	const char      *path;
	enum api_found   want;
	const char      *pattern;	/* of the row that is found */
	const char      *params;
} requests[] = {
	{ METHOD_GET, API_LOCAL, "/v1/kinds", API_FOUND, "/v1/kinds", "" },
	{ METHOD_HEAD, API_LOCAL, "/v1/kinds", API_FOUND, "/v1/kinds", "" },
	{ METHOD_PUT, API_LOCAL, "/v1/kinds", API_NO_METHOD, "/v1/kinds", "" },
	{ METHOD_GET, API_LOCAL, "/v1/kinds/", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "/v1", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "/", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "*", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "v1/kinds", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "//v1/kinds", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "/v1/documents/services", API_FOUND,
	    "/v1/documents/*", "services," },
	{ METHOD_GET, API_LOCAL, "/v1/documents/", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "/v1/documents/services/a", API_NO_PATH, NULL,
	    "" },
	{ METHOD_DELETE, API_LOCAL, "/v1/documents/services/a/b", API_FOUND,
	    "/v1/documents/*/*/*", "services,a,b," },
	{ METHOD_GET, API_LOCAL, "/v1/documents/services//b", API_NO_PATH, NULL,
	    "" },
	{ METHOD_GET, API_LOCAL, "/v1/services/a/b/endpoints", API_FOUND,
	    "/v1/services/*/*/endpoints", "a,b," },
	{ METHOD_GET, API_LOCAL, "/v1/services/a/b/endpoints/c", API_NO_PATH,
	    NULL, "" },
	{ METHOD_GET, API_LOCAL, "/v1/audit/verify", API_FOUND,
	    "/v1/audit/verify", "" },
	{ METHOD_PATCH, API_LOCAL, "/v1/apply", API_NO_METHOD, "/v1/apply", "" },
	/* Two worlds that do not see each other. */
	{ METHOD_GET, API_ADMIN, "/metrics", API_FOUND, "/metrics", "" },
	{ METHOD_GET, API_NOBODY, "/metrics", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_LOCAL, "/logging", API_NO_PATH, NULL, "" },
	{ METHOD_GET, API_ADMIN, "/v1/health", API_NO_PATH, NULL, "" },
};

TEST(api_route_finds_rows_by_method_and_path)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct slice params[API_PARAMS_MAX] = { 0 };
		const struct api_route *row = NULL;
		struct slice rest = slice_str(requests[i].params), want;

		assert_int_equal(api_route_find(api_routes, requests[i].role,
		    requests[i].method, slice_str(requests[i].path), &row,
		    params), requests[i].want);
		if (requests[i].pattern == NULL)
			continue;
		assert_non_null(row);
		assert_string_equal(row->pattern, requests[i].pattern);
		for (size_t p = 0; requests[i].want == API_FOUND &&
		    slice_cut(&rest, ',', &want) && rest.ptr != NULL; p++)
			assert_true(slice_eq(params[p], want));
	}
}

/* What nobody may do without a certificate, however the table grows. */
TEST(api_routes_open_to_all_are_few)
{
	static const char *const open[] = {
		"/v1/health", "/v1/trust-bundle", "/v1/join",
		"/v1/attest/challenge", "/v1/attest",
		"/v1/renew-ended", "/v1/login",
	};
	size_t n = 0;

	for (const struct api_route *r = api_routes; r->pattern != NULL; r++) {
		assert_non_null(r->run);
		assert_non_null(r->resource);
		assert_true(r->who != 0);
		if ((r->who & API_NOBODY) != 0) {
			assert_true(n < sizeof(open) / sizeof(open[0]));
			assert_string_equal(r->pattern, open[n++]);
		}
		if ((r->who & API_WORKLOAD) != 0 && (r->who & API_NOBODY) == 0)
			assert_true(slice_is(SLICE("/v1/renew"), r->pattern) ||
			    slice_is(SLICE("/v1/session"), r->pattern) ||
			    slice_has_prefix(slice_str(r->pattern),
			    SLICE("/v1/svid/")));
		/* A body is taken where one makes sense. */
		assert_int_equal(r->body_max > 0, r->who != API_ADMIN &&
		    (r->method == METHOD_POST || r->method == METHOD_PUT));
	}
	assert_int_equal(n, sizeof(open) / sizeof(open[0]));
}

TEST(api_routes_hide_no_row)
{
	for (const struct api_route *r = api_routes; r->pattern != NULL; r++) {
		struct slice params[API_PARAMS_MAX];
		const struct api_route *row;

		/* The stars stand for themselves. */
		assert_int_equal(api_route_find(api_routes,
		    r->who == API_ADMIN || r->who == API_FEDERATION ? r->who :
		    API_LOCAL, r->method,
		    slice_str(r->pattern), &row, params), API_FOUND);
		assert_ptr_equal(row, r);
	}
}

TEST(api_routes_publish_the_bundle_and_nothing_else)
{
	size_t found = 0;

	for (const struct api_route *r = api_routes; r->pattern != NULL; r++) {
		struct slice params[API_PARAMS_MAX];
		const struct api_route *row;

		if (api_route_find(api_routes, API_FEDERATION, r->method,
		    slice_str(r->pattern), &row, params) != API_FOUND)
			continue;
		found++;
		assert_string_equal(row->resource, "trust-bundle");
		assert_int_equal(row->who, API_FEDERATION);
	}
	assert_int_equal(found, 3);	/* "/", and one path that two doors have */
}
