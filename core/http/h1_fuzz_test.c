#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "http/trace_test.h"

/*
 * Valid messages, broken at random from a fixed seed.  Whatever comes out:
 * cutting the input elsewhere changes nothing, and what is accepted and sent on
 * is accepted again as the same message.
 *
 * MESH_FUZZ_ROUNDS in the environment asks for more than a unit test should.
 */
#define ROUNDS	4000
#define ROOM	2048
#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static uint64_t seed;

static size_t
pick(size_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return n == 0 ? 0 : (size_t)(seed >> 33) % n;
}

static long
rounds(void)
{
	const char *s = getenv("MESH_FUZZ_ROUNDS");

	return s != NULL ? atol(s) : ROUNDS;
}

struct message {
	char   bytes[ROOM];
	size_t len;
};

static void
splice(struct message *m, size_t at, size_t cut, const char *p, size_t n)
{
	if (m->len - cut + n > ROOM)
		return;
	char *copy = mem_dup(p, n);

	memmove(m->bytes + at + n, m->bytes + at + cut, m->len - at - cut);
	memcpy(m->bytes + at, copy, n);
	m->len = m->len - cut + n;
	mem_free(copy);
}

static const struct slice words[] = {
	{ "\r\n", 2 }, { "\n", 1 }, { "\r", 1 }, { " ", 1 }, { "\t", 1 },
	{ ":", 1 }, { ";", 1 }, { ",", 1 }, { "\0", 1 }, { "\xff", 1 },
	{ "%2e", 3 }, { "%", 1 }, { "/", 1 }, { "..", 2 }, { "?", 1 },
	{ "#", 1 }, { "_", 1 }, { "\"", 1 }, { "0", 1 }, { "1", 1 },
	{ "content-length: 3\r\n", 19 }, { "Connection: x-a, close\r\n", 24 },
	{ "transfer-encoding: chunked\r\n", 28 }, { "host: b\r\n", 9 },
	{ "connection: upgrade\r\n", 21 }, { "HTTP/1.0", 8 }, { "x-a: b\r\n", 8 },
	{ "0\r\n\r\n", 5 }, { "3;a=b\r\nabc\r\n", 12 }, { "HEAD", 4 },
	{ "304", 3 }, { "204", 3 }, { "103", 3 }, { "http://h", 8 }, { "*", 1 },
};

static void
mutate(struct message *m)
{
	size_t at = pick(m->len), n = pick(m->len - at);
	struct slice w = words[pick(COUNT(words))];

	switch (pick(6)) {
	case 0:
		m->bytes[at] = (char)pick(256);
		break;
	case 1:
		splice(m, at, 1, "", 0);
		break;
	case 2:
		splice(m, at, 0, w.ptr, w.len);
		break;
	case 3:
		splice(m, at, n < w.len ? n : w.len, w.ptr, w.len);
		break;
	case 4:
		splice(m, pick(m->len), 0, m->bytes + at, n % 40);
		break;
	default:
		m->bytes[at] = (char)(m->bytes[at] ^ 0x20);
		break;
	}
}

static void
make(struct message *m, const char *const *seeds, size_t n)
{
	const char *s = seeds[pick(n)];

	m->len = strlen(s);
	memcpy(m->bytes, s, m->len);
	for (size_t i = pick(4); i > 0 && m->len > 1; i--)
		mutate(m);
}

static void
feed_cut(struct trace *t, const struct message *m, size_t at)
{
	if (at > 0)
		trace_feed(t, m->bytes, at);
	if (at < m->len)
		trace_feed(t, m->bytes + at, m->len - at);
	trace_feed_eof(t);
}

