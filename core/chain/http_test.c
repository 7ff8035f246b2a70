#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "base/unit.h"
#include "chain/http.h"

/*
 * The clocks and the draining of a connection.  The test plays the client; the
 * terminal answers at once, except /hold, which waits for answer().  Times are
 * short, and a test only waits for what is to come: it never measures.
 */
struct bench {
	struct loop         *loop;
	struct worker_env    env;
	struct l4_chain     *l4;
	struct l7_chain     *l7;
	struct filter_stats *stats;
	struct http_options  options;
	int                  client;
	struct conn         *conn;	/* the server's end */
	struct l7_ctx       *held;
	int                  cancelled;
	struct loop_task     poll;
	struct loop_timer    timer;
	bool                 timer_fired;
	bool               (*until)(void);
	struct timespec      deadline;
	struct str           got;	/* by the client */
	bool                 ended;	/* the client saw the end */
};

static struct bench *B;
static struct http_conn_settings settings;	/* of connections that begin */

static const struct http_conn_settings *
give_settings(void *arg, struct worker_env *env)
{
	(void)arg;
	assert_ptr_equal(env, &B->env);
	return &settings;
}

/* --- the terminal -------------------------------------------------------------- */

static void
answer(struct l7_ctx *ctx)
{
	l7_reply(ctx, 200, FLAG_NONE, "", SLICE("ok"));
}

static void
term_head(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	(void)end;
	if (slice_is(h->path, "/hold"))
		B->held = ctx;
	else if (h->content_length <= 0)
		answer(ctx);
}

static void
term_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	buf_drain(b, buf_len(b));
	if (end)
		answer(ctx);
}

static void
term_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	(void)t;
	answer(ctx);
}

static void
term_cancel(struct l7_ctx *ctx)
{
	(void)ctx;
	B->held = NULL;
	B->cancelled++;
}

static const struct l7_terminal terminal = {
	.name = "bench", .head = term_head, .body = term_body,
	.trailers = term_trailers, .cancel = term_cancel,
};

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *h, struct l7_route *r)
{
	(void)arg;
	(void)ctx;
	(void)h;
	r->chain = B->l7;
	r->terminal = &terminal;
}

/* --- the client ------------------------------------------------------------------- */

static void
receive(void)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(B->client, bytes, sizeof(bytes), 0)) > 0)
		str_add_slice(&B->got, slice_of(bytes, (size_t)n));
	B->ended |= n == 0;
}

static void
put(const char *text)
{
	assert_int_equal(send(B->client, text, strlen(text), 0), strlen(text));
}

static bool
has_ended(void)
{
	receive();
	return B->ended;
}

static bool
has_answer(void)
{
	receive();
	return strstr(str_ptr(&B->got), "\r\n\r\nok") != NULL;
}

static bool
is_held(void)
{
	return B->held != NULL;
}

static bool
is_cancelled(void)
{
	return B->cancelled > 0;
}

static bool
has_fired(void)
{
	return B->timer_fired;
}

static void
on_timer(void *arg)
{
	struct bench *b = arg;

	b->timer_fired = true;
}

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
		fail_msg("it did not happen; so far: %s", str_ptr(&b->got));
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

/* Lets time pass that is longer than a clock under test. */
static void
pass(uint64_t ms)
{
	B->timer_fired = false;
	loop_timer_start(&B->timer, ms);
	run_until(has_fired);
}

/* Each clock in ms; those that are not under test never run out. */
static void
bench_init(struct bench *b, uint64_t head_ms, uint64_t idle_ms,
    uint64_t body_ms)
{
	int fds[2];

	*b = (struct bench){ .loop = loop_new("bench") };
	B = b;
	loop_task_init(&b->poll, on_poll, b);
	loop_timer_init(&b->timer, b->loop, on_timer, b);
	b->stats = filter_stats_new(1);
	worker_env_init(&b->env, b->loop, 0, NULL);
	b->l4 = l4_chain_new("bench", b->stats);
	b->l7 = l7_chain_new("bench", b->stats);
	b->options = http_options_default;
	b->options.head_timeout_ms = head_ms > 0 ? head_ms : 3600000;
	b->options.idle_timeout_ms = idle_ms > 0 ? idle_ms : 3600000;
	b->options.body_idle_ms = body_ms > 0 ? body_ms : 3600000;
	b->options.settings = give_settings;
	b->options.listener = (struct l7_listener){
		.name = "bench", .route = route
	};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	b->client = fds[1];
	b->conn = conn_new(b->loop, fds[0], NULL, NULL, &conn_no_ops, NULL);
	l4_start(b->l4, b->conn, &b->env, "bench", &http_terminal, &b->options);
}

static bool
is_gone(void)
{
	return B->env.runs_len == 0;
}

