#include <string.h>

#include "base/unit.h"
#include "http/trace_test.h"

/* What the server end may be made to keep, and for how long it waits. */

#define N	"\r\n"
#define GET	"GET / HTTP/1.1\r\nhost: a\r\n"
#define POST	"POST / HTTP/1.1\r\nhost: a\r\n"
#define CHUNKED	POST "transfer-encoding: chunked\r\n\r\n"
#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

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
				trace_say(&t, v[i].in);
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
	trace_say(&t, str_ptr(&s));
	trace_say(&t, "\r\n");
	assert_non_null(strstr(trace_end(&t), "end > 200"));
	trace_fini(&t);
	str_add(&s, "x-100: 1\r\n\r\n");
	trace_init_server(&t, &http_limits_default);
	trace_say(&t, str_ptr(&s));
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
	trace_say(&t, POST "content-length: 6\r\n\r\nabc");
	assert_false(codec_wants_input(t.codec));
	assert_int_equal(buf_len(&t.in), 3);
	trace_say(&t, "def" GET N);
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
	trace_say(&t, POST "content-length: 6\r\n\r\nabc");
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

	trace_start(&t, GET N);
	flow_init(&flow, NULL, FLOW_HIGH, FLOW_LOW, on_change, &changes);
	t.stream->flow = &flow;
	trace_send_head(&t, 200, 80000, false);
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

	trace_start(&t, GET N GET N);
	flow_init(&one, NULL, 0, 0, NULL, NULL);
	flow_init(&two, NULL, 0, 0, NULL, NULL);
	t.stream->flow = &one;
	trace_send_head(&t, 200, -1, true);
	size_t first = buf_len(&t.codec->output);

	buf_move(&sent, &t.codec->output);
	trace_close(&t, STREAM_OK);
	assert_int_equal(one.queued, 0);
	trace_turn(&t);
	t.stream->flow = &two;
	trace_send_head(&t, 200, -1, true);
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

TEST(h1_server_flow_may_end_before_the_stream)
{
	struct trace t;
	struct flow flow;

	trace_start(&t, GET N);
	flow_init(&flow, NULL, 0, 0, NULL, NULL);
	t.stream->flow = &flow;
	trace_send_head(&t, 200, -1, true);
	assert_true(flow.queued > 0);
	flow_fini(&flow);
	trace_close(&t, STREAM_OK);
	assert_int_equal(flow.queued, 0);
	codec_output_drained(t.codec);
	trace_fini(&t);
}

/* Requests sent ahead do not fill our memory with answers. */
TEST(h1_server_answers_wait_for_those_before_to_leave)
{
	static char answer[20001];
	struct trace t;
	struct str in = { 0 };
	const char *at;
	int answers = 0;

	memset(answer, 'x', sizeof(answer) - 1);
	for (int i = 0; i < 100; i++)
		str_add(&in, GET N);
	trace_init_server(&t, &http_limits_default);
	t.answer = answer;
	trace_say(&t, str_ptr(&in));
	while (buf_len(&t.in) > 0)
		trace_turn(&t);
	at = str_ptr(&t.out);
	while ((at = strstr(at, "HTTP/1.1 200")) != NULL) {
		at++;
		answers++;
	}
	assert_int_equal(answers, 100);
	assert_in_range(t.most_output, 20000, FLOW_HIGH + 2 * 20000);
	str_fini(&in);
	trace_fini(&t);
}

/* --- memory -------------------------------------------------------------------- */

TEST(h1_server_arena_does_not_grow_with_requests)
{
	struct trace t;
	size_t total = 0;

	trace_start(&t, "");
	for (int i = 0; i < 100; i++) {
		trace_say(&t, GET "x: y\r\n\r\n");
		if (i == 0)
			total = t.stream->arena->total;
		assert_int_equal(t.stream->arena->total, total);
		trace_reply(&t, 200, "ok");
		str_clear(&t.out);
	}
	trace_fini(&t);
}

TEST(h1_server_large_head_does_not_stay)
{
	struct trace t;
	struct str in = { 0 };

	trace_start(&t, GET);
	for (int i = 0; i < 40; i++)
		str_addf(&in, "x-%d: %01000d\r\n", i, 1);
	str_add(&in, N "G");	/* so that the codec has to stay */
	trace_say(&t, str_ptr(&in));
	struct arena *a = t.stream->arena;

	assert_true(a->total > 40000);
	trace_reply(&t, 200, "ok");
	trace_turn(&t);
	assert_int_equal(a->total, 0);
	trace_say(&t, &(GET N)[1]);
	assert_non_null(t.stream);
	str_fini(&in);
	trace_fini(&t);
}

/* What comes in one byte a chunk is not passed on in one piece a byte. */
TEST(h1_server_short_chunks_are_joined)
{
	struct trace t;
	struct str in = { 0 };

	str_add(&in, CHUNKED);
	for (int i = 0; i < 1000; i++)
		str_add(&in, "1\r\nx\r\n");
	trace_init_server(&t, &http_limits_default);
	trace_say(&t, str_ptr(&in));
	assert_int_equal(t.payload.len, 1000);
	assert_in_range(t.pieces, 1, 5);
	str_fini(&in);
	trace_fini(&t);
}

/* A stream that outlives its codec is mute, and closing it frees both. */
TEST(h1_server_stream_outlives_the_codec)
{
	struct trace t;

	trace_start(&t, CHUNKED "1\r\na\r\n");
	struct stream *s = t.stream;

	t.stream = NULL;
	trace_fini(&t);
	stream_pause(s);
	stream_resume(s);
	stream_close(s, STREAM_CANCEL);
	trace_turn(&t);
}
