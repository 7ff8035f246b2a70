#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/filters.h"
#include "filter/rate_limit.h"

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

TEST(filters_refuse_what_they_do_not_know)
{
	static const struct {
		const char *filter, *yaml, *error;
	} v[] = {
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

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct err err;
		void *shared;
		const struct filter_row *row = filter_find_l7(v[i].filter);

		assert_non_null(row);
		if (bench_configure(&row->l7->base, v[i].yaml, &shared, &err) == 0)
			fail_msg("taken: %s", v[i].yaml);
		if (strstr(err.text, v[i].error) == NULL)
			fail_msg("%s: %s", v[i].yaml, err.text);
	}
}

/* --- exchanges ------------------------------------------------------------ */

/* The service answers with the fields of the request as its body. */
static void
reply(struct l7_ctx *ctx)
{
	struct arena *a = l7_arena(ctx);
	struct http_head *head = arena_alloc(a, sizeof(*head));
	const struct http_fields *f = &l7_request(ctx)->fields;
	struct buf body = { 0 };

	http_head_init(head, a);
	head->status = 200;
	http_fields_add(&head->fields, SLICE("x-old"), SLICE("1"));
	for (size_t i = 0; i < f->len; i++)
		buf_addf(&body, "%.*s=%.*s;", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	l7_reply_with(ctx, head, &body, FLAG_NONE, "");
	buf_fini(&body);
}

/* Sends requests of which the last closes; gives all that comes back. */
static const char *
exchange(const char *filter, const char *yaml, const char *requests)
{
	static char answer[8192];
	struct bench b;

	bench_init(&b, filter, yaml, reply);
	bench_connect(&b, "");
	bench_send(&b, requests);
	bench_run(&b, bench_has_ended);
	snprintf(answer, sizeof(answer), "%s", str_ptr(&b.got));
	bench_fini(&b);
	return answer;
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

static void
assert_has_no(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in: %s", part, text);
}

#define HEAD	"host: a\r\nconnection: close\r\n"
#define GET	"GET / HTTP/1.1\r\n" HEAD

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

/* --- rate_limit ---------------------------------------------------------- */

#define KEPT(field)	"GET / HTTP/1.1\r\nhost: a\r\n" field "\r\n"

static void
check_limited(const char *yaml, const char *requests, int good, int limited)
{
	const char *got = exchange("rate_limit", yaml, requests);

	for (const char *at = got; (at = strstr(at, "HTTP/1.1 200")) != NULL; at++)
		good--;
	for (const char *at = got; (at = strstr(at, "HTTP/1.1 429")) != NULL; at++)
		limited--;
	if (good != 0 || limited != 0)
		fail_msg("%s: %s", yaml, got);
}

TEST(rate_limit_lets_as_many_through_as_it_says)
{
	check_limited("limits: [{requests: 2, per: 1h}]", KEPT("") KEPT("")
	    KEPT("") GET "\r\n", 2, 2);
	check_limited("limits: [{requests: 2, burst: 3, per: 1h}]",
	    KEPT("") KEPT("") KEPT("") GET "\r\n", 3, 1);
	check_limited("{}", KEPT("") GET "\r\n", 2, 0);
	check_limited("limits: [{requests: 1, per: 1h, byHeader: X-User}]",
	    KEPT("x-user: a\r\n") KEPT("x-user: b\r\n")
	    KEPT("x-user: a\r\n") GET "\r\n", 3, 1);
	check_limited("limits: [{requests: 1, per: 1h, byIdentity: true}]",
	    KEPT("") GET "\r\n", 1, 1);
	check_limited("limits: [{requests: 1, per: 1h, byAddress: true}]",
	    KEPT("") GET "\r\n", 1, 1);
	check_limited("{limits: [{requests: 1, per: 1h}], dryRun: true}",
	    KEPT("") GET "\r\n", 2, 0);
}

/* What one limit refuses costs nothing with the others. */
TEST(rate_limit_holds_all_of_its_limits)
{
	check_limited("limits: [{requests: 3, per: 1h}, {requests: 1, per: 1h, "
	    "byHeader: x-user}]", KEPT("x-user: a\r\n") KEPT("x-user: a\r\n")
	    KEPT("x-user: a\r\n") KEPT("x-user: b\r\n")
	    KEPT("x-user: c\r\n") GET "x-user: d\r\n\r\n", 3, 3);
}

TEST(rate_limit_of_some_callers_is_another)
{
	static const struct {
		const char *id;
		int         good;
	} v[] = {
		{ "spiffe://mesh.internal/ns/shop/sa/batch", 2 },
		{ "spiffe://mesh.internal/ns/shop/sa/banned", 0 },
		{ "spiffe://mesh.internal/ns/shop/sa/web", 1 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;
		int good = 0;

		bench_init(&b, "rate_limit", "{limits: [{requests: 1, per: 1h, "
		    "byIdentity: true}], overrides: [{identity: shop/batch, "
		    "requests: 2}, {identity: shop/banned, requests: 0}]}",
		    reply);
		bench_connect(&b, v[i].id);
		bench_send(&b, KEPT("") KEPT("") GET "\r\n");
		bench_run(&b, bench_has_ended);
		for (const char *at = str_ptr(&b.got);
		    (at = strstr(at, "HTTP/1.1 200")) != NULL; at++)
			good++;
		if (good != v[i].good)
			fail_msg("%s: %s", v[i].id, str_ptr(&b.got));
		bench_fini(&b);
	}
}

TEST(rate_limit_answers_grpc_in_its_way)
{
	const char *got = exchange("rate_limit", "limits: [{requests: 1, "
	    "per: 1h}]", KEPT("") GET "content-type: application/grpc+proto\r\n\r\n");

	assert_has(got, "grpc-status: 8\r\n");
	assert_has(got, "retry-after: 3600\r\n");
	assert_has_no(got, "HTTP/1.1 429");
}

/* Whose limits are divided among many proxies. */
TEST(rate_limit_has_a_lease_for_each_limit_and_override)
{
	struct err err;
	void *shared;
	struct l7_part *part;
	struct rate_limit *l;
	static const struct {
		size_t   index;
		uint64_t requests;	/* 0: no lease */
		bool     is_keyed;
	} v[] = {
		{ 0, 5, false }, { 1, 7, true }, { 2, 0, false },
		{ RATE_LIMIT_OVERRIDE, 0, false },
		{ RATE_LIMIT_OVERRIDE + 1, 9, false },
		{ 2 * RATE_LIMIT_OVERRIDE + 1, 0, false },	/* of none */
		{ 3 * RATE_LIMIT_OVERRIDE + 1, 0, false },
	};

	assert_int_equal(bench_configure(&filter_rate_limit.base,
	    "{limits: [{requests: 5, per: 1h}, {requests: 7, byIdentity: true}],"
	    " overrides: [{identity: a/b, requests: 9}, {identity: a/c, "
	    "requests: 0}]}", &shared, &err), 0);
	part = l7_part_new(&filter_rate_limit, shared);
	l = rate_limit_of(part);
	assert_int_equal(RATE_LIMIT_LEASES(rate_limit_spec(l)), 48);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		assert_null(rate_limit_lease(l, v[i].index));
	rate_limit_lease_all(l);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct lease *lease = rate_limit_lease(l, v[i].index);

		assert_int_equal(lease != NULL, v[i].requests > 0);
		if (lease == NULL)
			continue;
		assert_int_equal(lease_rate(lease)->requests, v[i].requests);
		assert_int_equal(lease_is_keyed(lease), v[i].is_keyed);
	}
	l7_part_unref(part);
}

TEST(rate_limit_says_what_is_left)
{
	const char *got = exchange("rate_limit", "limits: [{requests: 2, per: 1h}, "
	    "{requests: 900, per: 24h}]",
	    KEPT("") KEPT("") GET "\r\n");

	assert_has(got, "x-ratelimit-limit: 2, 2;w=3600, 900;w=86400\r\n");
	assert_has(got, "x-ratelimit-remaining: 1\r\n");
	assert_has(got, "x-ratelimit-reset: 1800\r\n");
	assert_has(got, "x-ratelimit-reset: 3600\r\n");
	assert_has(got, "retry-after: 1800\r\n");
	got = exchange("rate_limit", "{limits: [{requests: 1, per: 1h}], "
	    "headers: false}",
	    KEPT("") GET "\r\n");
	assert_has_no(got, "x-ratelimit");
	assert_has(got, "retry-after: 3600\r\n");
}

/* --- fault --------------------------------------------------------------- */

TEST(fault_answers_or_lets_wait)
{
	static const struct {
		const char *yaml, *status;
	} v[] = {
		{ "{}", "HTTP/1.1 200" },
		{ "abort: {status: 418}", "HTTP/1.1 418" },
		{ "abort: {status: 503, percent: 0}", "HTTP/1.1 200" },
		{ "abort: {grpcStatus: 14}", "grpc-status: 14\r\n" },
		{ "delay: {duration: 20ms}", "HTTP/1.1 200" },
		{ "{delay: {duration: 1h}, abort: {status: 500}}", "HTTP/1.1 500" },
		{ "delay: {duration: 1h, percent: 0}", "HTTP/1.1 200" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		const char *got = exchange("fault", v[i].yaml, GET "\r\n");

		if (strstr(got, v[i].status) == NULL)
			fail_msg("%s: %s", v[i].yaml, got);
	}
}

TEST(fault_delays_before_the_service_sees_it)
{
	uint64_t before = clock_mono_ms();

	assert_has(exchange("fault", "delay: {duration: 30ms}", GET "\r\n"),
	    "HTTP/1.1 200");
	assert_true(clock_mono_ms() >= before + 30);
}

/* Who has waited gives its place to the next. */
TEST(fault_delays_one_after_the_other)
{
	uint64_t before = clock_mono_ms();

	assert_has(exchange("fault", "{maxActive: 1, delay: {duration: 30ms}}",
	    KEPT("") GET "\r\n"), "HTTP/1.1 200");
	assert_true(clock_mono_ms() >= before + 60);
}

#define TWENTY	GET "x-filler: 0123456789\r\n\r\n"

/* The answer, "x-filler=0123456789;", has 20 bytes. */
TEST(fault_paces_answers)
{
	uint64_t before = clock_mono_ms();
	const char *got = exchange("fault", "throughput: {bytesPerSecond: 400}",
	    TWENTY);

	assert_has(got, "content-length: 20\r\n");
	assert_has(got, "\r\n\r\nx-filler=0123456789;");
	assert_true(clock_mono_ms() >= before + 50);
	assert_has(exchange("fault", "throughput: {bytesPerSecond: 1, percent: 0}",
	    TWENTY), "x-filler=0123456789;");
}

TEST(fault_by_header_is_for_those_that_may)
{
	static const char yaml[] = "headerCallers: [shop/web]";
	static const char web[] = "spiffe://mesh.internal/ns/shop/sa/web";
	static const struct {
		const char *id, *fields, *expected;
	} v[] = {
		{ web, "x-fault-abort: 418\r\n", "HTTP/1.1 418" },
		{ web, "x-fault-abort-grpc: 5\r\n", "grpc-status: 5\r\n" },
		{ web, "x-fault-delay: 5\r\n", "HTTP/1.1 200" },
		{ web, "x-fault-abort: 99\r\n", "HTTP/1.1 200" },
		{ web, "x-fault-abort: yes\r\n", "HTTP/1.1 200" },
		{ web, "", "HTTP/1.1 200" },
		{ "spiffe://mesh.internal/ns/shop/sa/we", "x-fault-abort: 418\r\n",
		    "HTTP/1.1 200" },
		{ "spiffe://mesh.internal/ns/other/sa/web",
		    "x-fault-abort: 418\r\n", "HTTP/1.1 200" },
		{ "", "x-fault-abort: 418\r\n", "HTTP/1.1 200" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;

		bench_init(&b, "fault", yaml, reply);
		bench_connect(&b, v[i].id);
		char request[256];

		snprintf(request, sizeof(request), GET "%s\r\n", v[i].fields);
		bench_send(&b, request);
		bench_run(&b, bench_has_ended);
		assert_has(str_ptr(&b.got), v[i].expected);
		bench_fini(&b);
	}
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

	bench_init(&b, "limit", "idle: 10ms", reply);
	bench_connect(&b, "");
	bench_run(&b, bench_has_ended);
	bench_fini(&b);
}

TEST(limit_of_connections)
{
	struct bench b;

	bench_init(&b, "limit", "connections: 1", reply);
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

		bench_init(&b, "authz", v[i].yaml, reply);
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
