#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "chain/grpc.h"
#include "chain/l7_body.h"
#include "conf/schema.h"
#include "conf/units.h"
#include "filter/caller.h"
#include "filter/filters.h"
#include "model/extension.h"

/*
 * fault: answers a share of the requests itself, lets them wait before the
 * service sees them, or lets their answers come slowly, so that one can see how
 * callers bear it.  Callers that are trusted may ask for it in fields.
 */
#define TICKS		20	/* parts of a slow body in a second */
#define DELAY_MAX	3600000
#define RATE_MAX	1073741824

struct fault {
	struct model_fault_spec spec;
	struct arena            arena;
	atomic_long             active;
};

/* What one exchange suffers. */
struct wanted {
	int64_t delay_ms;	/* 0: none */
	int64_t status;		/* 0: none */
	int64_t grpc_status;	/* 0: none */
	int64_t bytes;		/* in a second; 0: any */
};

struct state {
	bool     is_active;
	uint64_t bytes;		/* in a second; 0: any */
	uint64_t next_us;	/* when the next byte may go */
};

#define SPEC(member)	CONF_AT(struct model_fault_spec, member)

static const struct conf_field fields[] = {
	{ "delay", CONF_POINTER_T, SPEC(delay), .schema = &model_fault_delay_schema,
	    .text = "makes requests wait" },
	{ "abort", CONF_POINTER_T, SPEC(abort), .schema = &model_fault_abort_schema,
	    .rule = model_fault_abort_rule, .text = "answers requests" },
	{ "throughput", CONF_POINTER_T, SPEC(throughput),
	    .schema = &model_fault_throughput_schema,
	    .text = "makes answers slow" },
	{ "headerCallers", CONF_STRING_T, CONF_LIST_AT(struct model_fault_spec, callers),
	    .pattern = CONF_SERVICE_NAME, .max_items = 100,
	    .text = "NAMESPACE/ACCOUNT of callers that may ask for faults by header" },
	{ "maxActive", CONF_INT_T, SPEC(max_active), .min = 1, .max = 1000000,
	    .fallback = "100", .text = "faults at a time; other requests pass" },
	{ 0 },
};

const struct conf_schema filter_fault_schema = {
	"fault", sizeof(struct model_fault_spec), fields, NULL
};

static void
release(void *shared)
{
	struct fault *f = shared;

	arena_fini(&f->arena);
	mem_free(f);
}

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct fault *f = mem_zalloc(sizeof(*f));

	arena_init(&f->arena);
	/* A copy, since strings of the spec point into it. */
	node = node == NULL ? conf_map_new(&f->arena) :
	    conf_copy(&f->arena, node);
	if (conf_decode(node, &filter_fault_schema, &f->arena, &f->spec,
	    err) != 0) {
		release(f);
		return -1;
	}
	*shared = f;
	return 0;
}

/* The number of those that suffer changes; the rest is as configured. */
static struct fault *
fault_of(const struct l7_ctx *ctx)
{
	union { const void *from; struct fault *to; } u = { ctx->shared };

	return u.to;
}

/* --- whether ---------------------------------------------------------------------- */

/* percent: parts per million. */
static bool
is_hit(int64_t percent)
{
	return percent > 0 && random_below(1000000) < (uint64_t)percent;
}

/* A whole number in that range, or 0: there is none. */
static int64_t
asked(const struct http_head *h, const char *field, int64_t min, int64_t max)
{
	struct slice text = http_fields_find(&h->fields, slice_str(field));
	uint64_t n;

	if (!slice_u64(text, &n) || n < (uint64_t)min || n > (uint64_t)max)
		return 0;
	return (int64_t)n;
}

static bool
is_trusted(struct l7_ctx *ctx, const struct fault *f)
{
	struct slice caller = filter_caller(ctx);

	for (size_t i = 0; caller.len > 0 && i < f->spec.callers_len; i++)
		if (slice_is(caller, f->spec.callers[i]))
			return true;
	return false;
}

