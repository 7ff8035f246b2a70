#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "tls/outside.h"
#include "upstream/plan.h"

struct cluster_registry {
	pthread_mutex_t lock;	/* taken by compiling and sweeping, not by traffic */
	struct map      endpoints, clusters;
};

/* --- states ------------------------------------------------------------------ */

struct cluster_registry *
cluster_registry_new(void)
{
	struct cluster_registry *r = mem_zalloc(sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	return r;
}

static void
free_endpoint_state(void *p)
{
	struct endpoint_state *s = p;

	atomic_fetch_sub_explicit(&s->service->refs, 1, memory_order_release);
	pthread_mutex_destroy(&s->queue_lock);
	mem_free(s->key);
	mem_free(s);
}

static void
free_cluster_state(void *p)
{
	struct cluster_state *s = p;

	pthread_mutex_destroy(&s->lock);
	mem_free(s->key);
	mem_free(s);
}

void
cluster_registry_free(struct cluster_registry *r)
{
	map_fini(&r->endpoints, free_endpoint_state);
	map_fini(&r->clusters, free_cluster_state);
	pthread_mutex_destroy(&r->lock);
	mem_free(r);
}

void
cluster_registry_sweep(struct cluster_registry *r)
{
	size_t it = 0;
	struct slice key;
	void *value;

	pthread_mutex_lock(&r->lock);
	while (map_next(&r->endpoints, &it, &key, &value)) {
		struct endpoint_state *s = value;

		if (atomic_load_explicit(&s->refs, memory_order_acquire) == 0) {
			map_del(&r->endpoints, key);
			free_endpoint_state(s);
		}
	}
	it = 0;
	while (map_next(&r->clusters, &it, &key, &value)) {
		struct cluster_state *s = value;

		if (atomic_load_explicit(&s->refs, memory_order_acquire) == 0) {
			map_del(&r->clusters, key);
			free_cluster_state(s);
		}
	}
	pthread_mutex_unlock(&r->lock);
}

static struct endpoint_state *
endpoint_state_get(struct cluster_registry *r, struct cluster_state *service,
    struct slice key)
{
	pthread_mutex_lock(&r->lock);
	struct endpoint_state *s = map_get(&r->endpoints, key);

	if (s == NULL) {
		s = mem_zalloc(sizeof(*s));
		s->key = mem_dup(key.ptr, key.len);
		s->is_new = true;
		pthread_mutex_init(&s->queue_lock, NULL);
		list_init(&s->queue);
		s->service = service;
		atomic_fetch_add_explicit(&service->refs, 1,
		    memory_order_relaxed);
		map_put(&r->endpoints, key, s);
	}
	endpoint_state_ref(s);
	pthread_mutex_unlock(&r->lock);
	return s;
}

static struct cluster_state *
cluster_state_get(struct cluster_registry *r, struct slice key)
{
	pthread_mutex_lock(&r->lock);
	struct cluster_state *s = map_get(&r->clusters, key);

	if (s == NULL) {
		s = mem_zalloc(sizeof(*s));
		s->key = mem_dup(key.ptr, key.len);
		pthread_mutex_init(&s->lock, NULL);
		map_put(&r->clusters, key, s);
	}
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&r->lock);
	return s;
}

/* --- clusters ---------------------------------------------------------------- */

struct cluster *
cluster_new(struct cluster_registry *r, struct slice service, struct slice port)
{
	static atomic_ullong generation;
	struct cluster *c = mem_zalloc(sizeof(*c));

	refs_init(&c->refs);
	arena_init(&c->arena);
	c->service = arena_dup(&c->arena, service);
	c->name = slice_str(arena_printf(&c->arena, "%.*s:%.*s",
	    SLICE_ARG(service), SLICE_ARG(port)));
	c->lb = LB_PEAK_EWMA;
	c->connect_timeout_ms = 1000;
	c->response_timeout_ms = 15000;
	c->body_idle_ms = 60000;
	pool_settings_init(&c->pool);
	c->upgrades = settings_default.upgrades;
	c->tcp = settings_default.tcp;
	c->retry = retry_default;
	c->limits = settings_default.limits;
	c->balance = settings_default.balance;
	c->outlier = settings_default.outlier;
	c->health = settings_default.health;
	c->state = cluster_state_get(r, c->name);
	c->generation = 1 + atomic_fetch_add(&generation, 1);
	return c;
}

