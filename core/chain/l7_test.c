#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "chain/l7_run.h"

/*
 * Exchanges against a stream that writes down what it is told.  The chain is
 * a row of letters, one filter each, whose hooks write "letter:event" into
 * the same trace; capital letters in the configuration make a filter hold,
 * reply, collect or abort at an event.
 */
struct bench {
	struct loop       *loop;
	struct worker_env  env;
	struct l4_chain   *l4;
	struct l7_chain   *chain;
	struct filter_stats *stats;
	struct stream      stream;
	struct arena       arena;
	struct str         trace;
	struct l7_ctx     *terminal;
	struct l7_ctx     *holder;	/* the filter that held last */
	enum dir           holder_dir;
	bool               finished, ended, silent_terminal;
	struct l7_listener listener;
	struct http_head   request;
	char              *letters;	/* the filters' texts point into it */
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

/* --- a stream that takes notes ---------------------------------------------------- */

static void
fake_head(struct stream *s, const struct http_head *h, bool end)
{
	(void)s;
	say("<%d%s", h->status, end ? "$" : "");
}

static void
fake_info(struct stream *s, const struct http_head *h)
{
	(void)s;
	say("<%d", h->status);
}

static void
fake_body(struct stream *s, struct buf *b, bool end)
{
	struct slice text = buf_pull(b, buf_len(b));

	(void)s;
	say("<[%.*s]%s", SLICE_ARG(text), end ? "$" : "");
	buf_drain(b, buf_len(b));
}

static void
fake_trailers(struct stream *s, const struct http_fields *t)
{
	(void)s;
	(void)t;
	say("<T$");
}

static void
fake_pause(struct stream *s, bool paused)
{
	(void)s;
	say(paused ? "pause" : "go");
}

static void
fake_close(struct stream *s, enum stream_error error)
{
	(void)s;
	say("close:%d", error);
}

static const struct stream_vtable fake_stream = {
	fake_head, fake_info, fake_body, fake_trailers, fake_pause, fake_close,
};

/* --- filters by letters --------------------------------------------------------------- */

/*
 * shared is a text: "a" writes only; "h^" holds the request head, "hv" the
 * response head, "b^" request bodies; "r^" replies 403 at the request head,
 * "rb" at the request body; "c^" collects 8 bytes; "x^" aborts.
 */
static const char *
does(struct l7_ctx *ctx)
{
	return ctx->shared;
}

static enum verdict
letter_head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const char *what = does(ctx);
	char d = dir == DIR_UP ? '^' : 'v';

	(void)h;
	say("%c:head%c%s", what[0], d, end ? "$" : "");
	if (what[1] == 'h' && what[2] == d) {
		B->holder = ctx;
		B->holder_dir = dir;
		return HOLD;
	}
	if (what[1] == 'r' && what[2] == d) {
		l7_reply(ctx, 403, FLAG_UAEX, "no", SLICE("no"));
		return STOP;
	}
	if (what[1] == 'c' && what[2] == d) {
		l7_collect(ctx, dir, 8);
		return HOLD;
	}
	if (what[1] == 'x' && what[2] == d) {
		l7_abort(ctx, FLAG_LR, "gone");
		return STOP;
	}
	return PASS;
}

static enum verdict
letter_body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	const char *what = does(ctx);
	char d = dir == DIR_UP ? '^' : 'v';
	struct slice text = buf_pull(b, buf_len(b));

	say("%c:[%.*s]%c%s", what[0], SLICE_ARG(text), d, end ? "$" : "");
	if (what[1] == 'b' && what[2] == d) {
		B->holder = ctx;
		B->holder_dir = dir;
		return HOLD;
	}
	if (what[1] == 'r' && what[2] == 'b' && dir == DIR_UP) {
		l7_reply(ctx, 403, FLAG_UAEX, "no", SLICE("no"));
		return STOP;
	}
	return PASS;
}

static enum verdict
letter_trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	(void)t;
	say("%c:T%c", does(ctx)[0], dir == DIR_UP ? '^' : 'v');
	return PASS;
}

static void
letter_done(struct l7_ctx *ctx, const struct l7_summary *s)
{
	(void)s;
	say("%c:done", does(ctx)[0]);
}

static const struct l7_filter letter = {
	.base = { .name = "letter" }, .head = letter_head,
	.body = letter_body, .trailers = letter_trailers, .done = letter_done,
};

