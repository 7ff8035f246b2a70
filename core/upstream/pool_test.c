#include <string.h>
#include <sys/socket.h>

#include "base/unit.h"
#include "upstream/bench_fixture.h"

/* --- the end ------------------------------------------------------------------- */

/* No timer of a dial is left behind: loop_free in bench_fini checks it. */
TEST(pool_gives_up_connects_at_the_end)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, 'A');
	assert_int_equal(bench_counts(&b).connecting, 1);
	upstream_close(b.up);
	assert_int_equal(bench_counts(&b).connecting, 0);
	bench_start(&b, 'B');
	assert_int_equal(bench_counts(&b).connecting, 0);
	for (int i = 0; i < 2; i++) {
		attempt_finish(b.calls[i].attempt, ATTEMPT_CANCELLED,
		    STREAM_CANCEL);
		b.calls[i].attempt = NULL;
	}
	assert_int_equal(bench_counts(&b).opened, 0);
	bench_fini(&b);
}

TEST(pool_closes_exchanges_at_the_end)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, 'A');
	bench_run_until(&b, bench_is_one_asking);
	upstream_close(b.up);
	bench_run_until(&b, bench_are_all_over);
	bench_fini(&b);
}

/* --- connections used again ---------------------------------------------------- */

TEST(pool_uses_a_connection_again)
{
	struct bench b;

	bench_init(&b);
	bench_exchange(&b, 'A', 0, BENCH_OK);
	bench_exchange(&b, 'B', 0, "HTTP/1.1 200 BENCH_OK\r\ncontent-length: 2\r\n\r\nok");
	bench_exchange(&b, 'C', 0, BENCH_OK);
	bench_assert_trace(&b, "A:fresh A:200 B:reused B:200 C:reused C:200");
	assert_int_equal(bench_counts(&b).opened, 1);
	assert_int_equal(bench_counts(&b).reused, 2);
	bench_fini(&b);
}

TEST(pool_gives_the_last_one_first)
{
	struct bench b;
	char byte;

	bench_init(&b);
	bench_start(&b, 'A');
	bench_start(&b, 'B');
	bench_run_until(&b, bench_are_two_asking);
	bench_answer(&b, 0, BENCH_OK);
	bench_run_until(&b, bench_is_one_idle);
	bench_answer(&b, 1, BENCH_OK);
	bench_run_until(&b, bench_are_all_over);
	assert_int_equal(bench_counts(&b).idle, 2);
	bench_start(&b, 'C');
	bench_run_until(&b, bench_is_one_asking);
	assert_int_equal(recv(b.peers[1], &byte, 1, MSG_PEEK), 1);
	bench_answer(&b, 1, BENCH_OK);
	bench_run_until(&b, bench_are_all_over);
	bench_fini(&b);
}

TEST(pool_gives_what_cannot_be_repeated_a_fresh_connection)
{
	struct bench b;

	bench_init(&b);
	b.is_unsafe = true;
	b.cluster->pool.fresh_ms = 120000;
	bench_exchange(&b, 'A', 0, BENCH_OK);
	bench_exchange(&b, 'B', 0, BENCH_OK);
	b.cluster->pool.fresh_ms = 0;	/* now it was idle for too long */
	bench_exchange(&b, 'C', 1, BENCH_OK);
	b.is_unsafe = false;
	bench_exchange(&b, 'D', 1, BENCH_OK);	/* the last one first */
	bench_assert_trace(&b, "A:fresh A:200 B:reused B:200 C:fresh C:200 "
	    "D:reused D:200");
	assert_int_equal(bench_counts(&b).idle, 2);
	bench_fini(&b);
}

TEST(pool_drops_what_cannot_be_used_again)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 BENCH_OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
		"HTTP/1.0 200 BENCH_OK\r\ncontent-length: 0\r\n\r\n",
		BENCH_OK "more",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct bench b;

		bench_init(&b);
		bench_exchange(&b, 'A', 0, answers[i]);
		bench_run_until(&b, bench_is_none_idle);
		bench_exchange(&b, 'B', 1, BENCH_OK);
		bench_assert_trace(&b, "A:fresh A:200 B:fresh B:200");
		bench_fini(&b);
	}
}

