#include <string.h>

#include "base/unit.h"
#include "http/mutate_test.h"

/*
 * Valid messages, broken at random from a fixed seed.  Whatever comes out:
 * cutting the input elsewhere changes nothing, and what is accepted and sent on
 * is accepted again as the same message.
 */
#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static void
feed_cut(struct trace *t, const struct mutant *m, size_t at)
{
	if (at > 0)
		trace_feed(t, m->bytes, at);
	if (at < m->len)
		trace_feed(t, m->bytes + at, m->len - at);
	trace_feed_eof(t);
}

/* --- requests ---------------------------------------------------------------- */

#define HOST "host: a:80\r\n"
static const char *const requests[] = {
	"GET / HTTP/1.1\r\n" HOST "accept: */*\r\n\r\n",
	"GET /a/../b//c?x=/../y HTTP/1.1\r\nHost: [::1]:80\r\nx-a: \r\n\r\n",
	"GET http://h:1/p HTTP/1.1\r\n" HOST "connection: x-a\r\nx-a: 1\r\n\r\n",
	"POST /p HTTP/1.1\r\n" HOST "content-length: 3\r\n\r\nabc",
	"POST /p HTTP/1.1\r\n" HOST "transfer-encoding: chunked\r\n\r\n"
	    "3;a=\"b\"\r\nabc\r\n0a\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n",
	"PUT / HTTP/1.1\r\n" HOST "expect: 100-continue\r\n"
	    "content-length: 1\r\n\r\nx",
	"OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
	"GET / HTTP/1.0\r\n" HOST "connection: keep-alive\r\n\r\n",
	"GET /ws HTTP/1.1\r\n" HOST "connection: upgrade\r\n"
	    "upgrade: websocket, h2c\r\n\r\n",
	"HEAD / HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n",
};

TEST(h1_fuzz_requests_cut_anywhere_are_the_same)
{
	struct mutant m;

	mutate_seed(1);
	for (long i = mutate_rounds(); i > 0; i--) {
		struct trace whole, cut;

		mutate_make(&m, requests, COUNT(requests));
		trace_init_server(&whole, &http_limits_default);
		trace_init_server(&cut, &http_limits_default);
		feed_cut(&whole, &m, m.len);
		feed_cut(&cut, &m, mutate_pick(m.len));
		const char *a = trace_end(&whole), *b = trace_end(&cut);

		if (strcmp(a, b) != 0)
			mutate_show(&m, a, b);
		trace_fini(&whole);
		trace_fini(&cut);
	}
}

TEST(h1_fuzz_forwarded_requests_are_the_same)
{
	struct mutant m;
	long forwarded = 0;

	mutate_seed(2);
	for (long i = mutate_rounds(); i > 0; i--) {
		struct trace in, client, out;

		mutate_make(&m, requests, COUNT(requests));
		trace_init_server(&in, &http_limits_default);
		in.passive = in.end_to_end = true;
		trace_feed(&in, m.bytes, m.len);
		if (in.complete && in.head->authority.ptr != NULL) {
			trace_init_client(&client, &http_limits_default, NULL);
			trace_init_server(&out, &http_limits_default);
			out.passive = out.end_to_end = true;
			trace_forward(&in, &client);
			trace_feed(&out, str_ptr(&client.out), client.out.len);
			mutate_compare(&m, &in, &out);
			assert_int_equal(buf_len(&out.in), 0);
			trace_fini(&client);
			trace_fini(&out);
			forwarded++;
		}
		trace_fini(&in);
	}
	assert_true(forwarded > mutate_rounds() / 4);
}

/* --- responses --------------------------------------------------------------- */

TEST(h1_fuzz_responses_cut_anywhere_are_the_same)
{
	struct mutant m;

	mutate_seed(3);
	for (long i = mutate_rounds(); i > 0; i--) {
		struct trace whole, cut;
		const char *method = mutate_pick(5) == 0 ? "HEAD" : "GET";

		mutate_make(&m, mutate_responses, mutate_responses_len);
		trace_init_client(&whole, &http_limits_default, method);
		trace_init_client(&cut, &http_limits_default, method);
		feed_cut(&whole, &m, m.len);
		feed_cut(&cut, &m, mutate_pick(m.len));
		const char *a = trace_end(&whole), *b = trace_end(&cut);

		if (strcmp(a, b) != 0)
			mutate_show(&m, a, b);
		trace_fini(&whole);
		trace_fini(&cut);
	}
}

TEST(h1_fuzz_forwarded_responses_are_the_same)
{
	static const char get[] = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
	struct mutant m;
	long forwarded = 0;

	mutate_seed(4);
	for (long i = mutate_rounds(); i > 0; i--) {
		struct trace in, server, out;

		mutate_make(&m, mutate_responses, mutate_responses_len);
		trace_init_client(&in, &http_limits_default, "GET");
		in.passive = in.end_to_end = true;
		feed_cut(&in, &m, m.len);
		if (in.complete) {
			trace_init_server(&server, &http_limits_default);
			trace_init_client(&out, &http_limits_default, "GET");
			server.passive = out.passive = true;
			out.end_to_end = true;
			trace_feed(&server, get, sizeof(get) - 1);
			trace_forward(&in, &server);
			trace_feed(&out, str_ptr(&server.out), server.out.len);
			mutate_compare(&m, &in, &out);
			trace_fini(&server);
			trace_fini(&out);
			forwarded++;
		}
		trace_fini(&in);
	}
	assert_true(forwarded > mutate_rounds() / 4);
}
