#include <zlib.h>

#include "base/unit.h"
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

static void
code_split(struct slice text, size_t at, int64_t size)
{
	struct coder *c = coder_new(4, size);
	struct buf in = { 0 }, out = { 0 };

	buf_add(&in, text.ptr, at);
	coder_run(c, &in, &out, CODER_FLUSH);
	struct str first = gunzip(buf_pull(&out, buf_len(&out)), false);

	assert_int_equal(first.len, at);
	buf_add(&in, text.ptr + at, text.len - at);
	coder_run(c, &in, &out, CODER_END);
	assert_int_equal(buf_len(&in), 0);
	struct str all = gunzip(buf_pull(&out, buf_len(&out)), true);

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
	for (size_t at = 0; at <= text.len; at++)
		code_split(str_slice(&text), at, at % 2 ? -1 :
		    (int64_t)text.len);
	/* Larger than the window, and than it was said to be. */
	while (text.len < 300000)
		str_addf(&text, "%zu ", text.len * 2654435761u);
	code_split(str_slice(&text), 100000, -1);
	code_split(str_slice(&text), 1, 10);
	str_fini(&text);
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

TEST(compression_is_for_what_gains_and_for_who_takes_it)
{
	static const struct {
		const char *request, *fields;
		bool is_coded, has_vary;
	} v[] = {
		{ GET("accept-encoding: gzip\r\n"), JSON, true, true },
		{ GET(""), JSON, false, true },
		{ GET("accept-encoding: gzip;q=0\r\n"), JSON, false, true },
		{ GET("accept-encoding: br\r\n"), JSON, false, true },
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

	origin_start("compression", "minimumSize: 20");
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct origin_answer a = text_of(v[i].fields);

		origin_says(&a);
		const struct str *got = origin_ask(v[i].request);
		struct str body = origin_body(got);

		if ((strcmp(origin_field(got, "vary"), "accept-encoding") == 0)
		    != v[i].has_vary)
			fail_msg("%zu: %s", i, str_ptr(got));
		if (v[i].is_coded) {
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
