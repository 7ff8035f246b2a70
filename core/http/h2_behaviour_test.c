#include <string.h>

#include "base/unit.h"
#include "http/h2_bench_test.h"

#define POST	"H1 :method=POST :scheme=http :path=/ :authority=a"
#define SOCKET	":method=CONNECT :protocol=websocket :scheme=http " \
		":path=/chat :authority=a sec-websocket-key=k"

static void
send_head(struct h2_bench *b, int id, int status, int64_t length)
{
	struct http_head h;

	http_head_init(&h, &b->arena);
	h.status = status;
	h.content_length = length;
	stream_send_head(h2_bench_at(b, id)->stream, &h, false);
}

static void
send_bytes(struct h2_bench *b, int id, size_t n, bool end)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_add(&out, "x", 1);
	stream_send_body(h2_bench_at(b, id)->stream, &out, end);
	h2_bench_turn(b);
}

static struct h2_bench *
passive(const char *frames)
{
	struct h2_bench *b = h2_bench_server();

	b->passive = true;
	h2_bench_feed(b, frames);
	return b;
}

/* --- resets, ends ------------------------------------------------------------ */

TEST(h2_server_tells_of_a_reset_once)
{
	struct h2_bench *b = passive(POST);

	h2_bench_feed(b, "D1 abc");
	h2_bench_feed(b, "R1 8");
	h2_bench_send(b, 1, "late", false);
	assert_string_equal(h2_bench_text(b),
	    "1 POST / @a body(abc) reset-cancel");
	h2_bench_free(b);
}

TEST(h2_server_says_nothing_of_what_was_reset_before_it_was_told)
{
	struct h2_bench *b = h2_bench_server();

	h2_bench_feed(b, "GET1 | R1 8 | GET3");
	assert_int_equal(b->begun, 1);
	h2_bench_free(b);
}

TEST(h2_server_resets_with_the_code_of_the_error)
{
	static const struct {
		enum stream_error e;
		const char       *text;
	} v[] = {
		{ STREAM_CANCEL, "1 GET / @a end > R8" },
		{ STREAM_REFUSED, "1 GET / @a end > R7" },
		{ STREAM_TRUNCATED, "1 GET / @a end > R2" },
		{ STREAM_INTERNAL, "1 GET / @a end > R2" },
		{ STREAM_TIMEOUT, "1 GET / @a end > R8" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct h2_bench *b = passive("GET1");

		h2_bench_close(b, 1, v[i].e);
		h2_bench_turn(b);
		assert_string_equal(h2_bench_text(b), v[i].text);
		h2_bench_free(b);
	}
}

TEST(h2_server_that_answered_early_wants_no_more_of_the_request)
{
	struct h2_bench *b = passive(POST);

	h2_bench_feed(b, "D1 abc");
	h2_bench_reply(b, 1, 413, "no");
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 POST / @a body(abc) > "
	    "H :status=413 content-length=2 De+no R0");
	/* What was on its way is dropped, and its window is not lost. */
	h2_bench_feed(b, "D1 def");
	assert_false(b->finished);
	h2_bench_free(b);
}

TEST(h2_server_holds_a_body_to_its_stated_length)
{
	struct h2_bench *b = passive("GET1 | GET3");

	send_head(b, 1, 200, 3);
	h2_bench_send(b, 1, "abcd", false);
	send_head(b, 3, 200, 3);
	h2_bench_send(b, 3, "ab", true);
	assert_string_equal(h2_bench_text(b),
	    "1 GET / @a end reset-internal > R2 / "
	    "3 GET / @a end reset-internal > R2");
	h2_bench_free(b);
}

TEST(h2_server_resets_what_differs_from_its_length)
{
	struct h2_bench *b = passive("H1 :method=POST :scheme=http :path=/ "
	    ":authority=a content-length=3");

	h2_bench_feed(b, "D1e abcd");
	assert_string_equal(h2_bench_text(b),
	    "1 POST / @a cl=3 reset-protocol > R1");
	h2_bench_free(b);
}

