#include <string.h>

#include "base/unit.h"
#include "http/mutate_test.h"

/*
 * Whatever one version of the protocol reads as a message, the other carries,
 * and gives back as the same message: HTTP/1 to HTTP/2 to HTTP/1.  What goes
 * out is read again by the strict readers, to the last byte.
 */
#define HOST "host: a:80\r\n"
#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* A connection of HTTP/2 on which both ends know each other's settings. */
struct pair {
	struct trace client, server;
};

static void
exchange_all(struct pair *p)
{
	for (int i = 0; i < 4; i++) {
		trace_pipe(&p->client, &p->server);
		trace_pipe(&p->server, &p->client);
	}
}

static void
pair_init(struct pair *p)
{
	trace_init_h2_client(&p->client, &http_limits_default);
	trace_init_h2_server(&p->server, &http_limits_default);
	p->client.passive = p->server.passive = true;
	p->client.end_to_end = p->server.end_to_end = true;
	exchange_all(p);
}

static void
pair_fini(struct pair *p)
{
	trace_fini(&p->client);
	trace_fini(&p->server);
}

static const char *const requests[] = {
	"GET / HTTP/1.1\r\n" HOST "accept: */*\r\n\r\n",
	"GET /a/../b//c?x=/../y HTTP/1.1\r\nHost: [::1]:80\r\nx-a: \r\n\r\n",
	"POST /p HTTP/1.1\r\n" HOST "content-length: 3\r\n\r\nabc",
	"POST /p HTTP/1.1\r\n" HOST "cookie: a=b; c=d\r\nauthorization: x\r\n"
	    "content-length: 0\r\n\r\n",
	"POST /p HTTP/1.1\r\n" HOST "transfer-encoding: chunked\r\n\r\n"
	    "3;a=\"b\"\r\nabc\r\n0a\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n",
	"PUT / HTTP/1.1\r\n" HOST "expect: 100-continue\r\n"
	    "content-length: 1\r\n\r\nx",
	"OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
	"GET /ws HTTP/1.1\r\n" HOST "connection: upgrade\r\n"
	    "sec-websocket-key: a\r\nupgrade: websocket\r\n\r\n",
	"HEAD / HTTP/1.1\r\n" HOST "\r\n",
};

/* HTTP/2 has no words for the rest, or says the same as one field. */
static bool
can_cross(const struct http_head *h)
{
	return h->authority.ptr != NULL && !h->is_absolute &&
	    http_fields_count(&h->fields, FIELD_COOKIE) < 2 &&
	    (h->upgrade.ptr == NULL || (http_is_token(h->upgrade) &&
	    http_fields_find(&h->fields, SLICE("sec-websocket-key")).ptr !=
	    NULL));
}

static void
carry_request(const struct mutant *m, struct trace *in)
{
	struct pair p;
	struct trace client, out;

	pair_init(&p);
	trace_forward(in, &p.client);
	exchange_all(&p);
	mutate_compare(m, in, &p.server);
	trace_init_client(&client, &http_limits_default, NULL);
	trace_init_server(&out, &http_limits_default);
	out.passive = out.end_to_end = true;
	trace_forward(&p.server, &client);
	trace_pipe(&client, &out);
	mutate_compare(m, in, &out);
	assert_int_equal(buf_len(&out.in), 0);
	trace_fini(&client);
	trace_fini(&out);
	pair_fini(&p);
}

TEST(h2_carries_requests_there_and_back)
{
	struct mutant m;
	long carried = 0;

	mutate_seed(5);
	for (long i = mutate_rounds(); i > 0; i--) {
		struct trace in;

		mutate_make(&m, requests, COUNT(requests));
		trace_init_server(&in, &http_limits_default);
		in.passive = in.end_to_end = true;
		trace_feed(&in, m.bytes, m.len);
		if (in.complete && can_cross(in.head)) {
			carry_request(&m, &in);
			carried++;
		}
		trace_fini(&in);
	}
	assert_true(carried > mutate_rounds() / 4);
}

static void
carry_response(const struct mutant *m, struct trace *in)
{
	static const char get[] = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
	struct pair p;
	struct trace server, out;

	pair_init(&p);
	trace_open(&p.client, trace_request(&p.client, "GET"), true);
	exchange_all(&p);
	trace_forward(in, &p.server);
	exchange_all(&p);
	mutate_compare(m, in, &p.client);
	trace_init_server(&server, &http_limits_default);
	trace_init_client(&out, &http_limits_default, "GET");
	server.passive = out.passive = out.end_to_end = true;
	trace_feed(&server, get, sizeof(get) - 1);
	trace_forward(&p.client, &server);
	trace_pipe(&server, &out);
	mutate_compare(m, in, &out);
	trace_fini(&server);
	trace_fini(&out);
	pair_fini(&p);
}

TEST(h2_carries_responses_there_and_back)
{
	struct mutant m;
	long carried = 0;

	mutate_seed(6);
	for (long i = mutate_rounds(); i > 0; i--) {
		struct trace in;

		mutate_make(&m, mutate_responses, mutate_responses_len);
		trace_init_client(&in, &http_limits_default, "GET");
		in.passive = in.end_to_end = true;
		trace_feed(&in, m.bytes, m.len);
		trace_feed_eof(&in);
		if (in.complete) {
			carry_response(&m, &in);
			carried++;
		}
		trace_fini(&in);
	}
	assert_true(carried > mutate_rounds() / 4);
}
