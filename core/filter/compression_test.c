#include <brotli/decode.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/coder.h"
#include "filter/coding.h"
#include "filter/origin_test.h"

/* --- which coding ----------------------------------------------------------- */

TEST(coding_is_chosen_by_weight)
{
	static const int both[] = { CODING_BROTLI, CODING_GZIP };
	static const struct {
		const char *accept;	/* NULL: no field */
		enum coding want;
	} v[] = {
		{ NULL, CODING_NONE }, { "", CODING_NONE },
		{ "gzip", CODING_GZIP }, { "GZIP", CODING_GZIP },
		{ "x-gzip", CODING_GZIP }, { "br", CODING_BROTLI },
		{ "gzip, br", CODING_BROTLI },
		{ "gzip;q=1.0, br;q=0.9", CODING_GZIP },
		{ "gzip ; Q=0.5 , br;q=0.501", CODING_BROTLI },
		{ "*", CODING_BROTLI }, { "br;q=0, *", CODING_GZIP },
		{ "*;q=0", CODING_NONE }, { "gzip;q=0", CODING_NONE },
		{ "gzip;q=0.000", CODING_NONE },
		{ "gzip;q=0.5, identity", CODING_NONE },
		{ "gzip;q=0.5, identity;q=0.5", CODING_GZIP },
		{ "identity;q=0, gzip;q=0.001", CODING_GZIP },
		{ "gzip;q=", CODING_NONE }, { "gzip;q=2", CODING_NONE },
		{ "gzip;q=1.001", CODING_NONE }, { "gzip;q=.5", CODING_NONE },
		{ "gzip;q=0.1234", CODING_NONE }, { "gzip;q=-1", CODING_NONE },
		{ "gzip;a=b;q=0", CODING_NONE }, { "gzipped", CODING_NONE },
		{ "deflate, compress", CODING_NONE }, { ",,gzip,", CODING_GZIP },
		{ ";q=1", CODING_NONE },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a;
		struct http_fields f;

		arena_init(&a);
		http_fields_init(&f, &a);
		if (v[i].accept != NULL)
			http_fields_add_id(&f, FIELD_ACCEPT_ENCODING,
			    slice_str(v[i].accept));
		if (coding_choose(&f, both, 2) != v[i].want)
			fail_msg("\"%s\"", v[i].accept);
		arena_fini(&a);
	}
}

/* --- the coder ---------------------------------------------------------------- */

/* Decodes what there is; expects the end of the stream if whole. */
static struct str
gunzip(struct slice in, bool whole)
{
	struct str out = { 0 };
	z_stream z = { 0 };
	union { const char *from; unsigned char *to; } u = { in.ptr };
	int r = Z_OK;

	assert_int_equal(inflateInit2(&z, 31), Z_OK);
	z.next_in = u.to;
	z.avail_in = (unsigned)in.len;
	while (r == Z_OK) {
		char piece[4096];

		z.next_out = (unsigned char *)piece;
		z.avail_out = sizeof(piece);
		r = inflate(&z, Z_SYNC_FLUSH);
		str_add_slice(&out, slice_of(piece,
		    sizeof(piece) - z.avail_out));
	}
	assert_int_equal(r, whole ? Z_STREAM_END : Z_BUF_ERROR);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	return out;
}

static struct str
unbrotli(struct slice in, bool whole)
{
	struct str out = { 0 };
	BrotliDecoderState *d = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	const uint8_t *next_in = (const uint8_t *)in.ptr;
	BrotliDecoderResult r;

	do {
		uint8_t piece[4096], *next_out = piece;
		size_t room = sizeof(piece);

		r = BrotliDecoderDecompressStream(d, &in.len, &next_in, &room,
		    &next_out, NULL);
		str_add_slice(&out, slice_of((char *)piece,
		    sizeof(piece) - room));
	} while (r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT ||
	    BrotliDecoderHasMoreOutput(d));
	assert_int_equal(r, whole ? BROTLI_DECODER_RESULT_SUCCESS :
	    BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT);
	assert_int_equal(in.len, 0);
	BrotliDecoderDestroyInstance(d);
	return out;
}

static struct str
decode(enum coding coding, struct slice in, bool whole)
{
	return coding == CODING_GZIP ? gunzip(in, whole) : unbrotli(in, whole);
}

