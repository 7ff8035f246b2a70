#include "base/unit.h"
#include "modes/proxy/try_policy.h"

static const struct model_http_timeouts no_timeouts = { -1, -1 };

TEST(try_policy_without_anything_is_the_clusters)
{
	const struct model_http_rule rule = { .timeouts = no_timeouts };
	const struct cluster c = { .retry = retry_default,
		.response_timeout_ms = 15000 };
	const struct model_http_rule *const rules[] = { &rule, NULL };

	for (size_t i = 0; i < 2; i++) {
		struct try_policy p;

		try_policy_init(&p, rules[i], &c);
		assert_int_equal(p.request_ms, 0);
		assert_int_equal(p.try_ms, 0);
		assert_int_equal(p.head_ms, 15000);
		assert_true(retry_is_same(&p.retry, &retry_default));
	}
}

TEST(try_policy_of_a_rule_replaces_the_clusters_limit)
{
	static const struct {
		struct model_http_timeouts timeouts;
		bool     hedges;
		uint64_t try_ms;	/* of the service */
		uint64_t request, each, head;
	} cases[] = {
		{ { 500, -1 }, false, 0, 500, 0, 0 },
		{ { 0, -1 }, false, 0, 0, 0, 0 },
		{ { -1, 200 }, false, 0, 0, 200, 0 },
		{ { 500, 200 }, false, 0, 500, 200, 0 },
		{ { -1, 0 }, false, 0, 0, 0, 0 },
		{ { -1, -1 }, false, 70, 0, 70, 15000 },
		{ { -1, 200 }, false, 70, 0, 200, 0 },
		{ { -1, 200 }, true, 70, 0, 200, 15000 },
		{ { 500, 200 }, true, 70, 500, 200, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_http_rule rule = {
			.timeouts = cases[i].timeouts };
		const struct cluster c = { .response_timeout_ms = 15000,
			.retry = { .hedges = cases[i].hedges,
			    .try_ms = cases[i].try_ms } };
		struct try_policy p;

		try_policy_init(&p, &rule, &c);
		assert_int_equal(p.request_ms, cases[i].request);
		assert_int_equal(p.try_ms, cases[i].each);
		assert_int_equal(p.head_ms, cases[i].head);
	}
}

TEST(try_policy_retries_as_its_stanza_says)
{
	int64_t codes[] = { 500, 503 };
	struct model_http_retry r = { .codes = codes, .codes_len = 2,
		.attempts = 3, .backoff_ms = 100 };
	const struct model_http_rule rule = { .timeouts = no_timeouts, .retry = &r };
	const struct cluster c = { .retry = retry_default };
	struct try_policy p;

	try_policy_init(&p, &rule, &c);
	assert_int_equal(p.retry.attempts, 3);
	assert_int_equal(p.retry.max_backoff_ms, 1000);
	assert_true(retry_takes_status(&p.retry, 503, false));
	assert_false(retry_takes_status(&p.retry, 502, false));
	assert_true(retry_takes_reset(&p.retry, STREAM_CONN_RESET, false, false));
	assert_true(retry_takes_timeout(&p.retry, false));
	r.attempts = r.backoff_ms = -1;
	try_policy_init(&p, &rule, &c);
	assert_int_equal(p.retry.attempts, 1);
	assert_int_equal(p.retry.backoff_ms, 25);
}

/* Field by field: what the rule has wins, what it has not is the service's. */
TEST(try_policy_of_a_rule_goes_before_that_of_its_service)
{
	int64_t codes[] = { 500 };
	struct model_http_retry r = { .attempts = -1, .backoff_ms = -1 };
	const struct model_http_rule rule = { .timeouts = no_timeouts, .retry = &r };
	struct cluster c = { .retry = { .attempts = 4, .backoff_ms = 7,
		.max_backoff_ms = 70, .on = RETRY_GATEWAY_ERROR,
		.body_limit = 9, .is_asked = true } };
	struct try_policy p;

	retry_add_status(&c.retry, 429);
	try_policy_init(&p, &rule, &c);
	assert_int_equal(p.retry.attempts, 4);
	assert_int_equal(p.retry.backoff_ms, 7);
	assert_int_equal(p.retry.body_limit, 9);
	assert_true(retry_takes_status(&p.retry, 503, true));
	assert_true(retry_takes_status(&p.retry, 429, true));
	r = (struct model_http_retry){ .codes = codes, .codes_len = 1,
		.attempts = 2, .backoff_ms = 3 };
	try_policy_init(&p, &rule, &c);
	assert_int_equal(p.retry.attempts, 2);
	assert_int_equal(p.retry.backoff_ms, 3);
	assert_int_equal(p.retry.max_backoff_ms, 70);
	assert_true(retry_takes_status(&p.retry, 500, true));
	assert_false(retry_takes_status(&p.retry, 503, true));
	assert_false(retry_takes_status(&p.retry, 429, true));
}

TEST(try_retry_after_is_seconds_or_a_date)
{
	static const struct {
		const char *text;
		uint64_t    ms;
	} cases[] = {
		{ "0", 0 }, { "2", 2000 }, { "", 0 }, { "-1", 0 }, { "1 s", 0 },
		{ "Fri, 31 Dec 1999 23:59:59 GMT", 0 },
		{ "Thu, 01 Jan 1970 00:16:45 GMT", 5000 },
		{ "Thu, 01 Jan 1970 00:16:35 GMT", 0 },
		{ "99999999999999999999999", 100000000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(try_retry_after_ms(slice_str(cases[i].text),
		    i == 5 ? 946684799 : 1000), cases[i].ms);
	assert_int_equal(try_retry_after_ms(SLICE_NONE, 0), 0);
}

TEST(try_pushback_of_grpc_is_a_number_or_a_no)
{
	static const struct {
		const char *name, *value;
		int64_t     of_grpc, of_others;
	} cases[] = {
		{ "grpc-retry-pushback-ms", "0", 0, 0 },
		{ "grpc-retry-pushback-ms", "250", 250, 0 },
		{ "grpc-retry-pushback-ms", "99999999999", 100000000, 0 },
		{ "grpc-retry-pushback-ms", "-1", -1, 0 },
		{ "grpc-retry-pushback-ms", "", -1, 0 },
		{ "grpc-retry-pushback-ms", "1 ms", -1, 0 },
		{ "retry-after", "2", 2000, 2000 },
		{ "x-other", "2", 0, 0 },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_fields f;

		http_fields_init(&f, &a);
		http_fields_add(&f, slice_str(cases[i].name),
		    slice_str(cases[i].value));
		assert_int_equal(try_pushback_ms(&f, true, 1000),
		    cases[i].of_grpc);
		assert_int_equal(try_pushback_ms(&f, false, 1000),
		    cases[i].of_others);
	}
	arena_fini(&a);
}
