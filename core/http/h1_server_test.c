#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "http/trace_test.h"

#define N		"\r\n"
#define H		"host: a\r\n"
#define GET		"GET / HTTP/1.1\r\n" H
#define POST		"POST / HTTP/1.1\r\n" H
#define CHUNKED		POST "transfer-encoding: chunked\r\n\r\n"
#define BAD400		"bad-400 error > 400"
#define CHUNK400	"POST / @a reset-protocol error > 400"
#define COUNT(t)	(sizeof(t) / sizeof((t)[0]))

struct vector {
	const char *name, *in, *trace;
};

/* Feeds in, cut at `at`; SIZE_MAX: each byte alone. */
static void
run_cut(const struct vector *v, size_t at)
{
	struct trace t;
	size_t len = strlen(v->in);

	trace_init_server(&t, &http_limits_default);
	if (at == SIZE_MAX) {
		for (size_t i = 0; i < len; i++)
			trace_feed(&t, v->in + i, 1);
	} else {
		trace_feed(&t, v->in, at);
		trace_feed(&t, v->in + at, len - at);
	}
	const char *got = trace_end(&t);

	if (strcmp(got, v->trace) != 0)
		fail_msg("%s, cut at %zd: %s", v->name, (ssize_t)at, got);
	trace_fini(&t);
}

static void
run(const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(v[i].in);

		run_cut(&v[i], len);
		run_cut(&v[i], SIZE_MAX);
		for (size_t at = 1; at < len; at++)
			run_cut(&v[i], at);
	}
}

static const struct vector plain[] = {
	{ "a request", GET N, "GET / @a end > 200" },
	{ "fields and query", "GET /p/?a=/../&b HTTP/1.1\r\nX-One: 1\r\n"
	    "Host: Orders.Mesh:80\r\nx-two:\t2 \r\nx-empty:\r\n\r\n",
	    "GET /p/?a=/../&b @orders.mesh:80 {x-one=1,x-two=2,x-empty=} end "
	    "> 200" },
	{ "pipelined", GET N GET N GET N,
	    "GET / @a end GET / @a end GET / @a end > 200 200 200" },
	{ "length", POST "content-length: 3\r\n\r\nabc" GET N,
	    "POST / @a cl=3 body(abc) end GET / @a end > 200 200" },
	{ "length 0", POST "content-length: 0\r\n\r\n" GET N,
	    "POST / @a cl=0 end GET / @a end > 200 200" },
	{ "no length is no body", POST N GET N,
	    "POST / @a end GET / @a end > 200 200" },
	{ "chunked", CHUNKED "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n" GET N,
	    "POST / @a body(abc0123456789) end GET / @a end > 200 200" },
	{ "chunked, named by another case",
	    POST "Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n",
	    "POST / @a body(x) end > 200" },
	{ "1.0", "GET / HTTP/1.0\r\n\r\n" GET N, "GET / @ 1.0 end asked > 200" },
	{ "1.0 keep-alive",
	    "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" GET N,
	    "GET / @ 1.0 end GET / @a end > 200 200" },
	{ "close", GET "connection: foo , close\r\n\r\n" GET N,
	    "GET / @a end asked > 200" },
	{ "HEAD", "HEAD / HTTP/1.1\r\n" H N GET N,
	    "HEAD / @a end GET / @a end > 200 200" },
	{ "a method of WebDAV", "PROPFIND /d/ HTTP/1.1\r\n" H N,
	    "PROPFIND /d/ @a end > 200" },
	{ "an empty line in front", "\r\n" GET N GET N,
	    "GET / @a end GET / @a end > 200 200" },
	{ "bytes beyond ASCII in a value", GET "x: \xc3\xa9\r\n\r\n",
	    "GET / @a {x=\xc3\xa9} end > 200" },
};

TEST(h1_server_reads_requests)
{
	run(plain, COUNT(plain));
}

