#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "http/exchange.h"
#include "http/message.h"
#include "loop/loop_fd.h"

/* One exchange over a socket pair; the far end is a script. */
struct run {
	struct loop      *loop;
	struct loop_fd    watch;	/* of the far end */
	int               far;
	const char       *response;	/* NULL: none */
	bool              eof;
	char              request[256];
	enum stream_error error;
	int               status;
	char              body[64];
	int               calls;
};

static void
on_done(void *arg, const struct exchange_result *r)
{
	struct run *run = arg;

	run->calls++;
	run->error = r->error;
	run->status = r->head != NULL ? r->head->status : 0;
	buf_copy_out(r->body, run->body, buf_len(r->body));
	run->body[buf_len(r->body)] = '\0';
	loop_stop(run->loop);
}

/* The request has come: answers it as the script says. */
static void
on_request(void *arg, unsigned ready)
{
	struct run *run = arg;
	ssize_t n = read(run->far, run->request, sizeof(run->request) - 1);

	(void)ready;
	loop_fd_stop(&run->watch);
	assert_true(n >= 0);
	run->request[n] = '\0';
	if (n == 0 || run->response == NULL)
		return;
	n = (ssize_t)strlen(run->response);
	assert_int_equal(write(run->far, run->response, (size_t)n), n);
	if (run->eof)
		shutdown(run->far, SHUT_WR);
}

static struct exchange *
start(struct run *run, const char *method, const char *body,
    uint64_t timeout_ms)
{
	static const struct conn_ops none = { 0 };
	struct exchange_limits limits = { .body_bytes = 10,
	    .timeout_ms = timeout_ms };
	struct arena a = { 0 };
	struct http_head h;
	struct buf b = { 0 };
	int fd[2];

	*run = (struct run){ .loop = loop_new("test") };
	assert_int_equal(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	run->far = fd[1];
	loop_fd_start_level(&run->watch, run->loop, fd[1], on_request, run);
	struct conn *c = conn_new(run->loop, fd[0], NULL, NULL, &none, NULL);

	assert_true(message_request_init(&h, &a, method, SLICE("c"),
	    SLICE("/v1/x?y")));
	buf_add(&b, body, strlen(body));
	struct exchange *x = exchange_start(c, &h, &b, &limits, on_done, run);

	assert_int_equal(run->calls, 0);
	arena_fini(&a);
	return x;
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* The turn that ended with done has freed everything. */
static void
fini(struct run *run)
{
	loop_post(run->loop, stop, run->loop);
	loop_run(run->loop);
	loop_fd_stop(&run->watch);
	close(run->far);
	loop_free(run->loop);
}

#define OK "HTTP/1.1 200 OK\r\n"

TEST(exchange_gives_the_whole_response)
{
	static const struct {
		const char       *response;
		bool              eof;
		enum stream_error error;
		int               status;
		const char       *body;
	} v[] = {
		{ OK "content-length: 3\r\n\r\nabc", false, STREAM_OK, 200,
		    "abc" },
		{ "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", false,
		    STREAM_OK, 404, "" },
		{ OK "transfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n"
		    "0\r\nx: y\r\n\r\n", false, STREAM_OK, 200, "ab" },
		{ "HTTP/1.1 103 E\r\n\r\n" OK "\r\nabc", true, STREAM_OK, 200,
		    "abc" },
		{ OK "content-length: 11\r\n\r\n01234567890", false,
		    STREAM_TOO_LARGE, 200, "" },
		{ OK "content-length: 3\r\n\r\nab", true, STREAM_TRUNCATED, 200,
		    "ab" },
		{ "", true, STREAM_CONN_CLOSED, 0, "" },
		{ "nonsense\r\n", false, STREAM_PROTOCOL, 0, "" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct run run;

		start(&run, "GET", "", 60000);
		run.response = v[i].response;
		run.eof = v[i].eof;
		loop_run(run.loop);
		assert_int_equal(run.calls, 1);
		assert_int_equal(run.error, v[i].error);
		assert_int_equal(run.status, v[i].status);
		assert_string_equal(run.body, v[i].body);
		fini(&run);
	}
}

TEST(exchange_sends_the_request_and_says_that_it_is_the_last)
{
	struct run run;

	start(&run, "PUT", "body", 60000);
	run.response = OK "content-length: 0\r\n\r\n";
	loop_run(run.loop);
	assert_int_equal(run.error, STREAM_OK);
	assert_string_equal(run.request, "PUT /v1/x?y HTTP/1.1\r\nhost: c\r\n"
	    "content-length: 4\r\nconnection: close\r\n\r\nbody");
	fini(&run);
}

TEST(exchange_has_a_deadline)
{
	struct run run;

	start(&run, "GET", "", 1);
	loop_run(run.loop);
	assert_int_equal(run.calls, 1);
	assert_int_equal(run.error, STREAM_TIMEOUT);
	fini(&run);
}

TEST(exchange_cancelled_is_silent)
{
	struct run run;

	exchange_cancel(start(&run, "GET", "", 60000));
	fini(&run);
	assert_int_equal(run.calls, 0);
	assert_string_equal(run.request, "");
}