/* --- a terminal that answers what it got ------------------------------------------------ */

static void
term_head(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	(void)h;
	B->terminal = ctx;
	say("^head%s", end ? "$" : "");
}

static void
term_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	struct slice text = buf_pull(b, buf_len(b));

	(void)ctx;
	say("^[%.*s]%s", SLICE_ARG(text), end ? "$" : "");
}

static void
term_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	(void)ctx;
	(void)t;
	say("^T$");
}

static void
term_pause(struct l7_ctx *ctx, bool paused)
{
	(void)ctx;
	say(paused ? "term-pause" : "term-go");
}

static void
term_cancel(struct l7_ctx *ctx)
{
	(void)ctx;
	say("cancel");
}

static void
term_done(struct l7_ctx *ctx, const struct l7_summary *s)
{
	(void)ctx;
	say("done:%d:%s", s->status, response_flag_name(s->flag));
}

static const struct l7_terminal terminal = {
	.name = "bench", .state_size = 16, .head = term_head,
	.body = term_body, .trailers = term_trailers, .pause = term_pause,
	.cancel = term_cancel, .done = term_done,
};

/* --- the bench -------------------------------------------------------------- */

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *h, struct l7_route *r)
{
	(void)arg;
	(void)ctx;
	(void)h;
	r->chain = B->chain;
	r->terminal = &terminal;
}

static void
on_request_ended(void *arg)
{
	struct bench *b = arg;

	assert_false(b->ended);
	b->ended = true;
}

static void
on_finished(void *arg)
{
	struct bench *b = arg;

	assert_false(b->finished);
	assert_true(b->ended);
	b->finished = true;
}

static const struct l7_owner_ops owner_ops = { on_request_ended, on_finished };

static void
stop_loop(void *arg)
{
	loop_stop(arg);
}

/* Runs what is deferred. */
static void
turn(void)
{
	loop_post(B->loop, stop_loop, B->loop);
	loop_run(B->loop);
}

static void
ignore_data(struct conn *c, void *owner)
{
	(void)c;
	(void)owner;
}

static void *
l4_open(void *arg, struct l4_run *l4)
{
	(void)l4;
	return arg;
}

static void
l4_bytes(void *state, struct buf *b, bool end)
{
	(void)state;
	(void)b;
	(void)end;
}

static void
l4_drained(void *state)
{
	(void)state;
}

static void
l4_closed(void *state, enum close_reason why)
{
	(void)state;
	(void)why;
}

static const struct l4_terminal l4_terminal = {
	.name = "bench", .open = l4_open, .bytes = l4_bytes,
	.drained = l4_drained, .close = l4_closed,
};

static struct l4_run *l4_under;
static int            l4_other_end;

static void
ignore_closed(struct conn *c, void *owner, enum close_reason why)
{
	(void)c;
	(void)owner;
	(void)why;
}

static const struct conn_ops conn_ops = { ignore_data, NULL, ignore_closed };

static void
bench_init(struct bench *b, const char *filters)
{
	int fds[2];

	*b = (struct bench){ 0 };
	B = b;
	b->loop = loop_new("bench");
	b->stats = filter_stats_new(1);
	worker_env_init(&b->env, b->loop, 0, NULL);
	b->l4 = l4_chain_new("l4", b->stats);
	b->chain = l7_chain_new("l7", b->stats);
	b->letters = mem_strdup(filters);
	for (char *save = NULL, *word = strtok_r(b->letters, " ", &save);
	    word != NULL;
	    word = strtok_r(NULL, " ", &save))
		l7_chain_add(b->chain, &letter, word);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	l4_other_end = fds[1];
	l4_under = l4_start(b->l4, conn_new(b->loop, fds[0], NULL, NULL,
	    &conn_ops, NULL), &b->env, "bench", &l4_terminal, b);
	arena_init(&b->arena);
	b->stream = (struct stream){ .vt = &fake_stream, .arena = &b->arena };
	b->listener = (struct l7_listener){ .name = "bench", .route = route };
	http_head_init(&b->request, &b->arena);
	b->request.method_id = METHOD_GET;
	b->request.method = SLICE("GET");
	l7_start(&b->stream, &b->listener, l4_under, &owner_ops, b);
}

