#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "chain/grpc_message.h"
#include "filter/ext_authz_grpc.h"
#include "http/protobuf.h"

/* Fields as text, what nests in braces, as far as depth says. */
static void
show(struct slice bytes, struct str *out, int depth)
{
	struct protobuf_field f;
	struct protobuf p;

	protobuf_init(&p, bytes);
	while (protobuf_next(&p, &f)) {
		if (f.wire != PROTOBUF_BYTES) {
			str_addf(out, "%u=%lld ", f.number, (long long)f.n);
			continue;
		}
		/* Texts begin with a letter, a digit, ':' or '/'. */
		if (f.bytes.len > 0 && (unsigned char)f.bytes.ptr[0] >= '-') {
			str_addf(out, "%u=%.*s ", f.number, SLICE_ARG(f.bytes));
			continue;
		}
		str_addf(out, "%u{", f.number);
		if (depth > 0)
			show(f.bytes, out, depth - 1);
		str_add(out, "} ");
	}
	assert_true(protobuf_end(&p));
}

TEST(ext_authz_grpc_asks_as_envoy_does)
{
	static const char *const names[] = { "*" };
	struct ext_authz_settings s = { .headers = { names, 1 },
		.body_max = 8 };
	struct ext_authz_question q = {
		.body = SLICE("a\xff" "b"), .is_part = true,
		.source = { .address = SLICE("10.0.0.1"), .port = 5,
		    .principal = SLICE("spiffe://td/ns/a/sa/b") },
		.destination = { .service = SLICE("shop/orders") },
		.id = SLICE("77"), .sni = SLICE("orders"),
		.wall_us = 1500000,
	};
	struct str text = { 0 };
	struct buf out = { 0 };
	struct slice message;
	struct http_head h;
	struct arena a;

	arena_init(&a);
	http_head_init(&h, &a);
	h.method = SLICE("GET");
	h.scheme = SLICE("http");
	h.authority = SLICE("shop");
	h.path = SLICE("/a");
	h.query = SLICE("b");
	h.minor = 2;
	h.content_length = -1;
	http_fields_add(&h.fields, SLICE("x-a"), SLICE("1"));
	http_fields_add(&h.fields, SLICE("cookie"), SLICE("c=1"));
	http_fields_add(&h.fields, SLICE("x-a"), SLICE("\xe9"));
	http_fields_add(&h.fields, SLICE("cookie"), SLICE("d=2"));
	q.head = &h;
	ext_authz_grpc_put(&s, &q, &out);
	assert_true(grpc_message_read(buf_pull(&out, buf_len(&out)), &message));
	show(message, &text, 9);
	assert_string_equal(str_ptr(&text),
	    "1{1{1{1{2=10.0.0.1 3=5 } } 4=spiffe://td/ns/a/sa/b } "
	    "2{2=shop/orders } "
	    "4{1{1=1 2=500000000 } 2{1=77 2=GET "
	    "3{1=:method 2=GET } 3{1=:path 2=/a?b } 3{1=:authority 2=shop } "
	    "3{1=:scheme 2=http } 3{1=x-a 2=1,\xef\xbf\xbd } "
	    "3{1=cookie 2=c=1; d=2 } 3{1=x-envoy-auth-partial-body 2=true } "
	    "4=/a?b 5=shop 6=http 9=-1 10=HTTP/2 11=a\xef\xbf\xbd" "b } } "
	    "12{1=orders } } ");
	buf_fini(&out);
	str_clear(&text);

	/* As bytes; of the headers some. */
	static const char *const some[] = { "x-*" };

	s.headers = (struct ext_authz_names){ some, 1 };
	s.as_bytes = true;
	ext_authz_grpc_put(&s, &q, &out);
	assert_true(grpc_message_read(buf_pull(&out, buf_len(&out)), &message));
	show(message, &text, 9);
	assert_non_null(strstr(str_ptr(&text), "12=a\xff" "b }"));
	assert_non_null(strstr(str_ptr(&text), "3{1=x-a "));
	assert_null(strstr(str_ptr(&text), "3{1=cookie"));
	buf_fini(&out);
	str_clear(&text);

	/* Of bytes there is no request. */
	q.head = NULL;
	ext_authz_grpc_put(&s, &q, &out);
	assert_true(grpc_message_read(buf_pull(&out, buf_len(&out)), &message));
	show(message, &text, 9);
	assert_string_equal(str_ptr(&text),
	    "1{1{1{1{2=10.0.0.1 3=5 } } 4=spiffe://td/ns/a/sa/b } "
	    "2{2=shop/orders } 4{1{1=1 2=500000000 } } 12{1=orders } } ");
	buf_fini(&out);
	str_fini(&text);
	arena_fini(&a);
}

