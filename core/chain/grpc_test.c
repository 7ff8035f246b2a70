#include "base/arena.h"
#include "base/unit.h"
#include "chain/bench_test.h"
#include "chain/grpc.h"

TEST(grpc_is_known_by_its_media_type)
{
	static const struct {
		const char *type;
		bool        want;
	} cases[] = {
		{ "application/grpc", true },
		{ "application/grpc+proto", true },
		{ "application/grpc;charset=utf-8", true },
		{ "application/grpc-web", false },
		{ "application/grpc-web+proto", false },
		{ "application/grp", false },
		{ "text/plain", false },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_head h;

		http_head_init(&h, &a);
		assert_false(grpc_is_asked(&h));
		http_fields_add_id(&h.fields, FIELD_CONTENT_TYPE,
		    slice_str(cases[i].type));
		if (grpc_is_asked(&h) != cases[i].want)
			fail_msg("%s", cases[i].type);
	}
	arena_fini(&a);
}

TEST(grpc_has_a_status_for_every_error_of_ours)
{
	static const struct {
		int http, grpc, back;
	} cases[] = {
		{ 400, 13, 200 }, { 401, 16, 200 }, { 403, 7, 200 },
		{ 404, 12, 200 }, { 408, 4, 504 }, { 413, 8, 200 },
		{ 418, 2, 200 }, { 429, 8, 200 }, { 500, 2, 200 },
		{ 502, 14, 503 }, { 503, 14, 503 }, { 504, 4, 504 },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_head h;

		http_head_init(&h, &a);
		h.status = cases[i].http;
		assert_int_equal(grpc_http_status(&h), cases[i].http);
		assert_int_equal(grpc_status_of_http(cases[i].http),
		    cases[i].grpc);
		grpc_answer(&h, cases[i].grpc, SLICE("why"));
		assert_int_equal(h.status, 200);
		assert_int_equal(grpc_http_status(&h), cases[i].back);
		assert_true(slice_is(http_fields_find(&h.fields,
		    SLICE("grpc-message")), "why"));
		/* An error of HTTP stays one, whatever stands beside it. */
		h.status = 500;
		assert_int_equal(grpc_http_status(&h), 500);
	}
	arena_fini(&a);
}

TEST(grpc_callers_get_heads_where_others_get_pages)
{
	struct bench b;

	bench_init(&b, "a br^ c");
	http_fields_add_id(&b.request.fields, FIELD_CONTENT_TYPE,
	    SLICE("application/grpc"));
	bench_head(true);
	bench_turn();
	bench_expect("a:head^$ b:head^$ a:headv$ <200$ b:done a:done close:0");
	bench_fini(&b);
}
