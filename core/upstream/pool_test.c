#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "base/unit.h"
#include "upstream/upstream.h"

/*
 * Attempts against a server on loopback that the test plays by hand.  Each
 * attempt is a letter; what happens to it is written into one trace.
 */
#define CALLS	4
#define PEERS	8

struct call {
	struct attempt *attempt;	/* NULL: over */
	struct stream  *stream;
	struct arena    arena;
	char            name;
};

struct bench {
	struct loop             *loop;
	struct worker_env        env;
	struct upstream_env      upstream_env;
	struct upstream         *up;
	struct cluster_registry *registry;
	struct cluster          *cluster;
	int                      listener, peers[PEERS];
	int                      peers_len;
	struct call              calls[CALLS];
	struct str               trace;
	struct loop_task         poll;
	bool                   (*until)(void);
	struct timespec          deadline;
	uint64_t                 generation;	/* 0: plain text */
	bool                     is_unsafe;	/* requests are not idempotent */
};

static struct bench *B;

static void
say(struct call *c, const char *what)
{
	str_addf(&B->trace, "%s%c:%s", B->trace.len > 0 ? " " : "", c->name,
	    what);
}

/* --- waiting ------------------------------------------------------------------ */

static void
on_poll(void *arg)
{
	struct bench *b = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (b->until()) {
		loop_stop(b->loop);
		return;
	}
	if (now.tv_sec > b->deadline.tv_sec)
		fail_msg("it did not happen; so far: %s", str_ptr(&b->trace));
	loop_defer_next(b->loop, &b->poll);
}

static void
run_until(bool (*until)(void))
{
	clock_gettime(CLOCK_MONOTONIC, &B->deadline);
	B->deadline.tv_sec += 20;
	B->until = until;
	loop_defer_next(B->loop, &B->poll);
	loop_run(B->loop);
}

static bool
are_all_over(void)
{
	for (int i = 0; i < CALLS; i++)
		if (B->calls[i].attempt != NULL)
			return false;
	return true;
}

static struct upstream_counts
counts(void)
{
	struct upstream_counts c;

	upstream_count(B->up, &c);
	return c;
}

static bool
is_none_idle(void)
{
	return counts().idle == 0;
}

static bool
is_one_idle(void)
{
	return counts().idle == 1;
}

static bool
is_none_connecting(void)
{
	return counts().connecting == 0;
}

/* --- attempts ------------------------------------------------------------------ */

static void
finish(struct call *c, enum attempt_result result)
{
	struct attempt *a = c->attempt;

	c->attempt = NULL;
	c->stream = NULL;
	attempt_finish(a, result, STREAM_OK);
}

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct call *c = owner;

	say(c, h->status == 200 ? "200" : "other");
	if (end)
		finish(c, ATTEMPT_OK);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	(void)b;
	if (end)
		finish(owner, ATTEMPT_OK);
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	(void)owner;
	(void)t;
}

static void
on_drained(void *owner)
{
	(void)owner;
}

static void
on_reset(void *owner, enum stream_error error)
{
	struct call *c = owner;

	say(c, stream_error_name(error));
	finish(c, ATTEMPT_FAILED);
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_drained = on_drained, .on_reset = on_reset,
};

static void
on_stream(void *owner, struct stream *s, struct conn_peer *peer, bool reused)
{
	struct call *c = owner;
	struct http_head h;

	if (B->generation > 0 && !peer->is_tls) {
		peer->is_tls = true;
		peer->bundle_generation = B->generation;
	}
	say(c, reused ? "reused" : "fresh");
	c->stream = s;
	stream_set_owner(s, &stream_events, c);
	http_head_init(&h, &c->arena);
	h.method = SLICE("GET");
	h.method_id = METHOD_GET;
	h.authority = SLICE("a");
	h.path = SLICE("/");
	stream_send_head(s, &h, true);
}

static void
on_failed(void *owner, enum response_flag flag, const char *details)
{
	struct call *c = owner;

	(void)flag;
	say(c, details);
	finish(c, ATTEMPT_FAILED);
}

static const struct attempt_events attempt_events = { on_stream, on_failed };

