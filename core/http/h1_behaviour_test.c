#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "http/trace_test.h"

/* What the server end does over time: who waits, what is said, how it ends. */

#define N	"\r\n"
#define GET	"GET / HTTP/1.1\r\nhost: a\r\n"
#define POST	"POST / HTTP/1.1\r\nhost: a\r\n"
#define CHUNKED	POST "transfer-encoding: chunked\r\n\r\n"
#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* --- how responses are framed ---------------------------------------------- */

static const struct {
	const char *request;
	int         status;
	int64_t     length;
	bool        end;	/* with the head */
	const char *out;
	bool        closes;
} framed[] = {
	{ GET N, 200, 3, false,
	    "content-length: 3\r\n\r\nabc", false },
	{ GET N, 200, -1, false, "transfer-encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n0\r\n\r\n", false },
	{ GET N, 200, -1, true, "content-length: 0\r\n\r\n", false },
	{ GET N, 200, 0, true, "content-length: 0\r\n\r\n", false },
	{ GET "connection: close\r\n\r\n", 200, 3, false,
	    "content-length: 3\r\nconnection: close\r\n\r\nabc", true },
	{ "GET / HTTP/1.0\r\n\r\n", 200, -1, false,
	    "connection: close\r\n\r\nabc", true },
	{ "GET / HTTP/1.0\r\n\r\n", 200, 3, false,
	    "content-length: 3\r\nconnection: close\r\n\r\nabc", true },
	{ "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", 200, 3,
	    false, "content-length: 3\r\nconnection: keep-alive\r\n\r\n"
	    "abc", false },
	{ "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", 200, -1,
	    false, "connection: close\r\n\r\nabc", true },
	{ "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", 200, 3, false,
	    "content-length: 3\r\n\r\n", false },
	{ "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", 200, 3, true,
	    "content-length: 3\r\n\r\n", false },
	{ "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", 200, -1, true, "\r\n",
	    false },
	{ GET N, 204, 3, false, "\r\n", false },
	{ GET N, 204, -1, true, "\r\n", false },
	{ GET N, 304, 3, true, "content-length: 3\r\n\r\n", false },
	{ GET N, 304, -1, true, "\r\n", false },
};

TEST(h1_server_frames_responses)
{
	for (size_t i = 0; i < COUNT(framed); i++) {
		struct trace t;
		char expected[256];

		trace_start(&t, framed[i].request);
		trace_send_head(&t, framed[i].status, framed[i].length,
		    framed[i].end);
		if (!framed[i].end)
			trace_send_body(&t, "abc", true);
		trace_close(&t, STREAM_OK);
		snprintf(expected, sizeof(expected), "HTTP/1.1 %d %s\r\nx: y\r\n%s",
		    framed[i].status, http_status_text(framed[i].status),
		    framed[i].out);
		trace_expect_out(&t, expected);
		assert_int_equal(t.finished, framed[i].closes);
		trace_fini(&t);
	}
}

TEST(h1_server_sends_trailers_where_they_fit)
{
	static const struct { const char *request, *out; } v[] = {
		{ GET N, "transfer-encoding: chunked\r\n\r\n1\r\nb\r\n"
		    "0\r\ngrpc-status: 0\r\n\r\n" },
		{ "GET / HTTP/1.0\r\n\r\n", "connection: close\r\n\r\nb" },
	};

	for (size_t i = 0; i < COUNT(v); i++) {
		struct trace t;
		struct http_fields f;
		char expected[256];

		trace_start(&t, v[i].request);
		trace_send_head(&t, 200, -1, false);
		trace_send_body(&t, "b", false);
		http_fields_init(&f, &t.arena);
		http_fields_add_id(&f, FIELD_GRPC_STATUS, SLICE("0"));
		stream_send_trailers(t.stream, &f);
		trace_close(&t, STREAM_OK);
		snprintf(expected, sizeof(expected),
		    "HTTP/1.1 200 OK\r\nx: y\r\n%s", v[i].out);
		trace_expect_out(&t, expected);
		trace_fini(&t);
	}
}

