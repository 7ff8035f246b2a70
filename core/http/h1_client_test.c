#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "http/trace_test.h"

#define N		"\r\n"
#define OK		"HTTP/1.1 200 OK\r\n"
#define CHUNKED		OK "transfer-encoding: chunked\r\n\r\n"
#define BAD		"reset-protocol error >"
#define CHUNK_BAD	"200 reset-protocol error >"
#define COUNT(t)	(sizeof(t) / sizeof((t)[0]))

/* The response to a request by this method; eof: the server ends then. */
struct vector {
	const char *name, *method, *in;
	bool        eof;
	const char *trace;
};

static void
run_cut(const struct vector *v, size_t at)
{
	struct trace t;
	size_t len = strlen(v->in);

	trace_init_client(&t, &http_limits_default, v->method);
	str_clear(&t.out);	/* of no interest here */
	if (at == SIZE_MAX) {
		for (size_t i = 0; i < len; i++)
			trace_feed(&t, v->in + i, 1);
	} else {
		if (at > 0)
			trace_feed(&t, v->in, at);
		if (at < len)
			trace_feed(&t, v->in + at, len - at);
	}
	if (v->eof)
		trace_feed_eof(&t);
	const char *got = trace_end(&t);

	if (strcmp(got, v->trace) != 0)
		fail_msg("%s, cut at %zd: %s", v->name, (ssize_t)at, got);
	trace_fini(&t);
}

static void
run(const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(v[i].in);

		run_cut(&v[i], len);
		run_cut(&v[i], SIZE_MAX);
		for (size_t at = 1; at < len; at++)
			run_cut(&v[i], at);
	}
}

static const struct vector plain[] = {
	{ "length", "GET", OK "Content-Length: 3\r\nX: y\r\n\r\nabc", false,
	    "200 {x=y} cl=3 body(abc) end idle >" },
	{ "length 0", "GET", OK "content-length: 0\r\n\r\n", false,
	    "200 cl=0 end idle >" },
	{ "no reason", "GET", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
	    false, "200 cl=0 end idle >" },
	{ "empty reason", "GET", "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n",
	    false, "200 cl=0 end idle >" },
	{ "status without a name", "GET",
	    "HTTP/1.1 599 What Ever\xe9\r\ncontent-length: 0\r\n\r\n",
	    false, "599 cl=0 end idle >" },
	{ "chunked", "GET", CHUNKED "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n", false,
	    "200 body(abcd) end idle >" },
	{ "trailers", "GET", CHUNKED "1\r\nx\r\n0\r\nGrpc-Status: 0\r\n"
	    "content-length: 1\r\nunder_score: kept\r\n\r\n", false,
	    "200 body(x) trailers{grpc-status=0,under_score=kept} end idle >" },
	{ "until close", "GET", OK "\r\nabc", true,
	    "200 body(abc) end clean >" },
	{ "until close, nothing", "GET", OK "\r\n", true, "200 end clean >" },
	{ "1.0", "GET", "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", false,
	    "200 cl=1 1.0 body(x) end clean >" },
	{ "1.0 keep-alive", "GET", "HTTP/1.0 200 OK\r\n"
	    "connection: keep-alive\r\ncontent-length: 1\r\n\r\nx", false,
	    "200 cl=1 1.0 body(x) end idle >" },
	{ "close", "GET", OK "connection: close\r\ncontent-length: 1\r\n\r\nx",
	    false, "200 cl=1 body(x) end clean >" },
	{ "fields of one hop", "GET", OK "connection: x-drop\r\nx-drop: 1\r\n"
	    "keep-alive: 5\r\nx_kept: 1\r\ncontent-length: 0\r\n\r\n", false,
	    "200 {x_kept=1} cl=0 end idle >" },
	{ "what Connection may not name", "GET",
	    OK "connection: set-cookie, x-forwarded-client-cert\r\n"
	    "set-cookie: a\r\nx-forwarded-client-cert: b\r\n"
	    "content-length: 0\r\n\r\n", false,
	    "200 {set-cookie=a,x-forwarded-client-cert=b} cl=0 end idle >" },
};

TEST(h1_client_reads_responses)
{
	run(plain, COUNT(plain));
}

