#include <string.h>

#include "base/unit.h"
#include "http/detect.h"
#include "http/http2.h"

#define BYTES(s)	{ (s), sizeof(s) - 1 }

struct vector {
	struct slice in;
	enum spoken  found;
	size_t       after;	/* bytes after which it is known */
};

static const struct vector vectors[] = {
	{ BYTES("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("GET / HTTP/1.0\n\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("OPTIONS * HTTP/1.1\r\n"), SPOKEN_HTTP1, 18 },
	{ BYTES("CONNECT a:1 HTTP/1.1\r\n"), SPOKEN_HTTP1, 20 },
	{ BYTES("GET http://a/b HTTP/1.1\r\n"), SPOKEN_HTTP1, 23 },
	{ BYTES("my-verb /x HTTP/1.1\r\n"), SPOKEN_HTTP1, 19 },
	{ BYTES("\r\n\r\nGET / HTTP/1.1\r\n"), SPOKEN_HTTP1, 18 },
	/* Some servers take what the standard does not. */
	{ BYTES("GET  \t/a b  HTTP/1.1\r\n"), SPOKEN_HTTP1, 20 },
	{ BYTES("GET /\xc3\xa4 HTTP/1.1\r\n"), SPOKEN_HTTP1, 16 },
	{ BYTES("GET / HTTP/3.9\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("GET /\1 HTTP/1.1\r\n"), SPOKEN_HTTP1, 15 },
	{ BYTES("GET /\x7f HTTP/1.1\r\n"), SPOKEN_HTTP1, 15 },
	/* Python's http.server, among them. */
	{ BYTES(" \t\r\n GET / HTTP/1.1\r\n"), SPOKEN_HTTP1, 19 },
	{ BYTES("\x1c\xa0GET / HTTP/1.1\r\n"), SPOKEN_HTTP1, 16 },
	{ BYTES("GET\xa0/\x85HTTP/1.1\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("GET\x1c/\x1fHTTP/1.1\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("GET\r/\rHTTP/1.1\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("GET / HTTP/01.01\r\n"), SPOKEN_HTTP1, 15 },
	{ BYTES("GET / http/1.1\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("get / Http/1.0\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("\0GET / HTTP/1.1\r\n"), SPOKEN_HTTP1, 15 },
	{ BYTES("\r\n\0 \0GET / HTTP/1.1\r\n"), SPOKEN_HTTP1, 19 },
	{ BYTES(H2_PREFACE "\0\0\0\4\0\0\0\0\0"), SPOKEN_HTTP2, 24 },
	{ BYTES("PRI * HTTP/2.0\r\nhost: a\r\n"), SPOKEN_HTTP1, 17 },
	{ BYTES("PRI * HTTP/1.1\r\n"), SPOKEN_HTTP1, 14 },
	{ BYTES("PRIM /a HTTP/1.1\r\n"), SPOKEN_HTTP1, 16 },
	{ BYTES("\x16\3\1\0\xa5\1\0\0\xa1\3\3"), SPOKEN_TLS, 6 },
	{ BYTES("\x16\3\3\x40\0\1\0\0"), SPOKEN_TLS, 6 },
	/* No ClientHello: another version, too long, a ServerHello. */
	{ BYTES("\x16\2\1\0\xa5\1"), SPOKEN_OTHER, 2 },
	{ BYTES("\x16\3\1\xff\xff\1"), SPOKEN_OTHER, 4 },
	{ BYTES("\x16\3\1\0\xa5\2"), SPOKEN_OTHER, 6 },
	/* PostgreSQL asks for TLS; its startup; MySQL's and SMTP's greetings. */
	{ BYTES("\0\0\0\10\4\xd2\x16\x2f"), SPOKEN_OTHER, 4 },
	{ BYTES("\0\0\0\x29\0\3\0\0user\0"), SPOKEN_OTHER, 4 },
	{ BYTES("J\0\0\0\n8.0.36\0"), SPOKEN_OTHER, 2 },
	{ BYTES("220 a ESMTP\r\n"), SPOKEN_OTHER, 13 },
	/* Redis, its inline form, memcached, SSH, SIP and RTSP. */
	{ BYTES("*1\r\n$4\r\nPING\r\n"), SPOKEN_OTHER, 4 },
	{ BYTES("GET /key\r\n"), SPOKEN_OTHER, 10 },
	{ BYTES("PING\r\n"), SPOKEN_OTHER, 6 },
	{ BYTES("SET a HTTP/x\r\n"), SPOKEN_OTHER, 14 },
	{ BYTES("set k 0 0 1\r\n"), SPOKEN_OTHER, 13 },
	{ BYTES("SSH-2.0-x\r\n"), SPOKEN_OTHER, 11 },
	{ BYTES("OPTIONS sip:a@b SIP/2.0\r\n"), SPOKEN_OTHER, 25 },
	{ BYTES("OPTIONS rtsp://a/b RTSP/1.0\r\n"), SPOKEN_OTHER, 29 },
	/* No target, no version, no name of a method: some resemble a request. */
	{ BYTES("GET HTTP/1.1\r\n"), SPOKEN_OTHER, 14 },
	{ BYTES("GET / HTTP/1\r\n"), SPOKEN_OTHER, 14 },
	{ BYTES("{GET} / HTTP/1.1\r\n"), SPOKEN_OTHER, 1 },
	/* Not known yet. */
	{ BYTES(""), SPOKEN_UNKNOWN, 0 },
	{ BYTES("\r\n"), SPOKEN_UNKNOWN, 2 },
	{ BYTES("hello"), SPOKEN_UNKNOWN, 5 },
	{ BYTES("GET / HTTP/1."), SPOKEN_UNKNOWN, 13 },
	{ BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r"), SPOKEN_UNKNOWN, 23 },
	{ BYTES("\x16\3\1\0\xa5"), SPOKEN_UNKNOWN, 5 },
};

#define LEN(a)	(sizeof(a) / sizeof(a[0]))

TEST(detect_knows_at_the_first_byte_that_tells)
{
	for (size_t i = 0; i < LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct detect d;

		detect_init(&d);
		for (size_t at = 0; at < v->in.len; at++) {
			enum spoken now = detect_feed(&d,
			    slice_of(v->in.ptr + at, 1));

			assert_int_equal(now, at + 1 < v->after ?
			    SPOKEN_UNKNOWN : v->found);
		}
		assert_int_equal(d.found, v->found);
	}
}

TEST(detect_says_the_same_wherever_bytes_are_cut)
{
	for (size_t i = 0; i < LEN(vectors); i++) {
		const struct slice in = vectors[i].in;

		for (size_t at = 0; at <= in.len; at++) {
			struct detect d;
			struct buf b = { 0 };

			detect_init(&d);
			detect_feed(&d, slice_of(in.ptr, at));
			assert_int_equal(detect_feed(&d, slice_from(in, at)),
			    vectors[i].found);
			detect_init(&d);
			buf_add(&b, in.ptr, at);
			detect_peek(&d, &b);
			buf_add(&b, in.ptr + at, in.len - at);
			assert_int_equal(detect_peek(&d, &b),
			    vectors[i].found);
			assert_int_equal(buf_len(&b), in.len);
			/* And when the first ones went on meanwhile. */
			detect_init(&d);
			buf_drain(&b, in.len);
			buf_add(&b, in.ptr, at);
			detect_peek(&d, &b);
			detect_drained(&d);
			buf_drain(&b, at);
			buf_add(&b, in.ptr + at, in.len - at);
			assert_int_equal(detect_peek(&d, &b),
			    vectors[i].found);
			buf_fini(&b);
		}
	}
}

/* What follows each of these lines could be its fields to some server. */
static const struct slice alike[] = {
	BYTES("GET /admin\r\n"), BYTES("GET /admin \r\n"),
	BYTES("GET /\r\n\r\nGET / HTTP/1.1\r\n"), BYTES("GET /\n"),
	BYTES("\0GET /a\r\n"), BYTES("\r\n GET /a\r\n"),
	BYTES("GET\t/a\r\n"), BYTES("GET\xa0/a\r\n"),
	BYTES("GET / HTTP/1\r\n"), BYTES("GET / HTTP/x.1\r\n"),
	BYTES("GET / ICE/1.0\r\n"), BYTES("X-ANY /a\r\n"),
	BYTES("M_SEARCH /\r\n"), BYTES("PROPFIND /a b\r\n"),
	BYTES("GET HTTP/1.1\r\n"), BYTES("GET http://a/b\r\n"),
	BYTES("GET HTTPS://a/b\r\n"), BYTES("GET http:b\r\n"),
	BYTES("OPTIONS *\r\n"), BYTES("GET * \r\n"),
	BYTES("OPTIONS * HTTP/1\r\n"), BYTES("OPTIONS * http\r\n"),
	BYTES("CONNECT a:1\r\n"), BYTES("CONNECT [::1]:1 \r\n"),
	BYTES("CONNECT 10.0.0.1:1 HTTP\r\n"), BYTES("CONNECT /\r\n"),
	BYTES("GET admin\r\nx-a: b\r\n"), BYTES("GET a\nx:"),
	BYTES("POST a \r\nhost:a\r\n"), BYTES("GET ?a\r\nx-a :b"),
	BYTES("GET a\r\n b: c\r\nx-a: b\r\n"), BYTES("GET a\n:"),
	BYTES("GET a\r\nFrom b\r\nx-a: b\r\n"),
}, unlike[] = {
	BYTES("GET key\r\n"), BYTES("get /key\r\n"),
	BYTES("GET foo bar\r\n"), BYTES("SET a /b\r\n"),
	BYTES("GET httpd\r\n"), BYTES("GET http\r\n"),
	BYTES("GET http a:b\r\n"), BYTES("GET httpsx:/\r\n"),
	BYTES("GET htt:p\r\n"), BYTES("KEYS *\r\n"),
	BYTES("GET *key\r\n"), BYTES("CONFIG GET *\r\n"),
	BYTES("OPTIONS * RTSP/1.0\r\n"), BYTES("PSUBSCRIBE *\r\n"),
	BYTES("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n"),
	BYTES("OPTIONS rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
	BYTES("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
	BYTES("OPTIONS icap://a/b ICAP/1.0\r\nHost: a\r\n"),
	BYTES("GET a b\r\nx: y\r\n"),
	BYTES("CONNECT {\"verbose\":false}\r\n"),
	BYTES("CONNECT\naccept-version:1.2\n\n"),
	BYTES("CONNECT\r\n"), BYTES("GET\r\n"), BYTES("GET \r\n/a\r\n"),
	BYTES("HELO a\r\nGET /\r\n"), BYTES("EHLO http.a\r\n"),
	BYTES("MAIL FROM:</a>\r\n"), BYTES("USER anonymous\r\n"),
	BYTES("gets /a /b\r\n"), BYTES("set /k 0 0 1\r\n"),
	BYTES("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"),
	BYTES("*2\r\n$3\r\nGET\r\n$4\r\n/key\r\n"),
	BYTES("\0\xc4\0\3GET /\r\n"),
	BYTES("0032git-upload-pack /project.git\n"),
	BYTES("GET a\r\nGET b:c\r\n"), BYTES("GET a\r\n\r\nx: y\r\n"),
	BYTES("GET a\r\n*2\r\n$3\r\nGET\r\n$3\r\na:b\r\n"),
	BYTES("GET a\r\nPING\r\na: b\r\n"), BYTES("SET a\r\nb: c\r\n"),
	BYTES("GET a\r\n\x80: b\r\n"), BYTES("GET a\r\nFrom\r\nb: c"),
	BYTES("GET a\r\n b: c\r\nd e: f\r\n"),
	BYTES("HELO a\r\nfrom: b\r\n"),
};

TEST(detect_tells_what_resembles_a_request)
{
	for (size_t n = 0; n < LEN(alike) + LEN(unlike); n++) {
		bool is_alike = n < LEN(alike);
		struct slice in = is_alike ? alike[n] : unlike[n - LEN(alike)];

		for (size_t at = 0; at <= in.len; at++) {
			struct detect d;

			detect_init(&d);
			detect_feed(&d, slice_of(in.ptr, at));
			assert_int_equal(detect_feed(&d, slice_from(in, at)),
			    SPOKEN_OTHER);
			assert_int_equal(detect_resembles_http(&d), is_alike);
		}
	}
}

/* ... before its line has ended, and never once it is known to be one. */
TEST(detect_tells_at_once_what_resembles_a_request)
{
	struct detect d;

	detect_init(&d);
	detect_feed(&d, SLICE("GET "));
	assert_false(detect_resembles_http(&d));
	detect_feed(&d, SLICE("/"));
	assert_true(detect_resembles_http(&d));
	detect_feed(&d, SLICE(" HTTP/1.1"));
	assert_false(detect_resembles_http(&d));
}

/* Over several blocks, without a copy of them. */
TEST(detect_reads_a_line_of_any_length)
{
	struct detect d;
	struct buf b = { 0 };

	detect_init(&d);
	buf_add(&b, "GET /", 5);
	for (int i = 0; i < 10000; i++) {
		buf_add(&b, "abcdefgh", 8);
		assert_int_equal(detect_peek(&d, &b), SPOKEN_UNKNOWN);
	}
	buf_add(&b, " HTTP/1.1", 9);
	assert_int_equal(detect_peek(&d, &b), SPOKEN_HTTP1);
	buf_fini(&b);
}

TEST(detect_knows_what_servers_answer)
{
	static const struct vector answers[] = {
		{ BYTES("HTTP/1.1 200 OK\r\n"), SPOKEN_HTTP1, 7 },
		{ BYTES("HTTP/1.0 400 Bad\r\n"), SPOKEN_HTTP1, 7 },
		{ BYTES("HTTP/2 200\r\n"), SPOKEN_OTHER, 6 },
		{ BYTES("\0\0\6\4\0\0\0\0\0\0\3"), SPOKEN_HTTP2, 9 },
		{ BYTES("\0\0\0\4\0\0\0\0\0"), SPOKEN_HTTP2, 9 },
		{ BYTES("\0\0\0\4\1\0\0\0\0"), SPOKEN_OTHER, 5 },
		{ BYTES("\0\0\x12\7\0\0\0\0\0"), SPOKEN_OTHER, 4 },
		{ BYTES("\x15\3\1\0\2\2\x46"), SPOKEN_TLS, 2 },
		{ BYTES("\x16\3\3\0\2"), SPOKEN_TLS, 2 },
		{ BYTES("\x15x"), SPOKEN_OTHER, 2 },
		{ BYTES("220 a ESMTP\r\n"), SPOKEN_OTHER, 1 },
		{ BYTES("-ERR x\r\n"), SPOKEN_OTHER, 1 },
		{ BYTES("J\0\0\0\n8.0.36\0"), SPOKEN_OTHER, 1 },
	};

	for (size_t i = 0; i < LEN(answers); i++)
		for (size_t n = 0; n <= answers[i].in.len; n++)
			assert_int_equal(detect_answer(
			    slice_of(answers[i].in.ptr, n)),
			    n < answers[i].after ? SPOKEN_UNKNOWN :
			    answers[i].found);
}

TEST(detect_has_a_name_for_all_that_is_spoken)
{
	for (int i = SPOKEN_UNKNOWN; i <= SPOKEN_OTHER; i++) {
		enum spoken s;

		assert_true(spoken_named(slice_str(
		    spoken_name((enum spoken)i)), &s));
		assert_int_equal(s, i);
	}
	enum spoken s;

	assert_false(spoken_named(SLICE("gopher"), &s));
}