TEST(h1_server_moves_long_bodies_in_chunks)
{
	struct trace t;
	struct str body = { 0 };

	trace_start(&t, GET N);
	trace_send_head(&t, 200, -1, false);
	trace_turn(&t);
	str_clear(&t.out);
	for (int i = 0; i < 5000; i++)
		str_addf(&body, "%04d", i);
	trace_send_body(&t, str_ptr(&body), false);
	trace_send_body(&t, "tail", true);
	trace_turn(&t);
	struct slice out = str_slice(&t.out), line;

	assert_true(slice_cut(&out, '\r', &line));
	assert_true(slice_is(line, "4e20"));
	assert_memory_equal(out.ptr + 1, body.ptr, body.len);
	assert_true(slice_is(slice_from(out, 1 + body.len),
	    "\r\n4\r\ntail\r\n0\r\n\r\n"));
	str_fini(&body);
	trace_fini(&t);
}

/* --- expectations and informational heads ------------------------------------ */

#define EXPECT	POST "expect: 100-continue\r\ncontent-length: 3\r\n\r\n"

/* 19 */
TEST(h1_server_says_continue_once)
{
	struct trace t;

	trace_start(&t, EXPECT);
	trace_send_info(&t, 100);
	trace_send_info(&t, 100);
	trace_expect_out(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	trace_say(&t, "abc");
	trace_reply(&t, 200, "ok");
	trace_say(&t, GET N);
	assert_string_equal(trace_end(&t), "POST / @a cl=3 expects body(abc) "
	    "end GET / @a end > 200");
	trace_fini(&t);
}

TEST(h1_server_says_no_continue_to_who_did_not_wait)
{
	struct trace t;

	trace_start(&t, EXPECT "a");
	trace_send_info(&t, 100);
	trace_say(&t, "bc");
	trace_reply(&t, 200, "ok");
	trace_say(&t, GET N);
	assert_string_equal(trace_end(&t), "POST / @a cl=3 expects body(abc) "
	    "end GET / @a end > 200");
	trace_fini(&t);

	trace_start(&t, GET N);
	trace_send_info(&t, 100);
	trace_expect_out(&t, "");
	trace_fini(&t);
}

TEST(h1_server_closes_when_the_expected_body_was_not_asked_for)
{
	struct trace t;

	trace_start(&t, EXPECT);
	trace_send_head(&t, 413, -1, true);
	trace_close(&t, STREAM_OK);
	trace_expect_out(&t, "HTTP/1.1 413 Content Too Large\r\nx: y\r\n"
	    "content-length: 0\r\nconnection: close\r\n\r\n");
	trace_say(&t, GET N);
	assert_string_equal(trace_end(&t), "POST / @a cl=3 expects flush >");
	trace_fini(&t);
}

TEST(h1_server_passes_informational_heads_to_who_knows_them)
{
	struct trace t;

	trace_start(&t, GET N);
	trace_send_info(&t, 103);
	trace_expect_out(&t, "HTTP/1.1 103 Early Hints\r\n\r\n");
	trace_fini(&t);

	trace_start(&t, "GET / HTTP/1.0\r\n\r\n");
	trace_send_info(&t, 103);
	trace_expect_out(&t, "");
	trace_fini(&t);
}

/* --- order, early answers, ends ---------------------------------------------- */

/* 20 */
TEST(h1_server_answers_in_order)
{
	struct trace t;

	trace_start(&t, GET N "POST /2 HTTP/1.1\r\nhost: a\r\n\r\n" GET N);
	assert_string_equal(str_ptr(&t.text), "GET / @a end");
	assert_true(codec_wants_input(t.codec));
	trace_reply(&t, 200, "1");
	trace_turn(&t);
	assert_true(t.asked_for_input);
	assert_string_equal(str_ptr(&t.text),
	    "GET / @a end POST /2 @a end");
	trace_reply(&t, 201, "2");
	trace_turn(&t);
	trace_reply(&t, 202, "3");
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "GET / @a end POST /2 @a end "
	    "GET / @a end > 200 201 202");
	trace_fini(&t);
}

TEST(h1_server_does_not_ask_for_input_that_is_not_there)
{
	struct trace t;

	trace_start(&t, GET N);
	trace_reply(&t, 200, "1");
	trace_turn(&t);
	assert_false(t.asked_for_input);
	assert_true(codec_is_idle(t.codec));
	trace_say(&t, "G");
	assert_true(codec_is_in_head(t.codec));
	assert_false(codec_is_idle(t.codec));
	trace_fini(&t);
}