/* --- answers ------------------------------------------------------------------------ */

static void
put_status(struct str *out, uint32_t number, uint64_t code)
{
	size_t mark = protobuf_open(out, number);

	if (code != 0)
		protobuf_put_u64(out, 1, code);
	protobuf_close(out, mark);
}

enum append { UNSAID, NO, YES };

static void
put_option(struct str *out, uint32_t number, const char *name,
    const char *value, enum append append, uint64_t action)
{
	size_t option = protobuf_open(out, number), mark;

	protobuf_put_entry(out, 1, slice_str(name), slice_str(value));
	if (append != UNSAID) {
		mark = protobuf_open(out, 2);
		if (append == YES)
			protobuf_put_u64(out, 1, 1);
		protobuf_close(out, mark);
	}
	if (action != 0)
		protobuf_put_u64(out, 3, action);
	protobuf_close(out, option);
}

static void
expect_fields(const struct http_fields *f, const char *wanted)
{
	struct str s = { 0 };

	for (size_t i = 0; i < f->len; i++)
		str_addf(&s, "%.*s=%.*s ", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	assert_string_equal(str_ptr(&s), wanted);
	str_fini(&s);
}

static void
expect_cut_is_no_answer(struct slice message)
{
	struct ext_authz_answer answer;
	struct arena a;

	/* Nothing that is cut anywhere may let pass more than the whole does. */
	arena_init(&a);
	for (size_t n = 0; n < message.len; n++) {
		ext_authz_grpc_message(slice_of(message.ptr, n), &a, &answer);
		if (answer.result == EXT_AUTHZ_ALLOW)
			assert_int_equal(answer.len, 0);
	}
	arena_fini(&a);
}

TEST(ext_authz_grpc_yes_changes_request_and_response)
{
	struct ext_authz_answer answer;
	struct str m = { 0 };
	struct http_head h, response;
	struct arena a;

	put_status(&m, 1, 0);
	size_t ok = protobuf_open(&m, 3);

	put_option(&m, 2, "X-Set", "1", UNSAID, 0);
	put_option(&m, 2, "x-more", "2", YES, 0);
	put_option(&m, 2, "x-only", "3", NO, 0);
	put_option(&m, 2, "x-new", "4", UNSAID, 1);
	put_option(&m, 2, "x-old", "5", UNSAID, 1);
	put_option(&m, 2, "x-there", "6", UNSAID, 3);
	put_option(&m, 2, "x-absent", "7", UNSAID, 3);
	put_option(&m, 2, "host", "evil", UNSAID, 0);
	put_option(&m, 2, ":path", "/evil", UNSAID, 0);
	put_option(&m, 2, "content-length", "9", UNSAID, 0);
	put_option(&m, 2, "transfer-encoding", "chunked", UNSAID, 0);
	protobuf_put_bytes(&m, 5, SLICE("X-Gone"));
	protobuf_put_bytes(&m, 5, SLICE("connection"));
	put_option(&m, 6, "x-down", "8", UNSAID, 0);
	put_option(&m, 6, "x-down", "9", UNSAID, 2);
	protobuf_put_entry(&m, 7, SLICE("q"), SLICE("%41"));
	protobuf_put_bytes(&m, 8, SLICE("p"));
	protobuf_close(&m, ok);
	expect_cut_is_no_answer(str_slice(&m));

	arena_init(&a);
	ext_authz_grpc_message(str_slice(&m), &a, &answer);
	assert_int_equal(answer.result, EXT_AUTHZ_ALLOW);
	http_head_init(&h, &a);
	h.query = SLICE("p=1&q=2&r=3&p");
	http_fields_add(&h.fields, SLICE("x-set"), SLICE("0"));
	http_fields_add(&h.fields, SLICE("x-set"), SLICE("00"));
	http_fields_add(&h.fields, SLICE("x-more"), SLICE("0"));
	http_fields_add(&h.fields, SLICE("x-only"), SLICE("0"));
	http_fields_add(&h.fields, SLICE("x-old"), SLICE("0"));
	http_fields_add(&h.fields, SLICE("x-there"), SLICE("0"));
	http_fields_add(&h.fields, SLICE("x-gone"), SLICE("0"));
	/* What an application takes for what it says. */
	http_fields_add(&h.fields, SLICE("x.gone"), SLICE("0"));
	http_fields_add(&h.fields, SLICE("x.set"), SLICE("0"));
	ext_authz_change_request(&answer, &a, &h);
	expect_fields(&h.fields, "x-set=1 x-more=0 x-only=3 x-old=0 x-there=6 "
	    "x-more=2 x-new=4 ");
	assert_true(slice_is(h.query, "r=3&q=%41"));
	http_head_init(&response, &a);
	http_fields_add(&response.fields, SLICE("x-down"), SLICE("0"));
	ext_authz_change_response(&answer, &response);
	expect_fields(&response.fields, "x-down=9 ");
	arena_fini(&a);
	str_fini(&m);
}

/* Applications decode names: what a caller hides is the same parameter. */
TEST(ext_authz_grpc_query_is_changed_however_it_is_written)
{
	static const struct {
		const char *query, *left;
	} cases[] = {
		{ "user=a&b=1", "b=1&user=ann" },
		{ "us%65r=a&b=1&%75ser", "b=1&user=ann" },
		{ "%75%73%65%72=a", "user=ann" },
		{ "user+=a&users=b&=c", "user+=a&users=b&=c&user=ann" },
		{ "%2541=x&%41b=1&A%62", "%2541=x&user=ann" },
	};
	struct ext_authz_answer answer;
	struct str m = { 0 };
	struct arena a;
	size_t ok = protobuf_open(&m, 3);

	protobuf_put_entry(&m, 7, SLICE("user"), SLICE("ann"));
	protobuf_put_bytes(&m, 8, SLICE("%41b"));
	protobuf_close(&m, ok);
	arena_init(&a);
	ext_authz_grpc_message(str_slice(&m), &a, &answer);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head h;

		http_head_init(&h, &a);
		h.query = slice_str(cases[i].query);
		ext_authz_change_request(&answer, &a, &h);
		assert_true(slice_is(h.query, cases[i].left));
	}
	arena_fini(&a);
	str_fini(&m);
}

