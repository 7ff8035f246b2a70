#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "base/unit.h"
#include "chain/l4.h"

/*
 * A connection whose other end the test plays by hand.  The chain is a row of
 * letters whose hooks write into one trace; the terminal writes what it gets
 * and sends what it is told.  "o" holds at open, "^" and "v" hold bytes up and
 * down once, "x" stops bytes up, "n" stops at open, "-" looks at no bytes.
 */
struct bench {
	struct loop         *loop;
	struct worker_env    env;
	struct l4_chain     *chain;
	struct filter_stats *stats;
	struct l4_run       *run;
	struct str           trace;
	struct l4_ctx       *holder;
	bool                 up_end, is_closed, pauses;
	int                  other;	/* the test's end */
	struct loop_task     poll;
	bool               (*until)(void);
	struct timespec      deadline;
};

static struct bench *B;

static void
say(const char *fmt, ...)
{
	va_list ap;

	if (B->trace.len > 0)
		str_add_char(&B->trace, ' ');
	va_start(ap, fmt);
	str_vaddf(&B->trace, fmt, ap);
	va_end(ap);
}

/* --- filters -------------------------------------------------------------------- */

struct letter_state {
	bool held[2];
};

static const char *
does(struct l4_ctx *ctx)
{
	return ctx->shared;
}

static enum verdict
letter_open(struct l4_ctx *ctx)
{
	say("%c:open", does(ctx)[0]);
	if (strchr(does(ctx), 'n') != NULL)
		return STOP;
	if (strchr(does(ctx), 'o') == NULL)
		return PASS;
	B->holder = ctx;
	return HOLD;
}

static enum verdict
letter_bytes(struct l4_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	struct letter_state *s = ctx->state;
	char d = dir == DIR_UP ? '^' : 'v';
	struct slice text = buf_pull(b, buf_len(b));

	say("%c%c[%.*s]%s", does(ctx)[0], d, SLICE_ARG(text), end ? "$" : "");
	if (dir == DIR_UP && strchr(does(ctx), 'x') != NULL)
		return STOP;
	if (strchr(does(ctx), d) == NULL || s->held[dir])
		return PASS;
	s->held[dir] = true;
	B->holder = ctx;
	return HOLD;
}

static void
letter_close(struct l4_ctx *ctx, enum close_reason why)
{
	(void)why;
	say("%c:close", does(ctx)[0]);
}

static bool
reads_bytes(const void *shared)
{
	return strchr(shared, '-') == NULL;
}

static const struct l4_filter letter = {
	.base = { .name = "letter", .state_size = sizeof(struct letter_state) },
	.open = letter_open, .bytes = letter_bytes, .close = letter_close,
	.reads_bytes = reads_bytes,
};

/* --- the terminal ------------------------------------------------------------------ */

static void *
term_open(void *arg, struct l4_run *r)
{
	B->run = r;
	say("open");
	return arg;
}

static void
term_bytes(void *state, struct buf *b, bool end)
{
	struct slice text = buf_pull(b, buf_len(b));

	(void)state;
	if (B->pauses)
		return;
	say("^[%.*s]%s", SLICE_ARG(text), end ? "$" : "");
	buf_drain(b, buf_len(b));
	B->up_end |= end;
}

static void
term_drained(void *state)
{
	(void)state;
	say("drained");
}

static void
term_drain(void *state)
{
	(void)state;
	say("drain");
}

static void
term_close(void *state, enum close_reason why)
{
	(void)state;
	say("close:%s", close_reason_name(why));
	B->is_closed = true;
}

static const struct l4_terminal terminal = {
	.name = "bench", .open = term_open, .bytes = term_bytes,
	.drained = term_drained, .close = term_close, .drain = term_drain,
};

/* --- the bench ------------------------------------------------------------------------ */

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

static void
stop_loop(void *arg)
{
	loop_stop(arg);
}

/* What is ready and deferred, twice: once to read, once to be told. */
static void
turn(void)
{
	for (int i = 0; i < 3; i++) {
		loop_post(B->loop, stop_loop, B->loop);
		loop_run(B->loop);
	}
}

static bool
is_closed(void)
{
	return B->is_closed;
}