static void
code_split(enum coding coding, struct slice text, size_t at, int64_t size)
{
	struct coder *c = coder_new(coding, 4, size);
	struct buf in = { 0 }, out = { 0 };

	buf_add(&in, text.ptr, at);
	coder_run(c, &in, &out, CODER_FLUSH);
	struct str first = decode(coding, buf_pull(&out, buf_len(&out)), false);

	assert_int_equal(first.len, at);
	buf_add(&in, text.ptr + at, text.len - at);
	coder_run(c, &in, &out, CODER_END);
	assert_int_equal(buf_len(&in), 0);
	struct str all = decode(coding, buf_pull(&out, buf_len(&out)), true);

	assert_true(slice_eq(str_slice(&all), text));
	str_fini(&first);
	str_fini(&all);
	buf_fini(&out);
	coder_free(c);
}

TEST(coder_gives_all_it_has_at_a_flush)
{
	struct str text = { 0 };

	for (int i = 0; i < 40; i++)
		str_addf(&text, "%d bottles of %x, ", i, i * 7919);
	for (int coding = 0; coding < CODING_NONE; coding++)
		for (size_t at = 0; at <= text.len; at++)
			code_split((enum coding)coding, str_slice(&text), at,
			    at % 2 ? -1 : (int64_t)text.len);
	/* Larger than the window, and than it was said to be. */
	while (text.len < 300000)
		str_addf(&text, "%zu ", text.len * 2654435761u);
	for (int coding = 0; coding < CODING_NONE; coding++) {
		code_split((enum coding)coding, str_slice(&text), 100000, -1);
		code_split((enum coding)coding, str_slice(&text), 1, 10);
	}
	str_fini(&text);
}

static size_t
peak_of(enum coding coding, int effort, struct slice text, size_t piece)
{
	struct coder *c = coder_new(coding, effort, -1);
	struct buf in = { 0 }, out = { 0 };

	while (text.len > 0) {
		size_t n = text.len < piece ? text.len : piece;

		buf_add(&in, text.ptr, n);
		text = slice_from(text, n);
		coder_run(c, &in, &out, text.len == 0 ? CODER_END :
		    n % 2 ? CODER_FLUSH : CODER_MORE);
		buf_drain(&out, buf_len(&out));
	}
	size_t peak = coder_peak(c);

	coder_free(c);
	return peak;
}

/* What does not get shorter takes a coder the most room, text the most places. */
TEST(coder_keeps_no_more_than_it_says)
{
	struct str v[2] = { { 0 }, { 0 } };

	for (uint32_t i = 0, x = 1; i < 1 << 19; i++) {
		x = x * 1664525 + 1013904223;
		str_add_char(&v[0], (char)(x >> 24));
		str_add_char(&v[1], "etaoin shr"[(x >> 24) % 10]);
	}
	for (int effort = 0; effort <= 11; effort++)
		for (int i = 0; i < 2 * CODING_NONE; i++) {
			enum coding coding = (enum coding)(i / 2);
			/* The two that brotli takes a second for. */
			size_t len = effort > 9 ? 1 << 17 : v[i % 2].len;

			if (coding == CODING_GZIP && (effort < 1 || effort > 9))
				continue;
			for (size_t piece = 8191; piece < 1 << 20; piece *= 32) {
				size_t peak = peak_of(coding, effort,
				    slice_of(str_ptr(&v[i % 2]), len), piece);

				if (peak > coder_most(coding, effort))
					fail_msg("%d, effort %d: %zu KiB",
					    coding, effort, peak / 1024);
			}
		}
	str_fini(&v[0]);
	str_fini(&v[1]);
}

/* --- the filter --------------------------------------------------------------- */

#define GET(fields)	"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" \
	fields "\r\n"
#define TEXT	"a text that says the same, says the same, says the same"

static struct origin_answer
text_of(const char *fields)
{
	return (struct origin_answer){ .status = 200, .fields = fields,
		.length = sizeof(TEXT) - 1, .body = { TEXT } };
}

#define JSON	"content-type: application/json\n"

static const struct {
	const char *request, *fields;
	bool is_coded, has_vary;
} exchanges[] = {
	{ GET("accept-encoding: gzip\r\n"), JSON, true, true },
	{ GET(""), JSON, false, true },
	{ GET("accept-encoding: gzip;q=0\r\n"), JSON, false, true },
	{ GET("accept-encoding: deflate\r\n"), JSON, false, true },
	{ GET("accept-encoding: gzip\r\n"),
	    "content-type: Text/HTML; charset=utf-8\n", true, true },
	{ GET("accept-encoding: gzip\r\n"),
	    "content-type: image/png\n", false, false },
	{ GET("accept-encoding: gzip\r\n"), "", false, false },
	{ GET("accept-encoding: gzip\r\n"),
	    JSON "content-encoding: br\n", false, false },
	{ GET("accept-encoding: gzip\r\n"),
	    JSON "cache-control: a, no-transform\n", false, false },
	{ GET("accept-encoding: gzip\r\ncache-control: no-transform\r\n"),
	    JSON, false, false },
	{ GET("accept-encoding: gzip\r\n"),
	    JSON "content-digest: sha-256=:x:\n", false, false },
	{ "GET / HTTP/1.0\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n",
	    JSON, false, false },
};

