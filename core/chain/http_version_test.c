#include "chain/http_version.h"

#include "base/unit.h"
#include "http/http2.h"

static const struct {
	const char       *alpn, *bytes;
	enum http_version wanted;
} cases[] = {
	{ "", H2_PREFACE, HTTP_VERSION_2 },
	{ NULL, H2_PREFACE "more", HTTP_VERSION_2 },
	{ "", "GET / HTTP/1.1\r\n", HTTP_VERSION_1 },
	{ "", "PUT / HTTP/1.1\r\n", HTTP_VERSION_1 },
	{ "", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", HTTP_VERSION_1 },
	{ "", "\x16\x03\x01", HTTP_VERSION_1 },
	/* What was agreed on holds, whatever comes. */
	{ "h2", "GET / HTTP/1.1\r\n", HTTP_VERSION_2 },
	{ "http/1.1", H2_PREFACE, HTTP_VERSION_1 },
	{ "mesh-bytes", "", HTTP_VERSION_1 },
};

/* A beginning says the same as the whole, or nothing yet. */
TEST(http_version_is_told_by_as_few_bytes_as_it_takes)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice all = slice_str(cases[i].bytes);
		struct buf b = { 0 };
		enum http_version v = HTTP_VERSION_UNKNOWN;

		for (size_t n = 0; n <= all.len; n++) {
			v = http_version_of(cases[i].alpn, &b, false);
			if (v != HTTP_VERSION_UNKNOWN)
				assert_int_equal(v, cases[i].wanted);
			if (n < all.len)
				buf_add(&b, all.ptr + n, 1);
		}
		assert_int_equal(v, cases[i].wanted);
		buf_fini(&b);
	}
}

TEST(http_version_at_an_end_is_known)
{
	struct slice all = SLICE(H2_PREFACE);
	struct buf b = { 0 };

	for (size_t n = 0; n <= all.len; n++) {
		assert_int_equal(http_version_of("", &b, true), n < all.len ?
		    HTTP_VERSION_1 : HTTP_VERSION_2);
		assert_int_equal(http_version_of("", &b, false), n < all.len ?
		    HTTP_VERSION_UNKNOWN : HTTP_VERSION_2);
		if (n < all.len)
			buf_add(&b, all.ptr + n, 1);
	}
	buf_fini(&b);
}
