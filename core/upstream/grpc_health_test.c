#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "base/unit.h"
#include "loop/loop_fd.h"
#include "upstream/grpc_health.h"

#define BYTES(s)	{ s, sizeof(s) - 1 }

/* --- messages -------------------------------------------------------------------- */

TEST(grpc_health_asks_for_a_service)
{
	static const struct {
		struct slice service, bytes;
	} cases[] = {
		{ BYTES(""), BYTES("\0\0\0\0\0") },
		{ BYTES("a.B"), BYTES("\0\0\0\0\5\x0a\3a.B") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b = { 0 };

		grpc_health_put(&b, cases[i].service);
		assert_true(slice_eq(buf_pull(&b, buf_len(&b)),
		    cases[i].bytes));
		buf_fini(&b);
	}

	/* A length of two bytes. */
	struct str name = { 0 };
	struct buf b = { 0 };

	for (int i = 0; i < 200; i++)
		str_add_char(&name, 'x');
	grpc_health_put(&b, str_slice(&name));
	struct slice got = buf_pull(&b, buf_len(&b));

	assert_int_equal(got.len, 5 + 3 + 200);
	assert_memory_equal(got.ptr, "\0\0\0\0\xcb\x0a\xc8\1xx", 10);
	buf_fini(&b);
	str_fini(&name);
}

TEST(grpc_health_reads_answers_strictly)
{
	static const struct {
		struct slice body;
		int          status;
	} cases[] = {
		{ BYTES("\0\0\0\0\0"), 0 },
		{ BYTES("\0\0\0\0\2\x08\1"), 1 },
		{ BYTES("\0\0\0\0\2\x08\2"), 2 },
		{ BYTES("\0\0\0\0\2\x08\3"), 3 },
		{ BYTES("\0\0\0\0\3\x08\xac\2"), 300 },
		/* The last one counts. */
		{ BYTES("\0\0\0\0\4\x08\2\x08\1"), 1 },
		/* Beside it unknown fields: varint, 64, bytes, 32. */
		{ BYTES("\0\0\0\0\5\x10\xff\1\x08\1"), 1 },
		{ BYTES("\0\0\0\0\x0b\x11" "12345678\x08\1"), 1 },
		{ BYTES("\0\0\0\0\7\x1a\3abc\x08\1"), 1 },
		{ BYTES("\0\0\0\0\7\x25" "1234\x08\1"), 1 },
		/* Compressed, a wrong length, two messages. */
		{ BYTES("\1\0\0\0\2\x08\1"), -1 },
		{ BYTES("\0\0\0\0\1\x08\1"), -1 },
		{ BYTES("\0\0\0\0\3\x08\1"), -1 },
		{ BYTES("\0\1\0\0\2\x08\1"), -1 },
		{ BYTES("\0\0\0\0\2\x08\1\0\0\0\0\0"), -1 },
		/* Field 0, another type, a group, bytes beyond the end. */
		{ BYTES("\0\0\0\0\2\0\1"), -1 },
		{ BYTES("\0\0\0\0\3\x0a\1a"), -1 },
		{ BYTES("\0\0\0\0\1\x13"), -1 },
		{ BYTES("\0\0\0\0\2\x1a\1"), -1 },
		/* A negative one, one of eleven bytes, one that never ends. */
		{ BYTES("\0\0\0\0\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"),
		    -1 },
		{ BYTES("\0\0\0\0\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		    "\1"), -1 },
		{ BYTES("\0\0\0\0\2\x08\x80"), -1 },
		{ BYTES(""), -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int got = grpc_health_read(cases[i].body);

		if (got != cases[i].status)
			fail_msg("case %zu: %d", i, got);
		/* Nothing can be missing. */
		for (size_t n = 0; got >= 0 && n < cases[i].body.len; n++)
			assert_int_equal(grpc_health_read(slice_of(
			    cases[i].body.ptr, n)), -1);
	}
}

/* --- the call -------------------------------------------------------------------- */

/* A server that writes its answer as soon as it was asked. */
struct run {
	struct loop   *loop;
	struct loop_fd watch;
	int            far;
	struct str     answer;
	char           asked[512];
	size_t         asked_len;
	bool           is_done, is_well;
	const char    *why;
};

static void
add_frame(struct str *out, char type, char flags, struct slice payload)
{
	char head[9] = { 0, (char)(payload.len >> 8), (char)payload.len, type,
		flags, 0, 0, 0, (char)(type == 4 ? 0 : 1) };

	str_add_slice(out, slice_of(head, sizeof(head)));
	str_add_slice(out, payload);
}

/* "name: value\n" ..., as literals without an index. */
static void
add_headers(struct str *out, const char *fields, bool end)
{
	struct slice rest = slice_str(fields), line, name;
	struct str block = { 0 };

	while (slice_cut(&rest, '\n', &line) && line.len > 0) {
		size_t colon = 1;

		while (line.ptr[colon] != ':')
			colon++;
		name = slice_of(line.ptr, colon);
		line = slice_from(line, colon + 2);
		str_add_char(&block, '\0');
		str_add_char(&block, (char)name.len);
		str_add_slice(&block, name);
		str_add_char(&block, (char)line.len);
		str_add_slice(&block, line);
	}
	add_frame(out, 1, (char)(4 | end), str_slice(&block));
	str_fini(&block);
}

static void
on_asked(void *arg, unsigned ready)
{
	struct run *run = arg;
	ssize_t n = read(run->far, run->asked + run->asked_len,
	    sizeof(run->asked) - run->asked_len);

	(void)ready;
	if (n <= 0 || run->answer.len == 0)
		return;
	run->asked_len += (size_t)n;
	assert_int_equal(write(run->far, run->answer.ptr, run->answer.len),
	    (ssize_t)run->answer.len);
	str_clear(&run->answer);
}

static void
on_done(void *arg, const struct exchange_result *r)
{
	struct run *run = arg;

	run->is_well = grpc_health_is_well(r, &run->why);
	run->is_done = true;
	loop_stop(run->loop);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
run_ask(struct run *run, uint64_t timeout_ms)
{
	const struct grpc_health_question q = {
		.authority = SLICE("pay"), .service = SLICE("a.B"),
		.timeout_ms = timeout_ms,
	};
	int fd[2];

	run->loop = loop_new("test");
	assert_int_equal(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	run->far = fd[1];
	loop_fd_start_level(&run->watch, run->loop, fd[1], on_asked, run);
	grpc_health_ask(conn_new(run->loop, fd[0], NULL, NULL, &conn_no_ops,
	    NULL), &q, on_done, run);
	loop_run(run->loop);
	assert_true(run->is_done);
	loop_post(run->loop, stop, run->loop);
	loop_run(run->loop);
	loop_fd_stop(&run->watch);
	close(run->far);
	loop_free(run->loop);
	str_fini(&run->answer);
}

#define HEAD	":status: 200\ncontent-type: application/grpc\n"
#define SERVING	BYTES("\0\0\0\0\2\x08\1")

static const struct {
	const char  *head;
	struct slice body;
	const char  *trailers, *why;	/* NULL: none; it is well */
} heard[] = {
	{ HEAD, SERVING, "grpc-status: 0\n", NULL },
	{ ":status: 200\ncontent-type: application/grpc+proto\n", SERVING,
	    "grpc-status: 0\n", NULL },
	{ HEAD, BYTES("\0\0\0\0\2\x08\2"), "grpc-status: 0\n",
	    "it says NOT_SERVING" },
	{ HEAD, BYTES("\0\0\0\0\2\x08\3"), "grpc-status: 0\n",
	    "it says SERVICE_UNKNOWN" },
	{ HEAD, BYTES("\0\0\0\0\0"), "grpc-status: 0\n",
	    "it says UNKNOWN" },
	{ HEAD, BYTES("\0\0\0\0\2\x08"), "grpc-status: 0\n",
	    "its answer is malformed" },
	{ HEAD, BYTES(""), "grpc-status: 0\n",
	    "its answer is malformed" },
	{ HEAD, SERVING, "grpc-status: 13\n",
	    "its health check failed" },
	{ HEAD, SERVING, "x: 0\n", "its health check failed" },
	{ HEAD, SERVING, NULL, "its health check failed" },
	{ HEAD "grpc-status: 12\n", BYTES(""), NULL,
	    "it has no grpc.health.v1.Health" },
	{ HEAD "grpc-status: 5\n", BYTES(""), NULL,
	    "its health check failed" },
	{ HEAD "grpc-status: 0\n", BYTES(""), NULL,
	    "its answer is malformed" },
	{ ":status: 404\ncontent-type: application/grpc\n", BYTES(""),
	    NULL, "its answer is not gRPC" },
	{ ":status: 200\ncontent-type: text/html\n", SERVING,
	    "grpc-status: 0\n", "its answer is not gRPC" },
};

TEST(grpc_health_is_well_only_if_it_serves)
{

	for (size_t i = 0; i < sizeof(heard) / sizeof(*heard); i++) {
		struct run run = { 0 };
		bool has_body = heard[i].body.len > 0;

		add_frame(&run.answer, 4, 0, SLICE(""));
		add_headers(&run.answer, heard[i].head,
		    !has_body && heard[i].trailers == NULL);
		if (has_body)
			add_frame(&run.answer, 0, heard[i].trailers == NULL,
			    heard[i].body);
		if (heard[i].trailers != NULL)
			add_headers(&run.answer, heard[i].trailers, true);
		run_ask(&run, 10000);
		if (run.is_well != (heard[i].why == NULL) || (!run.is_well &&
		    strcmp(run.why, heard[i].why) != 0))
			fail_msg("case %zu: %s", i, run.why);
		/* The question was asked, in its own message. */
		assert_non_null(memmem(run.asked, run.asked_len,
		    "\0\0\0\0\5\x0a\3a.B", 10));
	}
}

TEST(grpc_health_waits_as_long_as_it_is_told)
{
	struct run run = { 0 };

	run_ask(&run, 1);
	assert_false(run.is_well);
	assert_string_equal(run.why, "timeout");
}

TEST(grpc_health_is_not_well_if_it_speaks_no_http2)
{
	struct run run = { 0 };

	str_add(&run.answer, "HTTP/1.1 400 Bad Request\r\n\r\n");
	run_ask(&run, 10000);
	assert_false(run.is_well);
}
