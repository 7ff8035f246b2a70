#include <string.h>

#include "base/unit.h"
#include "http/h2_bench_test.h"
#include "http/h2_frames_test.h"

#define GET	"H#e :method=GET :scheme=http :path=/ :authority=a"

static void
expect_calm(struct h2_bench *b, const char *what)
{
	const char *text = h2_bench_text(b);

	if (!b->finished || strstr(text, ",11 error") == NULL)
		fail_msg("%s: %s", what, text);
}

/* Feeds frames n times; '#' is the stream, which grows by 2. */
static void
repeat(struct h2_bench *b, const char *frames, int from, int n)
{
	struct str all = { 0 }, one = { 0 };

	for (int i = 0; i < n; i++) {
		struct slice rest = slice_str(frames), part;

		str_clear(&one);
		for (int k = 0; slice_cut(&rest, '#', &part); k++) {
			if (k > 0)
				str_addf(&one, "%d", from + 2 * i);
			str_add_slice(&one, part);
		}
		h2_frames_write(&all, str_ptr(&one));
	}
	h2_bench_feed_bytes(b, all.ptr, all.len);
	str_fini(&all);
	str_fini(&one);
}

TEST(h2_floods_of_frames_end_the_connection)
{
	static const struct {
		const char *name, *before, *frame;
		int         passes, breaks;
	} v[] = {
		{ "PING", "", "P 12345678", 1000, 100 },
		{ "SETTINGS", "", "S", 98, 1 },
		{ "PRIORITY", "", "Y9", 100, 1 },
		{ "WINDOW_UPDATE", "", "W0 1", 5, 1 },
		{ "resets of what is gone", "GET1", "R1 8", 1000, 1000 },
		{ "empty DATA", "H1 :method=POST :scheme=http :path=/ "
		    ":authority=a", "D1", 1, 1 },
		{ "CONTINUATION", "H1c :method=GET", "C1c x=y", 8, 1 },
		{ "empty CONTINUATION", "H1c", "C1c", 8, 1 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct h2_bench *b = h2_bench_server();

		h2_bench_feed(b, v[i].before);
		for (int n = 0; n < v[i].passes; n++)
			h2_bench_feed(b, v[i].frame);
		if (b->finished)
			fail_msg("%s: too early", v[i].name);
		for (int n = 0; n < v[i].breaks; n++)
			h2_bench_feed(b, v[i].frame);
		expect_calm(b, v[i].name);
		h2_bench_free(b);
	}
}

TEST(h2_acknowledgements_that_nobody_reads_do_not_pile_up)
{
	struct h2_bench *b = h2_bench_server();

	b->keeps_output = true;
	repeat(b, "P 12345678", 0, 1000);
	assert_true(buf_len(&b->codec->output) < 100000);
	repeat(b, "P 12345678", 0, 1000);
	assert_true(b->finished);
	h2_bench_free(b);
}

TEST(h2_rapid_reset_ends_a_stranger)
{
	struct h2_bench *b = h2_bench_server();

	repeat(b, GET " | R# 8", 1, 100);
	assert_false(b->finished);
	assert_int_equal(b->begun, 0);
	repeat(b, GET " | R# 8", 201, 1);
	expect_calm(b, "rapid reset");
	h2_bench_free(b);
}

TEST(h2_cancelling_is_a_right_of_members)
{
	struct h2_bench *b = h2_bench_server();

	b->is_member = true;
	h2_bench_restart(b);
	for (int i = 0; i < 400; i += 2)	/* every other one */
		repeat(b, i % 4 == 0 ? GET : GET " | R# 8", 1 + i, 1);
	assert_false(b->finished);
	h2_bench_free(b);
}

TEST(h2_resets_that_we_are_made_to_send_count)
{
	static const struct { const char *name, *frames; } v[] = {
		{ "window of nothing", "H# :method=POST :scheme=http :path=/ "
		    ":authority=a | W# 0" },
		{ "malformed", "H#e :method=GET :scheme=http :path=/ "
		    ":authority=a connection=close" },
		{ "length", "H# :method=POST :scheme=http :path=/ "
		    ":authority=a content-length=1 | D#e ab" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct h2_bench *b = h2_bench_server();

		for (int n = 0; n < 110 && !b->finished; n++)
			repeat(b, v[i].frames, 1 + 2 * n, 1);
		if (!b->finished || strstr(h2_bench_text(b), " error") == NULL)
			fail_msg("%s", v[i].name);
		h2_bench_free(b);
	}
}

TEST(h2_streams_beyond_the_limit_are_refused)
{
	struct h2_bench *b = h2_bench_server();

	b->passive = b->is_silent = true;
	h2_bench_restart(b);
	repeat(b, GET, 1, 101);
	assert_int_equal(b->begun, 100);
	assert_non_null(strstr(h2_bench_text(b), "201 > R7"));
	assert_false(b->finished);
	h2_bench_free(b);
}

TEST(h2_who_knows_the_limit_of_streams_and_breaks_it_is_ended)
{
	struct h2_bench *b = h2_bench_server();

	b->passive = true;
	repeat(b, GET, 1, 100);
	assert_false(b->finished);
	repeat(b, GET, 201, 1);
	assert_non_null(strstr(h2_bench_text(b), "G199,1 error"));
	h2_bench_free(b);
}

/* HPACK: n bytes of value; then a reference to it costs one byte. */
static void
put_large_field(struct str *to, size_t n)
{
	const size_t rest = n - 127;

	str_add(to, "\x40\x01x\x7f");
	str_add_char(to, (char)(rest % 128 + 128));
	str_add_char(to, (char)(rest / 128));
	for (size_t i = 0; i < n; i++)
		str_add_char(to, 'v');
}

static void
feed_block(struct h2_bench *b, struct slice block)
{
	size_t n = block.len;
	const char head[9] = { (char)(n >> 16), (char)(n >> 8), (char)n, 1,
	    NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 0, 0, 0, 1 };
	struct str s = { 0 };

	str_add_slice(&s, slice_of(head, sizeof(head)));
	str_add_slice(&s, block);
	h2_bench_feed_bytes(b, s.ptr, s.len);
	str_fini(&s);
}

/* GET / of a, then a field of 3,000 bytes and so many references to it. */
static struct h2_bench *
bomb(int references)
{
	struct h2_bench *b = h2_bench_server();
	struct str block = { 0 };

	str_add(&block, "\x82\x86\x84\x01\x01" "a");
	put_large_field(&block, 3000);
	for (int i = 0; i < references; i++)
		str_add_char(&block, (char)0xbe);
	feed_block(b, str_slice(&block));
	str_fini(&block);
	return b;
}

TEST(h2_header_bombs_are_answered_or_end_the_connection)
{
	struct h2_bench *b = bomb(10);

	assert_true(slice_has_prefix(slice_str(h2_bench_text(b)),
	    SLICE("1 GET / @a")));
	h2_bench_free(b);
	b = bomb(30);	/* 93 KB */
	assert_true(slice_has_prefix(slice_str(h2_bench_text(b)),
	    SLICE("1 > H :status=431")));
	assert_false(b->finished);
	h2_bench_free(b);
	b = bomb(1000);	/* 3 MB */
	expect_calm(b, "bomb");
	h2_bench_free(b);
}

TEST(h2_crumbs_count)
{
	struct h2_bench *b = h2_bench_server();
	struct str block = { 0 };

	str_add(&block, "\x82\x86\x84\x01\x01" "a");
	for (int i = 0; i < 400; i++) {
		str_add(&block, "\x0f\x11\x7f\x49");	/* cookie, 200 bytes */
		for (int n = 0; n < 200; n++)
			str_add_char(&block, 'c');
	}
	struct h2_bench_stream *s = h2_bench_at(b, 1);

	/* 80 KB: too much for one frame of ours. */
	size_t first = 16384;
	char head[9] = { 0, 0x40, 0, 1, NGHTTP2_FLAG_END_STREAM, 0, 0, 0, 1 };

	h2_bench_feed_bytes(b, head, sizeof(head));
	h2_bench_feed_bytes(b, block.ptr, first);
	for (size_t at = first; at < block.len; at += 16384) {
		size_t n = block.len - at < 16384 ? block.len - at : 16384;
		char more[9] = { 0, (char)(n >> 8), (char)n, 9,
		    at + n == block.len ? NGHTTP2_FLAG_END_HEADERS : 0,
		    0, 0, 0, 1 };

		h2_bench_feed_bytes(b, more, sizeof(more));
		h2_bench_feed_bytes(b, block.ptr + at, n);
	}
	assert_true(slice_has_prefix(slice_str(h2_bench_text(b)),
	    SLICE("1 > H :status=431")));
	assert_int_equal(s->told.len, 0);
	str_fini(&block);
	h2_bench_free(b);
}

static struct h2_bench *
ask_with(const char *field, size_t n, char filler, int times)
{
	struct h2_bench *b = h2_bench_server();
	struct str s = { 0 };

	str_add(&s, "H1e :method=GET :scheme=http :path=/ :authority=a");
	for (int i = 0; i < times; i++) {
		str_addf(&s, " %s", field);
		for (size_t k = 0; k < n; k++)
			str_add_char(&s, filler);
	}
	h2_bench_feed(b, str_ptr(&s));
	str_fini(&s);
	return b;
}

TEST(h2_heads_have_the_limits_of_http1)
{
	static const struct {
		const char *field;
		size_t      n;
		int         times;
		const char *text;
	} v[] = {
		{ "x=", 8191, 1, "1 GET" },
		{ "x=", 8192, 1, "1 > H :status=431" },
		{ "x=", 0, 100, "1 GET" },
		{ "x=", 0, 101, "1 > H :status=431" },
		{ "cookie=", 0, 200, "1 GET" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct h2_bench *b = ask_with(v[i].field, v[i].n, 'v',
		    v[i].times);

		if (!slice_has_prefix(slice_str(h2_bench_text(b)),
		    slice_str(v[i].text)))
			fail_msg("%s %zu: %.60s", v[i].field, v[i].n,
			    h2_bench_text(b));
		h2_bench_free(b);
	}
	struct h2_bench *b = h2_bench_server();
	struct str s = { 0 };

	str_add(&s, "H1e :method=GET :scheme=http :authority=a :path=/");
	for (int i = 0; i < 9000; i++)
		str_add_char(&s, 'p');
	h2_bench_feed(b, str_ptr(&s));
	str_fini(&s);
	assert_true(slice_has_prefix(slice_str(h2_bench_text(b)),
	    SLICE("1 > H :status=414")));
	h2_bench_free(b);
}

TEST(h2_client_bounds_what_a_server_sends)
{
	struct h2_bench *b = h2_bench_client();
	struct str s = { 0 };

	h2_bench_ask(b, "GET /", "", true);
	str_add(&s, "H1e :status=200");
	for (int i = 0; i < 101; i++)
		str_add(&s, " x=y");
	h2_bench_feed(b, str_ptr(&s));
	str_fini(&s);
	assert_true(slice_has_prefix(slice_str(h2_bench_text(b)),
	    SLICE("1 reset-too-large")));
	h2_bench_ask(b, "GET /", "", true);
	for (int i = 0; i < 10; i++)
		h2_bench_feed(b, "H3 :status=103");
	assert_non_null(h2_bench_at(b, 3)->stream);
	h2_bench_feed(b, "H3 :status=103");
	assert_non_null(strstr(h2_bench_text(b), "reset-too-large"));
	assert_null(h2_bench_at(b, 3)->stream);
	h2_bench_free(b);
}

TEST(h2_server_with_many_streams_at_once)
{
	struct h2_bench *b = h2_bench_server();

	for (int i = 0; i < 3; i++)
		repeat(b, GET, 1 + 200 * i, 100);
	assert_int_equal(b->begun, 300);
	assert_true(codec_is_idle(b->codec));
	h2_bench_free(b);
}

/* Each away from its default; those of floods stand in h2_flood_test.c. */
TEST(h2_limits_are_those_that_are_set)
{
	struct h2_bench *b = h2_bench_server();

	b->limits.h2 = (struct h2_limits){
		.streams = 2, .window = 1000, .conn_window = 100000,
		.frame_bytes = 20000, .head_bytes = 1000, .queued_frames = 5000,
		.queued_acks = 20, .continuations = 1, .resets = 100,
		.pings = 1000, .settings = 100, .priorities = 100,
		.window_updates = 20, .empty_data = 1,
	};
	b->passive = b->is_silent = true;
	h2_bench_restart(b);
	repeat(b, GET, 1, 3);
	assert_int_equal(b->begun, 2);
	if (strstr(h2_bench_text(b), "5 > R7") == NULL)
		fail_msg("%s", h2_bench_text(b));
	assert_int_equal(b->window_bytes, 100000 - 65535);
	h2_bench_free(b);
}

TEST(h2_limits_of_heads_are_those_that_are_set)
{
	struct h2_bench *b = h2_bench_server();
	struct str s = { 0 };

	b->limits.h2.head_bytes = 1000;
	b->limits.h2.continuations = 1;
	h2_bench_restart(b);
	str_add(&s, "H1e :method=GET :scheme=http :path=/ :authority=a x=");
	for (int i = 0; i < 900; i++)
		str_add_char(&s, 'v');
	h2_bench_feed(b, str_ptr(&s));
	assert_non_null(strstr(h2_bench_text(b), ":status=431"));
	h2_bench_feed(b, "H3c :method=GET");
	h2_bench_feed(b, "C3c x=y");
	assert_false(b->finished);
	h2_bench_feed(b, "C3c x=y");
	expect_calm(b, "CONTINUATION");
	str_fini(&s);
	h2_bench_free(b);
}

TEST(h2_acknowledgements_wait_as_many_as_it_is_set)
{
	struct h2_bench *b = h2_bench_server();

	b->limits.h2.queued_acks = 20;
	b->keeps_output = true;
	h2_bench_restart(b);
	for (int i = 0; i < 20000 && !b->finished; i++)
		h2_bench_feed(b, "P 12345678");
	assert_true(b->finished);
	h2_bench_free(b);
}