TEST(h2_server_ends_with_its_connection)
{
	struct h2_bench *b = passive("GET1");

	h2_bench_feed_eof(b);
	assert_string_equal(h2_bench_text(b),
	    "1 GET / @a end reset-conn-closed error");
	h2_bench_free(b);
	b = h2_bench_server();
	h2_bench_feed_eof(b);
	assert_string_equal(h2_bench_text(b), "clean");
	h2_bench_free(b);
}

TEST(h2_server_freed_with_streams_leaves_them_mute)
{
	struct h2_bench *b = passive("GET1 | GET3");

	codec_free(b->codec);
	h2_bench_turn(b);
	send_head(b, 1, 200, -1);
	h2_bench_close(b, 1, STREAM_OK);
	h2_bench_close(b, 3, STREAM_CANCEL);
	b->codec = h2_server_new(b->loop, &b->limits, false, b->codec->events,
	    b);
	h2_bench_free(b);
}

/* --- heads, informational responses ------------------------------------------------ */

TEST(h2_server_sends_informational_heads)
{
	struct h2_bench *b = passive(POST " expect=100-continue");
	struct http_head h;

	http_head_init(&h, &b->arena);
	h.status = 100;
	stream_send_info(h2_bench_at(b, 1)->stream, &h);
	stream_send_info(h2_bench_at(b, 1)->stream, &h);
	h.status = 103;
	http_fields_add(&h.fields, SLICE("link"), SLICE("x"));
	stream_send_info(h2_bench_at(b, 1)->stream, &h);
	h2_bench_feed(b, "D1e a");
	h2_bench_reply(b, 1, 200, "ok");
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 POST / @a expects body(a) end "
	    "> H :status=100 H :status=103 link=x H :status=200 "
	    "content-length=2 De+ok");
	h2_bench_free(b);
}

TEST(h2_server_sends_no_100_to_who_did_not_ask)
{
	struct h2_bench *b = passive(POST);
	struct http_head h;

	http_head_init(&h, &b->arena);
	h.status = 100;
	stream_send_info(h2_bench_at(b, 1)->stream, &h);
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 POST / @a");
	h2_bench_free(b);
}

TEST(h2_server_sends_trailers_behind_the_body)
{
	struct h2_bench *b = passive("GET1");
	struct http_fields list;

	send_head(b, 1, 200, -1);
	h2_bench_send(b, 1, "abc", false);
	http_fields_init(&list, &b->arena);
	http_fields_add(&list, SLICE("grpc-status"), SLICE("0"));
	stream_send_trailers(h2_bench_at(b, 1)->stream, &list);
	h2_bench_close(b, 1, STREAM_OK);
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b),
	    "1 GET / @a end > H :status=200 D+abc He grpc-status=0");
	h2_bench_free(b);
}

/* --- tunnels ---------------------------------------------------------------------- */

TEST(h2_server_tunnels_connect)
{
	struct h2_bench *b = passive("H1 :method=CONNECT :authority=a:22");

	/* What comes early waits until it is a tunnel. */
	h2_bench_feed(b, "D1 early");
	assert_string_equal(h2_bench_text(b), "1 CONNECT  @a:22 end");
	send_head(b, 1, 200, -1);
	h2_bench_send(b, 1, "down", true);
	h2_bench_feed(b, "D1e up");
	assert_string_equal(h2_bench_text(b), "1 CONNECT  @a:22 end "
	    "body(earlyup) end > H :status=200 De+down");
	h2_bench_free(b);
}

TEST(h2_server_refuses_a_tunnel)
{
	struct h2_bench *b = passive("H1 :method=CONNECT :authority=a:22");

	h2_bench_reply(b, 1, 403, "no");
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 CONNECT  @a:22 end > "
	    "H :status=403 content-length=2 De+no R0");
	h2_bench_free(b);
}