static const struct vector framing[] = {
	{ "1: length and transfer encoding",
	    POST "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"
	    "0\r\n\r\n" GET N, BAD400 },
	{ "1: the other order",
	    POST "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n"
	    "0\r\n\r\n", BAD400 },
	{ "2: two equal lengths",
	    POST "content-length: 1\r\ncontent-length: 1\r\n\r\nx" GET N,
	    BAD400 },
	{ "2: two lengths",
	    POST "content-length: 1\r\ncontent-length: 2\r\n\r\nxy", BAD400 },
	{ "3: +5", POST "content-length: +5\r\n\r\n", BAD400 },
	{ "3: -1", POST "content-length: -1\r\n\r\n", BAD400 },
	{ "3: 0x5", POST "content-length: 0x5\r\n\r\n", BAD400 },
	{ "3: 5,5", POST "content-length: 5,5\r\n\r\n", BAD400 },
	{ "3: 5, 5", POST "content-length: 5, 5\r\n\r\n", BAD400 },
	{ "3: 5 5", POST "content-length: 5 5\r\n\r\n", BAD400 },
	{ "3: empty", POST "content-length:\r\n\r\n", BAD400 },
	{ "3: 2^63", POST "content-length: 9223372036854775808\r\n\r\n",
	    BAD400 },
	{ "3: 2^64 + 1", POST "content-length: 18446744073709551617\r\n\r\nx",
	    BAD400 },
	{ "4: identity", POST "transfer-encoding: identity\r\n\r\n", BAD400 },
	{ "4: gzip, chunked",
	    POST "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", BAD400 },
	{ "4: chunked, chunked",
	    POST "transfer-encoding: chunked, chunked\r\n\r\n", BAD400 },
	{ "4: chunked, identity",
	    POST "transfer-encoding: chunked, identity\r\n\r\n", BAD400 },
	{ "4: xchunked", POST "transfer-encoding: xchunked\r\n\r\n", BAD400 },
	{ "4: quoted", POST "transfer-encoding: \"chunked\"\r\n\r\n", BAD400 },
	{ "4: parameter", POST "transfer-encoding: chunked;a=1\r\n\r\n",
	    BAD400 },
	{ "4: empty", POST "transfer-encoding:\r\n\r\n", BAD400 },
	{ "4: a name that begins like it",
	    POST "transfer-encodingx: chunked\r\n\r\n", BAD400 },
	{ "5: two lines", POST "transfer-encoding: chunked\r\n"
	    "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", BAD400 },
	{ "5: chunked, then identity", POST "transfer-encoding: chunked\r\n"
	    "transfer-encoding: identity\r\n\r\n0\r\n\r\n", BAD400 },
	{ "6: in 1.0", "POST / HTTP/1.0\r\n" H
	    "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", BAD400 },
	{ "7: VT", POST "transfer-encoding: \vchunked\r\n\r\n", BAD400 },
	{ "7: FF", POST "transfer-encoding: chunked\f\r\n\r\n", BAD400 },
	{ "7: trailing comma", POST "transfer-encoding: chunked,\r\n\r\n",
	    BAD400 },
	{ "7: folded", POST "transfer-encoding:\r\n chunked\r\n\r\n", BAD400 },
	{ "7: space before the colon",
	    POST "transfer-encoding : chunked\r\n\r\n", BAD400 },
	{ "8: bare LF", "GET / HTTP/1.1\nhost: a\n\n", BAD400 },
	{ "8: bare LF behind a field", "GET / HTTP/1.1\r\nhost: a\n\r\n",
	    BAD400 },
	{ "8: bare LF at the end", GET "\n", BAD400 },
	{ "8: bare CR in a value", GET "x: a\rb\r\n\r\n", BAD400 },
	{ "8: CR CR LF", GET "x: a\r\r\n\r\n", BAD400 },
	{ "8: CR in the head's end", GET "\rX\r\n", BAD400 },
	{ "8: DEL", GET "x: \x7f\r\n\r\n", BAD400 },
	{ "9: folded with a space", GET "x: a\r\n b\r\n\r\n", BAD400 },
	{ "9: folded with a tab", GET "x: a\r\n\tb\r\n\r\n", BAD400 },
	{ "10: space before the colon", GET "x : a\r\n\r\n", BAD400 },
	{ "10: tab before the colon", GET "x\t: a\r\n\r\n", BAD400 },
	{ "10: empty name", GET ": a\r\n\r\n", BAD400 },
	{ "10: no colon", GET "x\r\n\r\n", BAD400 },
	{ "10: first line begins with a space",
	    "GET / HTTP/1.1\r\n host: a\r\n\r\n", BAD400 },
	{ "10: not a token", GET "x(y): a\r\n\r\n", BAD400 },
	{ "10: not ASCII", GET "x\xe9: a\r\n\r\n", BAD400 },
};

TEST(h1_server_refuses_doubtful_framing)
{
	run(framing, COUNT(framing));
}

