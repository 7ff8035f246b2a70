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

static void
feed(struct trace *t, const char *s)
{
	trace_feed(t, s, strlen(s));
}

static void
start(struct trace *t, const char *in)
{
	trace_init_server(t, &http_limits_default);
	t->passive = true;
	feed(t, in);
}

static void
send_head(struct trace *t, int status, int64_t length, bool end)
{
	struct http_head h;

	http_head_init(&h, &t->arena);
	h.status = status;
	h.content_length = length;
	http_fields_add(&h.fields, SLICE("x"), SLICE("y"));
	stream_send_head(t->stream, &h, end);
}

static void
send_info(struct trace *t, int status)
{
	struct http_head h;

	http_head_init(&h, &t->arena);
	h.status = status;
	stream_send_info(t->stream, &h);
}

static void
send_body(struct trace *t, const char *s, bool end)
{
	struct buf b = { 0 };

	buf_add(&b, s, strlen(s));
	stream_send_body(t->stream, &b, end);
	assert_int_equal(buf_len(&b), 0);
}

static void
expect_out(struct trace *t, const char *out)
{
	trace_turn(t);
	assert_string_equal(str_ptr(&t->out), out);
	str_clear(&t->out);
}

/* --- how responses are framed ---------------------------------------------- */

TEST(h1_server_frames_responses)
{
	static const struct {
		const char *request;
		int         status;
		int64_t     length;
		bool        end;	/* with the head */
		const char *out;
		bool        closes;
	} v[] = {
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

	for (size_t i = 0; i < COUNT(v); i++) {
		struct trace t;
		char expected[256];

		start(&t, v[i].request);
		send_head(&t, v[i].status, v[i].length, v[i].end);
		if (!v[i].end)
			send_body(&t, "abc", true);
		trace_close(&t, STREAM_OK);
		snprintf(expected, sizeof(expected), "HTTP/1.1 %d %s\r\nx: y\r\n%s",
		    v[i].status, http_status_text(v[i].status), v[i].out);
		expect_out(&t, expected);
		assert_int_equal(t.finished, v[i].closes);
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

		start(&t, v[i].request);
		send_head(&t, 200, -1, false);
		send_body(&t, "b", false);
		http_fields_init(&f, &t.arena);
		http_fields_add_id(&f, FIELD_GRPC_STATUS, SLICE("0"));
		stream_send_trailers(t.stream, &f);
		trace_close(&t, STREAM_OK);
		snprintf(expected, sizeof(expected),
		    "HTTP/1.1 200 OK\r\nx: y\r\n%s", v[i].out);
		expect_out(&t, expected);
		trace_fini(&t);
	}
}

TEST(h1_server_moves_long_bodies_in_chunks)
{
	struct trace t;
	struct str body = { 0 };

	start(&t, GET N);
	send_head(&t, 200, -1, false);
	trace_turn(&t);
	str_clear(&t.out);
	for (int i = 0; i < 5000; i++)
		str_addf(&body, "%04d", i);
	send_body(&t, str_ptr(&body), false);
	send_body(&t, "tail", true);
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

	start(&t, EXPECT);
	send_info(&t, 100);
	send_info(&t, 100);
	expect_out(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	feed(&t, "abc");
	trace_reply(&t, 200, "ok");
	feed(&t, GET N);
	assert_string_equal(trace_end(&t), "POST / @a cl=3 expects body(abc) "
	    "end GET / @a end > 200");
	trace_fini(&t);
}

TEST(h1_server_says_no_continue_to_who_did_not_wait)
{
	struct trace t;

	start(&t, EXPECT "a");
	send_info(&t, 100);
	feed(&t, "bc");
	trace_reply(&t, 200, "ok");
	feed(&t, GET N);
	assert_string_equal(trace_end(&t), "POST / @a cl=3 expects body(abc) "
	    "end GET / @a end > 200");
	trace_fini(&t);

	start(&t, GET N);
	send_info(&t, 100);
	expect_out(&t, "");
	trace_fini(&t);
}

TEST(h1_server_closes_when_the_expected_body_was_not_asked_for)
{
	struct trace t;

	start(&t, EXPECT);
	send_head(&t, 413, -1, true);
	trace_close(&t, STREAM_OK);
	expect_out(&t, "HTTP/1.1 413 Content Too Large\r\nx: y\r\n"
	    "content-length: 0\r\nconnection: close\r\n\r\n");
	feed(&t, GET N);
	assert_string_equal(trace_end(&t), "POST / @a cl=3 expects flush >");
	trace_fini(&t);
}

TEST(h1_server_passes_informational_heads_to_who_knows_them)
{
	struct trace t;

	start(&t, GET N);
	send_info(&t, 103);
	expect_out(&t, "HTTP/1.1 103 Early Hints\r\n\r\n");
	trace_fini(&t);

	start(&t, "GET / HTTP/1.0\r\n\r\n");
	send_info(&t, 103);
	expect_out(&t, "");
	trace_fini(&t);
}

/* --- order, early answers, ends ---------------------------------------------- */

/* 20 */
TEST(h1_server_answers_in_order)
{
	struct trace t;

	start(&t, GET N "POST /2 HTTP/1.1\r\nhost: a\r\n\r\n" GET N);
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

	start(&t, GET N);
	trace_reply(&t, 200, "1");
	trace_turn(&t);
	assert_false(t.asked_for_input);
	assert_true(codec_is_idle(t.codec));
	feed(&t, "G");
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

		start(&t, rest[i]);
		str_clear(&t.text);
		str_clear(&t.body);
		trace_reply(&t, 401, "no");
		feed(&t, rest[i + 1]);
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
		feed(&t, v[i].in);
		trace_reply(&t, 401, "no");
		feed(&t, v[i].more);
		assert_string_equal(trace_end(&t), v[i].trace);
		trace_fini(&t);
	}
}

/* An answer may begin before the request has ended, and both go on. */
TEST(h1_server_is_full_duplex)
{
	struct trace t;

	start(&t, CHUNKED "1\r\na\r\n");
	send_head(&t, 200, -1, false);
	send_body(&t, "A", false);
	feed(&t, "1\r\nb\r\n0\r\n\r\n");
	send_body(&t, "B", true);
	trace_close(&t, STREAM_OK);
	expect_out(&t, "HTTP/1.1 200 OK\r\nx: y\r\n"
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

		start(&t, v[i].request);
		str_clear(&t.text);
		send_head(&t, 200, v[i].length, false);
		send_body(&t, "a", false);
		trace_close(&t, STREAM_TRUNCATED);
		snprintf(expected, sizeof(expected),
		    "HTTP/1.1 200 OK\r\nx: y\r\n%s", v[i].out);
		expect_out(&t, expected);
		assert_string_equal(str_ptr(&t.text), v[i].end);
		trace_fini(&t);
	}
}

TEST(h1_server_closed_without_an_answer)
{
	struct trace t;

	start(&t, GET N GET N);
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
		feed(&t, v[i].in);
		trace_feed_eof(&t);
		assert_string_equal(trace_end(&t), v[i].trace);
		trace_fini(&t);
	}
}