TEST(h2_server_takes_extended_connect_for_an_upgrade)
{
	struct h2_bench *b = passive("H1 " SOCKET);

	send_head(b, 1, 101, -1);
	h2_bench_send(b, 1, "down", false);
	h2_bench_feed(b, "D1e up");
	assert_string_equal(h2_bench_text(b), "1 GET /chat @a "
	    "{sec-websocket-key=k} upgrade=websocket end body(up) end > "
	    "H :status=200 D+down");
	h2_bench_free(b);
}

TEST(h2_server_makes_a_websocket_key)
{
	struct h2_bench *b = passive("H1 :method=CONNECT :protocol=websocket "
	    ":scheme=http :path=/ :authority=a");
	struct slice key = http_fields_find(&h2_bench_at(b, 1)->head->fields,
	    SLICE("sec-websocket-key"));

	assert_int_equal(key.len, 24);
	assert_true(slice_has_suffix(key, SLICE("==")));
	h2_bench_free(b);
}

/* --- flow control ------------------------------------------------------------------ */

static void
feed_data(struct h2_bench *b, int id, size_t n)
{
	struct str s = { 0 };

	while (n > 0) {
		size_t len = n < 16384 ? n : 16384;
		char head[9] = { (char)(len >> 16), (char)(len >> 8), (char)len,
		    0, 0, 0, 0, 0, (char)id };

		str_add_slice(&s, slice_of(head, sizeof(head)));
		for (size_t i = 0; i < len; i++)
			str_add_char(&s, 'y');
		n -= len;
	}
	h2_bench_feed_bytes(b, s.ptr, s.len);
	str_fini(&s);
}

TEST(h2_server_that_is_paused_opens_no_window_of_that_stream)
{
	struct h2_bench *b = h2_bench_server();

	b->passive = b->pauses = true;
	h2_bench_feed(b, POST);
	h2_bench_feed(b, "H3 :method=POST :scheme=http :path=/ :authority=a");
	stream_resume(h2_bench_at(b, 3)->stream);
	h2_bench_text(b);
	size_t before = b->windows;

	feed_data(b, 1, 65536);	/* all of its window */
	h2_bench_text(b);
	assert_int_equal(h2_bench_at(b, 1)->taken, 0);
	assert_int_equal(b->windows, before);
	/* Others go on. */
	for (int i = 0; i < 40; i++)
		feed_data(b, 3, 32768);
	h2_bench_text(b);
	assert_int_equal(h2_bench_at(b, 3)->taken, 40 * 32768);
	assert_true(b->windows > before);
	before = b->windows;
	stream_resume(h2_bench_at(b, 1)->stream);
	h2_bench_turn(b);
	h2_bench_text(b);
	assert_int_equal(h2_bench_at(b, 1)->taken, 65536);
	assert_int_equal(b->windows, before + 1);
	h2_bench_free(b);
}

TEST(h2_server_ends_who_sends_beyond_a_window)
{
	struct h2_bench *b = h2_bench_server();

	b->passive = b->pauses = true;
	h2_bench_feed(b, POST);
	feed_data(b, 1, 65536 + 1);
	assert_non_null(strstr(h2_bench_text(b), "R3"));
	h2_bench_free(b);
}

TEST(h2_server_sends_no_more_than_windows_allow)
{
	struct h2_bench *b = passive("GET1");

	send_head(b, 1, 200, -1);
	send_bytes(b, 1, 200000, true);
	h2_bench_text(b);
	assert_int_equal(b->data_bytes, 65535);
	assert_int_equal(h2_bench_at(b, 1)->flow.queued, 200000 - 65535);
	h2_bench_feed(b, "W1 1000000 | W0 100000");
	h2_bench_text(b);
	assert_int_equal(b->data_bytes, 165535);
	assert_int_equal(h2_bench_at(b, 1)->drained, 0);
	h2_bench_feed(b, "W0 100000");
	assert_non_null(strstr(h2_bench_text(b), " De"));
	assert_int_equal(b->data_bytes, 200000);
	assert_int_equal(h2_bench_at(b, 1)->flow.queued, 0);
	assert_int_equal(h2_bench_at(b, 1)->drained, 1);
	h2_bench_free(b);
}