static const struct vector start_line[] = {
	{ "11: no Host", "GET / HTTP/1.1\r\n\r\n", BAD400 },
	{ "11: two Hosts", GET H N, BAD400 },
	{ "11: comma", "GET / HTTP/1.1\r\nhost: a,b\r\n\r\n", BAD400 },
	{ "11: user", "GET / HTTP/1.1\r\nhost: u@a\r\n\r\n", BAD400 },
	{ "11: path", "GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", BAD400 },
	{ "11: space", "GET / HTTP/1.1\r\nhost: a b\r\n\r\n", BAD400 },
	{ "11: empty", "GET / HTTP/1.1\r\nhost:\r\n\r\n", BAD400 },
	{ "11: absolute form wins",
	    "GET http://B:80/x?y HTTP/1.1\r\n" H N,
	    "GET /x?y @b:80 absolute end > 200" },
	{ "11: absolute form, no path", "GET http://b?y HTTP/1.1\r\n" H N,
	    "GET /?y @b absolute end > 200" },
	{ "11: absolute form, bad Host all the same",
	    "GET http://b/ HTTP/1.1\r\nhost: a b\r\n\r\n", BAD400 },
	{ "11: absolute form with user",
	    "GET http://u@b/ HTTP/1.1\r\n" H N, BAD400 },
	{ "11: another scheme", "GET ftp://b/ HTTP/1.1\r\n" H N, BAD400 },
	{ "11: authority form", "GET a:80 HTTP/1.1\r\n" H N, BAD400 },
	{ "12: 1.2", "GET / HTTP/1.2\r\n" H N, "bad-505 error > 505" },
	{ "12: 1.9", "GET / HTTP/1.9\r\n" H N, "bad-505 error > 505" },
	{ "12: 2.0", "GET / HTTP/2.0\r\n" H N, "bad-505 error > 505" },
	{ "12: 0.9", "GET / HTTP/0.9\r\n" H N, "bad-505 error > 505" },
	{ "12: no version", "GET /\r\n\r\n", BAD400 },
	{ "12: lower case", "GET / http/1.1\r\n" H N, BAD400 },
	{ "12: two digits", "GET / HTTP/1.10\r\n" H N, BAD400 },
	{ "12: a word", "GET / HTTP/1.x\r\n" H N, BAD400 },
	{ "10: two spaces", "GET  / HTTP/1.1\r\n" H N, BAD400 },
	{ "10: two spaces before the version", "GET /  HTTP/1.1\r\n" H N,
	    BAD400 },
	{ "10: space behind the version", "GET / HTTP/1.1 \r\n" H N, BAD400 },
	{ "10: tab", "GET\t/ HTTP/1.1\r\n" H N, BAD400 },
	{ "10: space in front", " GET / HTTP/1.1\r\n" H N, BAD400 },
	{ "10: two empty lines in front", "\r\n\r\n" GET N, BAD400 },
	{ "no request at all", "\x16\x03\x01\x02", BAD400 },
	{ "method outside the table", "BREW / HTTP/1.1\r\n" H N,
	    "bad-501 error > 501" },
	{ "method in lower case", "get / HTTP/1.1\r\n" H N,
	    "bad-501 error > 501" },
	{ "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	    "bad-501 error > 501" },
	{ "22: TRACE", "TRACE / HTTP/1.1\r\n" H N GET N,
	    "bad-405 error > 405" },
	{ "22: OPTIONS *", "OPTIONS * HTTP/1.1\r\n" H N,
	    "OPTIONS * @a end > 200" },
	{ "22: OPTIONS of a whole server",
	    "OPTIONS http://b:8080 HTTP/1.1\r\n" H N,
	    "OPTIONS * @b:8080 absolute end > 200" },
	{ "22: GET *", "GET * HTTP/1.1\r\n" H N, BAD400 },
	{ "23: not ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n" H N, BAD400 },
	{ "23: control byte", "GET /\x01 HTTP/1.1\r\n" H N, BAD400 },
	{ "23: fragment", "GET /a#b HTTP/1.1\r\n" H N, BAD400 },
	{ "23: fragment in the query", "GET /a?b#c HTTP/1.1\r\n" H N, BAD400 },
	{ "73: dot segments", "GET /a/../b HTTP/1.1\r\n" H N,
	    "GET /b @a end > 200" },
	{ "73: encoded dots", "GET /a/%2e%2e/b//c HTTP/1.1\r\n" H N,
	    "GET /b/c @a end > 200" },
	{ "73: encoded slash", "GET /a%2fb HTTP/1.1\r\n" H N, BAD400 },
	{ "73: encoded NUL", "GET /a%00b HTTP/1.1\r\n" H N, BAD400 },
	{ "73: backslash", "GET /a\\b HTTP/1.1\r\n" H N, BAD400 },
	{ "17: CONNECT", "CONNECT A:443 HTTP/1.1\r\nhost: a:443\r\n\r\n",
	    "CONNECT  @a:443 end flush > 405" },
	{ "17: CONNECT without a port", "CONNECT a HTTP/1.1\r\n" H N, BAD400 },
	{ "17: CONNECT to a path", "CONNECT /a HTTP/1.1\r\n" H N, BAD400 },
	{ "17: CONNECT with a body",
	    "CONNECT a:1 HTTP/1.1\r\n" H "content-length: 1\r\n\r\nx", BAD400 },
	{ "19: expectation", POST "expect: 100-continue\r\n"
	    "content-length: 1\r\n\r\nx" GET N,
	    "POST / @a cl=1 expects body(x) end GET / @a end > 200 200" },
	{ "19: expectation without a body", GET "Expect: 100-Continue\r\n\r\n",
	    "GET / @a end > 200" },
	{ "19: of a 1.0 client", "POST / HTTP/1.0\r\n" H
	    "expect: 100-continue\r\ncontent-length: 1\r\n\r\nx",
	    "POST / @a cl=1 1.0 body(x) end asked > 200" },
	{ "19: another expectation",
	    POST "expect: 100-later\r\ncontent-length: 1\r\n\r\nx",
	    "bad-417 error > 417" },
};

TEST(h1_server_refuses_doubtful_start_lines)
{
	run(start_line, COUNT(start_line));
}

static const struct vector chunks[] = {
	{ "13: 0x3", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: +3", CHUNKED "+3\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: -3", CHUNKED "-3\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: 3_0", CHUNKED "3_0\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: space behind", CHUNKED "3 \r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: space in front", CHUNKED " 3\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: junk behind", CHUNKED "3 xyz\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: no size", CHUNKED "\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: overflow", CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n",
	    CHUNK400 },
	{ "13: 16 digits", CHUNKED "0000000000000003\r\nabc\r\n0\r\n\r\n",
	    CHUNK400 },
	{ "13: LF alone", CHUNKED "3\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: CR alone", CHUNKED "3\rabc\r\n0\r\n\r\n", CHUNK400 },
	{ "13: no CR LF behind the data", CHUNKED "3\r\nabcd\r\n0\r\n\r\n",
	    "POST / @a body(abc) reset-protocol error > 400" },
	{ "13: LF alone behind the data", CHUNKED "3\r\nabc\n0\r\n\r\n",
	    "POST / @a body(abc) reset-protocol error > 400" },
	{ "14: extensions", CHUNKED "3;a\r\nabc\r\n"
	    "1;a=b;c=\"d;\\\" e\"\r\nx\r\n0;z\r\n\r\n" GET N,
	    "POST / @a body(abcx) end GET / @a end > 200 200" },
	{ "14: no name", CHUNKED "3;\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "14: no name before the value", CHUNKED "3;=a\r\nabc\r\n", CHUNK400 },
	{ "14: no value", CHUNKED "3;a=\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "14: quote that does not end", CHUNKED "3;a=\"b\r\nabc\r\n", CHUNK400 },
	{ "14: junk behind a quote", CHUNKED "3;a=\"b\"c\r\nabc\r\n", CHUNK400 },
	{ "14: space", CHUNKED "3; a\r\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "14: LF in an extension", CHUNKED "3;a\nabc\r\n0\r\n\r\n", CHUNK400 },
	{ "15: trailers", CHUNKED "1\r\nx\r\n0\r\nX-Sum: 7\r\nGrpc-Status: 0\r\n"
	    "\r\n" GET N,
	    "POST / @a body(x) trailers{x-sum=7,grpc-status=0} end "
	    "GET / @a end > 200 200" },
	{ "15: forbidden ones", CHUNKED "0\r\nContent-Length: 5\r\n"
	    "transfer-encoding: chunked\r\nhost: b\r\nauthorization: x\r\n"
	    "x-forwarded-for: 1\r\nX-Mesh-Source: y\r\ncookie: c\r\n"
	    "cache-control: no\r\nx_y: z\r\nok: 1\r\n\r\n" GET N,
	    "POST / @a trailers{ok=1} end GET / @a end > 200 200" },
	{ "15: nothing but forbidden ones",
	    CHUNKED "0\r\nhost: b\r\n\r\n" GET N,
	    "POST / @a end GET / @a end > 200 200" },
	{ "15: folded", CHUNKED "0\r\na: b\r\n c\r\n\r\n", CHUNK400 },
	{ "15: LF alone", CHUNKED "0\r\na: b\n\r\n", CHUNK400 },
	{ "15: no name", CHUNKED "0\r\n: b\r\n\r\n", CHUNK400 },
	{ "20: nothing is read behind a fault",
	    GET N POST "content-length: x\r\n\r\n" GET N,
	    "GET / @a end bad-400 error > 200 400" },
};

TEST(h1_server_reads_chunks_to_the_letter)
{
	run(chunks, COUNT(chunks));
}

static const struct vector hops[] = {
	{ "18: fields of one hop",
	    GET "Connection: X-Drop, keep-alive, x-other\r\nx-drop: 1\r\n"
	    "X-Other: 2\r\nkeep-alive: timeout=5\r\nproxy-connection: x\r\n"
	    "te: trailers\r\nx-kept: 3\r\n\r\n",
	    "GET / @a {x-kept=3} end > 200" },
	{ "18: what Connection may not name",
	    POST "connection: host, content-length, authorization, "
	    "x-forwarded-for, x-mesh-source, cookie, x-request-id\r\n"
	    "content-length: 1\r\nauthorization: t\r\nx-forwarded-for: f\r\n"
	    "x-mesh-source: s\r\ncookie: c\r\nx-request-id: r\r\n\r\nx",
	    "POST / @a {authorization=t,x-forwarded-for=f,x-mesh-source=s,"
	    "cookie=c,x-request-id=r} cl=1 body(x) end > 200" },
	{ "18: named twice", GET "connection: x-a\r\nx-a: 1\r\n"
	    "connection: x-b,,\r\nx-b: 2\r\nx-a: 3\r\n\r\n",
	    "GET / @a end > 200" },
	{ "18: too much in Connection",
	    GET "connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
	    "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n\r\n", BAD400 },
	{ "16: an upgrade", GET "connection: Upgrade\r\n"
	    "upgrade: h2c, websocket\r\nhttp2-settings: AAA\r\n\r\n",
	    "GET / @a upgrade=websocket end > 200" },
	{ "16: h2c alone", GET "connection: upgrade, http2-settings\r\n"
	    "upgrade: H2C\r\nhttp2-settings: AAA\r\n\r\n",
	    "GET / @a end > 200" },
	{ "16: not named by Connection", GET "upgrade: websocket\r\n\r\n",
	    "GET / @a end > 200" },
	{ "16: with a body", POST "connection: upgrade\r\nupgrade: websocket\r\n"
	    "content-length: 1\r\n\r\nx",
	    "POST / @a cl=1 body(x) end > 200" },
	{ "24, 70: '_' in a name", GET "x_forwarded_client_cert: a\r\n"
	    "X_Mesh_Source: b\r\nx-ok: c\r\n\r\n",
	    "GET / @a {x-ok=c} dropped=2 end > 200" },
	{ "24: '_' in the framing's name",
	    POST "content_length: 1\r\ncontent-length: 2\r\n\r\nab",
	    "POST / @a cl=2 dropped=1 body(ab) end > 200" },
};

TEST(h1_server_keeps_what_concerns_one_hop)
{
	run(hops, COUNT(hops));
}

TEST(h1_server_refuses_nul)
{
	static const char requests[][40] = {
		"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n",
		"GET / HTTP/1.1\r\nhost: a\r\nx\0: b\r\n\r\n",
		"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n",
		"G\0T / HTTP/1.1\r\nhost: a\r\n\r\n",
		"GET / HTTP/1.1\0\r\nhost: a\r\n\r\n",
		"\0",
	};

	for (size_t i = 0; i < COUNT(requests); i++) {
		struct trace t;

		trace_init_server(&t, &http_limits_default);
		trace_feed(&t, requests[i], sizeof(requests[i]));
		assert_string_equal(trace_end(&t), BAD400);
		trace_fini(&t);
	}
}