/* 30: the rest of the upload is read and dropped, and the next one heard. */
TEST(h1_server_drains_a_short_upload)
{
	static const char *const rest[] = {
		POST "content-length: 6\r\n\r\nabc", "def" GET N,
		CHUNKED "3\r\nabc\r\n", "3\r\ndef\r\n0\r\na: b\r\n\r\n" GET N,
	};

	for (size_t i = 0; i < COUNT(rest); i += 2) {
		struct trace t;

		trace_start(&t, rest[i]);
		str_clear(&t.text);
		str_clear(&t.body);
		trace_reply(&t, 401, "no");
		trace_say(&t, rest[i + 1]);
		assert_string_equal(trace_end(&t), "GET / @a end > 401");
		trace_fini(&t);
	}
}

TEST(h1_server_does_not_drain_a_long_upload)
{
	struct http_limits small = http_limits_default;
	static const struct { const char *in, *more, *trace; } v[] = {
		{ POST "content-length: 12\r\n\r\na", "bcdefghijklm" GET N,
		    "POST / @a cl=12 body(a) flush > 401" },
		{ CHUNKED "1\r\na\r\n", "9\r\nbcdefghij\r\n0\r\n\r\n" GET N,
		    "POST / @a body(a) flush > 401" },
		{ CHUNKED "1\r\na\r\n", "x",
		    "POST / @a body(a) flush > 401" },
	};

	small.drain_bytes = 10;
	for (size_t i = 0; i < COUNT(v); i++) {
		struct trace t;

		trace_init_server(&t, &small);
		t.passive = true;
		trace_say(&t, v[i].in);
		trace_reply(&t, 401, "no");
		trace_say(&t, v[i].more);
		assert_string_equal(trace_end(&t), v[i].trace);
		trace_fini(&t);
	}
}

/* An answer may begin before the request has ended, and both go on. */
TEST(h1_server_is_full_duplex)
{
	struct trace t;

	trace_start(&t, CHUNKED "1\r\na\r\n");
	trace_send_head(&t, 200, -1, false);
	trace_send_body(&t, "A", false);
	trace_say(&t, "1\r\nb\r\n0\r\n\r\n");
	trace_send_body(&t, "B", true);
	trace_close(&t, STREAM_OK);
	trace_expect_out(&t, "HTTP/1.1 200 OK\r\nx: y\r\n"
	    "transfer-encoding: chunked\r\n\r\n"
	    "1\r\nA\r\n1\r\nB\r\n0\r\n\r\n");
	assert_string_equal(trace_end(&t), "POST / @a body(ab) end >");
	trace_fini(&t);
}

/* 28: the client must not take what it has for everything. */
TEST(h1_server_shows_truncation)
{
	static const struct {
		const char *request;
		int64_t     length;
		const char *out, *end;
	} v[] = {
		{ GET N, 3, "content-length: 3\r\n\r\na", "error" },
		{ GET N, -1, "transfer-encoding: chunked\r\n\r\n1\r\na\r\n",
		    "error" },
		{ "GET / HTTP/1.0\r\n\r\n", -1, "connection: close\r\n\r\na",
		    "abort" },
	};

	for (size_t i = 0; i < COUNT(v); i++) {
		struct trace t;
		char expected[128];

		trace_start(&t, v[i].request);
		str_clear(&t.text);
		trace_send_head(&t, 200, v[i].length, false);
		trace_send_body(&t, "a", false);
		trace_close(&t, STREAM_TRUNCATED);
		snprintf(expected, sizeof(expected),
		    "HTTP/1.1 200 OK\r\nx: y\r\n%s", v[i].out);
		trace_expect_out(&t, expected);
		assert_string_equal(str_ptr(&t.text), v[i].end);
		trace_fini(&t);
	}
}

TEST(h1_server_closed_without_an_answer)
{
	struct trace t;

	trace_start(&t, GET N GET N);
	trace_close(&t, STREAM_CANCEL);
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "GET / @a end error >");
	trace_fini(&t);
}

TEST(h1_server_end_of_input)
{
	static const struct { const char *in, *trace; } v[] = {
		{ "", "clean >" },
		{ "\r\n", "clean >" },
		{ "GET / HT", "error >" },
		{ GET N, "GET / @a end clean > 200" },
		{ POST "content-length: 3\r\n\r\nab",
		    "POST / @a cl=3 body(ab) reset-truncated error > 400" },
		{ CHUNKED "3\r\nab",
		    "POST / @a body(ab) reset-truncated error > 400" },
	};

	for (size_t i = 0; i < COUNT(v); i++) {
		struct trace t;

		trace_init_server(&t, &http_limits_default);
		trace_say(&t, v[i].in);
		trace_feed_eof(&t);
		assert_string_equal(trace_end(&t), v[i].trace);
		trace_fini(&t);
	}
}