TEST(h2_server_keeps_to_windows_that_shrink)
{
	struct h2_bench *b = passive("GET1");

	send_head(b, 1, 200, -1);
	send_bytes(b, 1, 60000, false);
	h2_bench_feed(b, "S 4=10");	/* 59,990 too many went already */
	send_bytes(b, 1, 10, false);
	h2_bench_text(b);
	assert_int_equal(b->data_bytes, 60000);
	h2_bench_feed(b, "W1 59992");
	h2_bench_text(b);
	assert_int_equal(b->data_bytes, 60002);
	h2_bench_free(b);
}

TEST(h2_server_keeps_little_output_for_who_does_not_read)
{
	struct h2_bench *b = h2_bench_server();

	b->passive = b->keeps_output = true;
	h2_bench_feed(b, "W0 100000000 | S 4=100000000 | GET1 | GET3");
	for (int id = 1; id <= 3; id += 2) {
		send_head(b, id, 200, -1);
		send_bytes(b, id, 500000, true);
	}
	assert_in_range(buf_len(&b->codec->output), 60000, 90000);
	b->keeps_output = false;
	h2_bench_feed(b, "P 12345678");
	h2_bench_turn(b);
	h2_bench_text(b);
	assert_int_equal(b->data_bytes, 1000000);
	h2_bench_free(b);
}

TEST(h2_server_expires_streams_whose_window_stays_shut)
{
	struct h2_bench *b = passive("S 4=0 | GET1 | GET3");

	send_head(b, 1, 200, -1);
	h2_bench_send(b, 1, "abc", true);
	codec_expire(b->codec, 0);	/* 3 is ours to answer */
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 GET / @a end reset-timeout > "
	    "H :status=200 R8 / 3 GET / @a end");
	h2_bench_free(b);
}

TEST(h2_server_expires_a_request_that_does_not_come)
{
	struct h2_bench *b = passive(POST);

	codec_expire(b->codec, 60000);
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 POST / @a");
	codec_expire(b->codec, 0);
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b),
	    "1 POST / @a reset-timeout > R8");
	h2_bench_free(b);
}

/* --- going ------------------------------------------------------------------------- */

TEST(h2_server_drains_in_two_steps)
{
	struct h2_bench *b = passive("GET1");

	codec_drain(b->codec);
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 GET / @a end G-1,0 P");
	/* The peer did not know yet. */
	h2_bench_feed(b, "GET3");
	assert_int_equal(b->begun, 2);
	h2_bench_feed_bytes(b, "\0\0\x08\x06\x01\0\0\0\0going\0\0\0", 17);
	h2_bench_feed(b, "GET5");
	assert_int_equal(b->begun, 2);
	h2_bench_reply(b, 1, 200, "ok");
	h2_bench_reply(b, 3, 200, "ok");
	h2_bench_turn(b);
	assert_true(b->finished);
	assert_int_equal(b->end, CODEC_END_AFTER_FLUSH);
	assert_non_null(strstr(h2_bench_text(b), "G-1,0 P G3,0 flush"));
	h2_bench_free(b);
}

TEST(h2_server_knows_when_nothing_is_under_way)
{
	struct h2_bench *b = h2_bench_server();

	assert_true(codec_is_idle(b->codec));
	assert_true(codec_is_multiplexed(b->codec));
	h2_bench_feed(b, "H1ec :method=GET");
	assert_false(codec_is_idle(b->codec));
	assert_true(codec_is_in_head(b->codec));
	h2_bench_feed(b, "C1 :scheme=http :path=/ :authority=a");
	assert_false(codec_is_in_head(b->codec));
	assert_true(codec_is_idle(b->codec));
	h2_bench_free(b);
}
