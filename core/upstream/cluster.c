#include <pthread.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/random.h"
#include "upstream/cluster.h"

#define DOWN_MS		1000	/* doubles with each failure in a row */
#define DOWN_MAX_MS	30000

struct cluster_registry {
	pthread_mutex_t lock;	/* taken by compiling and sweeping, not by traffic */
	struct map      endpoints, clusters;
};

static const char *const lb_names[] = {
	[LB_LEAST_REQUEST] = "LEAST_REQUEST",
	[LB_ROUND_ROBIN]   = "ROUND_ROBIN",
	[LB_RANDOM]	   = "RANDOM",
};

const char *
lb_policy_name(enum lb_policy p)
{
	return lb_names[p];
}

bool
lb_policy_parse(struct slice s, enum lb_policy *out)
{
	for (int i = 0; i <= LB_RANDOM; i++) {
		if (slice_is(s, lb_names[i])) {
			*out = (enum lb_policy)i;
			return true;
		}
	}
	return false;
}

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

	mem_free(s->key);
	mem_free(s);
}

static void
free_cluster_state(void *p)
{
	struct cluster_state *s = p;

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
endpoint_state_ref(struct endpoint_state *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void
endpoint_state_unref(struct endpoint_state *s)
{
	/* The registry frees it at a sweep, when nobody refers to it. */
	atomic_fetch_sub_explicit(&s->refs, 1, memory_order_release);
}

void
endpoint_state_reached(struct endpoint_state *s)
{
	if (atomic_load_explicit(&s->connect_failed, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(&s->connect_failed, 0, memory_order_relaxed);
	atomic_store_explicit(&s->down_until_ms, 0, memory_order_relaxed);
}

void
endpoint_state_missed(struct endpoint_state *s, uint64_t since_ms,
    uint64_t now_ms)
{
	atomic_fetch_add_explicit(&s->connect_failures, 1,
	    memory_order_relaxed);
	/* Those that were under way together count once. */
	if (since_ms <= atomic_load_explicit(&s->missed_ms,
	    memory_order_relaxed))
		return;
	atomic_store_explicit(&s->missed_ms, now_ms, memory_order_relaxed);
	unsigned n = atomic_fetch_add_explicit(&s->connect_failed, 1,
	    memory_order_relaxed);
	uint64_t ms = n < 5 ? (uint64_t)DOWN_MS << n : DOWN_MAX_MS;

	atomic_store_explicit(&s->down_until_ms, now_ms + ms,
	    memory_order_relaxed);
}

bool
endpoint_state_is_down(const struct endpoint_state *s, uint64_t now_ms)
{
	return now_ms < atomic_load_explicit(&s->down_until_ms,
	    memory_order_relaxed);
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
endpoint_state_get(struct cluster_registry *r, struct slice key)
{
	pthread_mutex_lock(&r->lock);
	struct endpoint_state *s = map_get(&r->endpoints, key);

	if (s == NULL) {
		s = mem_zalloc(sizeof(*s));
		s->key = mem_dup(key.ptr, key.len);
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

	atomic_init(&c->refs, 1);
	arena_init(&c->arena);
	c->service = arena_dup(&c->arena, service);
	c->name = slice_str(arena_printf(&c->arena, "%.*s:%.*s",
	    SLICE_ARG(service), SLICE_ARG(port)));
	c->connect_timeout_ms = 1000;
	c->response_timeout_ms = 15000;
	c->body_idle_ms = 60000;
	c->pool_idle_ms = 30000;
	c->pool_fresh_ms = 1000;
	c->retries = 1;
	c->limits = (struct cluster_limits){ 1024, 1024, 1024, 3 };
	c->state = cluster_state_get(r, c->name);
	c->generation = 1 + atomic_fetch_add(&generation, 1);
	return c;
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
	/* Whom a connection was proven to is part of what it may be used for. */
	char *key = mem_printf("%.*s %.*s %s %.*s %.*s", SLICE_ARG(c->name),
	    SLICE_ARG(from->workload), text, SLICE_ARG(from->id),
	    SLICE_ARG(from->sni));

	e->state = endpoint_state_get(r, slice_str(key));
	mem_free(key);
}

void
cluster_seal(struct cluster *c)
{
	c->weight_sum = 0;
	c->has_weights = false;
	for (size_t i = 0; i < c->len; i++) {
		c->weight_sum += c->v[i].weight;
		c->has_weights |= c->v[i].weight != c->v[0].weight;
	}
}

bool
cluster_is_same(const struct cluster *a, const struct cluster *b)
{
	if (a->len != b->len || a->protocol != b->protocol || a->lb != b->lb ||
	    a->connect_timeout_ms != b->connect_timeout_ms ||
	    a->response_timeout_ms != b->response_timeout_ms ||
	    a->body_idle_ms != b->body_idle_ms ||
	    a->pool_idle_ms != b->pool_idle_ms ||
	    a->pool_fresh_ms != b->pool_fresh_ms || a->retries != b->retries ||
	    a->state != b->state ||
	    memcmp(&a->limits, &b->limits, sizeof(a->limits)) != 0)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		const struct endpoint *x = &a->v[i], *y = &b->v[i];

		if (x->state != y->state || x->weight != y->weight ||
		    !slice_eq(x->id, y->id) || !slice_eq(x->sni, y->sni) ||
		    !slice_eq(x->zone, y->zone))
			return false;
	}
	return true;
}

struct cluster *
cluster_ref(struct cluster *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
cluster_unref(struct cluster *c)
{
	if (c == NULL ||
	    atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < c->len; i++)
		endpoint_state_unref(c->v[i].state);
	atomic_fetch_sub_explicit(&c->state->refs, 1, memory_order_release);
	arena_fini(&c->arena);
	mem_free(c);
}
