#include <string.h>

#include "base/unit.h"
#include "http/h2_cut_test.h"

#define COUNT(t)	(sizeof(t) / sizeof((t)[0]))
#define OK		"H :status=200 content-length=2 De+ok"
#define REQ(m)		":method=" m " :scheme=http :path=/ :authority=a"
#define GET(path)	"H1e :method=GET :scheme=http :authority=a :path=" path
#define POST		"H1 :method=POST :scheme=http :path=/ :authority=a"
#define TOLD		"1 GET / @a"

struct vector {
	const char *name, *in, *text;
};

static void
run_cut(const void *arg, struct slice in, size_t at)
{
	const struct vector *v = arg;
	struct h2_bench *b = h2_bench_server();

	h2_cut_feed(b, in, at);
	const char *got = h2_bench_text(b);

	if (strcmp(got, v->text) != 0)
		fail_msg("%s, cut at %zd:\n%s\n%s", v->name, (ssize_t)at, got,
		    v->text);
	h2_bench_free(b);
}

static void
run(const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h2_cut_each(v[i].in, run_cut, &v[i]);
}

static const struct vector plain[] = {
	{ "a request", "GET1", TOLD " end > " OK },
	{ "three at once", "GET1 | GET3 | GET5", TOLD " end > " OK
	    " / 3 GET / @a end > " OK " / 5 GET / @a end > " OK },
	{ "fields and query", GET("/p/?a=/../&b") " x-one=1 x-two=2 x-empty=",
	    "1 GET /p/?a=/../&b @a {x-one=1,x-two=2,x-empty=} end > " OK },
	{ "a path has one form", GET("//a/./b/../%7ec"),
	    "1 GET /a/~c @a end > " OK },
	{ "authority has one form", "H1e :method=GET :scheme=https :path=/ "
	    ":authority=Orders.Mesh:0080 host=orders.mesh:80",
	    "1 GET / @orders.mesh:80 https end > " OK },
	{ "host alone", "H1e :method=GET :scheme=http :path=/ host=A",
	    TOLD " end > " OK },
	{ "body", POST " | D1 abc | D1e def",
	    "1 POST / @a body(abcdef) end > " OK },
	{ "body of stated length", POST " content-length=3 | D1e abc",
	    "1 POST / @a cl=3 body(abc) end > " OK },
	{ "empty end", POST " | D1 abc | D1e",
	    "1 POST / @a body(abc) end > " OK },
	{ "trailers", POST " | D1 abc | H1e x-sum=1",
	    "1 POST / @a body(abc) trailers {x-sum=1} end > " OK },
	{ "trailers that are none", POST " | D1 a | H1e content-type=x cookie=y",
	    "1 POST / @a body(a) end > " OK },
	{ "crumbs are one cookie", GET("/") " cookie=a=1 x=y cookie=b=2 cookie=c",
	    TOLD " {cookie=a=1; b=2; c,x=y} end > " OK },
	{ "te", GET("/") " te=trailers", TOLD " te end > " OK },
	{ "never indexed stays so", GET("/") " !x=secret y=z",
	    TOLD " {!x=secret,y=z} end > " OK },
	{ "'_' in a name", GET("/") " x_y=1 x-y=2",
	    TOLD " {x-y=2} dropped=1 end > " OK },
	{ "HEAD", "H1e " REQ("HEAD"),
	    "1 HEAD / @a end > He :status=200 content-length=2" },
	{ "OPTIONS *", "H1e :method=OPTIONS :scheme=http :path=* :authority=a",
	    "1 OPTIONS * @a end > " OK },
	{ "expect", POST " expect=100-continue | D1e a",
	    "1 POST / @a expects body(a) end > " OK },
	{ "a method of its own", "H1e " REQ("BREW"), "1 BREW / @a end > " OK },
	{ "CONTINUATION", "H1ec :method=GET :scheme=http | C1c :path=/ | "
	    "C1 :authority=a x=y", TOLD " {x=y} end > " OK },
	{ "frames of unknown types are skipped",
	    "X 000003fe0000000001aabbcc | GET1", TOLD " end > " OK },
	{ "PRIORITY is skipped", "Y1 | GET1 | Y7", TOLD " end > " OK },
	{ "PING", "P 12345678 | GET1", TOLD " end > " OK " Pa" },
};

TEST(h2_server_reads_what_is_well_formed)
{
	run(plain, COUNT(plain));
}

#define REFUSED(s, n, why) "1 > H :status=" s " content-type=text/plain " \
	"content-length=" n " De+" why "\n bad-" s

