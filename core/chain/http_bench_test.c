#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "chain/http_bench_test.h"

static struct http_bench *B;
static struct http_conn_settings settings;	/* of connections that begin */

static const struct http_conn_settings *
give_settings(void *arg, struct worker_env *env)
{
	(void)arg;
	assert_ptr_equal(env, &B->env);
	return &settings;
}

/* --- the terminal -------------------------------------------------------------- */

void
http_bench_answer(struct l7_ctx *ctx)
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
		http_bench_answer(ctx);
}

static void
term_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	buf_drain(b, buf_len(b));
	if (end)
		http_bench_answer(ctx);
}

static void
term_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	(void)t;
	http_bench_answer(ctx);
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

void
http_bench_receive(struct http_bench *b)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(b->client, bytes, sizeof(bytes), 0)) > 0)
		str_add_slice(&b->got, slice_of(bytes, (size_t)n));
	b->ended |= n == 0;
}

void
http_bench_put(struct http_bench *b, const char *text)
{
	assert_int_equal(send(b->client, text, strlen(text), 0), strlen(text));
}

bool
http_bench_has_ended(struct http_bench *b)
{
	http_bench_receive(b);
	return b->ended;
}

bool
http_bench_has_answer(struct http_bench *b)
{
	http_bench_receive(b);
	return strstr(str_ptr(&b->got), "\r\n\r\nok") != NULL;
}

bool
http_bench_is_held(struct http_bench *b)
{
	return b->held != NULL;
}

bool
http_bench_is_cancelled(struct http_bench *b)
{
	return b->cancelled > 0;
}

static bool
has_fired(struct http_bench *b)
{
	return b->timer_fired;
}

static void
on_timer(void *arg)
{
	struct http_bench *b = arg;

	b->timer_fired = true;
}

static void
on_poll(void *arg)
{
	struct http_bench *b = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (b->until(b)) {
		loop_stop(b->loop);
		return;
	}
	if (now.tv_sec > b->deadline.tv_sec)
		fail_msg("it did not happen; so far: %s", str_ptr(&b->got));
	loop_defer_next(b->loop, &b->poll);
}

void
http_bench_run(struct http_bench *b, bool (*until)(struct http_bench *))
{
	clock_gettime(CLOCK_MONOTONIC, &b->deadline);
	b->deadline.tv_sec += 20;
	b->until = until;
	loop_defer_next(b->loop, &b->poll);
	loop_run(b->loop);
}

void
http_bench_pass(struct http_bench *b, uint64_t ms)
{
	b->timer_fired = false;
	loop_timer_start(&b->timer, ms);
	http_bench_run(b, has_fired);
}

void
http_bench_init(struct http_bench *b, uint64_t head_ms, uint64_t idle_ms,
    uint64_t body_ms)
{
	int fds[2];

	*b = (struct http_bench){ .loop = loop_new("bench") };
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

void
http_bench_init_aged(struct http_bench *b, struct age_limits age)
{
	settings.age = age;
	http_bench_init(b, 0, 0, 0);
	settings.age = (struct age_limits){ 0 };	/* too late for this one */
}

bool
http_bench_is_gone(struct http_bench *b)
{
	return b->env.runs_len == 0;
}

void
http_bench_fini(struct http_bench *b)
{
	close(b->client);
	worker_env_close(&b->env);
	http_bench_run(b, http_bench_is_gone);
	assert_int_equal(b->env.flow.queued, 0);
	loop_free(b->loop);
	l4_chain_unref(b->l4);
	l7_chain_unref(b->l7);
	filter_stats_free(b->stats);
	str_fini(&b->got);
}