static void
bench_fini(struct bench *b)
{
	close(b->client);
	worker_env_close(&b->env);
	run_until(is_gone);
	assert_int_equal(b->env.flow.queued, 0);
	loop_free(b->loop);
	l4_chain_unref(b->l4);
	l7_chain_unref(b->l7);
	filter_stats_free(b->stats);
	str_fini(&b->got);
}

#define GET	"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
#define HOLD	"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n"

/* --- age ------------------------------------------------------------------------- */

static void
bench_init_aged(struct bench *b, struct age_limits age)
{
	settings.age = age;
	bench_init(b, 0, 0, 0);
	settings.age = (struct age_limits){ 0 };	/* too late for this one */
}

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
	struct bench b;

	bench_init_aged(&b, (struct age_limits){ .max_ms = 50 });
	put(GET);
	run_until(has_answer);
	assert_null(strstr(str_ptr(&b.got), "connection: close"));
	str_clear(&b.got);
	pass(60);
	put(GET);
	run_until(has_answer);
	assert_non_null(strstr(str_ptr(&b.got), "connection: close"));
	run_until(has_ended);
	bench_fini(&b);
}

TEST(http_old_connection_ends_when_it_is_quiet)
{
	struct bench b;

	bench_init_aged(&b, (struct age_limits){ .max_ms = 5 });
	put(GET);
	run_until(has_answer);
	run_until(has_ended);
	bench_fini(&b);
}

TEST(http_old_connection_lets_exchanges_finish)
{
	struct bench b;

	bench_init_aged(&b, (struct age_limits){ .max_ms = 5 });
	put(HOLD);
	run_until(is_held);
	pass(60);
	assert_false(has_ended());
	answer(b.held);
	run_until(has_answer);
	run_until(has_ended);
	assert_int_equal(b.cancelled, 0);
	bench_fini(&b);
}

TEST(http_old_connection_is_cut_after_its_grace)
{
	struct bench b;

	bench_init_aged(&b, (struct age_limits){ .max_ms = 5, .grace_ms = 5 });
	put(HOLD);
	run_until(is_held);
	run_until(is_cancelled);
	bench_fini(&b);
}

TEST(http_last_request_of_a_connection_says_so)
{
	struct bench b;

	bench_init_aged(&b, (struct age_limits){ .requests = 2 });
	put(GET);
	run_until(has_answer);
	assert_null(strstr(str_ptr(&b.got), "connection: close"));
	str_clear(&b.got);
	put(GET);
	run_until(has_answer);
	assert_non_null(strstr(str_ptr(&b.got), "connection: close"));
	run_until(has_ended);
	bench_fini(&b);
}

/* --- what cannot be read ------------------------------------------------------------ */

static void
add_why(void *arg, struct http_head *reply, const char *why)
{
	assert_ptr_equal(arg, B);
	http_fields_add(&reply->fields, SLICE("x-why"), slice_str(why));
}

