#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "http/h2_cut_test.h"

#define COUNT(t)	(sizeof(t) / sizeof((t)[0]))
#define ASKED		" > He :method=GET :scheme=http :path=/ :authority=a:1"

struct vector {
	const char *name, *ask, *in, *text;
};

static void
run_cut(const void *arg, struct slice in, size_t at)
{
	const struct vector *v = arg;
	struct h2_bench *b = h2_bench_client();
	char want[1000];

	h2_bench_ask(b, v->ask, "", true);
	h2_cut_feed(b, in, at);
	const char *got = h2_bench_text(b);

	/* Without " > " what was sent is the request alone. */
	snprintf(want, sizeof(want), "%s > He :method=%.*s :scheme=http :path=/ "
	    ":authority=a:1", v->text, (int)strcspn(v->ask, " "), v->ask);
	if (strcmp(got, strstr(v->text, " > ") ? v->text : want) != 0)
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
	{ "no body", "GET /", "H1e :status=200 x=y", "1 200 {x=y} end" },
	{ "body", "GET /", "H1 :status=200 | D1 abc | D1e def",
	    "1 200 body(abcdef) end" },
	{ "stated length", "GET /", "H1 :status=200 content-length=3 | D1e abc",
	    "1 200 cl=3 body(abc) end" },
	{ "trailers", "GET /", "H1 :status=200 | D1 abc | H1e grpc-status=0",
	    "1 200 body(abc) trailers {grpc-status=0} end" },
	{ "trailers only", "GET /",
	    "H1e :status=200 content-type=application/grpc grpc-status=5",
	    "1 200 {content-type=application/grpc,grpc-status=5} end" },
	{ "informational heads", "GET /",
	    "H1 :status=103 link=a | H1 :status=103 | H1e :status=204",
	    "1 info 103 {link=a} info 103 204 end" },
	{ "HEAD", "HEAD /", "H1e :status=200 content-length=10",
	    "1 200 cl=10 end" },
	{ "304", "GET /", "H1e :status=304 content-length=10",
	    "1 304 cl=10 end" },
	{ "cookies are many fields", "GET /",
	    "H1e :status=200 set-cookie=a=1 set-cookie=b=2",
	    "1 200 {set-cookie=a=1,set-cookie=b=2} end" },
	{ "'_' stays", "GET /", "H1e :status=200 x_y=1", "1 200 {x_y=1} end" },
};

TEST(h2_client_reads_what_is_well_formed)
{
	run(plain, COUNT(plain));
}

static const struct vector faulty[] = {
	{ "no status", "GET /", "H1e x=y", "1 reset-protocol" ASKED " R1" },
	{ "status of two digits", "GET /", "H1e :status=20",
	    "1 reset-protocol" ASKED " R1" },
	{ "101", "GET /", "H1e :status=101", "1 reset-protocol" ASKED " R1" },
	{ "connection", "GET /", "H1e :status=200 connection=close",
	    "1 reset-protocol" ASKED " R1" },
	{ "longer than stated", "GET /",
	    "H1 :status=200 content-length=0 | D1e a",
	    "1 200 cl=0 reset-protocol" ASKED " R1" },
	{ "refused", "GET /", "R1 7", "1 reset-refused" },
	{ "cancelled", "GET /", "R1 8", "1 reset-cancel" },
	{ "cancelled later", "GET /", "H1 :status=200 | R1 8",
	    "1 200 reset-cancel" },
	{ "lost", "GET /", "R1 2", "1 reset-conn-reset" },
	{ "broken off", "GET /", "H1 :status=200 | D1 ab | R1 2",
	    "1 200 body(ab) reset-truncated" },
	{ "refused too late", "GET /", "H1 :status=200 | R1 7",
	    "1 200 reset-truncated" },
	{ "protocol", "GET /", "R1 1", "1 reset-protocol" },
	{ "wants HTTP/1", "GET /", "R1 13", "1 reset-protocol" },
	{ "GOAWAY before it", "GET /", "G0 0 0", "1 reset-refused" ASKED
	    " G0,0 clean" },
	{ "GOAWAY behind it", "GET /", "G 1 0 | H1e :status=200",
	    "1 200 end" ASKED " G0,0 clean" },
	{ "pushed", "GET /", "X 00000505040000000100000002" "88",
	    "1 reset-protocol" ASKED " bad-400 G0,1 error" },
};

