#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "conf/yaml.h"
#include "filter/bench_test.h"

#define PATIENCE_S	20

int
bench_configure(const struct filter_class *f, const char *yaml, void **shared,
    struct err *err)
{
	struct arena a = { 0 };
	struct conf_node *node = NULL;

	*err = (struct err)ERR_INIT;
	*shared = NULL;
	if (yaml != NULL) {
		node = conf_yaml_read(&a, slice_str(yaml), "t.yaml", err);
		assert_non_null(node);
	}
	int r = f->configure == NULL ? 0 : f->configure(shared, node, err);

	arena_fini(&a);		/* the filter keeps nothing of it */
	return r;
}

/* --- the service ----------------------------------------------------------------- */

static void
answer(struct l7_ctx *ctx)
{
	const struct bench *b = ctx->shared;

	b->answer(ctx);
}

static void
term_head(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	(void)h;
	if (end)
		answer(ctx);
}

static void
term_body(struct l7_ctx *ctx, struct buf *bytes, bool end)
{
	buf_drain(bytes, buf_len(bytes));
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
}

static const struct l7_terminal terminal = {
	.name = "bench", .head = term_head, .body = term_body,
	.trailers = term_trailers, .cancel = term_cancel,
};

static void *
again(const void *arg, struct arena *a)
{
	union { const void *from; void *to; } u = { arg };

	(void)a;
	return u.to;
}

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *h, struct l7_route *r)
{
	struct bench *b = arg;

	l7_summary(ctx)->route = http_fields_find(&h->fields, SLICE("x-rule"));
	r->chain = b->l7;
	r->terminal = &terminal;
	r->terminal_arg = b;
	r->again = again;
}

/* --- the client --------------------------------------------------------------------- */

static void
on_poll(void *arg)
{
	struct bench *b = arg;
	struct timespec now;
	char bytes[4096];
	ssize_t n;

	while ((n = recv(b->client, bytes, sizeof(bytes), 0)) > 0)
		str_add_slice(&b->got, slice_of(bytes, (size_t)n));
	b->ended |= n == 0;
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
bench_run(struct bench *b, bool (*until)(const struct bench *))
{
	clock_gettime(CLOCK_MONOTONIC, &b->deadline);
	b->deadline.tv_sec += PATIENCE_S;
	b->until = until;
	loop_defer_next(b->loop, &b->poll);
	loop_run(b->loop);
}

bool
bench_has_ended(const struct bench *b)
{
	return b->ended;
}

bool
bench_is_gone(const struct bench *b)
{
	return b->env.runs_len == 0 && b->env.asides_len == 0;
}

bool
bench_is_over(const struct bench *b)
{
	return bench_has_ended(b) && bench_is_gone(b);
}

void
bench_connect(struct bench *b, const char *id)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	struct conn *c = conn_new(b->loop, fds[0], NULL, NULL, &conn_no_ops,
	    NULL);

	struct conn_peer *peer = conn_peer_copy(&(struct conn_peer){
	    .id = id, .sni = "", .alpn = "",
	    .is_foreign = strncmp(id, "spiffe://far.", 13) == 0 });

	conn_set_peer(c, &peer);
	l4_start(b->l4, c, &b->env, "bench", &http_terminal, &b->options);
	b->client = fds[1];
	b->ended = false;
}

void
bench_send(struct bench *b, const char *bytes)
{
	assert_int_equal(send(b->client, bytes, strlen(bytes), MSG_NOSIGNAL),
	    strlen(bytes));
}

/* --- life ------------------------------------------------------------------------- */

void
bench_init(struct bench *b, const char *filter, const char *yaml,
    void (*answer_fn)(struct l7_ctx *))
{
	const struct filter_row *l4 = filter_find_l4(filter);
	const struct filter_row *l7 = filter_find_l7(filter);
	struct err err;
	void *shared;

	*b = (struct bench){ .loop = loop_new("bench"), .answer = answer_fn,
		.client = -1 };
	loop_task_init(&b->poll, on_poll, b);
	b->stats = filter_stats_new(1);
	worker_env_init(&b->env, b->loop, 0, NULL);
	b->l4 = l4_chain_new("bench", b->stats);
	b->l7 = l7_chain_new("bench", b->stats);
	if (l4 != NULL) {
		assert_int_equal(bench_configure(&l4->l4->base, yaml, &shared,
		    &err), 0);
		l4_chain_add(b->l4, l4->l4, shared);
	}
	if (l7 != NULL) {
		assert_int_equal(bench_configure(&l7->l7->base, yaml, &shared,
		    &err), 0);
		l7_chain_add(b->l7, l7->l7, shared);
	}
	b->options = http_options_default;
	b->options.listener = (struct l7_listener){
		.name = "bench", .route = route, .arg = b,
	};
}

void
bench_fini(struct bench *b)
{
	worker_env_close(&b->env);
	bench_run(b, bench_is_gone);
	if (b->client >= 0)
		close(b->client);
	loop_free(b->loop);
	l4_chain_unref(b->l4);
	l7_chain_unref(b->l7);
	filter_stats_free(b->stats);
	str_fini(&b->got);
}