static const struct vector no_body[] = {
	{ "25: HEAD with a length", "HEAD", OK "content-length: 5\r\n\r\n",
	    false, "200 cl=5 end idle >" },
	{ "25: HEAD, chunked", "HEAD", CHUNKED, false, "200 end idle >" },
	{ "25: HEAD with a body after all", "HEAD",
	    OK "content-length: 5\r\n\r\nabcde", false,
	    "200 cl=5 end error >" },
	{ "25: 204 with a length", "GET",
	    "HTTP/1.1 204 No\r\ncontent-length: 3\r\n\r\nabc", false,
	    "204 end error >" },
	{ "25: 204, chunked", "GET",
	    "HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n", false,
	    "204 end idle >" },
	{ "25: 204", "DELETE", "HTTP/1.1 204 No\r\n\r\n", false,
	    "204 end idle >" },
	{ "25: 304 with a length", "GET",
	    "HTTP/1.1 304 No\r\ncontent-length: 300\r\n\r\n", false,
	    "304 cl=300 end idle >" },
	{ "25: 304 with a body after all", "GET",
	    "HTTP/1.1 304 No\r\ncontent-length: 1\r\n\r\nx", false,
	    "304 cl=1 end error >" },
	{ "25: 103 with a length", "GET",
	    "HTTP/1.1 103 Hints\r\nlink: x\r\ncontent-length: 3\r\n\r\n"
	    OK "content-length: 1\r\n\r\nx", false,
	    "info 103 {link=x} 200 cl=1 body(x) end idle >" },
	{ "26: informational heads", "GET", "HTTP/1.1 100 Continue\r\n\r\n"
	    "HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 H\r\na: b\r\n\r\n"
	    OK "content-length: 0\r\n\r\n", false,
	    "info 100 info 102 info 103 {a=b} 200 cl=0 end idle >" },
	{ "26: too many of them", "GET",
#define I "HTTP/1.1 100 C\r\n\r\n"
	    I I I I I I I I I I I OK "content-length: 0\r\n\r\n", false,
	    "info 100 info 100 info 100 info 100 info 100 info 100 info 100 "
	    "info 100 info 100 info 100 reset-too-large error >" },
	{ "26: 101 that nobody asked for", "GET",
	    "HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nabc",
	    false, BAD },
	{ "29: a second response", "GET", OK "content-length: 0\r\n\r\n" OK,
	    false, "200 cl=0 end error >" },
};

TEST(h1_client_knows_where_responses_end)
{
	run(no_body, COUNT(no_body));
}

static const struct vector hostile[] = {
	{ "27: length and transfer encoding", "GET",
	    OK "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
	    false, BAD },
	{ "27: two lengths", "GET",
	    OK "content-length: 3\r\ncontent-length: 4\r\n\r\nabcd", false,
	    BAD },
	{ "27: two equal lengths", "GET",
	    OK "content-length: 3\r\ncontent-length: 3\r\n\r\nabc", false, BAD },
	{ "27: length list", "GET", OK "content-length: 3, 3\r\n\r\nabc", false,
	    BAD },
	{ "27: two transfer encodings", "GET", OK
	    "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n",
	    false, BAD },
	{ "27: gzip, chunked", "GET",
	    OK "transfer-encoding: gzip, chunked\r\n\r\n", false, BAD },
	{ "27: transfer encoding in 1.0", "GET",
	    "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", false, BAD },
	{ "27: both in a response to HEAD", "HEAD",
	    OK "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
	    false, BAD },
	{ "27: chunk size", "GET", CHUNKED "x\r\nabc\r\n", false, CHUNK_BAD },
	{ "27: no CR LF behind a chunk", "GET", CHUNKED "1\r\nab\r\n0\r\n\r\n",
	    false, "200 body(a) reset-protocol error >" },
	{ "9: folded", "GET", OK "a: b\r\n c\r\n\r\n", false, BAD },
	{ "8: LF alone", "GET", "HTTP/1.1 200 OK\ncontent-length: 0\n\n", false,
	    BAD },
	{ "8: CR alone", "GET", OK "a: b\rc\r\n\r\n", false, BAD },
	{ "10: space before the colon", "GET", OK "a : b\r\n\r\n", false, BAD },
	{ "10: no name", "GET", OK ": b\r\n\r\n", false, BAD },
	{ "no HTTP", "GET", "SSH-2.0-x\r\n", false, BAD },
	{ "an empty line in front", "GET", "\r\n" OK "\r\n", false, BAD },
	{ "2.0", "GET", "HTTP/2.0 200 OK\r\n\r\n", false, BAD },
	{ "1.2", "GET", "HTTP/1.2 200 OK\r\n\r\n", false, BAD },
	{ "short status", "GET", "HTTP/1.1 20 OK\r\n\r\n", false, BAD },
	{ "long status", "GET", "HTTP/1.1 2000 OK\r\n\r\n", false, BAD },
	{ "status 099", "GET", "HTTP/1.1 099 OK\r\n\r\n", false, BAD },
	{ "status 600", "GET", "HTTP/1.1 600 OK\r\n\r\n", false, BAD },
	{ "two spaces", "GET", "HTTP/1.1  200 OK\r\n\r\n", false, BAD },
	{ "28: ends in the body", "GET", OK "content-length: 3\r\n\r\nab", true,
	    "200 cl=3 body(ab) reset-truncated error >" },
	{ "28: ends in a chunk", "GET", CHUNKED "3\r\nab", true,
	    "200 body(ab) reset-truncated error >" },
	{ "28: ends before the last chunk", "GET", CHUNKED "2\r\nab\r\n", true,
	    "200 body(ab) reset-truncated error >" },
	{ "28: ends in the trailers", "GET", CHUNKED "0\r\na: b\r\n", true,
	    "200 reset-truncated error >" },
	{ "28: ends in the head", "GET", OK "a: b", true,
	    "reset-truncated error >" },
	{ "28: ends behind a 100", "GET", "HTTP/1.1 100 C\r\n\r\n", true,
	    "info 100 reset-truncated error >" },
	{ "32: ends before a byte", "GET", "", true,
	    "reset-conn-closed error >" },
};