static struct call *
start(char name)
{
	struct call *c = &B->calls[name - 'A'];

	c->name = name;
	arena_init(&c->arena);
	const struct attempt_order order = {
		.cluster = B->cluster, .endpoint = &B->cluster->v[0],
		.arena = &c->arena, .is_idempotent = !B->is_unsafe,
	};

	c->attempt = attempt_start(B->up, &order, &attempt_events, c);
	return c;
}

/* --- the server ------------------------------------------------------------------ */

/* Takes new connections; gives whether so many have sent something. */
static int
asking(void)
{
	int n = 0, fd;

	while ((fd = accept4(B->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		B->peers[B->peers_len++] = fd;
	for (int i = 0; i < B->peers_len; i++) {
		char byte;

		n += recv(B->peers[i], &byte, 1, MSG_PEEK) == 1;
	}
	return n;
}

static bool
is_one_asking(void)
{
	return asking() == 1;
}

static bool
are_two_asking(void)
{
	return asking() == 2;
}

static void
answer(int peer, const char *text)
{
	char request[1024];

	assert_true(recv(B->peers[peer], request, sizeof(request), 0) > 0);
	assert_int_equal(send(B->peers[peer], text, strlen(text), 0),
	    strlen(text));
}

static void
reset(int peer)
{
	struct linger l = { 1, 0 };

	setsockopt(B->peers[peer], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(B->peers[peer]);
	B->peers[peer] = -1;
}

#define OK	"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

/* One exchange from begin to end. */
static void
exchange(char name, int peer, const char *text)
{
	start(name);
	run_until(is_one_asking);
	answer(peer, text);
	run_until(are_all_over);
}

static void
bench_init(struct bench *b)
{
	struct endpoint e = { .weight = 1 };
	struct err err = ERR_INIT;

	*b = (struct bench){ .loop = loop_new("bench") };
	B = b;
	worker_env_init(&b->env, b->loop, 0, NULL);
	b->upstream_env.limits = &http_limits_default;
	b->up = upstream_new(&b->env, &b->upstream_env);
	b->registry = cluster_registry_new();
	loop_task_init(&b->poll, on_poll, b);
	assert_int_equal(addr_from_ip(SLICE("127.0.0.1"), 0, &e.addr, &err), 0);
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(b->listener, &e.addr.sa, e.addr.len), 0);
	assert_int_equal(listen(b->listener, 16), 0);
	assert_int_equal(getsockname(b->listener, &e.addr.sa, &e.addr.len), 0);
	b->cluster = cluster_new(b->registry, SLICE("default/web"),
	    SLICE("80"));
	cluster_add(b->cluster, b->registry, &e);
	cluster_seal(b->cluster);
}

static void
bench_fini(struct bench *b)
{
	assert_true(are_all_over());
	upstream_close(b->up);
	run_until(is_none_idle);
	assert_int_equal(counts().active, 0);
	assert_int_equal(b->cluster->state->requests, 0);
	assert_int_equal(b->cluster->state->conns, 0);
	assert_int_equal(b->cluster->state->pending, 0);
	assert_int_equal(b->cluster->v[0].state->active, 0);
	upstream_free(b->up);
	cluster_unref(b->cluster);
	loop_free(b->loop);
	cluster_registry_free(b->registry);
	for (int i = 0; i < CALLS; i++)
		arena_fini(&b->calls[i].arena);
	for (int i = 0; i < b->peers_len; i++)
		if (b->peers[i] >= 0)
			close(b->peers[i]);
	if (b->listener >= 0)
		close(b->listener);
	str_fini(&b->trace);
}

#define assert_trace(text) assert_string_equal(str_ptr(&B->trace), text)

/* --- the end ------------------------------------------------------------------- */

/* No timer of a dial is left behind: loop_free in bench_fini checks it. */
TEST(pool_gives_up_connects_at_the_end)
{
	struct bench b;

	bench_init(&b);
	start('A');
	assert_int_equal(counts().connecting, 1);
	upstream_close(b.up);
	assert_int_equal(counts().connecting, 0);
	start('B');
	assert_int_equal(counts().connecting, 0);
	for (int i = 0; i < 2; i++) {
		attempt_finish(b.calls[i].attempt, ATTEMPT_CANCELLED,
		    STREAM_CANCEL);
		b.calls[i].attempt = NULL;
	}
	assert_int_equal(counts().opened, 0);
	bench_fini(&b);
}

TEST(pool_closes_exchanges_at_the_end)
{
	struct bench b;

	bench_init(&b);
	start('A');
	run_until(is_one_asking);
	upstream_close(b.up);
	run_until(are_all_over);
	bench_fini(&b);
}

/* --- connections used again ---------------------------------------------------- */

TEST(pool_uses_a_connection_again)
{
	struct bench b;

	bench_init(&b);
	exchange('A', 0, OK);
	exchange('B', 0, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
	exchange('C', 0, OK);
	assert_trace("A:fresh A:200 B:reused B:200 C:reused C:200");
	assert_int_equal(counts().opened, 1);
	assert_int_equal(counts().reused, 2);
	bench_fini(&b);
}

TEST(pool_gives_the_last_one_first)
{
	struct bench b;
	char byte;

	bench_init(&b);
	start('A');
	start('B');
	run_until(are_two_asking);
	answer(0, OK);
	run_until(is_one_idle);
	answer(1, OK);
	run_until(are_all_over);
	assert_int_equal(counts().idle, 2);
	start('C');
	run_until(is_one_asking);
	assert_int_equal(recv(b.peers[1], &byte, 1, MSG_PEEK), 1);
	answer(1, OK);
	run_until(are_all_over);
	bench_fini(&b);
}

TEST(pool_gives_what_cannot_be_repeated_a_fresh_connection)
{
	struct bench b;

	bench_init(&b);
	b.is_unsafe = true;
	b.cluster->pool_fresh_ms = 120000;
	exchange('A', 0, OK);
	exchange('B', 0, OK);
	b.cluster->pool_fresh_ms = 0;	/* now it was idle for too long */
	exchange('C', 1, OK);
	b.is_unsafe = false;
	exchange('D', 1, OK);	/* the last one first */
	assert_trace("A:fresh A:200 B:reused B:200 C:fresh C:200 "
	    "D:reused D:200");
	assert_int_equal(counts().idle, 2);
	bench_fini(&b);
}

TEST(pool_drops_what_cannot_be_used_again)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
		"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
		OK "more",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct bench b;

		bench_init(&b);
		exchange('A', 0, answers[i]);
		run_until(is_none_idle);
		exchange('B', 1, OK);
		assert_trace("A:fresh A:200 B:fresh B:200");
		bench_fini(&b);
	}
}

TEST(pool_drops_idle_connections_that_end_or_speak)
{
	for (int speaks = 0; speaks < 2; speaks++) {
		struct bench b;

		bench_init(&b);
		exchange('A', 0, OK);
		assert_int_equal(counts().idle, 1);
		if (speaks)
			assert_int_equal(send(b.peers[0], OK, strlen(OK), 0),
			    strlen(OK));
		else
			shutdown(b.peers[0], SHUT_WR);
		run_until(is_none_idle);
		exchange('B', 1, OK);
		assert_trace("A:fresh A:200 B:fresh B:200");
		bench_fini(&b);
	}
}

TEST(pool_idle_connections_have_their_time)
{
	struct bench b;

	bench_init(&b);
	b.cluster->pool_idle_ms = 5;
	exchange('A', 0, OK);
	run_until(is_none_idle);
	bench_fini(&b);
}

/* --- endpoints that leave -------------------------------------------------------- */

TEST(pool_closes_idle_connections_of_who_left)
{
	struct bench b;

	bench_init(&b);
	exchange('A', 0, OK);
	upstream_replace(b.up, b.cluster, b.cluster);
	assert_int_equal(counts().idle, 1);
	upstream_replace(b.up, b.cluster, NULL);
	run_until(is_none_idle);
	bench_fini(&b);
}

static bool
is_second_answered(void)
{
	return B->calls[1].attempt == NULL;
}

TEST(pool_keeps_nothing_of_an_earlier_identity)
{
	struct bench b;

	bench_init(&b);
	b.generation = 1;	/* as if proven with it */
	upstream_identify(b.up, 1);
	start('A');
	start('B');
	run_until(are_two_asking);
	answer(0, OK);
	run_until(is_one_idle);
	upstream_identify(b.up, 2);
	run_until(is_none_idle);
	answer(1, OK);
	run_until(is_second_answered);
	assert_int_equal(counts().idle, 0);
	/* Made meanwhile, or before we heard: it is not older than we know. */
	b.generation = 3;
	exchange('C', 2, OK);
	assert_int_equal(counts().idle, 1);
	upstream_identify(b.up, 3);
	exchange('D', 2, OK);
	assert_trace("A:fresh B:fresh A:200 B:200 C:fresh C:200 D:reused D:200");
	bench_fini(&b);
}

TEST(pool_keeps_plain_connections_whoever_we_are)
{
	struct bench b;

	bench_init(&b);
	exchange('A', 0, OK);
	upstream_identify(b.up, 2);
	exchange('B', 0, OK);
	assert_trace("A:fresh A:200 B:reused B:200");
	bench_fini(&b);
}

TEST(pool_lets_who_left_finish)
{
	struct bench b;

	bench_init(&b);
	start('A');
	run_until(is_one_asking);
	upstream_replace(b.up, b.cluster, NULL);
	answer(0, OK);
	run_until(are_all_over);
	assert_trace("A:fresh A:200");
	assert_int_equal(counts().idle, 0);
	bench_fini(&b);
}

/* --- failures ---------------------------------------------------------------------- */

TEST(attempt_nobody_listens)
{
	struct bench b;

	bench_init(&b);
	close(b.listener);
	b.listener = -1;
	start('A');
	run_until(are_all_over);
	assert_trace("A:connection_refused");
	assert_int_equal(counts().failed, 1);
	assert_true(endpoint_state_is_down(b.cluster->v[0].state,
	    loop_now_ms(b.loop)));
	bench_fini(&b);
}

/* The last attempt on an endpoint ended with its connection, which then
 * looked at what the attempt had freed. */
TEST(attempt_is_the_last_user_of_a_connection_that_is_reset)
{
	struct bench b;

	bench_init(&b);
	start('A');
	run_until(is_one_asking);
	reset(0);
	run_until(are_all_over);
	assert_trace("A:fresh A:conn-reset");
	bench_fini(&b);
}

TEST(attempt_the_server_ends)
{
	struct bench b;

	bench_init(&b);
	start('A');
	run_until(is_one_asking);
	answer(0, "H");
	shutdown(b.peers[0], SHUT_WR);
	run_until(are_all_over);
	assert_trace("A:fresh A:truncated");
	bench_fini(&b);
}

TEST(attempt_given_up_leaves_its_connection_to_others)
{
	struct bench b;

	bench_init(&b);
	finish(start('A'), ATTEMPT_CANCELLED);
	run_until(is_none_connecting);
	assert_int_equal(counts().idle, 1);
	exchange('B', 0, OK);
	/* Taken from the idle ones and given back before it was used. */
	finish(start('C'), ATTEMPT_CANCELLED);
	exchange('D', 0, OK);
	assert_int_equal(counts().opened, 1);
	bench_fini(&b);
}

/* --- limits ------------------------------------------------------------------------- */

TEST(attempt_limits)
{
	static const struct {
		struct cluster_limits limits;
		const char           *a, *b;
	} v[] = {
		{ { 1024, 1024, 1, 3 }, "A:200", "B:request_limit" },
		{ { 0, 1024, 1024, 3 }, "A:connection_limit",
		    "B:connection_limit" },
		{ { 1024, 1, 1024, 3 }, "A:200", "B:pending_limit" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;

		bench_init(&b);
		b.cluster->limits = v[i].limits;
		start('A');
		start('B');
		if (v[i].limits.conns > 0) {
			run_until(is_one_asking);
			answer(0, OK);
		}
		run_until(are_all_over);
		assert_non_null(strstr(str_ptr(&b.trace), v[i].a));
		assert_non_null(strstr(str_ptr(&b.trace), v[i].b));
		assert_false(endpoint_state_is_down(b.cluster->v[0].state,
		    loop_now_ms(b.loop)));
		bench_fini(&b);
	}
}
