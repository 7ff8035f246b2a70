#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/exchange_test.h"
#include "filter/filters.h"

/* --- configuring --------------------------------------------------------- */

TEST(filters_need_no_configuration)
{
	for (const struct filter_row *row = filter_table; row->name != NULL;
	    row++) {
		const struct filter_class *f = row->l4 != NULL ?
		    &row->l4->base : &row->l7->base;
		struct err err;
		void *shared;

		assert_string_equal(f->name, row->name);
		assert_int_equal(bench_configure(f, NULL, &shared, &err), 0);
		if (f->release != NULL)
			f->release(shared);
	}
}

static const struct {
	const char *filter, *yaml, *error;
} wrong[] = {
	{ "limit", "conections: 5", "did you mean \"connections\"" },
	{ "limit", "connections: many", "connections: " },
	{ "limit", "connections: -1", "connections: " },
	{ "limit", "bodyBytes: 1x", "bodyBytes: " },
	{ "limit", "idle: 5", "idle: " },
	{ "access_log", "percent: 101", "percent: " },
	{ "access_log", "off: perhaps", "off: " },
	{ "headers", "request: {set: [{name: a b, value: c}]}",
	    "request.set[0].name: " },
	{ "headers", "request: {set: [{name: a}]}", "value" },
	{ "headers", "request: {add: [{name: a, value: \"b\\r\\nc: d\"}]}",
	    "control characters" },
	{ "headers", "request: {set: [{name: Host, value: c}]}",
	    "the proxy itself writes \"host\"" },
	{ "headers", "response: {remove: [Transfer-Encoding]}",
	    "the proxy itself writes \"transfer-encoding\"" },
	{ "rate_limit", "limits: [{requests: -1}]", "limits[0].requests: " },
	{ "rate_limit", "limits: [{requests: 1, per: 0s}]",
	    "limits[0].per: " },
	{ "rate_limit", "limits: [{requests: 1, byHeader: \"a b\"}]",
	    "limits[0].byHeader: " },
	{ "rate_limit", "limits: [{requests: 1, byAddress: true, "
	    "byHeader: x}]", "limits[0]: expected at most one" },
	{ "rate_limit", "{limits: [{requests: 1}], overrides: "
	    "[{identity: shop/web, requests: 2}]}",
	    "expected a limit with byIdentity" },
	{ "fault", "abort: {status: 100}", "abort.status: " },
	{ "fault", "abort: {percent: 5}", "expected status or grpcStatus" },
	{ "fault", "delay: {duration: 1s, percent: 101}",
	    "delay.percent: " },
	{ "compression", "codings: [zstd]", "codings[0]: " },
	{ "compression", "gzipLevel: 0", "gzipLevel: " },
	{ "cache", "maxObject: 65Mi", "at most maxBytes" },
	{ "headers", "request: {add: [{name: X-Forwarded-Client-Cert, "
	    "value: c}]}", "the proxy itself writes" },
};

TEST(filters_refuse_what_they_do_not_know)
{

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err;
		void *shared;
		const struct filter_row *row = filter_find_l7(wrong[i].filter);

		assert_non_null(row);
		if (bench_configure(&row->l7->base, wrong[i].yaml, &shared,
		    &err) == 0)
			fail_msg("taken: %s", wrong[i].yaml);
		if (strstr(err.text, wrong[i].error) == NULL)
			fail_msg("%s: %s", wrong[i].yaml, err.text);
	}
}

/* --- headers ------------------------------------------------------------- */

