#include "base/unit.h"
#include "modes/proxy/try_policy.h"

static const struct model_http_timeouts no_timeouts = { -1, -1 };

TEST(try_policy_without_anything_is_the_clusters)
{
	const struct model_http_rule rule = { .timeouts = no_timeouts };
	const struct cluster c = { .retries = 1, .response_timeout_ms = 15000 };
	struct try_policy p;

	try_policy_init(&p, &rule, &c);
	assert_int_equal(p.request_ms, 0);
	assert_int_equal(p.try_ms, 0);
	assert_int_equal(p.head_ms, 15000);
	assert_int_equal(p.retries, 1);
	assert_false(try_policy_takes_status(&p, 503));
}

TEST(try_policy_of_a_rule_replaces_the_clusters_limit)
{
	static const struct {
		struct model_http_timeouts timeouts;
		uint64_t request, each, head;
	} cases[] = {
		{ { 500, -1 }, 500, 0, 0 },
		{ { 0, -1 }, 0, 0, 0 },
		{ { -1, 200 }, 0, 200, 0 },
		{ { 500, 200 }, 500, 200, 0 },
		{ { -1, 0 }, 0, 0, 0 },
	};
	const struct cluster c = { .retries = 1, .response_timeout_ms = 15000 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_http_rule rule = {
			.timeouts = cases[i].timeouts };
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
	const struct cluster c = { .retries = 1 };
	struct try_policy p;

	try_policy_init(&p, &rule, &c);
	assert_int_equal(p.retries, 3);
	assert_true(try_policy_takes_status(&p, 503));
	assert_false(try_policy_takes_status(&p, 502));
	r.attempts = r.backoff_ms = -1;
	try_policy_init(&p, &rule, &c);
	assert_int_equal(p.retries, 1);
	assert_int_equal(p.backoff_ms, 25);
}

TEST(try_policy_waits_at_least_the_backoff_and_more_each_time)
{
	static const struct {
		uint32_t nth;
		double   chance;
		uint64_t ms;
	} cases[] = {
		{ 1, 0, 100 }, { 1, 0.5, 150 }, { 2, 0.5, 250 }, { 3, 0.5, 450 },
		{ 4, 0.5, 600 }, { 90, 0.5, 600 }, { 90, 0, 100 },
	};
	const struct try_policy p = { .backoff_ms = 100 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(try_policy_wait_ms(&p, cases[i].nth,
		    cases[i].chance), cases[i].ms);
}

TEST(try_retry_after_is_read_in_seconds)
{
	static const struct {
		const char *text;
		uint64_t    ms;
	} cases[] = {
		{ "0", 0 }, { "2", 2000 }, { "", 0 }, { "-1", 0 },
		{ "Fri, 31 Dec 1999 23:59:59 GMT", 0 },
		{ "99999999999999999999999", 100000000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(try_retry_after_ms(slice_str(cases[i].text)),
		    cases[i].ms);
	assert_int_equal(try_retry_after_ms(SLICE_NONE), 0);
}
