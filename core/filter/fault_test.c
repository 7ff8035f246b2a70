#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/exchange_test.h"

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
		{ "spiffe://far.example/ns/shop/sa/web",
		    "x-fault-abort: 418\r\n", "HTTP/1.1 200" },
		{ "", "x-fault-abort: 418\r\n", "HTTP/1.1 200" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;

		bench_init(&b, "fault", yaml, exchange_reply);
		bench_connect(&b, v[i].id);
		char request[256];

		snprintf(request, sizeof(request), GET "%s\r\n", v[i].fields);
		bench_send(&b, request);
		bench_run(&b, bench_has_ended);
		assert_has(str_ptr(&b.got), v[i].expected);
		bench_fini(&b);
	}
}