TEST(headers_set_add_remove)
{
	static const char yaml[] =
	    "request:\n"
	    "  set: [{name: X-Set, value: new}, {name: x-fresh, value: f}]\n"
	    "  add: [{name: x-list, value: c}, {name: x-first, value: d}]\n"
	    "  remove: [X-Gone]\n"
	    "response:\n"
	    "  set: [{name: x-old, value: \"2\"}]\n"
	    "  add: [{name: x-more, value: \"3\"}]\n";
	const char *got = exchange("headers", yaml, GET "x-set: old\r\n"
	    "x-set: older\r\nx-list: a,b\r\nx-gone: 1\r\nx-gone: 2\r\n\r\n");

	assert_has(got, "x-set=new;");
	assert_has_no(got, "old;");
	assert_has_no(got, "older");
	assert_has(got, "x-fresh=f;");
	assert_has(got, "x-list=a,b,c;");
	assert_has(got, "x-first=d;");
	assert_has_no(got, "x-gone");
	assert_has(got, "x-old: 2\r\n");
	assert_has(got, "x-more: 3\r\n");
}

/* --- request_id ---------------------------------------------------------- */

TEST(request_id_is_kept_if_good)
{
	const char *got = exchange("request_id", NULL,
	    GET "x-request-id: mine-1\r\n\r\n");

	assert_has(got, "x-request-id=mine-1;");
	assert_has(got, "x-request-id: mine-1\r\n");
}

TEST(request_id_is_made_otherwise)
{
	static const char *const bad[] = {
		"", "x-request-id:\r\n", "x-request-id: a b\r\n",
		"x-request-id: caf\xc3\xa9\r\n",
		"x-request-id: 01234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123"
		"45678901234567890\r\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char request[512];

		snprintf(request, sizeof(request), GET "%s\r\n", bad[i]);
		const char *got = exchange("request_id", NULL, request);
		const char *up = strstr(got, "x-request-id=");
		const char *down = strstr(got, "x-request-id: ");

		assert_non_null(up);
		assert_non_null(down);
		assert_int_equal(strcspn(up + 13, ";"), 36);
		assert_memory_equal(up + 13, down + 14, 36);
	}
}

/* --- limit --------------------------------------------------------------- */

TEST(limit_of_bodies_and_heads)
{
	static const struct {
		const char *yaml, *request, *status;
	} v[] = {
		{ "bodyBytes: 5", "POST / HTTP/1.1\r\n" HEAD
		    "content-length: 5\r\n\r\nhello", "HTTP/1.1 200 " },
		{ "bodyBytes: 5", "POST / HTTP/1.1\r\n" HEAD
		    "content-length: 6\r\n\r\nhello!", "HTTP/1.1 413 " },
		{ "bodyBytes: 5", "POST / HTTP/1.1\r\n" HEAD
		    "transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n"
		    "0\r\n\r\n", "HTTP/1.1 200 " },
		{ "bodyBytes: 5", "POST / HTTP/1.1\r\n" HEAD
		    "transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n"
		    "0\r\n\r\n", "HTTP/1.1 413 " },
		{ "bodyBytes: 0", "POST / HTTP/1.1\r\n" HEAD
		    "content-length: 6\r\n\r\nhello!", "HTTP/1.1 200 " },
		{ "headBytes: 50", GET "x: 0123456789\r\n\r\n", "HTTP/1.1 200 " },
		{ "headBytes: 50", GET "x: 012345678901234567890\r\n\r\n",
		    "HTTP/1.1 431 " },
		{ "connectionBytes: 4000", GET "\r\n", "HTTP/1.1 200 " },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		assert_has(exchange("limit", v[i].yaml, v[i].request),
		    v[i].status);
}

TEST(limit_of_a_connection_s_bytes)
{
	assert_string_equal(exchange("limit", "connectionBytes: 30",
	    GET "\r\n"), "");
}

TEST(limit_of_idle_connections)
{
	struct bench b;

	bench_init(&b, "limit", "idle: 10ms", exchange_reply);
	bench_connect(&b, "");
	bench_run(&b, bench_has_ended);
	bench_fini(&b);
}

TEST(limit_of_connections)
{
	struct bench b;

	bench_init(&b, "limit", "connections: 1", exchange_reply);
	bench_connect(&b, "");
	int first = b.client;

	/* The second is closed, the first is not. */
	bench_connect(&b, "");
	bench_run(&b, bench_has_ended);
	close(b.client);
	assert_int_equal(b.env.runs_len, 1);
	/* When the first has gone another gets in. */
	close(first);
	bench_run(&b, bench_is_gone);
	bench_connect(&b, "");
	bench_send(&b, GET "\r\n");
	bench_run(&b, bench_has_ended);
	bench_fini(&b);
}

/* --- authz --------------------------------------------------------------- */

TEST(authz_by_identity)
{
	static const char web[] = "spiffe://mesh.internal/ns/default/sa/web";
	static const struct {
		const char *yaml, *id;
		bool        passes;
	} v[] = {
		{ "{}", web, true },
		{ "allow: [spiffe://mesh.internal/ns/default/sa/web]", web, true },
		{ "allow: [spiffe://mesh.internal/ns/default/sa/we]", web, false },
		{ "allow: [spiffe://mesh.internal/ns/default/*]", web, true },
		{ "allow: [spiffe://mesh.internal/ns/other/*]", web, false },
		{ "allow: [\"*\"]", web, true },
		{ "allow: [\"\"]", web, false },
		{ "allow: [spiffe://mesh.internal/*]", "", false },
		{ "deny: [spiffe://mesh.internal/ns/default/sa/web]", web, false },
		{ "deny: [spiffe://mesh.internal/ns/default/*]", web, false },
		{ "{allow: [\"*\"], deny: [spiffe://mesh.internal/ns/default/*]}",
		    web, false },
		{ "deny: [spiffe://mesh.internal/ns/other/*]", web, true },
	};

	assert_int_equal(log_set_levels("error"), 0);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;

		bench_init(&b, "authz", v[i].yaml, exchange_reply);
		bench_connect(&b, v[i].id);
		send(b.client, GET "\r\n", sizeof(GET "\r\n") - 1, MSG_NOSIGNAL);
		bench_run(&b, bench_has_ended);
		if ((b.got.len > 0) != v[i].passes)
			fail_msg("%s, %s", v[i].yaml, v[i].id);
		bench_fini(&b);
	}
	assert_int_equal(log_set_levels("info"), 0);
}