TEST(compression_is_for_what_gains_and_for_who_takes_it)
{

	origin_start("compression", "minimumSize: 20");
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		struct origin_answer a = text_of(exchanges[i].fields);

		origin_says(&a);
		const struct str *got = origin_ask(exchanges[i].request);
		struct str body = origin_body(got);

		if ((strcmp(origin_field(got, "vary"), "accept-encoding") == 0)
		    != exchanges[i].has_vary)
			fail_msg("%zu: %s", i, str_ptr(got));
		if (exchanges[i].is_coded) {
			assert_string_equal(origin_field(got,
			    "content-encoding"), "gzip");
			assert_string_equal(origin_field(got,
			    "content-length"), "");
			struct str plain = gunzip(str_slice(&body), true);

			assert_string_equal(str_ptr(&plain), TEXT);
			str_fini(&plain);
		} else if (strcmp(str_ptr(&body), TEXT) != 0) {
			fail_msg("%zu: %s", i, str_ptr(got));
		}
		str_fini(&body);
	}
	origin_stop();
}

TEST(compression_makes_what_the_caller_likes_and_the_operator_lets)
{
	static const struct {
		const char *yaml, *accept;
		enum coding want;
	} v[] = {
		{ "", "br", CODING_BROTLI }, { "", "gzip", CODING_GZIP },
		{ "", "gzip, br", CODING_BROTLI },
		{ "", "gzip, br;q=0.9", CODING_GZIP },
		{ "", "gzip;q=0, br;q=0, *", CODING_NONE },
		{ "codings: [gzip, br], ", "gzip, br", CODING_GZIP },
		{ "codings: [gzip, br], ", "br", CODING_BROTLI },
		{ "codings: [gzip], ", "gzip;q=0.1, br", CODING_GZIP },
		{ "codings: [gzip], ", "br", CODING_NONE },
		{ "codings: [br], ", "gzip", CODING_NONE },
		{ "brotliQuality: 11, ", "br", CODING_BROTLI },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct origin_answer a = text_of(JSON);
		char yaml[80], request[160];

		snprintf(yaml, sizeof(yaml), "{%sminimumSize: 20}", v[i].yaml);
		snprintf(request, sizeof(request), GET("accept-encoding: %s\r\n"),
		    v[i].accept);
		origin_start("compression", yaml);
		origin_says(&a);
		const struct str *got = origin_ask(request);
		const char *coding = origin_field(got, "content-encoding");

		if (!slice_eq(coding_name(v[i].want), slice_str(coding)))
			fail_msg("%s %s: %s", yaml, v[i].accept, coding);
		struct str body = origin_body(got);

		if (v[i].want != CODING_NONE) {
			struct str plain = decode(v[i].want, str_slice(&body),
			    true);

			assert_string_equal(str_ptr(&plain), TEXT);
			str_fini(&plain);
		}
		str_fini(&body);
		origin_stop();
	}
}

#define TAKES	GET("accept-encoding: gzip\r\n")
#define HEAD_TAKES "HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" \
	"accept-encoding: gzip\r\n\r\n"

TEST(compression_leaves_what_is_no_whole_body)
{
	static const struct origin_answer v[] = {
		{ 204, JSON, -1, { NULL }, NULL },
		{ 304, JSON "etag: \"a\"\n", -1, { NULL }, NULL },
		{ 200, JSON, 0, { NULL }, NULL },
		{ 206, JSON "content-range: bytes 0-54/99\n", 55, { TEXT }, NULL },
		{ 200, JSON, 9, { "too short" }, NULL },
	};

	origin_start("compression", "minimumSize: 20");
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		origin_says(&v[i]);
		const struct str *got = origin_ask(TAKES);

		assert_string_equal(origin_field(got, "content-encoding"), "");
		assert_null(strstr(origin_field(got, "etag"), "W/"));
	}
	origin_stop();
}

TEST(compression_of_a_head_is_that_of_its_get)
{
	struct origin_answer a = text_of(JSON "etag: \"a\"\n"
	    "accept-ranges: bytes\nvary: origin\n");

	origin_start("compression", "minimumSize: 20");
	origin_says(&a);
	static const char *const requests[] = { TAKES, HEAD_TAKES };

	for (size_t i = 0; i < 2; i++) {
		const struct str *got = origin_ask(requests[i]);

		assert_string_equal(origin_field(got, "content-encoding"),
		    "gzip");
		assert_string_equal(origin_field(got, "content-length"), "");
		assert_string_equal(origin_field(got, "etag"), "W/\"a\"");
		assert_string_equal(origin_field(got, "accept-ranges"), "");
		assert_non_null(strstr(str_ptr(got), "vary: origin"));
		assert_non_null(strstr(str_ptr(got), "accept-encoding"));
	}
	a.length = -1;
	assert_string_equal(origin_field(origin_ask(HEAD_TAKES),
	    "content-encoding"), "");
	origin_stop();
}

