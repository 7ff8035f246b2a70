#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "upstream/bench_fixture.h"
#include "upstream/upstream_run.h"

/* Frames of a server, as bytes. */
#define SETTINGS	"\0\0\0\4\0\0\0\0\0"
#define ONE_STREAM	"\0\0\6\4\0\0\0\0\0\0\3\0\0\0\1"
#define GOAWAY(last)	"\0\0\10\7\0\0\0\0\0\0\0\0" last "\0\0\0\0"
/* :status 200, and the end. */
#define ANSWER(id)	"\0\0\1\1\5\0\0\0" id "\x88"
#define REFUSE(id)	"\0\0\4\3\0\0\0\0" id "\0\0\0\7"

static void
say(struct bench *b, int peer, const char *frames, size_t len)
{
	assert_true(peer < b->peers_len);
	assert_int_equal(send(b->peers[peer], frames, len, MSG_NOSIGNAL), len);
}
#define SAY(b, peer, frames)	say(b, peer, frames, sizeof(frames) - 1)

static void
init(struct bench *b)
{
	bench_init(b);
	b->cluster->is_h2 = true;
}

/* What was asked so far is read: the next request can be waited for. */
static void
hear(struct bench *b, int peer)
{
	char bytes[1000];

	while (recv(b->peers[peer], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static bool
has_one_peer(struct bench *b)
{
	return bench_is_one_asking(b) && b->peers_len == 1;
}

static bool
has_two_peers(struct bench *b)
{
	return bench_are_two_asking(b) && b->peers_len == 2;
}

static bool
is_one_over(struct bench *b)
{
	return b->calls[0].attempt == NULL || b->calls[1].attempt == NULL;
}

TEST(pool_puts_many_exchanges_on_one_connection)
{
	struct bench b;

	init(&b);
	bench_start(&b, 'A');
	bench_start(&b, 'B');
	bench_start(&b, 'C');
	assert_int_equal(bench_counts(&b).connecting, 1);
	bench_run_until(&b, has_one_peer);
	SAY(&b, 0, SETTINGS ANSWER("\5") ANSWER("\1") ANSWER("\3"));
	bench_run_until(&b, bench_are_all_over);
	bench_run_until(&b, bench_is_one_idle);
	assert_int_equal(bench_counts(&b).opened, 1);
	bench_assert_trace(&b, "A:fresh B:reused C:reused C:200 A:200 B:200");
	bench_fini(&b);
}

TEST(pool_keeps_a_shared_connection_for_the_next)
{
	struct bench b;

	init(&b);
	for (int i = 0; i < 3; i++) {
		static const char *const answers[] = {
			SETTINGS ANSWER("\1"), ANSWER("\3"), ANSWER("\5")
		};

		if (i > 0)
			hear(&b, 0);	/* that our settings are known */
		bench_start(&b, (char)('A' + i));
		bench_run_until(&b, has_one_peer);
		hear(&b, 0);
		say(&b, 0, answers[i], i == 0 ? sizeof(SETTINGS
		    ANSWER("\1")) - 1 : sizeof(ANSWER("\3")) - 1);
		bench_run_until(&b, bench_are_all_over);
		bench_run_until(&b, bench_is_one_idle);
	}
	assert_int_equal(bench_counts(&b).opened, 1);
	bench_fini(&b);
}

TEST(pool_makes_another_where_a_connection_is_full)
{
	struct bench b;

	init(&b);
	bench_start(&b, 'A');
	bench_run_until(&b, has_one_peer);
	SAY(&b, 0, ONE_STREAM ANSWER("\1"));
	bench_run_until(&b, bench_is_one_idle);
	bench_start(&b, 'B');
	bench_start(&b, 'C');
	bench_run_until(&b, has_two_peers);
	SAY(&b, 0, ANSWER("\3"));
	SAY(&b, 1, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	assert_int_equal(bench_counts(&b).opened, 2);
	bench_fini(&b);
}

/* Two that begin in one turn may not both fit on the first that has room. */
TEST(pool_fills_the_next_before_it_makes_another)
{
	struct bench b;

	init(&b);
	bench_start(&b, 'A');
	bench_run_until(&b, has_one_peer);
	SAY(&b, 0, ONE_STREAM ANSWER("\1"));
	bench_run_until(&b, bench_is_one_idle);
	bench_start(&b, 'B');
	bench_start(&b, 'C');
	bench_run_until(&b, has_two_peers);
	SAY(&b, 0, ANSWER("\3"));
	SAY(&b, 1, ONE_STREAM ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	hear(&b, 0);
	hear(&b, 1);
	bench_start(&b, 'D');
	bench_start(&b, 'E');
	bench_run_until(&b, has_two_peers);
	SAY(&b, 0, ANSWER("\5"));
	SAY(&b, 1, ANSWER("\3"));
	bench_run_until(&b, bench_are_all_over);
	assert_int_equal(bench_counts(&b).opened, 2);
	bench_fini(&b);
}

TEST(pool_leaves_a_connection_that_goes)
{
	struct bench b;

	init(&b);
	bench_start(&b, 'A');
	bench_start(&b, 'B');
	bench_run_until(&b, has_one_peer);
	/* It takes the first, and neither the second nor a third. */
	SAY(&b, 0, SETTINGS GOAWAY("\1"));
	bench_run_until(&b, is_one_over);
	bench_start(&b, 'C');
	bench_run_until(&b, has_two_peers);
	SAY(&b, 0, ANSWER("\1"));
	SAY(&b, 1, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	bench_run_until(&b, bench_is_one_idle);
	assert_int_equal(bench_counts(&b).opened, 2);
	assert_non_null(strstr(str_ptr(&b.trace), "B:refused"));
	assert_non_null(strstr(str_ptr(&b.trace), "A:200"));
	assert_non_null(strstr(str_ptr(&b.trace), "C:200"));
	bench_fini(&b);
}

TEST(pool_tells_that_a_stream_was_refused)
{
	struct bench b;

	init(&b);
	bench_start(&b, 'A');
	bench_run_until(&b, has_one_peer);
	SAY(&b, 0, SETTINGS REFUSE("\1"));
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:fresh A:refused");
	assert_int_equal(bench_counts(&b).idle, 1);
	bench_fini(&b);
}

TEST(pool_serves_who_waits_where_the_endpoint_left_meanwhile)
{
	for (int is_h2 = 0; is_h2 < 2; is_h2++) {
		struct bench b;

		init(&b);
		b.cluster->is_h2 = is_h2;
		bench_start(&b, 'A');
		bench_start(&b, 'B');
		upstream_replace(b.up, b.cluster, NULL);
		bench_run_until(&b, has_two_peers);
		for (int i = 0; i < 2; i++)
			if (is_h2)
				SAY(&b, i, SETTINGS ANSWER("\1"));
			else
				SAY(&b, i, BENCH_OK);
		bench_run_until(&b, bench_are_all_over);
		bench_run_until(&b, bench_is_none_idle);
		bench_fini(&b);
	}
}

/* What is idle there in one version is of no use to the other. */
static bool
is_second_asking(struct bench *b)
{
	return bench_is_one_asking(b) && b->peers_len == 2;
}

/* It was taken, and its endpoint leaves the cluster before it is used. */
TEST(pool_leaves_a_shared_connection_that_is_closed_meanwhile)
{
	struct bench b;

	init(&b);
	b.is_unsafe = true;
	bench_start(&b, 'A');
	bench_run_until(&b, has_one_peer);
	SAY(&b, 0, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_is_one_idle);
	hear(&b, 0);
	bench_start(&b, 'B');
	upstream_replace(b.up, b.cluster, NULL);
	bench_run_until(&b, is_second_asking);
	SAY(&b, 1, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	bench_assert_trace(&b, "A:fresh A:200 B:fresh B:200");
	bench_fini(&b);
}

TEST(pool_has_connections_of_each_version)
{
	struct bench b;

	init(&b);
	b.cluster->is_h2 = false;
	bench_exchange(&b, 'A', 0, BENCH_OK);
	assert_int_equal(bench_counts(&b).idle, 1);
	b.cluster->is_h2 = true;
	bench_start(&b, 'B');
	bench_run_until(&b, bench_is_one_asking);
	assert_int_equal(b.peers_len, 2);
	SAY(&b, 1, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	assert_int_equal(bench_counts(&b).idle, 2);
	/* Who leaves takes both along. */
	upstream_replace(b.up, b.cluster, NULL);
	bench_run_until(&b, bench_is_none_idle);
	bench_fini(&b);
}

TEST(pool_that_cannot_connect_fails_all_who_wait_for_it)
{
	struct bench b;

	init(&b);
	close(b.listener);
	b.listener = -1;
	bench_start(&b, 'A');
	bench_start(&b, 'B');
	bench_start(&b, 'C');
	assert_int_equal(bench_counts(&b).connecting, 1);
	bench_run_until(&b, bench_are_all_over);
	assert_int_equal(bench_counts(&b).failed, 1);
	bench_fini(&b);
}

TEST(pool_gives_each_a_connection_of_its_own_where_none_is_shared)
{
	struct bench b;

	init(&b);
	b.cluster->pool.requests = 1;
	bench_start(&b, 'A');
	bench_start(&b, 'B');
	bench_run_until(&b, has_two_peers);
	SAY(&b, 0, SETTINGS ANSWER("\1"));
	SAY(&b, 1, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	bench_run_until(&b, bench_is_none_idle);
	assert_int_equal(bench_counts(&b).opened, 2);
	bench_fini(&b);
}

/* --- links between sidecars ----------------------------------------------- */

/* One on its way is enough for three where they are to share it. */
TEST(pool_of_a_sidecar_hopes_to_share_where_it_is_told)
{
	static const struct {
		enum link_choice link;
		bool             has_sidecar, is_busy;
		unsigned         connecting;	/* for three at once */
		uint64_t         requests;	/* of a connection; 0: any number */
	} v[] = {
		{ LINK_HTTP2, true, false, 1, 0 },
		{ LINK_HTTP2, false, false, 3, 0 },
		{ LINK_HTTP2, true, false, 3, 5 },
		{ LINK_HTTP2, true, false, 1, 500 },
		{ LINK_HTTP1, true, true, 3, 0 },
		{ LINK_BY_LOAD, true, false, 3, 0 },
		{ LINK_BY_LOAD, true, true, 1, 0 },
		{ LINK_BY_LOAD, true, true, 3, 1 },
		{ LINK_BY_LOAD, false, true, 3, 0 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;

		bench_init(&b);
		b.cluster->pool.link = v[i].link;
		b.cluster->pool.requests = v[i].requests;
		if (v[i].has_sidecar)
			b.cluster->v[0].id = SLICE("spiffe://a/b");
		struct endpoint_local *l = endpoint_local_get(b.up, b.cluster,
		    &b.cluster->v[0]);

		l->users++;
		l->load.is_shared = v[i].is_busy;
		bench_start(&b, 'A');
		bench_start(&b, 'B');
		bench_start(&b, 'C');
		if (bench_counts(&b).connecting != v[i].connecting)
			fail_msg("%zu: %u", i,
			    (unsigned)bench_counts(&b).connecting);
		l->users--;
		for (int k = 0; k < 3; k++)	/* before anything is sent */
			bench_finish(&b.calls[k], ATTEMPT_CANCELLED);
		bench_fini(&b);
	}
}

/* What there is to say of a connection by itself was said, or it has ended. */
static bool
is_settled(struct bench *b)
{
	return bench_is_one_asking(b) || bench_is_none_idle(b);
}

/* The caller has gone meanwhile: what was made for it is of no use to another. */
TEST(pool_says_for_whom_a_connection_is_before_all_else)
{
	struct bench b;
	char first[6] = "";

	init(&b);
	b.cluster->announce = PROXY_V1;
	bench_start(&b, 'A');
	bench_finish(&b.calls[0], ATTEMPT_CANCELLED);
	bench_run_until(&b, bench_is_none_connecting);
	bench_run_until(&b, is_settled);
	bench_start(&b, 'B');
	bench_run_until(&b, bench_is_one_asking);
	assert_int_equal(recv(b.peers[b.peers_len - 1], first, 5, 0), 5);
	assert_string_equal(first, "PROXY");
	bench_finish(&b.calls[1], ATTEMPT_CANCELLED);
	bench_fini(&b);
}

/* --- age and silence ------------------------------------------------------- */

static uint64_t wait_ms;

static bool
has_time_passed(struct bench *b)
{
	return loop_now_ms(b->loop) >= wait_ms;
}

static bool
has_peer_seen_the_end(struct bench *b)
{
	char bytes[1000];
	ssize_t n;

	while ((n = recv(b->peers[0], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		;
	return n == 0;
}

/* What is under way goes on; what is new goes elsewhere. */
TEST(pool_leaves_a_shared_connection_that_is_old)
{
	struct bench b;

	init(&b);
	b.cluster->pool.age_ms = 20;
	bench_start(&b, 'A');
	bench_run_until(&b, has_one_peer);
	wait_ms = loop_now_ms(b.loop) + 30;
	bench_run_until(&b, has_time_passed);
	bench_start(&b, 'B');
	bench_run_until(&b, has_two_peers);
	SAY(&b, 0, SETTINGS ANSWER("\1"));
	SAY(&b, 1, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	bench_run_until(&b, has_peer_seen_the_end);
	assert_non_null(strstr(str_ptr(&b.trace), "A:200"));
	assert_non_null(strstr(str_ptr(&b.trace), "B:200"));
	bench_fini(&b);
}

TEST(pool_cuts_what_is_under_way_after_the_grace)
{
	struct bench b;

	init(&b);
	b.cluster->pool.age_ms = 10;
	b.cluster->pool.grace_ms = 10;
	bench_start(&b, 'A');
	bench_run_until(&b, has_one_peer);
	bench_run_until(&b, bench_are_all_over);
	bench_run_until(&b, has_peer_seen_the_end);
	assert_null(strstr(str_ptr(&b.trace), "A:200"));
	bench_fini(&b);
}

TEST(pool_ends_a_connection_whose_peer_does_not_answer)
{
	for (int is_wanted = 0; is_wanted < 2; is_wanted++) {
		struct bench b;

		init(&b);
		b.cluster->pool.ping_ms = 10;
		b.cluster->pool.pong_ms = 10;
		b.cluster->pool.pings_all = is_wanted;
		bench_start(&b, 'A');
		bench_run_until(&b, has_one_peer);
		if (is_wanted) {
			bench_run_until(&b, bench_are_all_over);
			assert_null(strstr(str_ptr(&b.trace), "A:200"));
		} else {
			/* A stranger is not asked. */
			wait_ms = loop_now_ms(b.loop) + 60;
			bench_run_until(&b, has_time_passed);
			SAY(&b, 0, SETTINGS ANSWER("\1"));
			bench_run_until(&b, bench_are_all_over);
			assert_non_null(strstr(str_ptr(&b.trace), "A:200"));
		}
		bench_fini(&b);
	}
}

TEST(pool_tells_the_peer_what_its_cluster_says)
{
	struct bench b;
	char bytes[1000];
	/* INITIAL_WINDOW_SIZE of 128 KiB. */
	static const char window[] = "\0\4\0\2\0\0";

	init(&b);
	b.cluster->pool.h2.window = 128 * 1024;
	bench_start(&b, 'A');
	bench_run_until(&b, has_one_peer);
	ssize_t n = recv(b.peers[0], bytes, sizeof(bytes), MSG_DONTWAIT);

	assert_true(n > 0);
	assert_non_null(memmem(bytes, (size_t)n, window, 6));
	SAY(&b, 0, SETTINGS ANSWER("\1"));
	bench_run_until(&b, bench_are_all_over);
	bench_fini(&b);
}
