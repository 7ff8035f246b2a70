#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "filter/grpc_web_text.h"
#include "filter/origin_test.h"

/* --- bodies ---------------------------------------------------------------------- */

/* Decodes text in two pieces; gives whether it was good. */
static bool
decode(struct slice text, size_t at, struct buf *out)
{
	struct grpc_web_text t = { .rest_len = 0 };
	struct buf b = { 0 };
	bool is_good;

	buf_add(&b, text.ptr, at);
	is_good = grpc_web_decode(&t, &b, false);
	buf_move(out, &b);
	buf_add_slice(&b, slice_from(text, at));
	is_good = is_good && grpc_web_decode(&t, &b, true);
	buf_move(out, &b);
	return is_good;
}

TEST(grpc_web_text_is_base64_in_pieces)
{
	static const struct {
		const char *text, *bytes;	/* bytes NULL: it is bad */
	} cases[] = {
		{ "", "" },
		{ "YWJj", "abc" },
		{ "YQ==", "a" },
		{ "YWI=", "ab" },
		{ "YQ==YWI=YWJj", "aababc" },
		{ "YWJjYQ==ZGVm", "abcadef" },
		{ "Y", NULL },
		{ "YWJjYQ=", NULL },
		{ "YQ=b", NULL },
		{ "====", NULL },
		{ "=YQ=", NULL },
		{ "YR==", NULL },	/* a bit is left over */
		{ "YW\nJj", NULL },
		{ "YWJj\n", NULL },
		{ "Y-_j", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice text = slice_str(cases[i].text);

		for (size_t at = 0; at <= text.len; at++) {
			struct buf out = { 0 };
			bool is_good = decode(text, at, &out);

			if (is_good != (cases[i].bytes != NULL) || (is_good &&
			    !slice_is(buf_pull(&out, buf_len(&out)),
			    cases[i].bytes)))
				fail_msg("\"%s\" at %zu", cases[i].text, at);
			buf_fini(&out);
		}
	}
}

TEST(grpc_web_text_is_read_as_it_was_written)
{
	for (size_t len = 0; len < 20000; len = len * 3 / 2 + 1) {
		struct buf b = { 0 }, want = { 0 };
		struct grpc_web_text t = { .rest_len = 0 };

		for (size_t i = 0; i < len; i++) {
			char c = (char)(i * 31 >> 3);

			buf_add(&b, &c, 1);
		}
		buf_share(&want, &b);
		grpc_web_encode(&b);
		assert_int_equal(buf_len(&b), (len + 2) / 3 * 4);
		assert_true(grpc_web_decode(&t, &b, true));
		assert_int_equal(buf_len(&b), len);
		assert_true(slice_eq(buf_pull(&b, len), buf_pull(&want, len)));
		buf_fini(&b);
		buf_fini(&want);
	}
}

TEST(grpc_web_trailers_are_a_frame)
{
	struct http_fields f;
	struct buf b = { 0 };
	struct arena a;

	arena_init(&a);
	http_fields_init(&f, &a);
	grpc_web_add_trailers(&b, &f);
	assert_int_equal(buf_len(&b), 5);
	assert_memory_equal(buf_pull(&b, 5).ptr, "\x80\0\0\0\0", 5);
	buf_drain(&b, 5);
	http_fields_add(&f, SLICE("grpc-status"), SLICE("0"));
	http_fields_add(&f, SLICE("x-a"), SLICE(""));
	grpc_web_add_trailers(&b, &f);
	assert_true(slice_eq(buf_pull(&b, buf_len(&b)),
	    SLICE("\x80\0\0\0\x17grpc-status: 0\r\nx-a: \r\n")));
	buf_fini(&b);
	arena_fini(&a);
}

/* --- the filter ------------------------------------------------------------------ */

#define POST	"POST /a.B/C HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
#define WEB	"application/grpc-web"

/* "abc" and then trailers. */
static const struct origin_answer answer = {
	.status = 200, .fields = "content-type: application/grpc\n",
	.length = -1, .body = { "ab", "c", NULL }, .trailer = "yes",
};

TEST(grpc_web_is_grpc_to_the_service)
{
	static const struct {
		const char *type, *accept, *up, *down, *body;
	} cases[] = {
		{ WEB, "", "application/grpc", WEB, NULL },
		{ WEB "+proto", "", "application/grpc+proto", WEB "+proto",
		    NULL },
		{ WEB, "accept: */*\r\n", "application/grpc", WEB, NULL },
		{ WEB, "accept: " WEB "-text\r\n", "application/grpc",
		    WEB "-text", "YWI=Yw==gAAAAAx4LWVuZDogeWVzDQo=" },
		{ WEB "-text", "", "application/grpc", WEB "-text",
		    "YWI=Yw==gAAAAAx4LWVuZDogeWVzDQo=" },
		{ WEB "-text+proto", "", "application/grpc+proto",
		    WEB "-text+proto", "YWI=Yw==gAAAAAx4LWVuZDogeWVzDQo=" },
		{ WEB "-text", "accept: " WEB "\r\n", "application/grpc", WEB,
		    NULL },
		/* Nobody but gRPC-Web is meant. */
		{ "application/grpc", "", "application/grpc",
		    "application/grpc", "abc" },
		{ "application/grpc-webby", "", "application/grpc-webby",
		    "application/grpc", "abc" },
	};
	static const char binary[] = "abc\x80\0\0\0\x0cx-end: yes\r\n";

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char request[512];

		origin_start("grpc_web", NULL);
		origin_says(&answer);
		snprintf(request, sizeof(request), POST "content-type: %s\r\n"
		    "%scontent-length: 0\r\n\r\n", cases[i].type,
		    cases[i].accept);
		const struct str *got = origin_ask(request);
		struct str body = origin_body(got);
		struct slice want = cases[i].body != NULL ?
		    slice_str(cases[i].body) : slice_of(binary,
		    sizeof(binary) - 1);
		char up[64];

		snprintf(up, sizeof(up), "content-type=%s;", cases[i].up);
		assert_non_null(strstr(origin_request(), up));
		assert_string_equal(origin_field(got, "content-type"),
		    cases[i].down);
		if (!slice_eq(str_slice(&body), want))
			fail_msg("case %zu: %s", i, str_ptr(&body));
		str_fini(&body);
		origin_stop();
	}
}

