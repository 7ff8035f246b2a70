#include <stdatomic.h>

#include "base/mem.h"
#include "base/random.h"
#include "conf/schema.h"
#include "filter/filters.h"

/*
 * fault: answers a share of the requests itself, or lets them wait before the
 * service sees them, so that one can see how callers bear it.
 */
struct delay {
	int64_t ms, percent;
};

struct abort_with {
	int64_t status, percent;
};

struct fault {
	struct delay      delay;
	struct abort_with abort;
	int64_t           active;
	atomic_long       waiting;
};

struct state {
	bool is_waiting;
};

static const struct conf_field delay_fields[] = {
	{ "time", CONF_DURATION_T, CONF_AT(struct delay, ms),
	    .fallback = "0s", .text = "how much later the service sees it" },
	{ "percent", CONF_INT_T, CONF_AT(struct delay, percent),
	    .min = 0, .max = 100, .fallback = "100",
	    .text = "share of the requests" },
	{ 0 },
};
static const struct conf_schema delay_schema = {
	"delay", sizeof(struct delay), delay_fields, NULL
};

static const struct conf_field abort_fields[] = {
	{ "status", CONF_INT_T, CONF_AT(struct abort_with, status),
	    .min = 0, .max = 599, .fallback = "0",
	    .text = "answer with this status, from 200; 0: none" },
	{ "percent", CONF_INT_T, CONF_AT(struct abort_with, percent),
	    .min = 0, .max = 100, .fallback = "100",
	    .text = "share of the requests" },
	{ 0 },
};

static int
verify_abort(const void *filled, const struct conf_node *node, struct err *err)
{
	const struct abort_with *a = filled;

	if (a->status == 0 || a->status >= 200)
		return 0;
	return conf_error(conf_get(node, "status"), err,
	    "expected a final status, from 200 to 599");
}

static const struct conf_schema abort_schema = {
	"abort", sizeof(struct abort_with), abort_fields, verify_abort
};

static const struct conf_field fields[] = {
	{ "delay", CONF_STRUCT_T, CONF_AT(struct fault, delay),
	    .schema = &delay_schema, .text = "makes requests late" },
	{ "abort", CONF_STRUCT_T, CONF_AT(struct fault, abort),
	    .schema = &abort_schema, .text = "answers requests" },
	{ "active", CONF_INT_T, CONF_AT(struct fault, active),
	    .min = 1, .max = 1000000, .fallback = "1000",
	    .text = "how many may wait or have waited at once; others pass" },
	{ 0 },
};

const struct conf_schema filter_fault_schema = {
	"fault", sizeof(struct fault), fields, NULL
};

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct fault *f = mem_zalloc(sizeof(*f));
	struct arena scratch;

	arena_init(&scratch);
	int r = conf_decode(node != NULL ? node : conf_map_new(&scratch),
	    &filter_fault_schema, &scratch, f, err);

	arena_fini(&scratch);
	if (r != 0)
		mem_free(f);
	else
		*shared = f;
	return r;
}

/* The number of those that wait changes; the rest is as configured. */
static struct fault *
fault_of(const void *shared)
{
	union { const void *from; struct fault *to; } u = { shared };

	return u.to;
}

static bool
is_hit(int64_t percent)
{
	return percent == 100 ||
	    (percent > 0 && random_unit() * 100 < (double)percent);
}

static bool
may_wait(struct fault *f)
{
	if (atomic_fetch_add_explicit(&f->waiting, 1,
	    memory_order_relaxed) < f->active)
		return true;
	atomic_fetch_sub_explicit(&f->waiting, 1, memory_order_relaxed);
	return false;
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	struct fault *f = fault_of(ctx->shared);
	struct state *s = ctx->state;

	(void)h;
	(void)end;
	if (dir == DIR_DOWN)
		return PASS;
	if (f->abort.status != 0 && is_hit(f->abort.percent)) {
		l7_reply(ctx, (int)f->abort.status, FLAG_FI, "fault_abort",
		    SLICE_NONE);
		return STOP;
	}
	if (f->delay.ms == 0 || !is_hit(f->delay.percent) || !may_wait(f))
		return PASS;
	s->is_waiting = true;
	l7_wake_after(ctx, DIR_UP, (uint64_t)f->delay.ms);
	return HOLD;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct state *s = ctx->state;

	(void)sum;
	if (s->is_waiting)
		atomic_fetch_sub_explicit(&fault_of(ctx->shared)->waiting, 1,
		    memory_order_relaxed);
}

const struct l7_filter filter_fault = {
	.base = { .name = "fault", .state_size = sizeof(struct state),
	    .configure = configure, .release = mem_free },
	.head = head, .done = done,
};
