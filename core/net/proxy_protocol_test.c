#include <stdio.h>

#include "base/unit.h"
#include "net/proxy_protocol.h"

#define MARK	"\r\n\r\n\0\r\nQUIT\n"
/* Bytes with zeros in them. */
#define BYTES(s)	{ (s), sizeof(s) - 1 }

/* "v1 1.2.3.4:5 > 6.7.8.9:10 authority id identity", or "v2 local". */
static void
describe(const struct proxy_header *h, char *out, size_t max)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

	if (h->is_local) {
		snprintf(out, max, "v%d local", h->version);
		return;
	}
	addr_format(&h->from, from);
	addr_format(&h->to, to);
	snprintf(out, max, "v%d %s > %s%s%.*s%s%.*s%s%.*s", h->version, from, to,
	    h->authority.len > 0 ? " " : "", SLICE_ARG(h->authority),
	    h->unique_id.len > 0 ? " " : "", SLICE_ARG(h->unique_id),
	    h->identity.len > 0 ? " " : "", SLICE_ARG(h->identity));
}

struct vector {
	struct slice in;
	const char  *what;	/* NULL: it is wrong */
};

static const struct vector vectors[] = {
	{ BYTES("PROXY TCP4 255.255.255.255 1.2.3.4 65535 0\r\n"),
	    "v1 255.255.255.255:65535 > 1.2.3.4:0" },
	{ BYTES("PROXY TCP6 2001:db8::1 ::1 5 443\r\n"),
	    "v1 [2001:db8::1]:5 > [::1]:443" },
	{ BYTES("PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 5 6\r\n"),
	    "v1 10.0.0.1:5 > 10.0.0.2:6" },
	{ BYTES("PROXY UNKNOWN\r\n"), "v1 local" },
	/* The longest there is. */
	{ BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	    "v1 local" },
	{ BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3.4  1.2.3.4 1 1\r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n"), NULL },
	{ BYTES("PROXY TCP4 ::1 ::1 1 1\r\n"), NULL },
	{ BYTES("PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n"), NULL },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rx"), NULL },
	{ BYTES("PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n"), NULL },
	{ BYTES("PROXY\r\n"), NULL },
	{ BYTES("proxy TCP4"), NULL },
	{ BYTES("GET / HTTP/1.1\r\n"), NULL },
	{ BYTES("\x16\x03\x01"), NULL },
	{ BYTES(MARK "\x21\x11\0\x0c" "\x01\x02\x03\x04" "\x05\x06\x07\x08"
	    "\0\x09" "\x01\0"), "v2 1.2.3.4:9 > 5.6.7.8:256" },
	{ BYTES(MARK "\x21\x21\0\x24" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01" "\0\x05" "\x01\xbb"),
	    "v2 [2001:db8::1]:5 > [::1]:443" },
	{ BYTES(MARK "\x20\0\0\0"), "v2 local" },
	/* Whatever is in it is passed over. */
	{ BYTES(MARK "\x20\xff\0\x03" "abc"), "v2 local" },
	{ BYTES(MARK "\x21\0\0\0"), "v2 local" },
	{ BYTES(MARK "\x21\x11\0\x1b" "\x01\x02\x03\x04" "\x05\x06\x07\x08"
	    "\0\x09" "\x01\0" "\x04\0\0" "\xea\0\x02" "zz" "\x02\0\x04" "host"),
	    "v2 1.2.3.4:9 > 5.6.7.8:256 host" },
	/* Datagrams; half of the addresses; a TLV that is cut off; another version. */
	{ BYTES(MARK "\x21\x12\0\x0c" "\x01\x02\x03\x04" "\x05\x06\x07\x08"
	    "\0\x09" "\x01\0"), NULL },
	{ BYTES(MARK "\x21\x11\0\x0b" "\x01\x02\x03\x04" "\x05\x06\x07\x08"
	    "\0\x09" "\x01"), NULL },
	{ BYTES(MARK "\x21\x11\0\x0e" "\x01\x02\x03\x04" "\x05\x06\x07\x08"
	    "\0\x09" "\x01\0" "\x02\0"), NULL },
	{ BYTES(MARK "\x21\x11\0\x10" "\x01\x02\x03\x04" "\x05\x06\x07\x08"
	    "\0\x09" "\x01\0" "\x02\0\x02" "x"), NULL },
	{ BYTES(MARK "\x11"), NULL },
	{ BYTES(MARK "\x22"), NULL },
	{ BYTES(MARK "\x21\x11\xff\xff"), NULL },
	{ BYTES(MARK "\x21\x31\0\x04" "abcd"), NULL },
};

/* Every vector whole, with more behind it, and from its first byte on. */
TEST(proxy_header_is_read_in_pieces_as_in_one)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct proxy_header h;
		struct str more = { 0 };
		char text[512];
		ptrdiff_t n;

		str_add_slice(&more, v->in);
		str_add(&more, "GET / HTTP/1.1\r\n");
		n = proxy_header_parse(&h, v->what != NULL ? str_slice(&more) :
		    v->in);
		if (n != (v->what != NULL ? (ptrdiff_t)v->in.len : -1))
			fail_msg("%zu: %td", i, n);
		if (v->what != NULL) {
			describe(&h, text, sizeof(text));
			assert_string_equal(text, v->what);
		}
		bool was_wrong = false;

		for (size_t len = 0; len < v->in.len; len++) {
			n = proxy_header_parse(&h, slice_of(v->in.ptr, len));
			if (n != 0 && (v->what != NULL || n != -1))
				fail_msg("%zu, %zu bytes: %td", i, len, n);
			assert_false(was_wrong && n == 0);
			was_wrong = n < 0;
		}
		str_fini(&more);
	}
}