TEST(grpc_web_without_a_message_has_its_status_in_the_head)
{
	static const struct origin_answer denied = {
		.status = 200, .fields = "content-type: application/grpc\n"
		    "grpc-status: 7\naccess-control-allow-origin: *\n",
		.length = -1,
	};

	origin_start("grpc_web", NULL);
	origin_says(&denied);
	const struct str *got = origin_ask(POST "content-type: " WEB
	    "-text\r\ncontent-length: 4\r\n\r\nAAAA");

	assert_string_equal(origin_field(got, "content-type"), WEB "-text");
	assert_string_equal(origin_field(got, "grpc-status"), "7");
	assert_string_equal(origin_field(got, "access-control-expose-headers"),
	    "grpc-status, grpc-message");
	origin_stop();
}

TEST(grpc_web_leaves_errors_of_http_alone)
{
	static const struct origin_answer page = {
		.status = 404, .fields = "content-type: text/html\n",
		.length = 3, .body = { "abc", NULL },
	};

	origin_start("grpc_web", NULL);
	origin_says(&page);
	const struct str *got = origin_ask(POST "content-type: " WEB
	    "-text\r\ncontent-length: 4\r\n\r\nAAAA");
	struct str body = origin_body(got);

	assert_string_equal(origin_field(got, "content-type"), "text/html");
	assert_string_equal(str_ptr(&body), "abc");
	str_fini(&body);
	origin_stop();
}

TEST(grpc_web_refuses_text_that_is_no_base64)
{
	static const char *const bad[] = { "AAA", "AA A", "A===" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char request[256];

		origin_start("grpc_web", NULL);
		origin_says(&answer);
		snprintf(request, sizeof(request), POST "content-type: " WEB
		    "-text\r\ncontent-length: %zu\r\n\r\n%s", strlen(bad[i]),
		    bad[i]);
		assert_non_null(strstr(str_ptr(origin_ask(request)),
		    "HTTP/1.1 400 "));
		assert_int_equal(origin_asked(), 0);
		origin_stop();
	}
}