static const struct endpoint_label *
copy_labels(struct arena *a, const struct endpoint_label *from, size_t len)
{
	struct endpoint_label *v = len == 0 ? NULL :
	    arena_alloc(a, sizeof(*v) * len);

	for (size_t i = 0; i < len; i++)
		v[i] = (struct endpoint_label){
			arena_dup(a, from[i].key), arena_dup(a, from[i].value)
		};
	return v;
}

bool
cluster_is_federated(const struct cluster *c)
{
	return c->outside != NULL && tls_outside_domain(c->outside).len > 0;
}

static struct slice
outside_mark(const struct cluster *c)
{
	return c->outside == NULL ? SLICE_NONE : tls_outside_mark(c->outside);
}

void
cluster_add(struct cluster *c, struct cluster_registry *r,
    const struct endpoint *from)
{
	char text[ADDR_TEXT_MAX];

	/* An arena does not grow in place: double, the old copy is forgotten. */
	if ((c->len & (c->len - 1)) == 0) {
		struct endpoint *v = arena_alloc(&c->arena,
		    sizeof(*v) * (c->len ? c->len * 2 : 1));

		if (c->len > 0)
			memcpy(v, c->v, sizeof(*v) * c->len);
		c->v = v;
	}
	struct endpoint *e = &c->v[c->len++];

	*e = *from;
	addr_format(&from->addr, text);
	e->host = arena_dup(&c->arena, slice_str(text));
	e->workload = arena_dup(&c->arena, from->workload);
	e->id = arena_dup(&c->arena, from->id);
	e->sni = arena_dup(&c->arena, from->sni);
	e->zone = arena_dup(&c->arena, from->zone);
	e->labels = copy_labels(&c->arena, from->labels, from->labels_len);
	/* Whom a connection was proven to is part of what it may be used for. */
	char *key = mem_printf("%.*s %.*s %s %.*s %.*s", SLICE_ARG(c->name),
	    SLICE_ARG(from->workload), text, SLICE_ARG(from->id.len > 0 ?
	    from->id : outside_mark(c)), SLICE_ARG(from->sni));

	e->state = endpoint_state_get(r, c->state, slice_str(key));
	atomic_store_explicit(&e->state->generation, c->generation,
	    memory_order_relaxed);
	mem_free(key);
}

uint32_t
cluster_subset(const struct cluster *c, struct slice name)
{
	for (size_t i = 0; i < c->subsets_len; i++)
		if (slice_eq(c->subsets[i].name, name))
			return (uint32_t)i + 1;
	return 0;
}

void
cluster_add_subset(struct cluster *c, const struct cluster_subset *from)
{
	uint32_t at = cluster_subset(c, from->name);

	if (at == 0) {
		struct cluster_subset *v = arena_alloc(&c->arena,
		    sizeof(*v) * (c->subsets_len + 1));

		if (c->subsets_len > 0)
			memcpy(v, c->subsets, sizeof(*v) * c->subsets_len);
		c->subsets = v;
		at = (uint32_t)++c->subsets_len;
	}
	c->subsets[at - 1] = (struct cluster_subset){
		arena_dup(&c->arena, from->name),
		copy_labels(&c->arena, from->labels, from->labels_len),
		from->labels_len,
	};
}

/* What the settings borrow becomes ours; harmless twice. */
static void
keep_settings(struct cluster *c)
{
	struct zone_callers *v = arena_alloc(&c->arena,
	    sizeof(*v) * (c->balance.callers_len + 1));

	for (size_t i = 0; i < c->balance.callers_len; i++)
		v[i] = (struct zone_callers){
			arena_dup(&c->arena, c->balance.callers[i].zone),
			c->balance.callers[i].callers,
		};
	c->balance.callers = v;
	c->balance.zone = arena_dup(&c->arena, c->balance.zone);
	c->authority = arena_dup(&c->arena, c->authority);
	c->health.path = arena_dup(&c->arena, c->health.path);
	c->health.host = arena_dup(&c->arena, c->health.host);
	c->health.service = arena_dup(&c->arena, c->health.service);
	c->affinity.name = arena_dup(&c->arena, c->affinity.name);
	c->affinity.path = arena_dup(&c->arena, c->affinity.path);
	c->affinity.subset_header = arena_dup(&c->arena,
	    c->affinity.subset_header);
	c->session.name = arena_dup(&c->arena, c->session.name);
	c->session.path = arena_dup(&c->arena, c->session.path);
}