TEST(h2_client_tells_what_went_wrong)
{
	run(faulty, COUNT(faulty));
}

TEST(h2_client_writes_requests)
{
	static const struct {
		const char *line, *fields;
		bool        end;
		const char *text;
	} v[] = {
		{ "GET /a?b", "x=y accept=z", true, "1 > He :method=GET "
		    ":scheme=http :path=/a?b :authority=a:1 x=y accept=z" },
		{ "POST /", "content-length=3 te=trailers expect=1", false,
		    "1 > H :method=POST :scheme=http :path=/ :authority=a:1 "
		    "content-length=3 te=trailers expect=100-continue" },
		{ "GET /", "authorization=secret", true, "1 > He :method=GET "
		    ":scheme=http :path=/ :authority=a:1 "
		    "!authorization=secret" },
		/* One that no other request has would push out those that have. */
		{ "GET /", "date=d x-request-id=i traceparent=t x=y", true,
		    "1 > He :method=GET :scheme=http :path=/ :authority=a:1 "
		    "date=d !x-request-id=i !traceparent=t x=y" },
		{ "GET /", "X-Up=1 a\nb=c d=e\r\nf connection=close "
		    "transfer-encoding=chunked host=b", true, "1 > He "
		    ":method=GET :scheme=http :path=/ :authority=a:1" },
		{ "CONNECT", "", true, "1 > H :method=CONNECT :authority=a:1" },
	};

	for (size_t i = 0; i < COUNT(v); i++) {
		struct h2_bench *b = h2_bench_client();

		h2_bench_ask(b, v[i].line, v[i].fields, v[i].end);
		assert_string_equal(h2_bench_text(b), v[i].text);
		h2_bench_free(b);
	}
}

TEST(h2_client_never_writes_a_path_that_splits)
{
	struct h2_bench *b = h2_bench_client();

	h2_bench_ask(b, "GET /a\r\nb", "", true);
	assert_string_equal(h2_bench_text(b), "1 reset-internal");
	h2_bench_free(b);
}

TEST(h2_client_opens_as_many_streams_as_the_server_takes)
{
	struct h2_bench *b = h2_bench_client();

	h2_bench_feed(b, "S 3=2");
	assert_int_equal(codec_room(b->codec), 2);
	assert_non_null(h2_bench_ask(b, "GET /", "", true));
	assert_non_null(h2_bench_ask(b, "GET /", "", true));
	assert_null(h2_bench_ask(b, "GET /", "", true));
	b->idle = 0;
	h2_bench_feed(b, "H1e :status=200");
	assert_int_equal(b->idle, 1);
	assert_int_equal(codec_room(b->codec), 1);
	/* Fewer from now on: what is under way goes on. */
	h2_bench_feed(b, "S 3=0");
	assert_int_equal(codec_room(b->codec), 0);
	h2_bench_feed(b, "H3e :status=200");
	assert_int_equal(codec_room(b->codec), 0);
	assert_true(codec_is_idle(b->codec));
	h2_bench_free(b);
}

TEST(h2_client_that_drains_finishes_what_is_under_way)
{
	struct h2_bench *b = h2_bench_client();

	h2_bench_ask(b, "GET /", "", true);
	codec_drain(b->codec);
	h2_bench_turn(b);
	assert_int_equal(codec_room(b->codec), 0);
	assert_false(b->finished);
	h2_bench_feed(b, "H1e :status=200");
	assert_string_equal(h2_bench_text(b), "1 200 end" ASKED
	    " G0,0 clean");
	h2_bench_free(b);
}