/* filters: NULL-terminated texts. */
static void
bench_init(struct bench *b, const char *const *filters)
{
	int fds[2];

	*b = (struct bench){ .loop = loop_new("bench") };
	B = b;
	loop_task_init(&b->poll, on_poll, b);
	b->stats = filter_stats_new(1);
	worker_env_init(&b->env, b->loop, 0, NULL);
	b->chain = l4_chain_new("bench", b->stats);
	for (; *filters != NULL; filters++) {
		union { const char *from; void *to; } u = { *filters };

		l4_chain_add(b->chain, &letter, u.to);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	b->other = fds[1];
	b->run = l4_start(b->chain, conn_new(b->loop, fds[0], NULL, NULL,
	    &conn_no_ops, NULL), &b->env, "bench", &terminal, b);
	turn();
}

static void
bench_fini(struct bench *b)
{
	if (!b->is_closed)
		worker_env_close(&b->env);
	turn();
	assert_int_equal(b->env.runs_len, 0);
	assert_int_equal(b->env.flow.queued, 0);
	loop_free(b->loop);
	l4_chain_unref(b->chain);
	filter_stats_free(b->stats);
	close(b->other);
	str_fini(&b->trace);
}

static void
put(const char *text)
{
	assert_int_equal(send(B->other, text, strlen(text), 0), strlen(text));
	turn();
}

static void
send_down(const char *text, bool end)
{
	struct buf b = { 0 };

	buf_add(&b, text, strlen(text));
	l4_send(B->run, &b, end);
	turn();
}

static void
assert_received(const char *text)
{
	char got[64];
	ssize_t n = recv(B->other, got, sizeof(got) - 1, 0);

	assert_int_equal(n, strlen(text));
	got[n] = '\0';
	assert_string_equal(got, text);
}

static void
assert_trace(const char *text)
{
	assert_string_equal(str_ptr(&B->trace), text);
	str_clear(&B->trace);
}

#define FILTERS(...) (const char *const[]){ __VA_ARGS__, NULL }

TEST(l4_bytes_go_up_forward_and_down_in_reverse)
{
	struct bench b;

	bench_init(&b, FILTERS("a", "b"));
	assert_trace("a:open b:open open");
	put("in");
	assert_trace("a^[in] b^[in] ^[in]");
	send_down("out", false);
	assert_trace("bv[out] av[out]");
	assert_received("out");
	bench_fini(&b);
}

TEST(l4_filters_that_look_at_no_bytes)
{
	struct bench b;

	bench_init(&b, FILTERS("a-", "b-"));
	put("in");
	send_down("out", true);
	assert_received("out");
	assert_received("");
	assert_trace("a:open b:open open ^[in]");
	bench_fini(&b);
}

TEST(l4_ends_of_each_side)
{
	struct bench b;

	bench_init(&b, FILTERS("a"));
	put("x");
	shutdown(b.other, SHUT_WR);
	turn();
	assert_true(b.up_end);
	assert_trace("a:open open a^[x] ^[x] a^[]$ ^[]$");
	/* Ours is still open. */
	send_down("y", false);
	assert_received("y");
	send_down("z", true);
	assert_received("z");
	assert_received("");
	run_until(is_closed);
	assert_trace("av[y] av[z]$ close:finished a:close");
	bench_fini(&b);
}

TEST(l4_hold_up_and_resume)
{
	struct bench b;

	bench_init(&b, FILTERS("a^", "b"));
	put("1");
	put("2");
	put("3");
	assert_trace("a:open b:open open a^[1]");
	l4_resume(b.holder, DIR_UP);
	turn();
	assert_trace("b^[1] ^[1] a^[23] b^[23] ^[23]");
	bench_fini(&b);
}

TEST(l4_hold_with_the_end)
{
	struct bench b;

	bench_init(&b, FILTERS("a^"));
	assert_int_equal(send(b.other, "1", 1, 0), 1);
	shutdown(b.other, SHUT_WR);
	turn();
	l4_resume(b.holder, DIR_UP);
	turn();
	assert_true(b.up_end);
	bench_fini(&b);
}

TEST(l4_hold_down_and_resume)
{
	struct bench b;

	bench_init(&b, FILTERS("a", "bv"));
	send_down("1", false);
	send_down("2", true);
	assert_trace("a:open b:open open bv[1]");
	assert_int_equal(recv(b.other, &(char){ 0 }, 1, 0), -1);
	l4_resume(b.holder, DIR_DOWN);
	turn();
	assert_received("12");
	assert_received("");
	bench_fini(&b);
}

TEST(l4_hold_at_open)
{
	struct bench b;

	bench_init(&b, FILTERS("ao", "b"));
	put("early");
	assert_trace("a:open");
	l4_resume(b.holder, DIR_UP);
	turn();
	assert_trace("b:open open a^[early] b^[early] ^[early]");
	bench_fini(&b);
}

TEST(l4_who_opens_while_the_worker_drains_is_asked_to_end_too)
{
	struct bench b;

	bench_init(&b, FILTERS("ao", "b"));
	worker_env_drain(&b.env);
	put("early");
	assert_trace("a:open");
	l4_resume(b.holder, DIR_UP);
	turn();
	assert_trace("b:open open drain a^[early] b^[early] ^[early]");
	bench_fini(&b);
}

static bool
is_asked(void *arg, const struct conn_peer *peer)
{
	return !peer->is_tls && *(const bool *)arg;
}

TEST(l4_who_leaves_is_asked_to_end_and_so_is_who_comes)
{
	bool is_it = false;

	for (int comes_later = 0; comes_later < 2; comes_later++) {
		struct bench b;

		bench_init(&b, FILTERS("ao", "b"));
		assert_trace("a:open");
		if (comes_later) {
			is_it = true;
			worker_env_part(&b.env, is_asked, &is_it);
			assert_trace("");
		}
		l4_resume(b.holder, DIR_UP);
		turn();
		if (comes_later) {
			assert_trace("b:open open drain");
		} else {
			assert_trace("b:open open");
			worker_env_part(&b.env, is_asked, &is_it);
			assert_trace("");
			is_it = true;
			worker_env_part(&b.env, is_asked, &is_it);
			assert_trace("drain");
		}
		worker_env_part(&b.env, NULL, NULL);
		assert_trace("");
		bench_fini(&b);
	}
}

TEST(l4_stop_at_open_enters_no_one_behind)
{
	struct bench b;

	bench_init(&b, FILTERS("a", "bn", "c"));
	assert_trace("a:open b:open b:close a:close");
	assert_int_equal(recv(b.other, &(char){ 0 }, 1, 0), 0);
	b.is_closed = true;
	bench_fini(&b);
}

TEST(l4_stop_of_bytes_lets_nothing_through)
{
	struct bench b;

	bench_init(&b, FILTERS("ax"));
	put("1");
	put("2");
	assert_trace("a:open open a^[1]");
	send_down("out", false);
	assert_received("out");
	bench_fini(&b);
}

TEST(l4_bytes_that_the_terminal_leaves)
{
	for (int filtered = 0; filtered < 2; filtered++) {
		struct bench b;

		bench_init(&b, filtered ? FILTERS("a") : FILTERS("a-"));
		b.pauses = true;
		put("1");
		put("2");
		b.pauses = false;
		str_clear(&b.trace);
		l4_pull(b.run);
		turn();
		assert_trace("^[12]");
		bench_fini(&b);
	}
}

TEST(l4_pause_keeps_bytes)
{
	for (int filtered = 0; filtered < 2; filtered++) {
		struct bench b;

		bench_init(&b, filtered ? FILTERS("a") : FILTERS("a-"));
		l4_pause(b.run);
		put("12");
		str_clear(&b.trace);
		l4_resume_up(b.run);
		turn();
		assert_trace(filtered ? "a^[12] ^[12]" : "^[12]");
		bench_fini(&b);
	}
}

TEST(l4_reset_of_the_peer)
{
	struct bench b;

	bench_init(&b, FILTERS("a", "b"));
	put("x");
	str_clear(&b.trace);
	close(b.other);
	turn();
	send_down("y", false);
	run_until(is_closed);
	assert_non_null(strstr(str_ptr(&b.trace), "b:close a:close"));
	b.other = -1;
	bench_fini(&b);
}

TEST(l4_closing_reaches_everybody_once)
{
	struct bench b;

	bench_init(&b, FILTERS("a", "b"));
	str_clear(&b.trace);
	l4_close(b.run, CLOSE_LOCAL);
	l4_close(b.run, CLOSE_LOCAL);
	run_until(is_closed);
	assert_non_null(strstr(str_ptr(&b.trace), "b:close a:close"));
	bench_fini(&b);
}
