#include <string.h>

#include "base/unit.h"
#include "chain/http_bench_test.h"

TEST(http_default_age_is_an_hour)
{
	struct http_conn_settings s;

	http_conn_settings_init(&s);
	assert_int_equal(s.age.max_ms, 3600000);
	assert_int_equal(s.age.grace_ms, 0);
	assert_int_equal(s.age.requests, 0);
	assert_int_equal(s.ping_ms, 0);
	assert_int_equal(s.h2.streams, 100);
}

TEST(http_old_connection_says_that_it_ends)
{
	struct http_bench b;

	http_bench_init_aged(&b, (struct age_limits){ .max_ms = 50 });
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	assert_null(strstr(str_ptr(&b.got), "connection: close"));
	str_clear(&b.got);
	http_bench_pass(&b, 60);
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	assert_non_null(strstr(str_ptr(&b.got), "connection: close"));
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}

TEST(http_old_connection_ends_when_it_is_quiet)
{
	struct http_bench b;

	http_bench_init_aged(&b, (struct age_limits){ .max_ms = 5 });
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}

TEST(http_old_connection_lets_exchanges_finish)
{
	struct http_bench b;

	http_bench_init_aged(&b, (struct age_limits){ .max_ms = 5 });
	http_bench_put(&b, HOLD);
	http_bench_run(&b, http_bench_is_held);
	http_bench_pass(&b, 60);
	assert_false(http_bench_has_ended(&b));
	http_bench_answer(b.held);
	http_bench_run(&b, http_bench_has_answer);
	http_bench_run(&b, http_bench_has_ended);
	assert_int_equal(b.cancelled, 0);
	http_bench_fini(&b);
}

TEST(http_old_connection_is_cut_after_its_grace)
{
	struct http_bench b;

	http_bench_init_aged(&b, (struct age_limits){ .max_ms = 5, .grace_ms = 5 });
	http_bench_put(&b, HOLD);
	http_bench_run(&b, http_bench_is_held);
	http_bench_run(&b, http_bench_is_cancelled);
	http_bench_fini(&b);
}

TEST(http_last_request_of_a_connection_says_so)
{
	struct http_bench b;

	http_bench_init_aged(&b, (struct age_limits){ .requests = 2 });
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	assert_null(strstr(str_ptr(&b.got), "connection: close"));
	str_clear(&b.got);
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	assert_non_null(strstr(str_ptr(&b.got), "connection: close"));
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}
