#include "base/unit.h"
#include "upstream/retry.h"

TEST(retry_default_repeats_only_what_never_arrived)
{
	const struct retry_settings *s = &retry_default;

	assert_true(retry_takes_connect(s));
	assert_true(retry_takes_reset(s, STREAM_REFUSED, false, false));
	assert_true(retry_takes_reset(s, STREAM_CONN_CLOSED, true, true));
	assert_false(retry_takes_reset(s, STREAM_CONN_CLOSED, true, false));
	assert_false(retry_takes_reset(s, STREAM_CONN_RESET, false, true));
	assert_false(retry_takes_status(s, 503, true));
	assert_false(retry_takes_timeout(s, true));
	assert_int_equal(retry_wait_ms(s, 1, 0.9), 0);
}

/* Each word by itself: what it makes of each end of a try of a GET. */
TEST(retry_words_mean_what_they_say)
{
	enum { CONNECT = 1, REFUSED = 2, IDLE = 4, LOST = 8, S500 = 16,
		S503 = 32, S429 = 64, LATE = 128 };
	static const struct {
		unsigned on, taken;
	} cases[] = {
		{ 0, 0 },
		{ RETRY_CONNECT, CONNECT },
		{ RETRY_REFUSED, REFUSED },
		{ RETRY_RESET_BEFORE, IDLE },
		{ RETRY_RESET, IDLE | LOST | LATE },
		{ RETRY_GATEWAY_ERROR,
		    CONNECT | REFUSED | IDLE | LOST | LATE | S503 },
		{ RETRY_5XX,
		    CONNECT | REFUSED | IDLE | LOST | LATE | S503 | S500 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct retry_settings s = { .on = cases[i].on };
		unsigned taken = 0;

		taken |= retry_takes_connect(&s) ? CONNECT : 0;
		taken |= retry_takes_reset(&s, STREAM_REFUSED, false, true) ?
		    REFUSED : 0;
		taken |= retry_takes_reset(&s, STREAM_CONN_CLOSED, true, true) ?
		    IDLE : 0;
		taken |= retry_takes_reset(&s, STREAM_CONN_RESET, false, true) ?
		    LOST : 0;
		assert_int_equal(retry_takes_reset(&s, STREAM_CANCEL, true,
		    true), (cases[i].taken & LOST) != 0);
		taken |= retry_takes_status(&s, 500, true) ? S500 : 0;
		taken |= retry_takes_status(&s, 503, true) ? S503 : 0;
		taken |= retry_takes_status(&s, 429, true) ? S429 : 0;
		taken |= retry_takes_timeout(&s, true) ? LATE : 0;
		assert_int_equal(taken, cases[i].taken);
		/* What broke the protocol may break it again. */
		assert_false(retry_takes_reset(&s, STREAM_PROTOCOL, true, true));
	}
}

TEST(retry_spares_what_is_not_idempotent_unless_told)
{
	struct retry_settings s = { .on = RETRY_5XX, .try_ms = 5 };

	for (int told = 0; told < 2; told++) {
		s.unsafe = told;
		assert_int_equal(retry_takes_status(&s, 503, false), told);
		assert_int_equal(retry_takes_reset(&s, STREAM_CONN_RESET, true,
		    false), told);
		assert_int_equal(retry_takes_timeout(&s, false), told);
		assert_true(retry_takes_connect(&s));
		assert_true(retry_takes_reset(&s, STREAM_REFUSED, true, false));
	}
}

TEST(retry_statuses_are_those_that_were_added)
{
	struct retry_settings s = { 0 };

	retry_add_status(&s, 400);
	retry_add_status(&s, 464);
	retry_add_status(&s, 599);
	for (int status = 100; status < 1000; status++)
		assert_int_equal(retry_takes_status(&s, status, true),
		    status == 400 || status == 464 || status == 599);
}

TEST(retry_statuses_of_grpc_are_those_that_were_named)
{
	const struct retry_settings s = { .grpc = 1u << 1 | 1u << 14 };

	for (int status = -1; status < 17; status++)
		assert_int_equal(retry_takes_grpc(&s, status),
		    status == 1 || status == 14);
	assert_false(retry_takes_grpc(&retry_default, 14));
}

TEST(retry_waits_at_least_the_backoff_and_more_each_time)
{
	static const struct {
		uint32_t nth;
		double   chance;
		uint64_t ms;
	} cases[] = {
		{ 1, 0, 100 }, { 1, 0.5, 150 }, { 2, 0.5, 250 }, { 3, 0.5, 450 },
		{ 4, 0.5, 550 }, { 90, 0.5, 550 }, { 90, 0, 100 },
	};
	const struct retry_settings s = { .is_asked = true, .backoff_ms = 100,
		.max_backoff_ms = 1000 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(retry_wait_ms(&s, cases[i].nth,
		    cases[i].chance), cases[i].ms);
}
