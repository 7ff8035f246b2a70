#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "upstream/bench_fixture.h"
#include "upstream/health.h"
#include "upstream/outlier.h"

#define NOW	100000

/* --- thresholds and intervals -------------------------------------------------- */

/* Results as '+' and '-' ('?': unknown), and whether it is healthy after each. */
TEST(health_thresholds)
{
	static const struct {
		const char *results, *healthy;
		bool        is_out_at_first;
	} v[] = {
		{ "++-++--+---", "++++++++++-", false },
		{ "+---+-++--+", "+++----++++", false },
		{ "+++", "+++", true },		/* the first one counts */
		{ "-+", "-+", true },
		{ "---+", "++--", false },
		{ "+--?-+?+", "++++---+", false },
	};

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		struct bench b;

		bench_init(&b);
		struct endpoint_state *s = b.cluster->v[0].state;
		const char *healthy = v[k].healthy;

		b.cluster->health.kind = HEALTH_TCP;
		if (v[k].is_out_at_first)
			endpoint_mark(s, MARK_UNHEALTHY);
		for (const char *r = v[k].results; *r != '\0'; r++, healthy++) {
			health_result(b.cluster, s, *r == '+' ? PROBE_OK :
			    *r == '-' ? PROBE_FAILED : PROBE_UNKNOWN, NOW);
			bool is = !(endpoint_marks(s) & MARK_UNHEALTHY);

			if (is != (*healthy == '+'))
				fail_msg("%s: %s", v[k].results, r);
		}
		bench_fini(&b);
	}
}

TEST(health_intervals)
{
	struct bench b;

	bench_init(&b);
	struct endpoint_state *s = b.cluster->v[0].state;
	struct cluster *c = b.cluster;

	for (int i = 0; i < 100; i++) {
		endpoint_unmark(s, MARK_UNHEALTHY);
		s->was_checked = false;
		s->health_streak = 0;
		assert_in_range(health_result(c, s, PROBE_OK, NOW), 10000,
		    11000);
		for (int k = 0; k < 2; k++)
			assert_in_range(health_result(c, s, PROBE_FAILED, NOW),
			    1000, 1100);
		c->health.unhealthy_ms = 30000;
		assert_in_range(health_result(c, s, PROBE_FAILED, NOW), 30000,
		    33000);
		assert_in_range(health_result(c, s, PROBE_OK, NOW), 1000, 1100);
		assert_in_range(health_result(c, s, PROBE_OK, NOW), 10000,
		    11000);
	}
	bench_fini(&b);
}

TEST(health_success_ends_no_ejection_and_warms_up)
{
	struct bench b;

	bench_init(&b);
	struct endpoint_state *s = b.cluster->v[0].state;

	b.cluster->balance.slow_start_ms = 10000;
	health_result(b.cluster, s, PROBE_OK, NOW);
	assert_int_equal(endpoint_marks(s), 0);
	endpoint_mark(s, MARK_OUT);
	for (int i = 0; i < 3; i++)
		health_result(b.cluster, s, PROBE_OK, NOW);
	assert_int_equal(endpoint_marks(s), MARK_OUT);
	endpoint_unmark(s, MARK_OUT);
	for (int i = 0; i < 3; i++)
		health_result(b.cluster, s, PROBE_FAILED, NOW);
	assert_int_equal(endpoint_marks(s), MARK_UNHEALTHY);
	for (int i = 0; i < 2; i++)
		health_result(b.cluster, s, PROBE_OK, NOW + 7);
	assert_int_equal(endpoint_marks(s), MARK_WARMING);
	assert_int_equal(s->warm_from_ms, NOW + 7);
	bench_fini(&b);
}

/* --- with a server ----------------------------------------------------------------- */

static const char *reply;	/* NULL: none */
static char asked[512];

