#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "upstream/bench_fixture.h"

/* --- failures ---------------------------------------------------------------------- */

TEST(attempt_nobody_listens)
{
	struct bench b;

	bench_init(&b);
	close(b.listener);
	b.listener = -1;
	bench_start(&b, 'A');
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:connection_refused");
	assert_int_equal(bench_counts(&b).failed, 1);
	assert_true(endpoint_state_is_down(b.cluster->v[0].state,
	    loop_now_ms(b.loop)));
	bench_fini(&b);
}

/* Within the failure, which is of a connection that is on its way no more. */
TEST(attempt_that_fails_may_be_made_again_at_once)
{
	struct bench b;

	bench_init(&b);
	close(b.listener);
	b.listener = -1;
	b.then = 'B';
	bench_start(&b, 'A');
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:connection_refused B:connection_refused");
	assert_int_equal(bench_counts(&b).connecting, 0);
	bench_fini(&b);
}

/* The last attempt on an endpoint ended with its connection, which then
 * looked at what the attempt had freed. */
TEST(attempt_is_the_last_user_of_a_connection_that_is_reset)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, 'A');
	bench_run_until(&b, bench_is_one_asking);
	bench_reset(&b, 0);
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:fresh A:conn-reset");
	bench_fini(&b);
}

TEST(attempt_the_server_ends)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, 'A');
	bench_run_until(&b, bench_is_one_asking);
	bench_answer(&b, 0, "H");
	shutdown(b.peers[0], SHUT_WR);
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:fresh A:truncated");
	bench_fini(&b);
}

TEST(attempt_given_up_leaves_its_connection_to_others)
{
	struct bench b;

	bench_init(&b);
	bench_finish(bench_start(&b, 'A'), ATTEMPT_CANCELLED);
	bench_run_until(&b, bench_is_none_connecting);
	assert_int_equal(bench_counts(&b).idle, 1);
	bench_exchange(&b, 'B', 0, BENCH_OK);
	/* Taken from the idle ones and given back before it was used. */
	bench_finish(bench_start(&b, 'C'), ATTEMPT_CANCELLED);
	bench_exchange(&b, 'D', 0, BENCH_OK);
	assert_int_equal(bench_counts(&b).opened, 1);
	bench_fini(&b);
}

/* --- limits ------------------------------------------------------------------------- */

TEST(attempt_limits)
{
	static const struct {
		struct cluster_limits limits;
		const char           *a, *b;
	} v[] = {
		{ { .conns = 9, .pending = 9, .requests = 1 }, "A:200", "B:request_limit" },
		{ { .pending = 9, .requests = 9 }, "A:connection_limit",
		    "B:connection_limit" },
		{ { .conns = 9, .pending = 1, .requests = 9 }, "A:200", "B:pending_limit" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;

		bench_init(&b);
		b.cluster->limits = v[i].limits;
		bench_start(&b, 'A');
		bench_start(&b, 'B');
		if (v[i].limits.conns > 0) {
			bench_run_until(&b, bench_is_one_asking);
			bench_answer(&b, 0, BENCH_OK);
		}
		bench_run_until(&b, bench_are_all_over);
		assert_non_null(strstr(str_ptr(&b.trace), v[i].a));
		assert_non_null(strstr(str_ptr(&b.trace), v[i].b));
		assert_false(endpoint_state_is_down(b.cluster->v[0].state,
		    loop_now_ms(b.loop)));
		bench_fini(&b);
	}
}

/* --- failing ------------------------------------------------------------------------- */

TEST(attempt_failures_eject_an_endpoint)
{
	struct bench b;
	struct endpoint e = { .weight = 1 };
	struct err err = ERR_INIT;

	bench_init(&b);
	assert_int_equal(addr_from_ip(SLICE("127.0.0.2"), 9, &e.addr, &err), 0);
	cluster_add(b.cluster, b.registry, &e);	/* the only one stays */
	cluster_seal(b.cluster);
	b.cluster->outlier.consecutive = 2;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(endpoint_marks(b.cluster->v[0].state), 0);
		bench_start(&b, (char)('A' + i));
		bench_run_until(&b, bench_is_one_asking);
		bench_reset(&b, i);
		bench_run_until(&b, bench_are_all_over);
	}
	assert_int_equal(endpoint_marks(b.cluster->v[0].state), MARK_OUT);
	bench_fini(&b);
}

static bool
is_first_over(struct bench *b)
{
	return b->calls[0].attempt == NULL;
}

TEST(attempt_waits_for_its_turn)
{
	struct bench b;

	bench_init(&b);
	b.cluster->limits.endpoint_requests = 1;
	b.cluster->limits.queue = 1;
	bench_start(&b, 'A');
	bench_start(&b, 'B');
	bench_start(&b, 'C');
	bench_run_until(&b, bench_is_one_asking);
	bench_answer(&b, 0, BENCH_OK);
	bench_run_until(&b, is_first_over);
	bench_run_until(&b, bench_is_one_asking);
	bench_answer(&b, 0, BENCH_OK);
	bench_run_until(&b, bench_are_all_over);
	assert_non_null(strstr(str_ptr(&b.trace), "C:queue_full"));
	assert_non_null(strstr(str_ptr(&b.trace), "A:200 B:reused B:200"));
	assert_int_equal(b.cluster->v[0].state->slots, 0);
	bench_fini(&b);
}

TEST(attempt_given_up_waits_no_more)
{
	struct bench b;

	bench_init(&b);
	b.cluster->limits.endpoint_requests = 1;
	b.cluster->limits.queue = 9;
	bench_start(&b, 'A');
	bench_finish(bench_start(&b, 'B'), ATTEMPT_CANCELLED);
	bench_run_until(&b, bench_is_one_asking);
	assert_int_equal(b.cluster->v[0].state->queued, 0);
	bench_answer(&b, 0, BENCH_OK);
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:fresh A:200");
	bench_fini(&b);
}