TEST(h1_client_refuses_doubtful_responses)
{
	run(hostile, COUNT(hostile));
}

TEST(h1_client_refuses_nul)
{
	static const char response[] = OK "a: b\0c\r\n\r\n";
	struct trace t;

	trace_init_client(&t, &http_limits_default, "GET");
	str_clear(&t.out);
	trace_feed(&t, response, sizeof(response) - 1);
	assert_string_equal(trace_end(&t), BAD);
	trace_fini(&t);
}

/* --- connections --------------------------------------------------------- */

static void
feed(struct trace *t, const char *s)
{
	trace_feed(t, s, strlen(s));
}

TEST(h1_client_connection_is_used_again)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, "GET");
	assert_false(codec_is_idle(t.codec));
	feed(&t, OK "content-length: 1\r\n\r\na");
	assert_true(codec_is_idle(t.codec));
	trace_open(&t, trace_request(&t, "PUT"), true);
	feed(&t, CHUNKED "1\r\nb\r\n0\r\n\r\n");
	trace_open(&t, trace_request(&t, "HEAD"), true);
	feed(&t, OK "content-length: 9\r\n\r\n");
	assert_string_equal(str_ptr(&t.out),
	    "GET / HTTP/1.1\r\nhost: a:1\r\n\r\n"
	    "PUT / HTTP/1.1\r\nhost: a:1\r\ncontent-length: 0\r\n\r\n"
	    "HEAD / HTTP/1.1\r\nhost: a:1\r\n\r\n");
	str_clear(&t.out);
	assert_string_equal(trace_end(&t), "200 cl=1 body(a) end idle "
	    "200 body(b) end idle 200 cl=9 end idle >");
	trace_fini(&t);
}

/* 29 */
TEST(h1_client_bytes_before_a_request_spoil_the_connection)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, NULL);
	feed(&t, OK "content-length: 0\r\n\r\n");
	assert_null(codec_open_stream(t.codec, &t.arena, NULL, NULL));
	assert_string_equal(trace_end(&t), "error >");
	trace_fini(&t);
}

TEST(h1_client_idle_connection_ends_in_order)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, NULL);
	trace_feed_eof(&t);
	assert_string_equal(trace_end(&t), "clean >");
	trace_fini(&t);
}

/* Opened, nothing sent: whatever happened is no reason not to try again. */
TEST(h1_client_stream_without_a_request_is_refused)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, NULL);
	trace_open(&t, NULL, false);
	feed(&t, "x");
	assert_string_equal(trace_end(&t), "reset-refused error >");
	trace_fini(&t);
}

TEST(h1_client_stream_given_back_unused)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, NULL);
	trace_open(&t, NULL, false);
	trace_close(&t, STREAM_CANCEL);
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "idle >");
	trace_fini(&t);
}

