#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "chain/http_bench_test.h"

/* --- what cannot be read ------------------------------------------------------------ */

static void
add_why(void *arg, struct http_head *reply, const char *why)
{
	*(bool *)arg = true;
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
			struct http_bench b;
			bool is_asked = false;

			http_bench_init(&b, 0, 0, 0);
			b.options.listener.arg = &is_asked;
			if (fields)
				b.options.listener.refusal = add_why;
			http_bench_put(&b, cases[i].sent);
			http_bench_run(&b, http_bench_has_ended);
			if (fields)
				assert_memory_equal(str_ptr(&b.got),
				    cases[i].answer, strlen(cases[i].answer));
			assert_true((strstr(str_ptr(&b.got), "\r\nx-why: ") !=
			    NULL) == (fields != 0));
			assert_true(is_asked == (fields != 0));
			http_bench_fini(&b);
		}
}

/* --- what is awaited -------------------------------------------------------------- */

static bool
is_awaited(struct http_bench *b)
{
	return conn_expects(b->conn);
}

static bool
has_two_answers(struct http_bench *b)
{
	const char *first;

	return http_bench_has_answer(b) &&
	    (first = strstr(str_ptr(&b->got), "ok")) != NULL &&
	    strstr(first + 2, "\r\n\r\nok") != NULL;
}

/* Its rest was read only when the socket was watched anyhow, some ms later. */
TEST(http_awaits_the_rest_of_a_head_that_came_early)
{
	struct http_bench b;

	http_bench_init(&b, 0, 0, 0);
	http_bench_put(&b, HOLD "GET / HTTP/1.1\r\nho");
	http_bench_run(&b, http_bench_is_held);
	assert_false(is_awaited(&b));	/* it is answered first */
	http_bench_answer(b.held);
	http_bench_run(&b, is_awaited);
	http_bench_put(&b, "st: a\r\n\r\n");
	http_bench_run(&b, has_two_answers);
	http_bench_fini(&b);
}

/* --- clocks ------------------------------------------------------------------------- */

TEST(http_head_must_come_in_time)
{
	static const char *const begun[] = { "", "G", "GET / HTTP/1.1\r\nhost:" };

	for (size_t i = 0; i < 3; i++) {
		struct http_bench b;

		http_bench_init(&b, 10, 0, 0);
		http_bench_put(&b, begun[i]);
		http_bench_run(&b, http_bench_has_ended);
		assert_int_equal(b.got.len, 0);
		http_bench_fini(&b);
	}
}

TEST(http_head_that_drips_has_no_more_time)
{
	struct http_bench b;

	http_bench_init(&b, 30, 0, 0);
	http_bench_put(&b, "GET / HTTP/1.1\r\nx:");
	for (int i = 0; i < 200 && !b.ended; i++) {
		if (send(b.client, "a", 1, MSG_NOSIGNAL) < 0)
			break;
		http_bench_pass(&b, 5);
		http_bench_receive(&b);
	}
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}

TEST(http_second_head_must_come_in_time)
{
	struct http_bench b;

	http_bench_init(&b, 10, 0, 0);
	http_bench_put(&b, GET "GET");
	http_bench_run(&b, http_bench_has_answer);
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}

TEST(http_kept_connection_ends_when_idle)
{
	struct http_bench b;

	http_bench_init(&b, 0, 10, 0);
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	assert_null(strstr(str_ptr(&b.got), "connection: close"));
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}

TEST(http_first_request_has_the_time_of_a_head)
{
	struct http_bench b;

	http_bench_init(&b, 0, 5, 0);
	http_bench_pass(&b, 30);
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	http_bench_fini(&b);
}

TEST(http_body_that_stops)
{
	struct http_bench b;

	http_bench_init(&b, 0, 0, 10);
	http_bench_put(&b, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc");
	http_bench_run(&b, http_bench_has_ended);
	assert_int_equal(b.cancelled, 1);
	http_bench_fini(&b);
}

/* Who waits for the service is not idle. */
TEST(http_clocks_leave_a_slow_service_alone)
{
	struct http_bench b;

	http_bench_init(&b, 10, 10, 10);
	http_bench_put(&b, HOLD);
	http_bench_run(&b, http_bench_is_held);
	http_bench_pass(&b, 60);
	assert_false(http_bench_has_ended(&b));
	http_bench_answer(b.held);
	http_bench_run(&b, http_bench_has_answer);
	http_bench_fini(&b);
}

/* It may be a page that sleeps: how long a tunnel rests is the terminal's. */
TEST(http_clocks_leave_a_tunnel_alone)
{
	struct http_head head;
	struct buf much = { 0 };
	struct http_bench b;

	http_bench_init(&b, 10, 10, 10);
	http_bench_put(&b, "GET /hold HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n"
	    "upgrade: websocket\r\n\r\n");
	http_bench_run(&b, http_bench_is_held);
	l7_tunnel(b.held);
	http_head_init(&head, l7_arena(b.held));
	head.status = 101;
	head.upgrade = SLICE("websocket");
	l7_respond_head(b.held, &head, false);
	for (size_t i = 0; i < 4096; i++)
		buf_add(&much, (const char[1024]){ 'x' }, 1024);
	l7_respond_body(b.held, &much, false);
	http_bench_pass(&b, 60);
	assert_false(http_bench_is_gone(&b));
	http_bench_fini(&b);
}

TEST(http_client_that_leaves_cancels)
{
	struct http_bench b;

	http_bench_init(&b, 0, 0, 0);
	http_bench_put(&b, HOLD);
	http_bench_run(&b, http_bench_is_held);
	close(b.client);
	b.client = -1;
	worker_env_close(&b.env);
	http_bench_run(&b, http_bench_is_gone);
	assert_int_equal(b.cancelled, 1);
	http_bench_fini(&b);
}

/* --- draining -------------------------------------------------------------------------- */

TEST(http_drain_waits_for_a_quiet_moment)
{
	struct http_bench b;

	http_bench_init(&b, 0, 0, 0);
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	worker_env_drain(&b.env);
	http_bench_pass(&b, 1);
	assert_false(http_bench_has_ended(&b));
	/* The request that was under way is answered, and is the last. */
	str_clear(&b.got);
	http_bench_put(&b, GET);
	http_bench_run(&b, http_bench_has_answer);
	assert_non_null(strstr(str_ptr(&b.got), "connection: close"));
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}

TEST(http_drain_ends_who_is_quiet)
{
	for (int kept = 0; kept < 2; kept++) {
		struct http_bench b;

		http_bench_init(&b, 0, 0, 0);
		if (kept) {
			http_bench_put(&b, GET);
			http_bench_run(&b, http_bench_has_answer);
		}
		worker_env_drain(&b.env);
		http_bench_run(&b, http_bench_has_ended);
		http_bench_fini(&b);
	}
}

TEST(http_drain_lets_exchanges_finish)
{
	struct http_bench b;

	http_bench_init(&b, 0, 0, 0);
	http_bench_put(&b, HOLD);
	http_bench_run(&b, http_bench_is_held);
	worker_env_drain(&b.env);
	http_bench_pass(&b, 5);
	assert_false(http_bench_has_ended(&b));
	http_bench_answer(b.held);
	http_bench_run(&b, http_bench_has_answer);
	http_bench_run(&b, http_bench_has_ended);
	http_bench_fini(&b);
}
