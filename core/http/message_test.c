#include <string.h>

#include "base/unit.h"
#include "http/message.h"
#include "http/trace_test.h"

#define GET "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

TEST(message_replies_are_whole)
{
	struct trace t;
	struct buf body = { 0 };

	trace_start(&t, GET GET GET);
	message_reply_text(t.stream, 404, "no such service");
	trace_close(&t, STREAM_OK);
	trace_expect_out(&t, "HTTP/1.1 404 Not Found\r\n"
	    "content-type: text/plain\r\ncontent-length: 16\r\n\r\n"
	    "no such service\n");
	buf_add(&body, "{}", 2);
	message_reply(t.stream, 200, SLICE("application/json"), &body);
	assert_int_equal(buf_len(&body), 0);
	trace_close(&t, STREAM_OK);
	trace_expect_out(&t, "HTTP/1.1 200 OK\r\n"
	    "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
	message_reply(t.stream, 204, SLICE_NONE, NULL);
	trace_close(&t, STREAM_OK);
	trace_expect_out(&t, "HTTP/1.1 204 No Content\r\n\r\n");
	trace_fini(&t);
}

TEST(message_reply_to_head_has_no_body)
{
	struct trace t;

	trace_start(&t, "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
	message_reply_text(t.stream, 503, NULL);
	trace_close(&t, STREAM_OK);
	trace_expect_out(&t, "HTTP/1.1 503 Service Unavailable\r\n"
	    "content-type: text/plain\r\ncontent-length: 20\r\n\r\n");
	trace_fini(&t);
}

TEST(message_requests_are_checked)
{
	struct arena a = { 0 };
	struct http_head h;

	assert_true(message_request_init(&h, &a, "PUT", SLICE("C:7700"),
	    SLICE("/v1/../x?y=/../z")));
	assert_int_equal(h.method_id, METHOD_PUT);
	assert_true(slice_is(h.path, "/x"));
	assert_true(slice_is(h.query, "y=/../z"));
	assert_true(slice_is(h.authority, "c:7700"));
	assert_true(message_request_init(&h, &a, "GET", SLICE("c"),
	    SLICE("/")));
	assert_null(h.query.ptr);
	assert_false(message_request_init(&h, &a, "GET", SLICE("c d"),
	    SLICE("/")));
	assert_false(message_request_init(&h, &a, "GET", SLICE("c"),
	    SLICE("x")));
	assert_false(message_request_init(&h, &a, "GET", SLICE("c"),
	    SLICE("/%2f")));
	arena_fini(&a);
}