TEST(h1_client_reset_is_told_apart)
{
	static const struct {
		const char       *before;
		enum stream_error error;
		const char       *trace;
	} v[] = {
		{ "", STREAM_CONN_RESET, "reset-conn-reset >" },
		{ "", STREAM_CONN_CLOSED, "reset-conn-closed >" },
		{ "H", STREAM_CONN_RESET, "reset-truncated >" },
		{ I, STREAM_CONN_RESET, "info 100 reset-truncated >" },
		{ OK "\r\nab", STREAM_CONN_RESET,
		    "200 body(ab) reset-truncated >" },
		{ "", STREAM_TIMEOUT, "reset-timeout >" },
	};

	for (size_t i = 0; i < COUNT(v); i++) {
		struct trace t;

		trace_init_client(&t, &http_limits_default, "GET");
		str_clear(&t.out);
		feed(&t, v[i].before);
		codec_abort(t.codec, v[i].error);
		assert_string_equal(trace_end(&t), v[i].trace);
		trace_fini(&t);
	}
}

TEST(h1_client_close_before_the_end_spoils_the_connection)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, "GET");
	str_clear(&t.out);
	feed(&t, OK "content-length: 3\r\n\r\na");
	trace_close(&t, STREAM_CANCEL);
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "200 cl=3 body(a) abort >");
	trace_fini(&t);
}

/* 30: the response came while the request was under way. */
TEST(h1_client_early_response)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, NULL);
	trace_open(&t, trace_request(&t, "POST"), false);
	str_clear(&t.out);
	feed(&t, "HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n");
	assert_string_equal(trace_end(&t), "401 cl=0 end abort >");
	trace_fini(&t);
}

TEST(h1_client_drains)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, "GET");
	str_clear(&t.out);
	codec_drain(t.codec);
	feed(&t, OK "content-length: 0\r\n\r\n");
	assert_string_equal(trace_end(&t), "200 cl=0 end clean >");
	trace_fini(&t);

	trace_init_client(&t, &http_limits_default, NULL);
	codec_drain(t.codec);
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "clean >");
	trace_fini(&t);
}

TEST(h1_client_response_limits)
{
	struct http_limits small = http_limits_default;
	static const struct { const char *in, *trace; } v[] = {
		{ OK "a: 0123456789012345678901234567890123456789\r\n",
		    "reset-too-large error >" },
		{ OK "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n", "reset-too-large error >" },
		{ OK "a: 0123456789\r\nb: 0123456789\r\nc: 0123456789012345678\r\n"
		    "\r\n", "reset-too-large error >" },
		{ "HTTP/1.1 103 H\r\na: 01234567890123456789\r\n\r\n"
		    "HTTP/1.1 103 H\r\na: 01234567890123456789\r\n\r\n",
		    "info 103 {a=01234567890123456789} reset-too-large error >" },
		{ CHUNKED "0\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n",
		    "200 reset-too-large error >" },
	};

	small.line_bytes = 40;
	small.fields = 3;
	small.head_bytes = 70;
	for (size_t i = 0; i < COUNT(v); i++) {
		struct trace t;

		trace_init_client(&t, &small, "GET");
		str_clear(&t.out);
		feed(&t, v[i].in);
		assert_string_equal(trace_end(&t), v[i].trace);
		trace_fini(&t);
	}
}

/* --- what it writes ------------------------------------------------------- */

TEST(h1_client_writes_requests)
{
	struct trace t;
	struct buf b = { 0 };

	trace_init_client(&t, &http_limits_default, NULL);
	struct http_head *h = trace_request(&t, "POST");

	h->path = SLICE("/p");
	h->query = SLICE("q=1");
	h->expects_continue = true;
	http_fields_add(&h->fields, SLICE("x-a"), SLICE("1"));
	http_fields_add_id(&h->fields, FIELD_HOST, SLICE("other"));
	http_fields_add_id(&h->fields, FIELD_CONNECTION, SLICE("close"));
	http_fields_add(&h->fields, SLICE("x-split"), SLICE("a\r\nx-evil: 1"));
	http_fields_add(&h->fields, SLICE("x\r\ny"), SLICE("a"));
	trace_open(&t, h, false);
	buf_add(&b, "abc", 3);
	stream_send_body(t.stream, &b, false);
	struct http_fields trailers;

	http_fields_init(&trailers, &t.arena);
	http_fields_add(&trailers, SLICE("x-sum"), SLICE("7"));
	stream_send_trailers(t.stream, &trailers);
	trace_turn(&t);
	assert_string_equal(str_ptr(&t.out), "POST /p?q=1 HTTP/1.1\r\n"
	    "host: a:1\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n"
	    "expect: 100-continue\r\n\r\n"
	    "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n");
	trace_fini(&t);
}

