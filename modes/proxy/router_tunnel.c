#include "modes/proxy/router_run.h"
#include "stat/metrics.h"

/*
 * router_tunnel: an exchange that became a tunnel (101): both its ways are
 * bytes of some other protocol until both have ended.
 *
 * Clocks of requests and replies do not apply to it.  It ends when nothing
 * moves for the cluster's upgrades.idle_ms, or after max_ms; a drain leaves it
 * the drain time.  What it carries is counted while it lives, as it may live
 * for days.
 */
#define TELL_MS	10000	/* between two times that bytes are counted */

struct tunnel {
	struct loop_timer timer;
	uint64_t          since_us;
	uint64_t          active_ms;	/* when something moved, the last time */
	uint64_t          told_up, told_down;	/* bytes counted so far */
};

/* --- counts --------------------------------------------------------------- */

static size_t
labels(const struct router *r, struct slice *v)
{
	const struct worker_env *env = l7_env(r->ctx);
	const struct l7_summary *s = l7_summary(r->ctx);
	bool in = r->job->is_inbound;

	v[0] = in ? SLICE(METRIC_INBOUND) : SLICE(METRIC_OUTBOUND);
	metric_service(&v[1], in ? s->source_service : env->service);
	metric_service(&v[3], in ? env->service : s->service);
	return 5;
}

static void
count(const struct router *r, enum metric metric, size_t labels_len, int64_t by)
{
	struct slice v[STAT_LABELS_MAX];

	labels(r, v);
	worker_env_count(l7_env(r->ctx), metric, v, labels_len, by);
}

static void
tell(const struct router *r, struct tunnel *t)
{
	const struct l7_summary *s = l7_summary(r->ctx);

	if (s->bytes_up > t->told_up)
		count(r, METRIC_TUNNEL_RECEIVED, 5,
		    (int64_t)(s->bytes_up - t->told_up));
	if (s->bytes_down > t->told_down)
		count(r, METRIC_TUNNEL_SENT, 5,
		    (int64_t)(s->bytes_down - t->told_down));
	t->told_up = s->bytes_up;
	t->told_down = s->bytes_down;
}

/* --- its clock ------------------------------------------------------------ */

/* Milliseconds until the end of a span that began at since_ms; 0 has none. */
static uint64_t
left_ms(uint64_t span_ms, uint64_t since_ms, uint64_t now_ms)
{
	uint64_t spent = now_ms - since_ms;

	return span_ms == 0 ? UINT64_MAX : spent < span_ms ? span_ms - spent : 0;
}

static void
watch(struct router *r)
{
	struct tunnel *t = r->tunnel;
	/* Of a tunnel to the application the caller's proxy keeps the times. */
	const struct upgrade_settings *u = &r->cluster->upgrades;
	uint64_t now = loop_now_ms(l7_loop(r->ctx));
	uint64_t idle = r->job->is_inbound ? UINT64_MAX :
	    left_ms(u->idle_ms, t->active_ms, now);
	uint64_t whole = r->job->is_inbound ? UINT64_MAX :
	    left_ms(u->max_ms, t->since_us / 1000, now);
	uint64_t next = idle < whole ? idle : whole;

	tell(r, t);
	if (next > 0)
		loop_timer_start(&t->timer, next < TELL_MS ? next : TELL_MS);
	else if (idle == 0)
		router_give_up(r, ATTEMPT_OK, FLAG_SI, "tunnel_idle");
	else
		router_give_up(r, ATTEMPT_OK, FLAG_DT, "tunnel_duration");
}

static void
on_timer(void *arg)
{
	watch(arg);
}

/* --- life ----------------------------------------------------------------- */

bool
router_may_upgrade(const struct router *r)
{
	switch (r->cluster->upgrades.allow) {
	case UPGRADE_ANY:
		return true;
	case UPGRADE_WEBSOCKET:
		return slice_ieq(r->request->upgrade, SLICE("websocket"));
	default:
		return false;
	}
}

void
router_tunnel_begin(struct router *r)
{
	struct loop *loop = l7_loop(r->ctx);
	struct tunnel *t = arena_zalloc(l7_arena(r->ctx), sizeof(*t));

	r->tunnel = t;
	loop_timer_init(&t->timer, loop, on_timer, r);
	t->since_us = loop_now_us(loop);
	t->active_ms = loop_now_ms(loop);
	count(r, METRIC_TUNNELS_ACTIVE, 1, 1);
	watch(r);
}

void
router_tunnel_moved(struct router *r)
{
	r->tunnel->active_ms = loop_now_ms(l7_loop(r->ctx));
}

void
router_tunnel_stop(struct router *r)
{
	if (r->tunnel != NULL)
		loop_timer_stop(&r->tunnel->timer);
}

void
router_tunnel_end(struct router *r)
{
	struct tunnel *t = r->tunnel;

	if (t == NULL)
		return;
	loop_timer_stop(&t->timer);
	tell(r, t);
	count(r, METRIC_TUNNELS_ACTIVE, 1, -1);
	count(r, METRIC_TUNNEL_DURATION, 5,
	    (int64_t)(loop_now_us(l7_loop(r->ctx)) - t->since_us));
	r->tunnel = NULL;
}
