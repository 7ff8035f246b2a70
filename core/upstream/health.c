#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "stat/metrics.h"
#include "upstream/health.h"
#include "upstream/outlier.h"
#include "upstream/upstream_run.h"

#define FIRST_MS	1000	/* first checks are spread over that at most */

struct check {
	struct watched        *of;
	const struct endpoint *endpoint;
	struct loop_timer      timer;
	struct probe          *probe;	/* NULL: the timer runs */
};

struct watched {
	struct list       link;	/* in health->watched */
	struct health    *health;
	struct cluster   *cluster;	/* counted */
	struct loop_timer sweep;
	struct check     *checks;	/* one for each endpoint, or NULL */
	bool              stays;
};

struct health {
	struct upstream *up;
	struct list      watched;
	struct map       by_cluster;	/* struct watched, by its pointer */
};

/* --- what a result means ---------------------------------------------------------- */

static uint64_t
jittered(uint64_t ms, uint32_t percent)
{
	return ms + (uint64_t)((double)ms * percent / 100 * random_unit());
}

static void
turn_healthy(const struct cluster *c, struct endpoint_state *s, bool is_first,
    uint64_t now_ms)
{
	/* It was away: it warms up as one that is new. */
	if (!is_first && c->balance.slow_start_ms > 0) {
		atomic_store(&s->warm_from_ms, now_ms);
		endpoint_mark(s, MARK_WARMING);
	}
	endpoint_unmark(s, MARK_UNHEALTHY);
}

uint64_t
health_result(const struct cluster *c, struct endpoint_state *s,
    enum probe_result result, uint64_t now_ms)
{
	const struct health_settings *h = &c->health;
	bool is_first = !s->was_checked, is_ok = result == PROBE_OK;
	bool was_ok = !(endpoint_marks(s) & MARK_UNHEALTHY);
	uint32_t needed = is_first && is_ok ? 1 : is_ok ? h->healthy :
	    h->unhealthy;

	if (result == PROBE_UNKNOWN)
		return jittered(h->edge_ms, h->jitter_percent);
	s->was_checked |= is_ok;
	s->health_streak = is_ok == was_ok ? 0 : s->health_streak + 1;
	if (s->health_streak > 0 && s->health_streak >= needed) {
		s->health_streak = 0;
		s->was_checked = true;
		if (is_ok)
			turn_healthy(c, s, is_first, now_ms);
		else
			endpoint_mark(s, MARK_UNHEALTHY);
	}
	return jittered(s->health_streak > 0 ? h->edge_ms : is_ok ?
	    h->interval_ms : h->unhealthy_ms, h->jitter_percent);
}

/* --- checking ----------------------------------------------------------------------- */

static void
on_result(void *arg, enum probe_result result)
{
	struct check *k = arg;
	struct cluster *c = k->of->cluster;
	struct worker_env *env = k->of->health->up->worker;

	k->probe = NULL;
	if (result != PROBE_UNKNOWN)
		worker_env_count_service(env, METRIC_UPSTREAM_HEALTH_CHECKS,
		    c->service, result == PROBE_OK ? "ok" : "failed", 1);
	loop_timer_start(&k->timer, health_result(c, k->endpoint->state, result,
	    loop_now_ms(env->loop)));
}

static void
on_check(void *arg)
{
	struct check *k = arg;

	k->probe = probe_start(k->of->health->up, k->of->cluster, k->endpoint,
	    on_result, k);
}

static void
start_checks(struct watched *w)
{
	struct cluster *c = w->cluster;
	struct loop *loop = w->health->up->worker->loop;

	w->checks = mem_zalloc_array(c->len + 1, sizeof(*w->checks));
	for (size_t i = 0; i < c->len; i++) {
		struct check *k = &w->checks[i];
		struct endpoint_state *s = c->v[i].state;
		uint64_t within = s->was_checked ||
		    c->health.interval_ms < FIRST_MS ? c->health.interval_ms :
		    FIRST_MS;

		k->of = w;
		k->endpoint = &c->v[i];
		if (!s->was_checked && c->health.is_out_at_first)
			endpoint_mark(s, MARK_UNHEALTHY);
		loop_timer_init(&k->timer, loop, on_check, k);
		loop_timer_start(&k->timer, random_below(within + 1));
	}
}