static void
bench_fini(struct bench *b)
{
	if (!b->finished)
		b->stream.events->on_reset(b->stream.owner, STREAM_CANCEL);
	l4_close(l4_under, CLOSE_LOCAL);
	turn();
	close(l4_other_end);
	arena_fini(&b->arena);
	str_fini(&b->trace);
	l7_chain_unref(b->chain);
	l4_chain_unref(b->l4);
	filter_stats_free(b->stats);
	loop_free(b->loop);
	mem_free(b->letters);
}

static void
put_head(bool end)
{
	B->stream.events->on_head(B->stream.owner, &B->request, end);
}

static void
put_body(const char *text, bool end)
{
	struct buf b = { 0 };

	buf_add(&b, text, strlen(text));
	B->stream.events->on_body(B->stream.owner, &b, end);
	buf_fini(&b);
}

static void
answer(int status, const char *text)
{
	struct http_head *h = arena_alloc(&B->arena, sizeof(*h));
	struct buf b = { 0 };

	http_head_init(h, &B->arena);
	h->status = status;
	l7_respond_head(B->terminal, h, text == NULL);
	if (text == NULL)
		return;
	buf_add(&b, text, strlen(text));
	l7_respond_body(B->terminal, &b, true);
	buf_fini(&b);
}

static void
expect(const char *want)
{
	assert_string_equal(str_ptr(&B->trace), want);
	str_clear(&B->trace);
}

TEST(l7_up_runs_forward_and_down_in_reverse)
{
	struct bench b;

	bench_init(&b, "a b");
	put_head(false);
	put_body("hi", true);
	answer(200, "yo");
	expect("a:head^ b:head^ ^head a:[hi]^$ b:[hi]^$ ^[hi]$ "
	    "b:headv a:headv <200 b:[yo]v$ a:[yo]v$ <[yo]$");
	turn();
	expect("done:200:- b:done a:done close:0");
	assert_true(b.finished);
	bench_fini(&b);
}

TEST(l7_hold_head_waits_and_body_follows_in_order)
{
	struct bench b;

	bench_init(&b, "a bh^ c");
	put_head(false);
	put_body("one", false);
	put_body("two", true);
	expect("a:head^ b:head^");
	l7_resume(b.holder, DIR_UP);
	expect("");
	turn();
	expect("c:head^ ^head a:[onetwo]^$ b:[onetwo]^$ c:[onetwo]^$ "
	    "^[onetwo]$");
	answer(204, NULL);
	turn();
	expect("c:headv$ b:headv$ a:headv$ <204$ done:204:- c:done b:done "
	    "a:done close:0");
	bench_fini(&b);
}

TEST(l7_hold_of_a_body_goes_on_behind_the_holder)
{
	struct bench b;

	bench_init(&b, "a bb^ c");
	put_head(false);
	put_body("one", false);
	put_body("two", true);
	expect("a:head^ b:head^ c:head^ ^head a:[one]^ b:[one]^");
	l7_resume(b.holder, DIR_UP);
	turn();
	expect("c:[one]^ ^[one] a:[two]^$ b:[two]^$");
	l7_resume(b.holder, DIR_UP);
	turn();
	expect("c:[two]^$ ^[two]$");
	bench_fini(&b);
}

TEST(l7_reply_goes_down_through_entered_filters_only)
{
	struct bench b;

	bench_init(&b, "a br^ c");
	put_head(true);
	turn();
	expect("a:head^$ b:head^$ a:headv <403 a:[no]v$ <[no]$ b:done a:done "
	    "close:0");
	bench_fini(&b);
}

TEST(l7_reply_from_a_body_cancels_the_terminal)
{
	struct bench b;

	bench_init(&b, "a brb");
	put_head(false);
	put_body("evil", false);
	turn();
	expect("a:head^ b:head^ ^head a:[evil]^ b:[evil]^ cancel a:headv <403 "
	    "a:[no]v$ <[no]$ done:403:UAEX b:done a:done close:1");
	bench_fini(&b);
}

TEST(l7_collect_delivers_the_whole_body_before_the_head)
{
	struct bench b;

	bench_init(&b, "a bc^ c");
	put_head(false);
	put_body("one", false);
	put_body("two", true);
	expect("a:head^ b:head^ a:[onetwo]^$ b:[onetwo]^$ c:head^ ^head "
	    "c:[onetwo]^$ ^[onetwo]$");
	bench_fini(&b);
}