void
cluster_seal(struct cluster *c)
{
	struct plan *before = c->plan;

	keep_settings(c);
	c->plan = plan_get(c);
	plan_put(before);
}

static bool
is_same_outlier(const struct outlier_settings *a,
    const struct outlier_settings *b)
{
	return a->consecutive == b->consecutive && a->base_ms == b->base_ms &&
	    a->max_ms == b->max_ms && a->jitter_percent == b->jitter_percent &&
	    a->max_ejected_percent == b->max_ejected_percent &&
	    a->interval_ms == b->interval_ms &&
	    a->min_endpoints == b->min_endpoints &&
	    a->min_requests == b->min_requests &&
	    a->stdev_permille == b->stdev_permille &&
	    a->failure_percent == b->failure_percent;
}

static bool
is_same_health(const struct health_settings *a,
    const struct health_settings *b)
{
	return a->kind == b->kind && slice_eq(a->path, b->path) &&
	    slice_eq(a->host, b->host) && a->status_min == b->status_min &&
	    a->status_max == b->status_max &&
	    a->interval_ms == b->interval_ms &&
	    a->timeout_ms == b->timeout_ms && a->edge_ms == b->edge_ms &&
	    a->unhealthy_ms == b->unhealthy_ms &&
	    a->jitter_percent == b->jitter_percent &&
	    a->healthy == b->healthy && a->unhealthy == b->unhealthy &&
	    a->is_out_at_first == b->is_out_at_first;
}

static bool
is_same_limits(const struct cluster_limits *a, const struct cluster_limits *b)
{
	return a->conns == b->conns && a->pending == b->pending &&
	    a->requests == b->requests && a->retries == b->retries &&
	    a->retry_percent == b->retry_percent &&
	    a->retry_interval_ms == b->retry_interval_ms &&
	    a->rate_retries == b->rate_retries && a->rate_ms == b->rate_ms &&
	    a->endpoint_requests == b->endpoint_requests &&
	    a->is_adaptive == b->is_adaptive &&
	    a->queue == b->queue && a->queue_ms == b->queue_ms;
}

static bool
is_same_upgrades(const struct upgrade_settings *a,
    const struct upgrade_settings *b)
{
	return a->allow == b->allow && a->idle_ms == b->idle_ms &&
	    a->max_ms == b->max_ms;
}

static bool
is_same_affinity(const struct cluster_affinity *a,
    const struct cluster_affinity *b)
{
	return a->kind == b->kind && slice_eq(a->name, b->name) &&
	    slice_eq(a->path, b->path) && a->ttl_ms == b->ttl_ms &&
	    slice_eq(a->subset_header, b->subset_header);
}

static bool
is_same_session(const struct session_settings *a,
    const struct session_settings *b)
{
	return a->kind == b->kind && slice_eq(a->name, b->name) &&
	    slice_eq(a->path, b->path) && a->is_permanent == b->is_permanent &&
	    a->absolute_ms == b->absolute_ms && a->idle_ms == b->idle_ms;
}

/* Names are what rules refer to; labels are in the plan. */
static bool
has_same_subsets(const struct cluster *a, const struct cluster *b)
{
	if (a->subsets_len != b->subsets_len)
		return false;
	for (size_t i = 0; i < a->subsets_len; i++)
		if (!slice_eq(a->subsets[i].name, b->subsets[i].name))
			return false;
	return true;
}

static bool
is_same_outside(const struct cluster *a, const struct cluster *b)
{
	return slice_eq(outside_mark(a), outside_mark(b)) &&
	    a->barred == b->barred && a->is_unresolved == b->is_unresolved &&
	    slice_eq(a->authority, b->authority);
}