/* Nobody asks any more: what was found out says nothing now. */
static void
forget_results(const struct cluster *c)
{
	for (size_t i = 0; i < c->len; i++) {
		c->v[i].state->was_checked = false;
		c->v[i].state->health_streak = 0;
		if (endpoint_marks(c->v[i].state) & MARK_UNHEALTHY)
			endpoint_unmark(c->v[i].state, MARK_UNHEALTHY);
	}
}

/* --- comparing ------------------------------------------------------------------------ */

static void
on_ejected(void *arg, const struct endpoint *e, enum endpoint_out why)
{
	const struct watched *w = arg;

	(void)e;
	worker_env_count_service(w->health->up->worker,
	    METRIC_UPSTREAM_EJECTIONS, w->cluster->service,
	    endpoint_out_name(why), 1);
}

static void
on_sweep(void *arg)
{
	struct watched *w = arg;

	outlier_sweep(w->cluster, loop_now_ms(w->health->up->worker->loop),
	    on_ejected, w);
	loop_timer_start(&w->sweep, w->cluster->outlier.interval_ms);
}

/* --- who is watched ---------------------------------------------------------------------- */

/* A cluster stays where it is while it is watched. */
static struct slice
key_of(struct cluster *const *c)
{
	return slice_of((const char *)c, sizeof(*c));
}

static void
watched_end(struct watched *w)
{
	loop_timer_stop(&w->sweep);
	for (size_t i = 0; w->checks != NULL && i < w->cluster->len; i++) {
		loop_timer_stop(&w->checks[i].timer);
		if (w->checks[i].probe != NULL)
			probe_cancel(w->checks[i].probe);
	}
	mem_free(w->checks);
	list_remove(&w->link);
	map_del(&w->health->by_cluster, key_of(&w->cluster));
	cluster_unref(w->cluster);
	mem_free(w);
}

static void
watched_start(struct health *h, struct cluster *c)
{
	struct watched *w = mem_zalloc(sizeof(*w));

	w->health = h;
	w->cluster = cluster_ref(c);
	w->stays = true;
	list_append(&h->watched, &w->link);
	map_put(&h->by_cluster, key_of(&w->cluster), w);
	loop_timer_init(&w->sweep, h->up->worker->loop, on_sweep, w);
	if (c->outlier.interval_ms > 0)
		loop_timer_start(&w->sweep, c->outlier.interval_ms);
	if (c->health.kind != HEALTH_OFF)
		start_checks(w);
	else
		forget_results(c);
}

void
health_watch(struct health *h, struct cluster *const *v, size_t len)
{
	LIST_FOREACH(at, &h->watched)
		list_entry(at, struct watched, link)->stays = false;
	for (size_t i = 0; i < len; i++) {
		struct watched *w = map_get(&h->by_cluster, key_of(&v[i]));

		if (w != NULL)
			w->stays = true;
		else
			watched_start(h, v[i]);
	}
	LIST_FOREACH_SAFE(at, &h->watched) {
		struct watched *w = list_entry(at, struct watched, link);

		if (!w->stays)
			watched_end(w);
	}
}

struct health *
health_new(struct upstream *up)
{
	struct health *h = mem_zalloc(sizeof(*h));

	h->up = up;
	map_init(&h->by_cluster);
	list_init(&h->watched);
	return h;
}

void
health_close(struct health *h)
{
	health_watch(h, NULL, 0);
}

void
health_free(struct health *h)
{
	map_fini(&h->by_cluster, NULL);
	mem_free(h);
}