/* A client may end its side and still wait for the answer. */
TEST(h1_server_answers_a_half_closed_client)
{
	struct trace t;

	start(&t, GET N);
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

	start(&t, GET N);
	codec_drain(t.codec);
	send_head(&t, 200, -1, true);
	trace_close(&t, STREAM_OK);
	expect_out(&t, "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 0\r\n"
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

	start(&t, CHUNKED "1\r\na\r\n");
	codec_abort(t.codec, STREAM_CONN_RESET);
	send_head(&t, 200, -1, true);
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "POST / @a body(a) reset-conn-reset >");
	trace_fini(&t);
}

/* --- limits ---------------------------------------------------------------- */

/* 21 */
TEST(h1_server_limits)
{
	struct http_limits small = http_limits_default;
	static const struct { const char *in, *trace; } v[] = {
		{ "GET /0123456789012345678901 HTTP/1.1\r\nhost: a\r\n\r\n",
		    "GET /0123456789012345678901 @a end > 200" },
		{ "GET /0123456789012345678901234567890123456789",
		    "bad-414 error > 414" },
		{ "GET /01234567890123456789012345678 HTTP/1.1\r\n\r\n",
		    "bad-414 error > 414" },
		{ GET "a: 01234567890123456789012345678901234567",
		    "bad-431 error > 431" },
		{ GET "b: 1\r\nc: 2\r\nd: 3\r\n\r\n", "bad-431 error > 431" },
		{ GET "b: 012345678901234567890123456789\r\n"
		    "c: 012345678901234567890123456789\r\n\r\n",
		    "bad-431 error > 431" },
		{ CHUNKED "0\r\na: 1\r\nb: 2\r\n\r\n",
		    "POST / @a reset-too-large error > 431" },
		{ CHUNKED "1;abcdefgh\r\na\r\n",
		    "POST / @a reset-protocol error > 400" },
		{ CHUNKED "1;abc\r\na\r\n1;abc\r\nb\r\n1;abc\r\nc\r\n1;a\r\nd",
		    "POST / @a body(abc) reset-protocol error > 400" },
	};

	small.line_bytes = 40;
	small.fields = 3;
	small.head_bytes = 90;
	small.chunk_ext_line = 8;
	small.chunk_ext_total = 13;
	for (size_t i = 0; i < COUNT(v); i++) {
		for (int byte_wise = 0; byte_wise < 2; byte_wise++) {
			struct trace t;

			trace_init_server(&t, &small);
			for (const char *p = v[i].in; byte_wise && *p; p++)
				trace_feed(&t, p, 1);
			if (!byte_wise)
				feed(&t, v[i].in);
			assert_string_equal(trace_end(&t), v[i].trace);
			trace_fini(&t);
		}
	}
}