TEST(h2_client_loses_streams_with_their_connection)
{
	struct h2_bench *b = h2_bench_client();

	h2_bench_ask(b, "GET /", "", true);
	h2_bench_ask(b, "GET /", "", true);
	h2_bench_feed(b, "H1 :status=200");
	h2_bench_feed_eof(b);
	assert_string_equal(h2_bench_text(b), "1 200 reset-truncated" ASKED
	    " / 3 reset-conn-closed" ASKED " error");
	h2_bench_free(b);
}

TEST(h2_client_cancels_what_its_user_gives_up)
{
	struct h2_bench *b = h2_bench_client();

	h2_bench_ask(b, "POST /", "", false);
	h2_bench_close(b, 1, STREAM_CANCEL);
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 > H :method=POST "
	    ":scheme=http :path=/ :authority=a:1 R8");
	h2_bench_free(b);
}

TEST(h2_client_sends_trailers)
{
	struct h2_bench *b = h2_bench_client();
	struct http_fields list;

	h2_bench_ask(b, "POST /", "", false);
	h2_bench_send(b, 1, "abc", false);
	http_fields_init(&list, &b->arena);
	http_fields_add(&list, SLICE("x-sum"), SLICE("1"));
	stream_send_trailers(h2_bench_at(b, 1)->stream, &list);
	h2_bench_turn(b);
	assert_string_equal(h2_bench_text(b), "1 > H :method=POST "
	    ":scheme=http :path=/ :authority=a:1 D+abc He x-sum=1");
	h2_bench_free(b);
}

TEST(h2_client_opens_a_tunnel)
{
	struct h2_bench *b = h2_bench_client();

	b->passive = true;
	h2_bench_ask(b, "CONNECT", "", true);
	h2_bench_feed(b, "H1 :status=200 | D1 abc");
	assert_true(h2_bench_at(b, 1)->stream->is_tunnel);
	h2_bench_send(b, 1, "def", true);
	h2_bench_feed(b, "D1e ghi");
	assert_string_equal(h2_bench_text(b), "1 200 body(abcghi) end > "
	    "H :method=CONNECT :authority=a:1 De+def");
	h2_bench_free(b);
}

TEST(h2_client_waits_to_hear_whether_the_server_switches)
{
	for (int may = 0; may < 2; may++) {
		struct h2_bench *b = h2_bench_client();

		b->passive = b->is_unheard = true;
		h2_bench_restart(b);
		h2_bench_ask(b, "GET /chat", "upgrade=websocket", true);
		h2_bench_turn(b);
		assert_null(strstr(h2_bench_text(b), "CONNECT"));
		h2_bench_feed(b, may ? "S 8=1" : "S");
		if (may)
			h2_bench_feed(b, "H1 :status=200");
		const char *text = h2_bench_text(b);

		if (strstr(text, may ? ":method=CONNECT :protocol=websocket" :
		    "reset-internal") == NULL ||
		    (may && strstr(text, "101") == NULL))
			fail_msg("%d: %s", may, text);
		h2_bench_free(b);
	}
}

TEST(h2_client_switches_protocols_where_the_server_does)
{
	struct h2_bench *b = h2_bench_client();

	b->passive = true;
	h2_bench_ask(b, "GET /chat", "upgrade=websocket", true);
	assert_string_equal(h2_bench_text(b), "1 reset-internal");
	h2_bench_feed(b, "S 8=1");
	h2_bench_ask(b, "GET /chat", "upgrade=websocket "
	    "sec-websocket-key=dGhlIHNhbXBsZSBub25jZQ==", true);
	h2_bench_feed(b, "H1 :status=200 | D1 abc");
	assert_true(h2_bench_at(b, 3)->stream->is_tunnel);
	assert_string_equal(h2_bench_text(b), "1 reset-internal > H "
	    ":method=CONNECT :protocol=websocket :scheme=http :path=/chat "
	    ":authority=a:1 sec-websocket-key=dGhlIHNhbXBsZSBub25jZQ== / "
	    "3 101 {sec-websocket-accept=s3pPLMBiTxaQ9kYGzzhZRbK+xOo=} "
	    "upgrade=websocket body(abc)");
	h2_bench_free(b);
}
