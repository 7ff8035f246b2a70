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

TEST(grpc_statuses_are_read_as_libraries_do)
{
	static const struct {
		const char *value;
		int         status;
		bool        is_error, is_failure;
	} cases[] = {
		{ "0", 0, false, false }, { "1", 1, false, false },
		{ "2", 2, true, false }, { "3", 3, false, false },
		{ "4", 4, true, true }, { "5", 5, false, false },
		{ "6", 6, false, false }, { "7", 7, false, false },
		{ "8", 8, false, false }, { "9", 9, false, false },
		{ "10", 10, false, false }, { "11", 11, false, false },
		{ "12", 12, true, false }, { "13", 13, true, true },
		{ "14", 14, true, true }, { "15", 15, true, true },
		{ "16", 16, false, false }, { "17", 2, true, false },
		{ "4294967296", -1, false, false }, { "99999", 2, true, false },
		{ "-1", -1, false, false }, { "1x", -1, false, false },
		{ "", -1, false, false }, { NULL, -1, false, false },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_fields f;

		http_fields_init(&f, &a);
		if (cases[i].value != NULL)
			http_fields_add_id(&f, FIELD_GRPC_STATUS,
			    slice_str(cases[i].value));
		int status = grpc_status_read(&f);

		if (status != cases[i].status ||
		    grpc_is_error(status) != cases[i].is_error ||
		    grpc_is_failure(status) != cases[i].is_failure)
			fail_msg("\"%s\": %d", cases[i].value, status);
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

#define GRPC	"application/grpc"

static void
begin_call(struct bench *b, const char *filters)
{
	bench_init(b, filters);
	http_fields_add_id(&b->request.fields, FIELD_CONTENT_TYPE,
	    SLICE("application/grpc"));
	bench_head(true);
	bench_turn();
}

/* A head without an end, and a part of the body; type NULL: it says none. */
static void
begin_answer(struct bench *b, const char *type, int64_t length)
{
	struct http_head *h = arena_alloc(&b->arena, sizeof(*h));
	struct buf part = { 0 };

	http_head_init(h, &b->arena);
	h->status = 200;
	h->content_length = length;
	if (type != NULL)
		http_fields_add_id(&h->fields, FIELD_CONTENT_TYPE,
		    slice_str(type));
	l7_respond_head(b->terminal, h, false);
	buf_add(&part, "abc", 3);
	l7_respond_body(b->terminal, &part, false);
	buf_fini(&part);
}

TEST(grpc_answers_that_break_off_end_in_a_status)
{
	struct bench b;

	begin_call(&b, "a b");
	begin_answer(&b, GRPC, -1);
	l7_abort(b.terminal, FLAG_UC, "gone");
	bench_turn();
	bench_expect("a:head^$ b:head^$ ^head$ b:headv a:headv <200 "
	    "b:[abc]v a:[abc]v <[abc] b:Tv a:Tv <T$ "
	    "done:200:UC b:done a:done close:0");
	assert_int_equal(l7_summary(b.terminal)->grpc_status, GRPC_UNAVAILABLE);
	bench_fini(&b);

	/* What a filter holds is not sent before the status. */
	begin_call(&b, "a bbv");
	begin_answer(&b, GRPC, -1);
	l7_abort(b.terminal, FLAG_UT, "late");
	bench_turn();
	bench_expect("a:head^$ b:head^$ ^head$ b:headv a:headv <200 "
	    "b:[abc]v b:Tv a:Tv <T$ done:200:UT b:done a:done close:0");
	bench_fini(&b);
}

TEST(grpc_answers_of_a_stated_length_are_reset)
{
	struct bench b;

	begin_call(&b, "a");
	begin_answer(&b, GRPC, 9);
	l7_abort(b.terminal, FLAG_UC, "gone");
	bench_turn();
	bench_expect("a:head^$ ^head$ a:headv <200 a:[abc]v <[abc] "
	    "done:200:UC a:done close:9");
	bench_fini(&b);
}

TEST(others_than_grpc_are_reset)
{
	struct bench b;

	bench_init(&b, "a");
	bench_head(true);
	begin_answer(&b, GRPC, -1);
	l7_abort(b.terminal, FLAG_UC, "gone");
	bench_turn();
	bench_expect("a:head^$ ^head$ a:headv <200 a:[abc]v <[abc] "
	    "done:200:UC a:done close:9");
	bench_fini(&b);
}

/* It would look like a whole one, to caches in front of us too. */
TEST(grpc_calls_are_not_told_that_a_page_is_whole)
{
	static const char *const types[] = { NULL, "text/html",
		"application/grpcish" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct bench b;

		begin_call(&b, "a");
		begin_answer(&b, types[i], -1);
		l7_abort(b.terminal, FLAG_DT, "late");
		bench_turn();
		bench_expect("a:head^$ ^head$ a:headv <200 a:[abc]v <[abc] "
		    "done:200:DT a:done close:9");
		bench_fini(&b);
	}
}