static void
show(const struct message *m, const char *a, const char *b)
{
	struct str s = { 0 };

	str_add_json(&s, slice_of(m->bytes, m->len));
	print_error("%s\n%s\n%s\n", str_ptr(&s), a, b);
	str_fini(&s);
	fail();
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
	struct message m;

	seed = 1;
	for (long i = rounds(); i > 0; i--) {
		struct trace whole, cut;

		make(&m, requests, COUNT(requests));
		trace_init_server(&whole, &http_limits_default);
		trace_init_server(&cut, &http_limits_default);
		feed_cut(&whole, &m, m.len);
		feed_cut(&cut, &m, pick(m.len));
		const char *a = trace_end(&whole), *b = trace_end(&cut);

		if (strcmp(a, b) != 0)
			show(&m, a, b);
		trace_fini(&whole);
		trace_fini(&cut);
	}
}

/* What became of the connection is another matter. */
static void
cut_behind_end(char *s)
{
	static const char *const ends[] = { " clean", " error", " idle" };
	size_t len = strlen(s);

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(s + len - n, ends[i]) == 0)
			s[len - n] = '\0';
	}
}

static void
compare(const struct message *m, struct trace *a, struct trace *b)
{
	char *sent = mem_strdup(trace_message(a));
	char *got = mem_strdup(trace_message(b));

	cut_behind_end(sent);
	cut_behind_end(got);
	if (strcmp(sent, got) != 0 || !b->complete ||
	    !slice_eq(str_slice(&a->payload), str_slice(&b->payload)))
		show(m, sent, str_ptr(&b->text));
	mem_free(sent);
	mem_free(got);
}

TEST(h1_fuzz_forwarded_requests_are_the_same)
{
	struct message m;
	long forwarded = 0;

	seed = 2;
	for (long i = rounds(); i > 0; i--) {
		struct trace in, client, out;

		make(&m, requests, COUNT(requests));
		trace_init_server(&in, &http_limits_default);
		in.passive = in.end_to_end = true;
		trace_feed(&in, m.bytes, m.len);
		if (in.complete && in.head->authority.ptr != NULL) {
			trace_init_client(&client, &http_limits_default, NULL);
			trace_init_server(&out, &http_limits_default);
			out.passive = out.end_to_end = true;
			trace_forward(&in, &client);
			trace_feed(&out, str_ptr(&client.out), client.out.len);
			compare(&m, &in, &out);
			assert_int_equal(buf_len(&out.in), 0);
			trace_fini(&client);
			trace_fini(&out);
			forwarded++;
		}
		trace_fini(&in);
	}
	assert_true(forwarded > rounds() / 4);
}

/* --- responses --------------------------------------------------------------- */

static const char *const responses[] = {
	"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\nabc",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n1;x\r\nd\r\n0\r\ngrpc-status: 0\r\n\r\n",
	"HTTP/1.0 200 OK\r\n\r\nuntil close",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
	"HTTP/1.1 103 Early\r\nlink: a\r\n\r\n"
	    "HTTP/1.1 404 No\r\nset-cookie: a\r\nset-cookie: b\r\n"
	    "content-length: 1\r\nconnection: close\r\n\r\nx",
};

TEST(h1_fuzz_responses_cut_anywhere_are_the_same)
{
	struct message m;

	seed = 3;
	for (long i = rounds(); i > 0; i--) {
		struct trace whole, cut;
		const char *method = pick(5) == 0 ? "HEAD" : "GET";

		make(&m, responses, COUNT(responses));
		trace_init_client(&whole, &http_limits_default, method);
		trace_init_client(&cut, &http_limits_default, method);
		feed_cut(&whole, &m, m.len);
		feed_cut(&cut, &m, pick(m.len));
		const char *a = trace_end(&whole), *b = trace_end(&cut);

		if (strcmp(a, b) != 0)
			show(&m, a, b);
		trace_fini(&whole);
		trace_fini(&cut);
	}
}

TEST(h1_fuzz_forwarded_responses_are_the_same)
{
	static const char get[] = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
	struct message m;
	long forwarded = 0;

	seed = 4;
	for (long i = rounds(); i > 0; i--) {
		struct trace in, server, out;

		make(&m, responses, COUNT(responses));
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
			compare(&m, &in, &out);
			trace_fini(&server);
			trace_fini(&out);
			forwarded++;
		}
		trace_fini(&in);
	}
	assert_true(forwarded > rounds() / 4);
}