/* A stream that is reset before its head is told leaves no trace of it. */
static const struct vector malformed[] = {
	{ "upper case", GET("/") " X=y", "1 > R1" },
	{ "no method", "H1e :scheme=http :path=/ :authority=a", "1 > R1" },
	{ "no path", "H1e :method=GET :scheme=http :authority=a", "1 > R1" },
	{ "no scheme", "H1e :method=GET :path=/ :authority=a", "1 > R1" },
	{ "two paths", GET("/") " :path=/", "1 > R1" },
	{ "pseudo-field behind fields",
	    "H1e :method=GET :scheme=http x=y :path=/ :authority=a", "1 > R1" },
	{ "unknown pseudo-field", GET("/") " :x=y", "1 > R1" },
	{ "status in a request", GET("/") " :status=200", "1 > R1" },
	{ "connection", GET("/") " connection=close", "1 > R1" },
	{ "keep-alive", GET("/") " keep-alive=1", "1 > R1" },
	{ "proxy-connection", GET("/") " proxy-connection=close", "1 > R1" },
	{ "transfer-encoding", GET("/") " transfer-encoding=chunked", "1 > R1" },
	{ "upgrade", GET("/") " upgrade=h2c", "1 > R1" },
	{ "te is not trailers", GET("/") " te=gzip", "1 > R1" },
	{ "length is no number", POST " content-length=+3 | D1e abc", "1 > R1" },
	{ "two lengths", POST " content-length=1 content-length=1 | D1e a",
	    "1 > R1" },
	{ "length without a body", GET("/") " content-length=1", "1 > R1" },
	{ "empty name", GET("/") " =y", "1 > R1" },
	{ "space in a name", GET("/") " a+b=y", "1 > R1" },
	{ "protocol without CONNECT", GET("/") " :protocol=websocket", "1 > R1" },
	{ "CONNECT with a path", "H1 :method=CONNECT :path=/ :authority=a:1",
	    "1 > R1" },
};

TEST(h2_server_resets_what_is_malformed)
{
	run(malformed, COUNT(malformed));
}

static const struct vector refused[] = {
	{ "TRACE", "H1e " REQ("TRACE"), "1 > H :status=405 "
	    "content-type=text/plain "
	    "allow=GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH "
	    "content-length=17 De+TRACE is refused\n bad-405" },
	{ "host differs", GET("/") " host=b",
	    REFUSED("400", "27", ":authority and Host differ") },
	{ "two hosts", GET("/") " host=a host=a", "1 > R1" },
	{ "no authority", "H1e :method=GET :scheme=http :path=/", "1 > R1" },
	{ "authority with a user", "H1e :method=GET :scheme=http :path=/ "
	    ":authority=u@a", REFUSED("400", "20", "malformed authority") },
	{ "scheme", "H1e :method=GET :scheme=ftp :path=/ :authority=a",
	    REFUSED("400", "33", "scheme is neither http nor https") },
	{ "path in two ways", GET("/a%2fb"),
	    REFUSED("400", "36", "path that could be read in two ways") },
	{ "fragment", GET("/a#b"), REFUSED("400", "15", "malformed path") },
	{ "expectation", GET("/") " expect=200-ok",
	    REFUSED("417", "20", "unknown expectation") },
	{ "lookalike", GET("/") " transfer-encodingx=chunked",
	    REFUSED("400", "34", "field that looks like the framing") },
	{ "CONNECT without a port", "H1e :method=CONNECT :authority=a",
	    REFUSED("400", "28", "CONNECT needs host and port") },
};

TEST(h2_server_answers_what_it_refuses)
{
	run(refused, COUNT(refused));
}

static const struct vector broken[] = {
	{ "DATA of stream 0", "X 000001000000000000aa", "bad-400 G0,1 error" },
	{ "DATA of an idle stream", "D1 a", "bad-400 G0,1 error" },
	{ "HEADERS of stream 0", "H0e " REQ("GET"), "bad-400 G0,1 error" },
	{ "stream of the server", "H2e " REQ("GET"), "bad-400 G0,1 error" },
	{ "SETTINGS of a stream", "S1", "bad-400 G0,1 error" },
	{ "PING of 7 bytes", "P 1234567", "bad-400 G0,6 error" },
	{ "WINDOW_UPDATE beyond all windows", "W0 2147483647",
	    "bad-400 G0,3 error" },
	{ "WINDOW_UPDATE of nothing", "W0 0", "bad-400 G0,1 error" },
	{ "window of 2^31", "S 4=2147483648", "bad-400 G0,3 error" },
	{ "frame between HEADERS and CONTINUATION",
	    "H1ec :method=GET | P 12345678", "bad-400 G1,1 error" },
	{ "CONTINUATION of more than 16 KiB",
	    "H1ec :method=GET | X 004001090400000001", "bad-400 G1,6 error" },
	{ "PRIORITY of stream 0", "Y0", "bad-400 G0,1 error" },
	{ "CONTINUATION of nothing", "C1 x=y", "bad-400 G0,1 error" },
	{ "fields that cannot be decoded",
	    "X 000002010500000001ffff", "bad-400 G1,9 error" },
	{ "PUSH_PROMISE", "X 000004050400000001000000028", "bad-400 G0,1 error" },
	{ "table larger than was offered", "X 000004010500000001" "3fe2ff03",
	    "bad-400 G1,9 error" },
};

TEST(h2_server_ends_a_connection_that_breaks_frames)
{
	run(broken, COUNT(broken));
}