/* What is kept of a query is no more than it, whatever its pieces are. */
TEST(ext_authz_grpc_query_of_many_parameters_costs_its_length)
{
	struct ext_authz_answer answer;
	struct str m = { 0 }, query = { 0 };
	struct http_head h;
	struct arena a;
	size_t ok = protobuf_open(&m, 3);

	protobuf_put_bytes(&m, 8, SLICE("p"));
	protobuf_close(&m, ok);
	for (int i = 0; i < 8000; i++)
		str_add(&query, "a&");
	arena_init(&a);
	ext_authz_grpc_message(str_slice(&m), &a, &answer);
	http_head_init(&h, &a);
	h.query = str_slice(&query);
	ext_authz_change_request(&answer, &a, &h);
	assert_true(slice_eq(h.query, str_slice(&query)));
	assert_in_range(a.total, 0, 2 * query.len + 16384);
	arena_fini(&a);
	str_fini(&m);
	str_fini(&query);
}

TEST(ext_authz_grpc_query_may_vanish)
{
	struct ext_authz_answer answer;
	struct str m = { 0 };
	struct http_head h;
	struct arena a;
	size_t ok = protobuf_open(&m, 3);

	protobuf_put_bytes(&m, 8, SLICE("p"));
	protobuf_close(&m, ok);
	arena_init(&a);
	ext_authz_grpc_message(str_slice(&m), &a, &answer);
	http_head_init(&h, &a);
	h.query = SLICE("p=1");
	ext_authz_change_request(&answer, &a, &h);
	assert_null(h.query.ptr);
	arena_fini(&a);
	str_fini(&m);
}