TEST(h1_client_writes_absolute_form_and_connect)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, NULL);
	struct http_head *h = trace_request(&t, "GET");

	h->is_absolute = true;
	h->scheme = SLICE("http");
	trace_open(&t, h, true);
	assert_string_equal(str_ptr(&t.out),
	    "GET http://a:1/ HTTP/1.1\r\nhost: a:1\r\n\r\n");
	trace_fini(&t);

	trace_init_client(&t, &http_limits_default, "CONNECT");
	assert_string_equal(str_ptr(&t.out),
	    "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n");
	trace_fini(&t);
}

/* 33: a start line that would be two. */
TEST(h1_client_never_writes_a_split_start_line)
{
	static const struct slice evil[] = {
		{ "/ HTTP/1.1\r\nx: y\r\n\r\nGET /", 28 }, { "/a b", 4 },
		{ "/\xc3\xa9", 3 }, { "/\0", 2 },
	};

	for (size_t i = 0; i < COUNT(evil); i++) {
		struct trace t;

		trace_init_client(&t, &http_limits_default, NULL);
		struct http_head *h = trace_request(&t, "GET");

		h->path = evil[i];
		trace_open(&t, h, true);
		assert_string_equal(trace_end(&t), "reset-internal abort >");
		trace_fini(&t);
	}
}

/* A body that is not as long as the head said is never sent as if it were. */
TEST(h1_client_holds_users_to_the_length)
{
	for (size_t n = 2; n <= 4; n += 2) {
		struct trace t;
		struct buf b = { 0 };

		trace_init_client(&t, &http_limits_default, NULL);
		struct http_head *h = trace_request(&t, "PUT");

		h->content_length = 3;
		trace_open(&t, h, false);
		buf_add(&b, "abcd", n);
		stream_send_body(t.stream, &b, true);
		trace_turn(&t);
		assert_string_equal(trace_end(&t), "reset-internal abort >");
		trace_fini(&t);
	}
}

/* --- tunnels -------------------------------------------------------------- */

TEST(h1_client_tunnel_after_101)
{
	struct trace t;
	struct buf b = { 0 };

	trace_init_client(&t, &http_limits_default, NULL);
	struct http_head *h = trace_request(&t, "GET");

	h->upgrade = SLICE("websocket");
	trace_open(&t, h, true);
	assert_string_equal(str_ptr(&t.out), "GET / HTTP/1.1\r\nhost: a:1\r\n"
	    "upgrade: websocket\r\nconnection: upgrade\r\n\r\n");
	str_clear(&t.out);
	feed(&t, "HTTP/1.1 101 S\r\nconnection: upgrade\r\n"
	    "upgrade: websocket\r\n\r\nHTTP");
	assert_true(t.stream->is_tunnel);
	buf_add(&b, "up", 2);
	stream_send_body(t.stream, &b, true);
	trace_turn(&t);
	assert_true(t.output_ended);
	assert_false(t.finished);
	feed(&t, "more");
	trace_feed_eof(&t);
	assert_string_equal(str_ptr(&t.out), "up");
	trace_close(&t, STREAM_OK);
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "101 upgrade=websocket body(HTTPmore) end flush >");
	trace_fini(&t);
}

TEST(h1_client_refused_upgrade_is_a_plain_response)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, NULL);
	struct http_head *h = trace_request(&t, "GET");

	h->upgrade = SLICE("websocket");
	trace_open(&t, h, true);
	str_clear(&t.out);
	feed(&t, "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n");
	assert_string_equal(trace_end(&t), "403 cl=0 end idle >");
	trace_fini(&t);
}

TEST(h1_client_tunnel_after_connect)
{
	struct trace t;

	trace_init_client(&t, &http_limits_default, "CONNECT");
	str_clear(&t.out);
	feed(&t, OK "content-length: 3\r\n\r\nabcd");
	assert_true(t.stream->is_tunnel);
	trace_close(&t, STREAM_CONN_RESET);
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "200 body(abcd) abort >");
	trace_fini(&t);
}
