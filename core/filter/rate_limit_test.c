#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/exchange_test.h"
#include "filter/filters.h"
#include "filter/rate_limit.h"

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
		{ "spiffe://far.example/ns/shop/sa/batch", 1 },
		{ "spiffe://far.example/ns/shop/sa/banned", 1 },
		{ "spiffe://mesh.internal/ns/shop/sa/web", 1 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;
		int good = 0;

		bench_init(&b, "rate_limit", "{limits: [{requests: 1, per: 1h, "
		    "byIdentity: true}], overrides: [{identity: shop/batch, "
		    "requests: 2}, {identity: shop/banned, requests: 0}]}",
		    exchange_reply);
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