TEST(pool_drops_idle_connections_that_end_or_speak)
{
	for (int speaks = 0; speaks < 2; speaks++) {
		struct bench b;

		bench_init(&b);
		bench_exchange(&b, 'A', 0, BENCH_OK);
		assert_int_equal(bench_counts(&b).idle, 1);
		if (speaks)
			assert_int_equal(send(b.peers[0], BENCH_OK, strlen(BENCH_OK), 0),
			    strlen(BENCH_OK));
		else
			shutdown(b.peers[0], SHUT_WR);
		bench_run_until(&b, bench_is_none_idle);
		bench_exchange(&b, 'B', 1, BENCH_OK);
		bench_assert_trace(&b, "A:fresh A:200 B:fresh B:200");
		bench_fini(&b);
	}
}

TEST(pool_idle_connections_have_their_time)
{
	struct bench b;

	bench_init(&b);
	b.cluster->pool.idle_ms = 5;
	bench_exchange(&b, 'A', 0, BENCH_OK);
	bench_run_until(&b, bench_is_none_idle);
	bench_fini(&b);
}

/* --- endpoints that leave -------------------------------------------------------- */

TEST(pool_closes_idle_connections_of_who_left)
{
	struct bench b;

	bench_init(&b);
	bench_exchange(&b, 'A', 0, BENCH_OK);
	upstream_replace(b.up, b.cluster, b.cluster);
	assert_int_equal(bench_counts(&b).idle, 1);
	upstream_replace(b.up, b.cluster, NULL);
	bench_run_until(&b, bench_is_none_idle);
	bench_fini(&b);
}

/* The set after this one: with its endpoint, or with another. */
static struct cluster *
successor(struct bench *b, bool keeps)
{
	struct cluster *c = cluster_new(b->registry, SLICE("default/web"),
	    SLICE("80"));
	struct endpoint e = b->cluster->v[0];

	e.workload = keeps ? e.workload : SLICE("default/other");
	cluster_add(c, b->registry, &e);
	cluster_seal(c);
	return c;
}

TEST(pool_keeps_idle_connections_of_who_is_in_the_next_set)
{
	struct bench b;

	bench_init(&b);
	bench_exchange(&b, 'A', 0, BENCH_OK);
	struct cluster *same = successor(&b, true);
	struct cluster *other = successor(&b, false);

	/* A set that is compiled already does not matter before its turn. */
	upstream_replace(b.up, b.cluster, same);
	assert_int_equal(bench_counts(&b).idle, 1);
	upstream_replace(b.up, same, other);
	bench_run_until(&b, bench_is_none_idle);
	cluster_unref(same);
	cluster_unref(other);
	bench_fini(&b);
}

/* Of many that are connected one service's few; the others stay. */
TEST(pool_closes_idle_connections_of_who_left_among_others)
{
	struct bench b;

	bench_init(&b);
	struct cluster *web = b.cluster;
	struct cluster *other = cluster_new(b.registry, SLICE("default/db"),
	    SLICE("80"));
	cluster_add(other, b.registry, &web->v[0]);
	cluster_seal(other);

	bench_exchange(&b, 'A', 0, BENCH_OK);
	b.cluster = other;
	bench_exchange(&b, 'B', 1, BENCH_OK);
	b.cluster = web;
	assert_int_equal(bench_counts(&b).idle, 2);
	struct cluster *same = successor(&b, true);

	upstream_replace(b.up, web, same);
	upstream_replace(b.up, other, other);
	assert_int_equal(bench_counts(&b).idle, 2);
	upstream_replace(b.up, other, NULL);
	bench_exchange(&b, 'C', 0, BENCH_OK);
	assert_int_equal(bench_counts(&b).idle, 1);
	bench_assert_trace(&b, "A:fresh A:200 B:fresh B:200 C:reused C:200");
	cluster_unref(same);
	cluster_unref(other);
	bench_fini(&b);
}

static bool
is_second_answered(struct bench *b)
{
	return b->calls[1].attempt == NULL;
}