TEST(compression_answers_not_modified_with_the_name_it_gave)
{
	static const struct {
		const char *request, *etag;
	} v[] = {
		{ GET("if-none-match: \"b\", W/\"a\"\r\n"
		    "accept-encoding: gzip\r\n"), "W/\"a\"" },
		{ GET("if-none-match: \"a\"\r\naccept-encoding: gzip\r\n"),
		    "\"a\"" },
	};
	static const struct origin_answer a = { 304, "etag: \"a\"\n", -1,
		{ NULL }, NULL };

	origin_start("compression", NULL);
	origin_says(&a);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(origin_field(origin_ask(v[i].request),
		    "etag"), v[i].etag);
	origin_stop();
}

TEST(compression_of_a_stream_goes_out_piece_by_piece)
{
	static const struct origin_answer a = { 200,
		"content-type: text/event-stream\n", -1,
		{ "data: 1\n\n", "data: 2\n\n", "data: 3\n\n" }, "sum" };

	origin_start("compression", NULL);
	origin_says(&a);
	const struct str *got = origin_ask("GET / HTTP/1.1\r\nhost: a\r\n"
	    "connection: close, te\r\nte: trailers\r\n"
	    "accept-encoding: gzip\r\n\r\n");
	struct str body = origin_body(got);
	struct str plain = gunzip(str_slice(&body), true);

	assert_string_equal(str_ptr(&plain),
	    "data: 1\n\ndata: 2\n\ndata: 3\n\n");
	/* An empty block of deflate ends what was flushed: once for each piece. */
	size_t flushes = 0;

	for (size_t i = 0; i + 4 <= body.len; i++)
		flushes += memcmp(str_ptr(&body) + i, "\0\0\xff\xff", 4) == 0;
	assert_int_equal(flushes, 3);
	assert_non_null(strstr(str_ptr(got) + got->len - 17, "x-end: sum"));
	str_fini(&plain);
	str_fini(&body);
	origin_stop();
}

/* --- many at once ------------------------------------------------------------- */

static struct l7_ctx *open_ones[16];
static size_t open_len;

static void
begin_answer(struct l7_ctx *ctx)
{
	struct http_head *h = arena_alloc(l7_arena(ctx), sizeof(*h));
	struct buf b = { 0 };

	http_head_init(h, l7_arena(ctx));
	h->status = 200;
	http_fields_add(&h->fields, SLICE("content-type"), SLICE("text/plain"));
	l7_respond_head(ctx, h, false);
	buf_add(&b, TEXT, sizeof(TEXT) - 1);
	l7_respond_body(ctx, &b, false);
	buf_fini(&b);
	open_ones[open_len++] = ctx;
}

static void
end_answers(void)
{
	struct buf none = { 0 };

	while (open_len > 0)
		l7_respond_body(open_ones[--open_len], &none, true);
}

static bool
has_head(const struct bench *b)
{
	return strstr(str_ptr(&b->got), "\r\n\r\n") != NULL;
}

TEST(compression_makes_gzip_where_brotli_would_take_too_much)
{
	/* 6 MiB each, of 64: the eleventh finds no room. */
	int clients[12];
	struct bench b;

	bench_init(&b, "compression", "brotliQuality: 11", begin_answer);
	for (int i = 0; i < 12; i++) {
		const char *want = i < 10 ? "br" : i == 10 ? "gzip" : "";

		bench_connect(&b, "");
		clients[i] = b.client;
		str_clear(&b.got);
		bench_send(&b, i < 11 ? GET("accept-encoding: br, gzip\r\n") :
		    GET("accept-encoding: br\r\n"));
		bench_run(&b, has_head);
		assert_string_equal(origin_field(&b.got, "content-encoding"),
		    want);
		assert_string_equal(origin_field(&b.got, "vary"),
		    "accept-encoding");
	}
	/* Those that end make room. */
	end_answers();
	bench_run(&b, bench_is_gone);
	for (int i = 0; i < 12; i++)
		close(clients[i]);
	bench_connect(&b, "");
	str_clear(&b.got);
	bench_send(&b, GET("accept-encoding: br\r\n"));
	bench_run(&b, has_head);
	assert_string_equal(origin_field(&b.got, "content-encoding"), "br");
	end_answers();
	bench_fini(&b);
}