TEST(h1_server_default_limits)
{
	struct trace t;
	struct str s = { 0 };

	assert_int_equal(http_limits_default.head_bytes, 60 * 1024);
	str_add(&s, GET);
	for (int i = 0; i < 99; i++)
		str_addf(&s, "x-%d: 1\r\n", i);
	trace_init_server(&t, &http_limits_default);
	feed(&t, str_ptr(&s));
	feed(&t, "\r\n");
	assert_non_null(strstr(trace_end(&t), "end > 200"));
	trace_fini(&t);
	str_add(&s, "x-100: 1\r\n\r\n");
	trace_init_server(&t, &http_limits_default);
	feed(&t, str_ptr(&s));
	assert_string_equal(trace_end(&t), "bad-431 error > 431");
	trace_fini(&t);
	str_fini(&s);
}

/* --- back-pressure ------------------------------------------------------------ */

TEST(h1_server_pause_leaves_bytes_with_the_caller)
{
	struct trace t;

	trace_init_server(&t, &http_limits_default);
	t.passive = t.pauses = true;
	feed(&t, POST "content-length: 6\r\n\r\nabc");
	assert_false(codec_wants_input(t.codec));
	assert_int_equal(buf_len(&t.in), 3);
	feed(&t, "def" GET N);
	assert_int_equal(buf_len(&t.in), 6 + strlen(GET N));
	assert_string_equal(str_ptr(&t.text), "POST / @a cl=6");
	t.pauses = false;
	stream_resume(t.stream);
	trace_turn(&t);
	assert_true(t.asked_for_input);
	assert_true(codec_wants_input(t.codec));
	trace_reply(&t, 200, "ok");
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "POST / @a cl=6 body(abcdef) end GET / @a end > 200");
	trace_fini(&t);
}

TEST(h1_server_pause_keeps_the_end_of_input)
{
	struct trace t;

	trace_init_server(&t, &http_limits_default);
	t.passive = t.pauses = true;
	feed(&t, POST "content-length: 6\r\n\r\nabc");
	trace_feed_eof(&t);
	assert_string_equal(str_ptr(&t.text), "POST / @a cl=6");
	t.pauses = false;
	stream_resume(t.stream);
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "POST / @a cl=6 body(abc) reset-truncated error > 400");
	trace_fini(&t);
}

static void
on_change(void *arg, bool is_high)
{
	int *changes = arg;

	*changes += is_high ? 1 : 100;
}

TEST(h1_server_charges_what_is_queued)
{
	struct trace t;
	struct flow flow;
	struct buf b = { 0 }, sent = { 0 };
	static const char block[40000];
	int changes = 0;

	start(&t, GET N);
	flow_init(&flow, NULL, FLOW_HIGH, FLOW_LOW, on_change, &changes);
	t.stream->flow = &flow;
	send_head(&t, 200, 80000, false);
	size_t head = buf_len(&t.codec->output);

	assert_int_equal(flow.queued, head);
	for (int i = 0; i < 2; i++) {
		buf_add(&b, block, sizeof(block));
		stream_send_body(t.stream, &b, i == 1);
	}
	assert_int_equal(flow.queued, head + 80000);
	assert_int_equal(changes, 1);
	buf_move(&sent, &t.codec->output);
	codec_output_sent(t.codec, head + 40000);
	assert_int_equal(flow.queued, 40000);
	assert_int_equal(t.drained, 0);
	codec_output_sent(t.codec, 30000);
	assert_int_equal(t.drained, 1);
	assert_int_equal(changes, 101);
	codec_output_drained(t.codec);
	assert_int_equal(flow.queued, 0);
	assert_int_equal(t.drained, 1);
	buf_fini(&sent);
	trace_close(&t, STREAM_OK);
	flow_fini(&flow);
	trace_fini(&t);
}