TEST(l7_collect_of_an_empty_body)
{
	struct bench b;

	bench_init(&b, "bc^ c");
	put_head(true);
	expect("b:head^$ b:[]^$ c:head^$ ^head$");
	bench_fini(&b);
}

TEST(l7_collect_above_its_limit_is_413)
{
	struct bench b;

	bench_init(&b, "a bc^ c");
	put_head(false);
	put_body("123456789", false);
	turn();
	assert_non_null(strstr(str_ptr(&b.trace), "<413"));
	assert_null(strstr(str_ptr(&b.trace), "^head c"));
	bench_fini(&b);
}

TEST(l7_collect_refuses_at_once_what_says_that_it_is_too_large)
{
	struct bench b;

	bench_init(&b, "a bc^ c");
	b.request.content_length = 9;
	b.request.expects_continue = true;
	put_head(false);
	turn();
	assert_non_null(strstr(str_ptr(&b.trace), "<413"));
	assert_null(strstr(str_ptr(&b.trace), "<100"));
	bench_fini(&b);
}

TEST(l7_collect_asks_for_the_body_of_who_waits)
{
	struct bench b;

	bench_init(&b, "a bc^");
	b.request.expects_continue = true;
	put_head(false);
	expect("a:head^ b:head^ <100");
	put_body("one", true);
	expect("a:[one]^$ b:[one]^$ ^head ^[one]$");
	bench_fini(&b);
	/* Nobody asks for it where it is not collected. */
	bench_init(&b, "a");
	b.request.expects_continue = true;
	put_head(false);
	expect("a:head^ ^head");
	bench_fini(&b);
}

TEST(l7_collect_sees_one_end_where_trailers_follow)
{
	struct http_fields t;
	struct bench b;

	bench_init(&b, "a bc^ c");
	http_fields_init(&t, &b.arena);
	put_head(false);
	put_body("one", false);
	b.stream.events->on_trailers(b.stream.owner, &t);
	expect("a:head^ b:head^ a:[one]^ b:[one]^$ c:head^ ^head c:[one]^ "
	    "^[one] a:T^ c:T^ ^T$");
	bench_fini(&b);
}

TEST(l7_response_head_held_then_released)
{
	struct bench b;

	bench_init(&b, "a bhv");
	put_head(true);
	answer(200, "body");
	expect("a:head^$ b:head^$ ^head$ b:headv");
	l7_resume(b.holder, DIR_DOWN);
	turn();
	expect("a:headv <200 b:[body]v$ a:[body]v$ <[body]$ done:200:- b:done "
	    "a:done close:0");
	bench_fini(&b);
}

TEST(l7_abort_ends_without_an_answer)
{
	struct bench b;

	bench_init(&b, "a bxv");
	put_head(true);
	answer(200, "body");
	turn();
	expect("a:head^$ b:head^$ ^head$ b:headv cancel done:0:LR b:done "
	    "a:done close:9");
	bench_fini(&b);
}

TEST(l7_reset_by_the_caller_cancels)
{
	struct bench b;

	bench_init(&b, "a");
	put_head(false);
	b.stream.events->on_reset(b.stream.owner, STREAM_CONN_RESET);
	turn();
	expect("a:head^ ^head cancel done:0:DC a:done close:6");
	bench_fini(&b);
}

TEST(l7_early_answer_ends_the_exchange)
{
	struct bench b;

	bench_init(&b, "a");
	put_head(false);
	put_body("part", false);
	answer(401, "no");
	turn();
	expect("a:head^ ^head a:[part]^ ^[part] a:headv <401 a:[no]v$ <[no]$ "
	    "done:401:- a:done close:1");
	bench_fini(&b);
}

TEST(l7_hold_pauses_the_source_at_the_watermark)
{
	struct bench b;
	char *big = mem_zalloc(FLOW_HIGH + 1);

	bench_init(&b, "ah^");
	put_head(false);
	memset(big, 'x', FLOW_HIGH);
	put_body(big, false);
	put_body("y", false);
	expect("a:head^ pause");
	l7_resume(b.holder, DIR_UP);
	turn();
	assert_non_null(strstr(str_ptr(&b.trace), " go "));
	mem_free(big);
	bench_fini(&b);
}