/* --- access_log ---------------------------------------------------------- */

/* What one exchange writes to the access log. */
static void
logged(const char *yaml, const char *request, char out[4096])
{
	int fds[2];
	struct log_options o = { .people_fd = 2 };

	assert_int_equal(pipe(fds), 0);
	o.access_fd = fds[1];
	log_start(&o);
	exchange("access_log", yaml, request);
	log_stop();
	close(fds[1]);
	ssize_t n = read(fds[0], out, 4095);

	out[n > 0 ? n : 0] = '\0';
	close(fds[0]);
}

TEST(access_log_writes_one_line)
{
	char line[4096];

	logged(NULL, "GET /a%22b?c=\"d HTTP/1.1\r\n" HEAD
	    "user-agent: quote\" and \\ \xc3\xa9\r\n\r\n", line);
	assert_has(line, "\"method\":\"GET\"");
	assert_has(line, "\"authority\":\"a\"");
	assert_has(line, "\"path\":\"/a%22b?c=\\\"d\"");
	assert_has(line, "\"user_agent\":\"quote\\\" and \\\\ \xc3\xa9\"");
	assert_has(line, "\"response_code\":200");
	assert_has(line, "\"response_flags\":\"-\"");
	assert_has(line, "\"listener\":\"bench\"");
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

TEST(access_log_can_be_less)
{
	static const char *const yaml[] = { "off: true", "percent: 0" };

	for (size_t i = 0; i < 2; i++) {
		char line[4096];

		logged(yaml[i], GET "\r\n", line);
		assert_string_equal(line, "");
	}
}

/* The service answered 200 and did not say how the call ended. */
TEST(access_log_has_every_error_of_grpc)
{
	char line[4096];

	logged("percent: 0", GET "content-type: application/grpc\r\n\r\n",
	    line);
	assert_has(line, "\"response_code\":200,\"grpc_status\":2,");
}