static void
serve(struct bench *b)
{
	int fd;

	while ((fd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (b->peers_len == BENCH_PEERS)
			close(b->peers[--b->peers_len]);
		b->peers[b->peers_len++] = fd;
	}
	for (int i = 0; i < b->peers_len; i++) {
		ssize_t n = recv(b->peers[i], asked, sizeof(asked) - 1, 0);

		if (n <= 0)
			continue;
		asked[n] = '\0';
		if (reply != NULL)
			send(b->peers[i], reply, strlen(reply), MSG_NOSIGNAL);
	}
}

static bool
is_unhealthy(struct bench *b)
{
	serve(b);
	return endpoint_marks(b->cluster->v[0].state) & MARK_UNHEALTHY;
}

static bool
is_healthy(struct bench *b)
{
	serve(b);
	return b->cluster->v[0].state->was_checked &&
	    !(endpoint_marks(b->cluster->v[0].state) & MARK_UNHEALTHY);
}

static void
set_quick(struct cluster *c, enum health_kind kind)
{
	c->health.kind = kind;
	c->health.path = SLICE("/ready");
	c->health.host = SLICE("web.example");
	c->health.interval_ms = c->health.edge_ms = 1;
	c->health.unhealthy_ms = 1;
	c->health.is_out_at_first = true;
}

TEST(health_asks_over_http)
{
	static const char *const bad[] = {
		"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
		"SSH-2.0-OpenSSH\r\n", NULL,
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bench b;

		bench_init(&b);
		set_quick(b.cluster, HEALTH_HTTP);
		struct health *h = health_new(b.up);

		reply = BENCH_OK;
		health_watch(h, &b.cluster, 1);
		assert_true(is_unhealthy(&b));	/* at first */
		bench_run_until(&b, is_healthy);
		assert_non_null(strstr(asked, "GET /ready HTTP/1.1\r\n"));
		assert_non_null(strstr(asked, "web.example\r\n"));
		reply = bad[i];
		b.cluster->health.timeout_ms = bad[i] == NULL ? 5 : 1000;
		bench_run_until(&b, is_unhealthy);
		reply = BENCH_OK;
		b.cluster->health.timeout_ms = 1000;
		bench_run_until(&b, is_healthy);
		/* Traffic does not see them. */
		assert_int_equal(b.cluster->v[0].state->requests, 0);
		health_close(h);
		bench_fini(&b);
		health_free(h);
	}
}

TEST(health_connects_over_tcp)
{
	struct bench b;

	bench_init(&b);
	set_quick(b.cluster, HEALTH_TCP);
	struct health *h = health_new(b.up);

	reply = NULL;
	health_watch(h, &b.cluster, 1);
	bench_run_until(&b, is_healthy);
	for (int i = 0; i < b.peers_len; i++)
		close(b.peers[i]);
	b.peers_len = 0;
	close(b.listener);
	b.listener = -1;
	bench_run_until(&b, is_unhealthy);
	/* Without checks it is as good as any. */
	b.cluster->health.kind = HEALTH_OFF;
	health_watch(h, NULL, 0);
	health_watch(h, &b.cluster, 1);
	assert_false(endpoint_marks(b.cluster->v[0].state) & MARK_UNHEALTHY);
	health_close(h);
	bench_fini(&b);
	health_free(h);
}

static bool
is_ejected(struct bench *b)
{
	return endpoint_marks(b->cluster->v[0].state) & MARK_OUT;
}

TEST(health_sweeps_for_outliers)
{
	struct bench b;

	bench_init(&b);
	for (uint16_t i = 1; i < 6; i++) {
		struct endpoint e = { .weight = 1 };
		struct err err = ERR_INIT;

		assert_int_equal(addr_from_ip(SLICE("127.0.0.2"), i, &e.addr,
		    &err), 0);
		cluster_add(b.cluster, b.registry, &e);
	}
	b.cluster->outlier.interval_ms = 1;
	cluster_seal(b.cluster);
	for (size_t i = 0; i < 6; i++)
		atomic_store(&b.cluster->v[i].state->requests, 1000);
	atomic_store(&b.cluster->v[0].state->failures, 500);
	struct health *h = health_new(b.up);

	health_watch(h, &b.cluster, 1);
	bench_run_until(&b, is_ejected);
	health_close(h);
	bench_fini(&b);
	health_free(h);
}