TEST(pool_keeps_nothing_of_an_earlier_identity)
{
	struct bench b;

	bench_init(&b);
	b.generation = 1;	/* as if proven with it */
	upstream_identify(b.up, 1);
	bench_start(&b, 'A');
	bench_start(&b, 'B');
	bench_run_until(&b, bench_are_two_asking);
	bench_answer(&b, 0, BENCH_OK);
	bench_run_until(&b, bench_is_one_idle);
	upstream_identify(b.up, 2);
	bench_run_until(&b, bench_is_none_idle);
	bench_answer(&b, 1, BENCH_OK);
	bench_run_until(&b, is_second_answered);
	assert_int_equal(bench_counts(&b).idle, 0);
	/* Made meanwhile, or before we heard: it is not older than we know. */
	b.generation = 3;
	bench_exchange(&b, 'C', 2, BENCH_OK);
	assert_int_equal(bench_counts(&b).idle, 1);
	upstream_identify(b.up, 3);
	bench_exchange(&b, 'D', 2, BENCH_OK);
	bench_assert_trace(&b, "A:fresh B:fresh A:200 B:200 C:fresh C:200 D:reused D:200");
	bench_fini(&b);
}

TEST(pool_keeps_plain_connections_whoever_we_are)
{
	struct bench b;

	bench_init(&b);
	bench_exchange(&b, 'A', 0, BENCH_OK);
	upstream_identify(b.up, 2);
	bench_exchange(&b, 'B', 0, BENCH_OK);
	bench_assert_trace(&b, "A:fresh A:200 B:reused B:200");
	bench_fini(&b);
}

TEST(pool_lets_who_left_finish)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, 'A');
	bench_run_until(&b, bench_is_one_asking);
	upstream_replace(b.up, b.cluster, NULL);
	bench_answer(&b, 0, BENCH_OK);
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:fresh A:200");
	assert_int_equal(bench_counts(&b).idle, 0);
	bench_fini(&b);
}

/* --- peers that end idle connections --------------------------------------------- */

static bool
is_learnt(struct bench *b)
{
	return keepalive_idle_ms(&b->cluster->v[0].state->keepalive, 30000) <
	    30000;
}

TEST(pool_retires_connections_before_their_peer_does)
{
	struct bench b;
	struct keepalive *k;

	bench_init(&b);
	k = &b.cluster->v[0].state->keepalive;
	keepalive_ended(k, 60, 1);
	bench_exchange(&b, 'A', 0, BENCH_OK);
	assert_int_equal(bench_counts(&b).idle, 1);
	bench_run_until(&b, bench_is_none_idle);	/* after 45 ms */
	assert_true(k->limit_ms > 60);	/* one end is not sure */
	bench_exchange(&b, 'B', 1, BENCH_OK);
	bench_assert_trace(&b, "A:fresh A:200 B:fresh B:200");
	bench_fini(&b);
}

static uint64_t ended_after_ms;

static bool
has_peer_waited(struct bench *b)
{
	if (loop_now_ms(b->loop) < ended_after_ms)
		return false;
	if (b->peers[0] >= 0)
		bench_reset(b, 0);
	return is_learnt(b);
}

/* Whether it shows in the idle connection or in the request that met it. */
TEST(pool_learns_when_a_peer_ends_an_idle_connection)
{
	struct bench b;

	bench_init(&b);
	bench_exchange(&b, 'A', 0, BENCH_OK);
	ended_after_ms = loop_now_ms(b.loop) + 60;
	bench_run_until(&b, has_peer_waited);
	assert_int_equal(bench_counts(&b).idle, 0);
	assert_in_range(b.cluster->v[0].state->keepalive.limit_ms, 50, 20000);
	bench_fini(&b);
}

static bool
has_time_passed(struct bench *b)
{
	return loop_now_ms(b->loop) >= ended_after_ms;
}

TEST(pool_connections_wear_out)
{
	struct bench b;

	bench_init(&b);
	b.cluster->pool.requests = 2;
	bench_exchange(&b, 'A', 0, BENCH_OK);
	bench_exchange(&b, 'B', 0, BENCH_OK);
	b.cluster->pool.age_ms = 1;	/* of those that are made from here on */
	bench_exchange(&b, 'C', 1, BENCH_OK);
	bench_assert_trace(&b, "A:fresh A:200 B:reused B:200 C:fresh C:200");
	b.cluster->pool.requests = 0;
	ended_after_ms = loop_now_ms(b.loop) + 2;
	bench_run_until(&b, has_time_passed);
	bench_exchange(&b, 'D', 2, BENCH_OK);
	bench_fini(&b);
}
