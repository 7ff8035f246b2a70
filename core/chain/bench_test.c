#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "chain/bench_test.h"
#include "chain/l7_body.h"

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
 * "rb" at the request body; "p^" lets bodies through by twos; "c^" collects 8
 * bytes, "C^" 4 or the beginning, "H^" likewise and holds it; "x^" aborts; "e"
 * emits a tail when trailers come.
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
	if ((what[1] == 'C' || what[1] == 'H') && what[2] == d) {
		l7_collect_part(ctx, dir, 4);
		B->holder = NULL;
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
	if (what[1] == 'p' && what[2] == d && text.len > 0) {
		l7_hold_part(ctx, dir, 2);
		B->holder = ctx;
		B->holder_dir = dir;
		return HOLD;
	}
	if (what[1] == 'b' && what[2] == d) {
		B->holder = ctx;
		B->holder_dir = dir;
		return HOLD;
	}
	if (what[1] == 'H' && what[2] == d && B->holder == NULL) {
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
	struct buf tail = { 0 };

	(void)t;
	say("%c:T%c", does(ctx)[0], dir == DIR_UP ? '^' : 'v');
	if (does(ctx)[1] == 'e') {
		buf_add(&tail, "tail", 4);
		l7_emit(ctx, dir, &tail);
	}
	return PASS;
}

static void
letter_done(struct l7_ctx *ctx, const struct l7_summary *s)
{
	(void)s;
	say("%c:done", does(ctx)[0]);
}

static bool
nothing(const struct worker_env *env)
{
	return env == NULL;
}

/* In the chain, and in no request's way: "-". */
static const struct l7_filter idler = {
	.base = { .name = "idler" }, .concerns = nothing,
};

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

static void *
again(const void *arg, struct arena *a)
{
	assert_null(arg);
	return a;
}

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *h, struct l7_route *r)
{
	(void)arg;
	(void)ctx;
	(void)h;
	r->chain = B->chain;
	r->behind[r->behind_len++] = B->behind;
	r->terminal = &terminal;
	r->again = again;
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

static const struct l7_owner_ops owner_ops = {
	.request_ended = on_request_ended, .finished = on_finished,
};

static void
stop_loop(void *arg)
{
	loop_stop(arg);
}

void
bench_turn(void)
{
	loop_post(B->loop, stop_loop, B->loop);
	loop_run(B->loop);
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

void
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
	b->behind = l7_chain_new("behind", b->stats);
	b->extension = l7_chain_new("extension", b->stats);
	b->letters = mem_strdup(filters);
	struct l7_chain *to = b->chain;

	for (char *save = NULL, *word = strtok_r(b->letters, " ", &save);
	    word != NULL;
	    word = strtok_r(NULL, " ", &save)) {
		if (word[0] == '|')
			to = b->behind;
		else if (word[0] == '+')
			to = b->extension;
		else
			l7_chain_add(to, word[0] == '-' ? &idler : &letter, word);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	l4_other_end = fds[1];
	l4_under = l4_start(b->l4, conn_new(b->loop, fds[0], NULL, NULL,
	    &conn_no_ops, NULL), &b->env, "bench", &l4_terminal, b);
	arena_init(&b->arena);
	b->stream = (struct stream){ .vt = &fake_stream, .arena = &b->arena };
	b->listener = (struct l7_listener){ .name = "bench", .route = route };
	http_head_init(&b->request, &b->arena);
	b->request.method_id = METHOD_GET;
	b->request.method = SLICE("GET");
	l7_start(&b->stream, &b->listener, l4_under, &owner_ops, b);
}

void
bench_fini(struct bench *b)
{
	if (!b->finished)
		b->stream.events->on_reset(b->stream.owner, STREAM_CANCEL);
	l4_close(l4_under, CLOSE_LOCAL);
	bench_turn();
	close(l4_other_end);
	arena_fini(&b->arena);
	str_fini(&b->trace);
	l7_chain_unref(b->chain);
	l7_chain_unref(b->behind);
	l7_chain_unref(b->extension);
	l4_chain_unref(b->l4);
	filter_stats_free(b->stats);
	loop_free(b->loop);
	mem_free(b->letters);
}

void
bench_head(bool end)
{
	B->stream.events->on_head(B->stream.owner, &B->request, end);
}

void
bench_body(const char *text, bool end)
{
	struct buf b = { 0 };

	buf_add(&b, text, strlen(text));
	B->stream.events->on_body(B->stream.owner, &b, end);
	buf_fini(&b);
}

void
bench_answer(int status, const char *text)
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

void
bench_expect(const char *want)
{
	assert_string_equal(str_ptr(&B->trace), want);
	str_clear(&B->trace);
}