bool
cluster_is_same(const struct cluster *a, const struct cluster *b)
{
	/* Plans are shared: endpoints and balancing are the same if they are. */
	if (a->len != b->len || a->protocol != b->protocol ||
	    a->is_h2 != b->is_h2 ||
	    (a->as_h2 != NULL) != (b->as_h2 != NULL) || a->lb != b->lb ||
	    a->is_per_packet != b->is_per_packet ||
	    a->connect_timeout_ms != b->connect_timeout_ms ||
	    a->response_timeout_ms != b->response_timeout_ms ||
	    a->body_idle_ms != b->body_idle_ms ||
	    !pool_settings_are_same(&a->pool, &b->pool) ||
	    a->announce != b->announce ||
	    !is_same_upgrades(&a->upgrades, &b->upgrades) ||
	    a->tcp.idle_ms != b->tcp.idle_ms || a->tcp.max_ms != b->tcp.max_ms ||
	    !retry_is_same(&a->retry, &b->retry) ||
	    a->state != b->state || !is_same_limits(&a->limits, &b->limits) ||
	    !is_same_outlier(&a->outlier, &b->outlier) ||
	    !is_same_health(&a->health, &b->health) ||
	    !is_same_affinity(&a->affinity, &b->affinity) ||
	    !is_same_session(&a->session, &b->session) ||
	    !is_same_outside(a, b) ||
	    !has_same_subsets(a, b) || a->plan != b->plan)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		const struct endpoint *x = &a->v[i], *y = &b->v[i];

		if (x->state != y->state || x->weight != y->weight ||
		    x->has_sidecar != y->has_sidecar ||
		    !slice_eq(x->id, y->id) || !slice_eq(x->sni, y->sni) ||
		    !slice_eq(x->zone, y->zone))
			return false;
	}
	return true;
}

struct cluster *
cluster_ref(struct cluster *c)
{
	refs_take(&c->refs);
	return c;
}

void
cluster_unref(struct cluster *c)
{
	if (c == NULL || !refs_drop(&c->refs))
		return;
	cluster_unref(c->as_h2);
	plan_put(c->plan);
	tls_outside_unref(c->outside);
	for (size_t i = 0; i < c->len; i++)
		endpoint_state_unref(c->v[i].state);
	atomic_fetch_sub_explicit(&c->state->refs, 1, memory_order_release);
	arena_fini(&c->arena);
	mem_free(c);
}

/* Of the last retry_interval_ms: retries, and requests that were none. */
static bool
may_retry_by_rate(const struct cluster *c, uint64_t now_ms)
{
	const struct cluster_limits *l = &c->limits;
	struct cluster_state *s = c->state;
	uint64_t tries = window_sum(&s->started, l->retry_interval_ms, now_ms);
	uint64_t again = window_sum(&s->retried, l->retry_interval_ms, now_ms);
	uint64_t first = tries > again ? tries - again : 0;

	if (100 * (again + 1) > l->retry_percent * first &&
	    window_sum(&s->rate, l->rate_ms, now_ms) >= l->rate_retries)
		return false;
	window_add(&s->retried, l->retry_interval_ms, now_ms);
	window_add(&s->rate, l->rate_ms, now_ms);
	atomic_fetch_add_explicit(&s->retries, 1, memory_order_relaxed);
	return true;
}

static unsigned
under_way(const struct cluster_state *s)
{
	return atomic_load_explicit(&s->requests, memory_order_relaxed) +
	    atomic_load_explicit(&s->sessions, memory_order_relaxed);
}

bool
cluster_retry_begin(const struct cluster *c, uint64_t now_ms)
{
	uint64_t share = (uint64_t)c->limits.retry_percent *
	    under_way(c->state) / 100;
	uint64_t most = share > c->limits.retries ? share : c->limits.retries;

	if (c->limits.retry_interval_ms > 0)
		return may_retry_by_rate(c, now_ms);

	if (atomic_fetch_add_explicit(&c->state->retries, 1,
	    memory_order_relaxed) < most)
		return true;
	cluster_retry_end(c);
	return false;
}

void
cluster_retry_end(const struct cluster *c)
{
	atomic_fetch_sub_explicit(&c->state->retries, 1, memory_order_relaxed);
}