/* Bytes of an answer that is over do not burden the next one. */
TEST(h1_server_charges_each_stream_with_its_own)
{
	struct trace t;
	struct flow one, two;
	struct buf sent = { 0 };

	start(&t, GET N GET N);
	flow_init(&one, NULL, 0, 0, NULL, NULL);
	flow_init(&two, NULL, 0, 0, NULL, NULL);
	t.stream->flow = &one;
	send_head(&t, 200, -1, true);
	size_t first = buf_len(&t.codec->output);

	buf_move(&sent, &t.codec->output);
	trace_close(&t, STREAM_OK);
	assert_int_equal(one.queued, 0);
	trace_turn(&t);
	t.stream->flow = &two;
	send_head(&t, 200, -1, true);
	size_t second = buf_len(&t.codec->output);

	assert_int_equal(two.queued, second);
	buf_move(&sent, &t.codec->output);
	codec_output_sent(t.codec, first + 1);
	assert_int_equal(two.queued, second - 1);
	codec_output_sent(t.codec, second - 1);
	assert_int_equal(two.queued, 0);
	buf_fini(&sent);
	trace_close(&t, STREAM_OK);
	trace_fini(&t);
}

/* --- tunnels ------------------------------------------------------------------ */

#define UPGRADE	GET "connection: upgrade\r\nupgrade: websocket\r\n\r\n"

/* 16 */
TEST(h1_server_tunnel_after_101)
{
	struct trace t;
	struct http_head h;

	start(&t, UPGRADE "early");
	assert_string_equal(str_ptr(&t.text), "GET / @a upgrade=websocket end");
	http_head_init(&h, &t.arena);
	h.status = 101;
	h.upgrade = SLICE("websocket");
	stream_send_head(t.stream, &h, false);
	send_body(&t, "down", false);
	expect_out(&t, "HTTP/1.1 101 Switching Protocols\r\n"
	    "upgrade: websocket\r\nconnection: upgrade\r\n\r\ndown");
	feed(&t, " GET / HTTP/1.1\r\n");
	trace_feed_eof(&t);
	assert_false(t.output_ended);
	send_body(&t, "last", true);
	expect_out(&t, "last");
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

	start(&t, UPGRADE GET N);
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

	start(&t, "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\nhello");
	assert_string_equal(str_ptr(&t.text), "CONNECT  @a:443 end");
	assert_int_equal(buf_len(&t.in), 5);
	send_head(&t, 200, -1, false);
	expect_out(&t, "HTTP/1.1 200 OK\r\nx: y\r\n\r\n");
	trace_close(&t, STREAM_CONN_RESET);
	trace_turn(&t);
	assert_string_equal(trace_end(&t),
	    "CONNECT  @a:443 end body(hello) abort >");
	trace_fini(&t);
}

/* --- memory -------------------------------------------------------------------- */

TEST(h1_server_arena_does_not_grow_with_requests)
{
	struct trace t;
	size_t total = 0;

	start(&t, "");
	for (int i = 0; i < 100; i++) {
		feed(&t, GET "x: y\r\n\r\n");
		if (i == 0)
			total = t.stream->arena->total;
		assert_int_equal(t.stream->arena->total, total);
		trace_reply(&t, 200, "ok");
		str_clear(&t.out);
	}
	trace_fini(&t);
}

/* A stream that outlives its codec is mute, and closing it frees both. */
TEST(h1_server_stream_outlives_the_codec)
{
	struct trace t;

	start(&t, CHUNKED "1\r\na\r\n");
	struct stream *s = t.stream;

	t.stream = NULL;
	trace_fini(&t);
	stream_pause(s);
	stream_resume(s);
	stream_close(s, STREAM_CANCEL);
	trace_turn(&t);
}