/* A client may end its side and still wait for the answer. */
TEST(h1_server_answers_a_half_closed_client)
{
	struct trace t;

	trace_start(&t, GET N);
	trace_feed_eof(&t);
	assert_false(t.finished);
	trace_reply(&t, 200, "late");
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "GET / @a end clean > 200");
	trace_fini(&t);
}

TEST(h1_server_finishes_what_is_under_way_when_draining)
{
	struct trace t;

	trace_start(&t, GET N);
	codec_drain(t.codec);
	trace_send_head(&t, 200, -1, true);
	trace_close(&t, STREAM_OK);
	trace_expect_out(&t, "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 0\r\n"
	    "connection: close\r\n\r\n");
	assert_string_equal(trace_end(&t), "GET / @a end flush >");
	trace_fini(&t);

	trace_init_server(&t, &http_limits_default);
	codec_drain(t.codec);
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "clean >");
	trace_fini(&t);
}

TEST(h1_server_abort_tells_the_user_and_nobody_else)
{
	struct trace t;

	trace_start(&t, CHUNKED "1\r\na\r\n");
	codec_abort(t.codec, STREAM_CONN_RESET);
	trace_send_head(&t, 200, -1, true);
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "POST / @a body(a) reset-conn-reset >");
	trace_fini(&t);
}

/* The end goes out with the last bytes, before the user is done. */
TEST(h1_server_last_response_ends_the_output)
{
	static const struct {
		const char *request;
		bool        is_last;
	} cases[] = {
		{ GET "\r\n", false },
		{ GET "connection: close\r\n\r\n", true },
		{ POST "connection: close\r\ntransfer-encoding: chunked"
		    "\r\n\r\n1\r\na\r\n", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace t;

		trace_start(&t, cases[i].request);
		trace_send_head(&t, 200, 2, false);
		trace_send_body(&t, "o", false);
		trace_turn(&t);
		assert_false(t.output_ended);
		trace_send_body(&t, "k", true);
		trace_turn(&t);
		assert_int_equal(t.output_ended, cases[i].is_last);
		trace_fini(&t);
	}
}

/* --- tunnels ------------------------------------------------------------------ */

#define UPGRADE	GET "connection: upgrade\r\nupgrade: websocket\r\n\r\n"

/* 16 */
TEST(h1_server_tunnel_after_101)
{
	struct trace t;
	struct http_head h;

	trace_start(&t, UPGRADE "early");
	assert_string_equal(str_ptr(&t.text), "GET / @a upgrade=websocket end");
	http_head_init(&h, &t.arena);
	h.status = 101;
	h.upgrade = SLICE("websocket");
	stream_send_head(t.stream, &h, false);
	trace_send_body(&t, "down", false);
	trace_expect_out(&t, "HTTP/1.1 101 Switching Protocols\r\n"
	    "upgrade: websocket\r\nconnection: upgrade\r\n\r\ndown");
	trace_say(&t, " GET / HTTP/1.1\r\n");
	trace_feed_eof(&t);
	assert_false(t.output_ended);
	trace_send_body(&t, "last", true);
	trace_expect_out(&t, "last");
	assert_true(t.output_ended);
	assert_false(t.finished);
	trace_close(&t, STREAM_OK);
	trace_turn(&t);
	assert_string_equal(trace_end(&t), "GET / @a upgrade=websocket end "
	    "body(early GET / HTTP/1.1\r\n) end flush >");
	trace_fini(&t);
}

TEST(h1_server_refused_upgrade_goes_on)
{
	struct trace t;

	trace_start(&t, UPGRADE GET N);
	trace_reply(&t, 403, "no");
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "GET / @a upgrade=websocket end GET / @a end > 403");
	trace_fini(&t);
}

/* 17: nothing is tunnelled before the answer says so. */
TEST(h1_server_tunnel_after_connect)
{
	struct trace t;

	trace_start(&t, "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\nhello");
	assert_string_equal(str_ptr(&t.text), "CONNECT  @a:443 end");
	assert_int_equal(buf_len(&t.in), 5);
	trace_send_head(&t, 200, -1, false);
	trace_expect_out(&t, "HTTP/1.1 200 OK\r\nx: y\r\n\r\n");
	trace_close(&t, STREAM_CONN_RESET);
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "CONNECT  @a:443 end body(hello) abort >");
	trace_fini(&t);
}