TEST(ext_authz_grpc_no_is_what_the_caller_gets)
{
	struct ext_authz_answer answer;
	struct buf body = { 0 };
	struct str m = { 0 };
	struct arena a;

	put_status(&m, 1, 7);
	size_t denied = protobuf_open(&m, 2);

	put_status(&m, 1, 401);
	put_option(&m, 2, "x-why", "no", UNSAID, 0);
	put_option(&m, 2, "connection", "close", UNSAID, 0);
	protobuf_put_bytes(&m, 3, SLICE("go away"));
	protobuf_close(&m, denied);
	expect_cut_is_no_answer(str_slice(&m));
	arena_init(&a);
	ext_authz_grpc_message(str_slice(&m), &a, &answer);
	assert_int_equal(answer.result, EXT_AUTHZ_DENY);
	struct http_head *h = ext_authz_denial(&answer, &a, &body);

	assert_int_equal(h->status, 401);
	expect_fields(&h->fields, "x-why=no ");
	assert_true(slice_is(buf_pull(&body, buf_len(&body)), "go away"));
	buf_fini(&body);
	arena_fini(&a);
	str_fini(&m);
}

/* In hexadecimal: status 0a, denied_response 12, ok_response 1a. */
TEST(ext_authz_grpc_says_yes_only_in_so_many_words)
{
#define BYTES(s)	{ s, sizeof(s) - 1 }
	static const struct {
		struct slice          message;
		enum ext_authz_result result;
		int                   status;
	} cases[] = {
		{ BYTES("\x0a\0"), EXT_AUTHZ_ALLOW, 0 },
		{ BYTES("\x1a\0"), EXT_AUTHZ_ALLOW, 0 },
		{ BYTES("\x0a\0\x1a\0"), EXT_AUTHZ_ALLOW, 0 },
		{ BYTES("\x0a\2\x08\0"), EXT_AUTHZ_ALLOW, 0 },
		{ BYTES("\x0a\2\x08\7"), EXT_AUTHZ_DENY, 403 },
		{ BYTES("\x0a\2\x08\7\x1a\0"), EXT_AUTHZ_DENY, 403 },
		{ BYTES("\x12\0"), EXT_AUTHZ_DENY, 403 },
		{ BYTES("\x0a\2\x08\7\x12\5\x0a\3\x08\xae\2"), EXT_AUTHZ_DENY,
		    302 },
		{ BYTES(""), EXT_AUTHZ_ERROR, 0 },
		{ BYTES("\x22\0"), EXT_AUTHZ_ERROR, 0 },	/* metadata alone */
		{ BYTES("\x0a\0\x12\0"), EXT_AUTHZ_ERROR, 0 },
		{ BYTES("\x12\0\x1a\0"), EXT_AUTHZ_ERROR, 0 },
		{ BYTES("\x0a\2\x08\7\x12\4\x0a\2\x08\x65"), EXT_AUTHZ_ERROR,
		    0 },	/* status 101 */
		{ BYTES("\x0a\1\x08"), EXT_AUTHZ_ERROR, 0 },
		{ BYTES("\x08\0"), EXT_AUTHZ_ERROR, 0 },
		{ BYTES("\x1a\2\x10\1"), EXT_AUTHZ_ERROR, 0 },
		/* A header without a name, one with a line break. */
		{ BYTES("\x1a\4\x12\2\x0a\0"), EXT_AUTHZ_ERROR, 0 },
		{ BYTES("\x1a\x0c\x12\x0a\x0a\x08\x0a\1a\x12\3b\nc"),
		    EXT_AUTHZ_ERROR, 0 },
		/* A parameter that would be two. */
		{ BYTES("\x1a\x0a\x3a\x08\x0a\1a\x12\3b&c"), EXT_AUTHZ_ERROR,
		    0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ext_authz_answer answer;
		struct arena a;

		arena_init(&a);
		ext_authz_grpc_message(cases[i].message, &a, &answer);
		if (answer.result != cases[i].result)
			fail_msg("case %zu: %d %s", i, answer.result,
			    answer.why == NULL ? "" : answer.why);
		assert_int_equal(answer.is_malformed,
		    cases[i].result == EXT_AUTHZ_ERROR);
		if (answer.result == EXT_AUTHZ_DENY)
			assert_int_equal(answer.status, cases[i].status);
		arena_fini(&a);
	}
}

static const struct {
	int         status;
	const char *type, *grpc_status;	/* NULL: in no trailers */
	struct slice body;
	const char *why;	/* NULL: it lets pass */
	bool         is_malformed;
} calls[] = {
#define GRPC_TYPE "application/grpc"
#define YES_BODY BYTES("\0\0\0\0\2\x0a\0")
	{ 200, GRPC_TYPE, "0", YES_BODY, NULL, false },
	{ 200, GRPC_TYPE, "12", YES_BODY, "it has no envoy.service."
	    "auth.v3.Authorization", false },
	{ 200, GRPC_TYPE, "4", YES_BODY, "it did not answer in time",
	    false },
	{ 200, GRPC_TYPE, "13", YES_BODY, "it failed itself", false },
	{ 200, GRPC_TYPE, "8", YES_BODY, "it failed itself", false },
	{ 200, GRPC_TYPE, "14", YES_BODY, "it failed itself", false },
	{ 200, GRPC_TYPE, NULL, YES_BODY,
	    "its answer is without grpc-status", true },
	/* What it thinks of the question is no outage. */
	{ 200, GRPC_TYPE, "3", YES_BODY,
	    "it answered with grpc-status 3", true },
	{ 200, GRPC_TYPE, "7", YES_BODY,
	    "it answered with grpc-status 7", true },
	{ 200, GRPC_TYPE, "16", YES_BODY,
	    "it answered with grpc-status 16", true },
	{ 200, "text/html", "0", YES_BODY, "its answer is not gRPC",
	    true },
	{ 403, "text/html", NULL, YES_BODY, "its answer is not gRPC",
	    true },
	{ 503, GRPC_TYPE, "0", YES_BODY, "its answer is not gRPC",
	    false },
	{ 200, GRPC_TYPE, "0", BYTES("\0\0\0\0\3\x0a\0"),
	    "its answer is malformed", true },
	{ 200, GRPC_TYPE, "0", BYTES("\1\0\0\0\2\x0a\0"),
	    "its answer is malformed", true },
};

TEST(ext_authz_grpc_answer_is_a_call_that_went_well)
{

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct ext_authz_answer answer;
		struct http_fields trailers;
		struct http_head h;
		struct arena a;

		arena_init(&a);
		http_head_init(&h, &a);
		http_fields_init(&trailers, &a);
		h.status = calls[i].status;
		http_fields_add(&h.fields, SLICE("content-type"),
		    slice_str(calls[i].type));
		if (calls[i].grpc_status != NULL)
			http_fields_add(&trailers, SLICE("grpc-status"),
			    slice_str(calls[i].grpc_status));
		ext_authz_grpc_read(&h, calls[i].body, &trailers, &a, &answer);
		assert_int_equal(answer.result, calls[i].why == NULL ?
		    EXT_AUTHZ_ALLOW : EXT_AUTHZ_ERROR);
		if (calls[i].why != NULL)
			assert_string_equal(answer.why, calls[i].why);
		assert_int_equal(answer.is_malformed, calls[i].is_malformed);
		arena_fini(&a);
	}
}