static void
ask(struct l7_ctx *ctx, const struct http_head *h, struct wanted *w)
{
	const struct wanted q = {
		.delay_ms = asked(h, "x-fault-delay", 1, DELAY_MAX),
		.status = asked(h, "x-fault-abort", 200, 599),
		.grpc_status = asked(h, "x-fault-abort-grpc", 1, 16),
		.bytes = asked(h, "x-fault-throughput", 1, RATE_MAX),
	};

	if ((q.delay_ms | q.status | q.grpc_status | q.bytes) == 0 ||
	    !is_trusted(ctx, fault_of(ctx)))
		return;
	if (q.delay_ms > 0)
		w->delay_ms = q.delay_ms;
	if (q.status > 0 || q.grpc_status > 0) {
		w->status = q.status;
		w->grpc_status = q.grpc_status;
	}
	if (q.bytes > 0)
		w->bytes = q.bytes;
}

static struct wanted
want(struct l7_ctx *ctx, const struct http_head *h)
{
	const struct model_fault_spec *s = &fault_of(ctx)->spec;
	struct wanted w = { 0 };

	if (s->abort != NULL && is_hit(s->abort->percent)) {
		w.status = s->abort->status;
		w.grpc_status = s->abort->grpc_status > 0 ?
		    s->abort->grpc_status : 0;
	}
	if (s->delay != NULL && is_hit(s->delay->percent))
		w.delay_ms = s->delay->duration_ms;
	if (s->throughput != NULL && is_hit(s->throughput->percent))
		w.bytes = s->throughput->bytes;
	if (s->callers_len > 0)
		ask(ctx, h, &w);
	return w;
}

static bool
may_suffer(struct fault *f)
{
	if (atomic_fetch_add_explicit(&f->active, 1,
	    memory_order_relaxed) < f->spec.max_active)
		return true;
	atomic_fetch_sub_explicit(&f->active, 1, memory_order_relaxed);
	return false;
}

/* --- how -------------------------------------------------------------------------- */

static void
give_up(struct l7_ctx *ctx, const struct wanted *w)
{
	struct http_head *h = arena_alloc(l7_arena(ctx), sizeof(*h));
	struct buf none = { 0 };

	if (w->grpc_status == 0) {
		l7_reply(ctx, (int)w->status, FLAG_FI, "fault_abort",
		    SLICE_NONE);
		return;
	}
	http_head_init(h, l7_arena(ctx));
	grpc_answer(h, (int)w->grpc_status,
	    slice_str(response_flag_text(FLAG_FI)));
	l7_reply_with(ctx, h, &none, FLAG_FI, "fault_abort");
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	struct state *s = ctx->state;

	(void)end;
	if (dir == DIR_DOWN)
		return PASS;
	const struct wanted w = want(ctx, h);

	if ((w.delay_ms | w.status | w.grpc_status | w.bytes) == 0 ||
	    !may_suffer(fault_of(ctx)))
		return PASS;
	s->is_active = true;
	if (w.status > 0 || w.grpc_status > 0) {
		give_up(ctx, &w);
		return STOP;
	}
	s->bytes = (uint64_t)w.bytes;
	if (w.delay_ms == 0)
		return PASS;
	l7_summary(ctx)->flag = FLAG_DI;
	l7_summary(ctx)->details = "fault_delay";
	l7_wake_after(ctx, DIR_UP, (uint64_t)w.delay_ms);
	return HOLD;
}

/* Each part waits for as long as it takes at that rate. */
static enum verdict
body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	struct state *s = ctx->state;
	size_t n = buf_len(b);

	(void)end;
	if (dir == DIR_UP || s->bytes == 0 || n == 0)
		return PASS;
	uint64_t now = loop_now_us(l7_loop(ctx)), most = s->bytes / TICKS + 1;

	if (n > most)
		n = most;
	if (s->next_us < now)
		s->next_us = now;
	s->next_us += n * 1000000 / s->bytes;
	l7_hold_part(ctx, dir, n);
	l7_wake_after(ctx, dir, (s->next_us - now + 999) / 1000);
	return HOLD;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct state *s = ctx->state;

	(void)sum;
	if (s->is_active)
		atomic_fetch_sub_explicit(&fault_of(ctx)->active, 1,
		    memory_order_relaxed);
}

const struct l7_filter filter_fault = {
	.base = { .name = "fault", .state_size = sizeof(struct state),
	    .configure = configure, .release = release },
	.head = head, .body = body, .done = done,
};