static struct addr
at(const char *text)
{
	struct addr a;
	struct err err;

	assert_int_equal(addr_parse(slice_str(text), &a, &err), 0);
	return a;
}

/* Written and read again it says the same. */
TEST(proxy_header_written_is_read_the_same)
{
	static const struct {
		enum proxy_version version;
		const char *from, *to, *what;
	} cases[] = {
		{ PROXY_V1, "1.2.3.4:5", "6.7.8.9:10",
		    "v1 1.2.3.4:5 > 6.7.8.9:10" },
		{ PROXY_V1, "[::1]:5", "6.7.8.9:10", "v1 [::1]:5 > 6.7.8.9:10" },
		{ PROXY_V1, "unix:/x", "6.7.8.9:10", "v1 local" },
		{ PROXY_V2, "1.2.3.4:5", "6.7.8.9:10",
		    "v2 1.2.3.4:5 > 6.7.8.9:10 host id spiffe://x" },
		{ PROXY_V2, "1.2.3.4:5", "[2001:db8::1]:10",
		    "v2 1.2.3.4:5 > [2001:db8::1]:10 host id spiffe://x" },
		{ PROXY_V2, "unix:/x", "6.7.8.9:10", "v2 local" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proxy_header in, h = {
			.version = cases[i].version, .from = at(cases[i].from),
			.to = at(cases[i].to), .authority = SLICE("host"),
			.unique_id = SLICE("id"), .identity = SLICE("spiffe://x"),
		};
		struct str out = { 0 };
		char text[512];

		str_add(&out, "before");
		proxy_header_put(&out, &h);
		struct slice bytes = slice_from(str_slice(&out), 6);

		assert_int_equal(proxy_header_parse(&in, bytes), bytes.len);
		describe(&in, text, sizeof(text));
		assert_string_equal(text, cases[i].what);
		str_fini(&out);
	}
}

TEST(proxy_header_with_a_wrong_checksum_is_wrong)
{
	struct proxy_header in, h = {
		.version = PROXY_V2, .from = at("1.2.3.4:5"),
		.to = at("6.7.8.9:10"), .authority = SLICE("host"),
	};
	struct str out = { 0 };

	proxy_header_put(&out, &h);
	/* The types of TLVs apart: without its own there is no checksum. */
	for (size_t i = 16; i < out.len; i++) {
		if (i == 28 || i == 35)
			continue;
		out.ptr[i] ^= 1;
		if (proxy_header_parse(&in, str_slice(&out)) > 0)
			fail_msg("byte %zu", i);
		out.ptr[i] ^= 1;
	}
	assert_int_equal(proxy_header_parse(&in, str_slice(&out)), out.len);
	str_fini(&out);
}

/* What HAProxy 2.6 sends, with proxy-v2-options crc32c,unique-id. */
TEST(proxy_header_has_the_checksum_that_others_make)
{
	static const struct slice in = BYTES(MARK "\x21\x11\0\x16"
	    "\x7f\0\0\x01\x7f\0\0\x01\x8a\x12\x47\x05" "\x03\0\x04"
	    "\x2d\xa5\x07\x55" "\x05\0\0");
	struct proxy_header h;

	assert_int_equal(proxy_header_parse(&h, in), in.len);
}

TEST(proxy_header_of_a_check_has_no_addresses)
{
	const struct proxy_header h = { .version = PROXY_V2, .is_local = true };
	struct str out = { 0 };

	proxy_header_put(&out, &h);
	assert_int_equal(out.ptr[12], 0x20);
	str_fini(&out);
}