TEST(http_refusals_have_the_fields_of_their_listener)
{
	static const struct {
		const char *sent, *answer;
	} cases[] = {
		{ "GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 505 HTTP Version Not "
		    "Supported\r\ncontent-type: text/plain\r\n"
		    "x-why: version is neither 1.0 nor 1.1\r\n"
		    "content-length: 31\r\nconnection: close\r\n\r\n"
		    "version is neither 1.0 nor 1.1\n" },
		/* Found when its stream is there. */
		{ "POST /hold HTTP/1.1\r\nhost: a\r\n"
		    "transfer-encoding: chunked\r\n\r\nx", "HTTP/1.1 400 " },
		{ "TRACE / HTTP/1.1\r\nhost: a\r\n\r\n", "HTTP/1.1 405 Method "
		    "Not Allowed\r\ncontent-type: text/plain\r\n"
		    "allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"
		    "x-why: TRACE is refused\r\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int fields = 0; fields < 2; fields++) {
			struct bench b;

			bench_init(&b, 0, 0, 0);
			b.options.listener.arg = &b;
			if (fields)
				b.options.listener.refusal = add_why;
			put(cases[i].sent);
			run_until(has_ended);
			if (fields)
				assert_memory_equal(str_ptr(&b.got),
				    cases[i].answer, strlen(cases[i].answer));
			assert_true((strstr(str_ptr(&b.got), "\r\nx-why: ") !=
			    NULL) == (fields != 0));
			bench_fini(&b);
		}
}

/* --- what is awaited -------------------------------------------------------------- */

static bool
is_awaited(void)
{
	return conn_expects(B->conn);
}

static bool
has_two_answers(void)
{
	const char *first;

	return has_answer() && (first = strstr(str_ptr(&B->got), "ok")) != NULL &&
	    strstr(first + 2, "\r\n\r\nok") != NULL;
}

/* Its rest was read only when the socket was watched anyhow, some ms later. */
TEST(http_awaits_the_rest_of_a_head_that_came_early)
{
	struct bench b;

	bench_init(&b, 0, 0, 0);
	put(HOLD "GET / HTTP/1.1\r\nho");
	run_until(is_held);
	assert_false(is_awaited());	/* it is answered first */
	answer(b.held);
	run_until(is_awaited);
	put("st: a\r\n\r\n");
	run_until(has_two_answers);
	bench_fini(&b);
}

/* --- clocks ------------------------------------------------------------------------- */

TEST(http_head_must_come_in_time)
{
	static const char *const begun[] = { "", "G", "GET / HTTP/1.1\r\nhost:" };

	for (size_t i = 0; i < 3; i++) {
		struct bench b;

		bench_init(&b, 10, 0, 0);
		put(begun[i]);
		run_until(has_ended);
		assert_int_equal(b.got.len, 0);
		bench_fini(&b);
	}
}

TEST(http_head_that_drips_has_no_more_time)
{
	struct bench b;

	bench_init(&b, 30, 0, 0);
	put("GET / HTTP/1.1\r\nx:");
	for (int i = 0; i < 200 && !b.ended; i++) {
		if (send(b.client, "a", 1, MSG_NOSIGNAL) < 0)
			break;
		pass(5);
		receive();
	}
	run_until(has_ended);
	bench_fini(&b);
}

TEST(http_second_head_must_come_in_time)
{
	struct bench b;

	bench_init(&b, 10, 0, 0);
	put(GET "GET");
	run_until(has_answer);
	run_until(has_ended);
	bench_fini(&b);
}

TEST(http_kept_connection_ends_when_idle)
{
	struct bench b;

	bench_init(&b, 0, 10, 0);
	put(GET);
	run_until(has_answer);
	assert_null(strstr(str_ptr(&b.got), "connection: close"));
	run_until(has_ended);
	bench_fini(&b);
}

TEST(http_first_request_has_the_time_of_a_head)
{
	struct bench b;

	bench_init(&b, 0, 5, 0);
	pass(30);
	put(GET);
	run_until(has_answer);
	bench_fini(&b);
}

TEST(http_body_that_stops)
{
	struct bench b;

	bench_init(&b, 0, 0, 10);
	put("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc");
	run_until(has_ended);
	assert_int_equal(b.cancelled, 1);
	bench_fini(&b);
}

/* Who waits for the service is not idle. */
TEST(http_clocks_leave_a_slow_service_alone)
{
	struct bench b;

	bench_init(&b, 10, 10, 10);
	put(HOLD);
	run_until(is_held);
	pass(60);
	assert_false(has_ended());
	answer(b.held);
	run_until(has_answer);
	bench_fini(&b);
}

/* It may be a page that sleeps: how long a tunnel rests is the terminal's. */
TEST(http_clocks_leave_a_tunnel_alone)
{
	struct http_head head;
	struct buf much = { 0 };
	struct bench b;

	bench_init(&b, 10, 10, 10);
	put("GET /hold HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n"
	    "upgrade: websocket\r\n\r\n");
	run_until(is_held);
	l7_tunnel(b.held);
	http_head_init(&head, l7_arena(b.held));
	head.status = 101;
	head.upgrade = SLICE("websocket");
	l7_respond_head(b.held, &head, false);
	for (size_t i = 0; i < 4096; i++)
		buf_add(&much, (const char[1024]){ 'x' }, 1024);
	l7_respond_body(b.held, &much, false);
	pass(60);
	assert_false(is_gone());
	bench_fini(&b);
}

TEST(http_client_that_leaves_cancels)
{
	struct bench b;

	bench_init(&b, 0, 0, 0);
	put(HOLD);
	run_until(is_held);
	close(b.client);
	b.client = -1;
	worker_env_close(&b.env);
	run_until(is_gone);
	assert_int_equal(b.cancelled, 1);
	bench_fini(&b);
}

/* --- draining -------------------------------------------------------------------------- */

TEST(http_drain_waits_for_a_quiet_moment)
{
	struct bench b;

	bench_init(&b, 0, 0, 0);
	put(GET);
	run_until(has_answer);
	worker_env_drain(&b.env);
	pass(1);
	assert_false(has_ended());
	/* The request that was under way is answered, and is the last. */
	str_clear(&b.got);
	put(GET);
	run_until(has_answer);
	assert_non_null(strstr(str_ptr(&b.got), "connection: close"));
	run_until(has_ended);
	bench_fini(&b);
}

TEST(http_drain_ends_who_is_quiet)
{
	for (int kept = 0; kept < 2; kept++) {
		struct bench b;

		bench_init(&b, 0, 0, 0);
		if (kept) {
			put(GET);
			run_until(has_answer);
		}
		worker_env_drain(&b.env);
		run_until(has_ended);
		bench_fini(&b);
	}
}

TEST(http_drain_lets_exchanges_finish)
{
	struct bench b;

	bench_init(&b, 0, 0, 0);
	put(HOLD);
	run_until(is_held);
	worker_env_drain(&b.env);
	pass(5);
	assert_false(has_ended());
	answer(b.held);
	run_until(has_answer);
	run_until(has_ended);
	bench_fini(&b);
}
