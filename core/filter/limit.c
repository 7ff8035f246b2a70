#include "base/arena.h"
#include "base/mem.h"
#include "conf/schema.h"
#include "filter/filters.h"
#include "filter/limit.h"

static const struct conf_field fields[] = {
	{ "connections", CONF_INT_T, CONF_AT(struct filter_limit, connections),
	    .min = 0, .max = 1000000, .fallback = "10000",
	    .text = "connections open at once; 0: any number" },
	{ "connectionBytes", CONF_BYTES_T,
	    CONF_AT(struct filter_limit, connection_bytes), .fallback = "0",
	    .text = "bytes that one connection may carry; 0: any" },
	{ "idle", CONF_DURATION_T, CONF_AT(struct filter_limit, idle_ms),
	    .fallback = "1h",
	    .text = "closes a connection without a byte for so long; 0s: never" },
	{ "headBytes", CONF_BYTES_T, CONF_AT(struct filter_limit, head_bytes),
	    .fallback = "0",
	    .text = "size of a request's fields, 32 bytes each on top; 0: the listener's" },
	{ "bodyBytes", CONF_BYTES_T, CONF_AT(struct filter_limit, body_bytes),
	    .fallback = "0", .text = "size of a request's body; 0: any" },
	{ 0 },
};

const struct conf_schema filter_limit_schema = {
	"limit", sizeof(struct filter_limit), fields, NULL
};

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct filter_limit *l = mem_zalloc(sizeof(*l));
	struct arena scratch;

	arena_init(&scratch);
	int r = conf_decode(node != NULL ? node : conf_map_new(&scratch),
	    &filter_limit_schema, &scratch, l, err);

	arena_fini(&scratch);
	if (r != 0)
		mem_free(l);
	else
		*shared = l;
	return r;
}

/* Counters in it change; the rest is as configured. */
static struct filter_limit *
limit_of(const void *shared)
{
	union { const void *from; struct filter_limit *to; } u = { shared };

	return u.to;
}

/* --- connections ---------------------------------------------------------------- */

struct l4_state {
	uint64_t          bytes;
	struct loop_timer idle;
};

static void
on_idle(void *arg)
{
	struct l4_ctx *ctx = arg;
	const struct filter_limit *l = ctx->shared;
	struct l4_state *s = ctx->state;
	struct conn *c = l4_conn(ctx->run);
	uint64_t now = loop_now_ms(l4_env(ctx->run)->loop);
	uint64_t due = conn_last_activity_ms(c) + (uint64_t)l->idle_ms;

	if (now >= due)
		l4_filter_close(ctx, CLOSE_IDLE);
	else
		loop_timer_start(&s->idle, due - now);
}

static enum verdict
l4_open(struct l4_ctx *ctx)
{
	struct filter_limit *l = limit_of(ctx->shared);
	struct l4_state *s = ctx->state;
	long before = atomic_fetch_add_explicit(&l->open, 1,
	    memory_order_relaxed);

	loop_timer_init(&s->idle, l4_env(ctx->run)->loop, on_idle, ctx);
	if (l->connections > 0 && before >= l->connections) {
		l4_filter_close(ctx, CLOSE_LIMIT);
		return STOP;
	}
	if (l->idle_ms > 0)
		loop_timer_start(&s->idle, (uint64_t)l->idle_ms);
	return PASS;
}

static enum verdict
l4_bytes(struct l4_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	const struct filter_limit *l = ctx->shared;
	struct l4_state *s = ctx->state;

	(void)dir;
	(void)end;
	s->bytes += buf_len(b);
	if (l->connection_bytes > 0 && s->bytes > (uint64_t)l->connection_bytes) {
		l4_filter_close(ctx, CLOSE_LIMIT);
		return STOP;
	}
	return PASS;
}

static void
l4_close_hook(struct l4_ctx *ctx, enum close_reason why)
{
	struct l4_state *s = ctx->state;

	(void)why;
	loop_timer_stop(&s->idle);
	atomic_fetch_sub_explicit(&limit_of(ctx->shared)->open, 1,
	    memory_order_relaxed);
}

static bool
reads_bytes(const void *shared)
{
	return ((const struct filter_limit *)shared)->connection_bytes > 0;
}

const struct l4_filter filter_l4_limit = {
	.base = { .name = "limit", .state_size = sizeof(struct l4_state),
	    .configure = configure, .release = mem_free },
	.open = l4_open, .bytes = l4_bytes, .close = l4_close_hook,
	.reads_bytes = reads_bytes,
};

/* --- requests --------------------------------------------------------------------- */

struct l7_state {
	int64_t bytes;
};

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct filter_limit *l = ctx->shared;

	(void)end;
	if (dir == DIR_DOWN)
		return PASS;
	if (l->head_bytes > 0 &&
	    http_fields_size(&h->fields) > (size_t)l->head_bytes) {
		l7_reply(ctx, 431, FLAG_LIM, "head_too_large", SLICE_NONE);
		return STOP;
	}
	if (l->body_bytes > 0 && h->content_length > l->body_bytes) {
		l7_reply(ctx, 413, FLAG_LIM, "body_too_large", SLICE_NONE);
		return STOP;
	}
	return PASS;
}

static enum verdict
body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	const struct filter_limit *l = ctx->shared;
	struct l7_state *s = ctx->state;

	(void)end;
	if (dir == DIR_DOWN || l->body_bytes == 0)
		return PASS;
	s->bytes += (int64_t)buf_len(b);
	if (s->bytes > l->body_bytes) {
		l7_reply(ctx, 413, FLAG_LIM, "body_too_large", SLICE_NONE);
		return STOP;
	}
	return PASS;
}

const struct l7_filter filter_limit = {
	.base = { .name = "limit", .state_size = sizeof(struct l7_state),
	    .configure = configure, .release = mem_free },
	.head = head, .body = body,
};
