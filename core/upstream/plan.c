#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "upstream/hash.h"
#include "upstream/plan.h"

#define MILLION	UINT64_C(1000000)

const struct balancer *const balancers[LB_POLICIES] = {
	[LB_LEAST_REQUEST] = &balancer_least_request,
	[LB_ROUND_ROBIN]   = &balancer_round_robin,
	[LB_RANDOM]	   = &balancer_random,
	[LB_PEAK_EWMA]	   = &balancer_peak_ewma,
	[LB_RING_HASH]	   = &balancer_ring_hash,
	[LB_MAGLEV]	   = &balancer_maglev,
};

/* --- building ------------------------------------------------------------------- */

struct builder {
	struct plan          *plan;
	const struct cluster *cluster;
	size_t               *at;	/* scratch: places in cluster->v */
};

static const uint64_t *
running_sums(struct arena *a, const struct plan_member *v, size_t len)
{
	uint64_t *sums = arena_alloc(a, sizeof(*sums) * len);
	uint64_t sum = 0;
	bool differs = false;

	for (size_t i = 0; i < len; i++) {
		sums[i] = sum += v[i].weight;
		differs |= v[i].weight != v[0].weight;
	}
	return differs ? sums : NULL;
}

/* Of the endpoints named in b->at, which have weight. */
static void
build_group(const struct builder *b, struct plan_group *g,
    struct plan_level *l, size_t len)
{
	struct arena *a = &b->plan->arena;
	struct plan_member *v = arena_alloc(a, sizeof(*v) * (len + 1));

	*g = (struct plan_group){
		.v = v, .len = len, .is_panicking = &l->is_panicking
	};
	for (size_t i = 0; i < len; i++) {
		const struct endpoint *e = &b->cluster->v[b->at[i]];

		v[i] = (struct plan_member){
			e->state, e->weight, (uint32_t)b->at[i]
		};
		g->weight += e->weight;
	}
	g->sums = len > 0 ? running_sums(a, v, len) : NULL;
	/* Proxies that start together do not begin with the same. */
	g->turn = arena_zalloc(a, sizeof(*g->turn));
	atomic_init(g->turn, (unsigned)(random_seed() & 0xffff));
	if (len > 0 && b->plan->balancer->build != NULL)
		g->table = b->plan->balancer->build(g, b->cluster, a);
}

static bool
has_labels(const struct endpoint *e, const struct cluster_subset *s)
{
	for (size_t i = 0; i < s->labels_len; i++) {
		bool found = false;

		for (size_t j = 0; j < e->labels_len && !found; j++)
			found = slice_eq(e->labels[j].key, s->labels[i].key) &&
			    slice_eq(e->labels[j].value, s->labels[i].value);
		if (!found)
			return false;
	}
	return true;
}

/* Puts into b->at who is in the subset (NULL: all), of that priority, there. */
static size_t
find_members(const struct builder *b, const struct cluster_subset *s,
    uint32_t priority, const struct slice *zone)
{
	size_t n = 0;

	for (size_t i = 0; i < b->cluster->len; i++) {
		const struct endpoint *e = &b->cluster->v[i];

		if (e->weight > 0 && e->priority == priority &&
		    (s == NULL || has_labels(e, s)) &&
		    (zone == NULL || slice_eq(e->zone, *zone)))
			b->at[n++] = i;
	}
	return n;
}

static uint64_t
callers_of(const struct balance_settings *set, struct slice zone,
    size_t zones_len)
{
	uint64_t sum = 0, there = 0;

	for (size_t i = 0; i < set->callers_len; i++) {
		sum += set->callers[i].callers;
		if (slice_eq(set->callers[i].zone, zone))
			there += set->callers[i].callers;
	}
	return sum == 0 ? MILLION / zones_len : there * MILLION / sum;
}

static bool
has_zone(const struct plan_level *l, struct slice zone)
{
	for (size_t i = 0; i < l->zones_len; i++)
		if (slice_eq(l->zones[i].name, zone))
			return true;
	return false;
}

/* Only where it makes a difference: ours is one of several. */
static void
build_zones(const struct builder *b, struct plan_level *l,
    const struct cluster_subset *s, uint32_t priority)
{
	struct plan *p = b->plan;
	size_t len = l->all.len;
	const struct balance_settings *set = &p->set;

	if (set->zone_mode == ZONE_ANY || p->balancer->is_hash ||
	    (set->zone_mode == ZONE_EVEN && len < set->zone_min))
		return;
	l->zones = arena_zalloc(&p->arena, sizeof(*l->zones) * ZONES_MAX);
	for (size_t i = 0; i < len; i++) {
		struct slice zone = b->cluster->v[l->all.v[i].at].zone;

		if (has_zone(l, zone))
			continue;
		if (l->zones_len == ZONES_MAX) {
			l->zones_len = 0;
			return;
		}
		struct plan_zone *z = &l->zones[l->zones_len++];

		z->name = arena_dup(&p->arena, zone);
		z->is_ours = slice_eq(zone, set->zone);
		build_group(b, &z->group, l,
		    find_members(b, s, priority, &z->name));
	}
	if (l->zones_len < 2 || !has_zone(l, set->zone))
		l->zones_len = 0;
	for (size_t i = 0; i < l->zones_len; i++)
		l->zones[i].callers = callers_of(set, l->zones[i].name,
		    l->zones_len);
}

/* The least priority that is greater than after; false: there is none. */
static bool
next_priority(const struct cluster *c, const struct cluster_subset *s,
    int64_t after, uint32_t *out)
{
	bool found = false;

	for (size_t i = 0; i < c->len; i++) {
		const struct endpoint *e = &c->v[i];

		if (e->weight == 0 || e->priority <= after ||
		    (s != NULL && !has_labels(e, s)) ||
		    (found && e->priority >= *out))
			continue;
		found = true;
		*out = e->priority;
	}
	return found;
}

static void
build_scope(const struct builder *b, struct plan_scope *out,
    const struct cluster_subset *s)
{
	struct arena *a = &b->plan->arena;
	uint32_t priority = 0;
	size_t levels = 0;

	for (int64_t after = -1; next_priority(b->cluster, s, after, &priority);
	    after = priority)
		levels++;
	out->v = arena_zalloc(a, sizeof(*out->v) * (levels + 1));
	out->upto = arena_zalloc(a, sizeof(*out->upto) * 2 * (levels + 1));
	for (int64_t after = -1; next_priority(b->cluster, s, after, &priority);
	    after = priority) {
		struct plan_level *l = &out->v[out->len++];

		build_group(b, &l->all, l,
		    find_members(b, s, priority, NULL));
		build_zones(b, l, s, priority);
	}
}

static void
copy_settings(struct plan *p, const struct balance_settings *from)
{
	struct zone_callers *v = arena_alloc(&p->arena,
	    sizeof(*v) * (from->callers_len + 1));

	p->set = *from;
	p->set.zone = arena_dup(&p->arena, from->zone);
	for (size_t i = 0; i < from->callers_len; i++)
		v[i] = (struct zone_callers){
			arena_dup(&p->arena, from->callers[i].zone),
			from->callers[i].callers,
		};
	p->set.callers = v;
}

static struct plan *
plan_new(const struct cluster *c, uint64_t fingerprint)
{
	struct plan *p = mem_zalloc(sizeof(*p));
	struct builder b = { p, c, mem_alloc(sizeof(*b.at) * (c->len + 1)) };

	arena_init(&p->arena);
	p->lb = c->lb;
	p->balancer = balancers[c->lb];
	p->service = c->state;
	p->fingerprint = fingerprint;
	copy_settings(p, &c->balance);
	struct plan_member *members = arena_alloc(&p->arena,
	    sizeof(*members) * (c->len + 1));

	for (size_t i = 0; i < c->len; i++)
		members[i] = (struct plan_member){
			c->v[i].state, c->v[i].weight, (uint32_t)i
		};
	p->members = members;
	p->members_len = c->len;
	p->scopes_len = 1 + c->subsets_len;
	p->scopes = arena_zalloc(&p->arena, sizeof(*p->scopes) * p->scopes_len);
	build_scope(&b, &p->scopes[0], NULL);
	for (size_t i = 0; i < c->subsets_len; i++)
		build_scope(&b, &p->scopes[i + 1], &c->subsets[i]);
	mem_free(b.at);
	const struct plan_scope *whole = &p->scopes[0];
	bool is_bounded = p->balancer->is_hash && p->set.bounded_percent > 0;

	if (whole->len == 1 && whole->v[0].zones_len == 0 && !is_bounded)
		p->only = &whole->v[0].all;
	/* plan_look finds the shares at the first pick. */
	atomic_init(&p->seen, atomic_load(&c->state->epoch) - 1);
	atomic_init(&p->calm, atomic_load(&c->state->epoch) - 1);
	return p;
}

/* --- sharing --------------------------------------------------------------------- */

static void
add_number(uint64_t *h, uint64_t n)
{
	*h = hash_mix(*h * 31 + n);
}

static void
add_text(uint64_t *h, struct slice s)
{
	add_number(h, hash_bytes(s.ptr == NULL ? SLICE("") : s));
}

static void
add_labels(uint64_t *h, const struct endpoint_label *v, size_t len)
{
	add_number(h, len);
	for (size_t i = 0; i < len; i++) {
		add_text(h, v[i].key);
		add_text(h, v[i].value);
	}
}

static void
add_settings(uint64_t *h, const struct balance_settings *s)
{
	const uint64_t v[] = {
		s->ring_min, s->ring_max, s->maglev_size, s->bounded_percent,
		s->panic_percent, s->overprovision_percent, s->zone_mode,
		s->zone_min, s->slow_start_ms, s->slow_start_min_percent,
		(uint64_t)(s->slow_start_aggression * 1000), s->ewma_decay_ms,
		s->is_subset_strict, s->callers_len,
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		add_number(h, v[i]);
	add_text(h, s->zone);
	for (size_t i = 0; i < s->callers_len; i++) {
		add_text(h, s->callers[i].zone);
		add_number(h, s->callers[i].callers);
	}
}

/* All that a plan is made from.  64 bits of a good hash do not meet by chance. */
static uint64_t
fingerprint(const struct cluster *c)
{
	uint64_t h = 0;

	add_number(&h, c->lb);
	add_settings(&h, &c->balance);
	for (size_t i = 0; i < c->len; i++) {
		const struct endpoint *e = &c->v[i];

		add_number(&h, (uintptr_t)e->state);
		add_number(&h, (uint64_t)e->weight << 32 | e->priority);
		add_text(&h, e->zone);
		add_labels(&h, e->labels, e->labels_len);
	}
	add_number(&h, c->subsets_len);
	for (size_t i = 0; i < c->subsets_len; i++)
		add_labels(&h, c->subsets[i].labels, c->subsets[i].labels_len);
	return h;
}

/* Who joins a service that was there before is new, not who was there first. */
static void
warm_up(const struct cluster *c)
{
	for (size_t i = 0; i < c->len; i++) {
		struct endpoint_state *s = c->v[i].state;

		if (c->v[i].is_degraded != !!(endpoint_marks(s) & MARK_DEGRADED)) {
			if (c->v[i].is_degraded)
				endpoint_mark(s, MARK_DEGRADED);
			else
				endpoint_unmark(s, MARK_DEGRADED);
		}
		if (!s->is_new)
			continue;
		s->is_new = false;
		if (!c->state->was_sealed || c->balance.slow_start_ms == 0)
			continue;
		atomic_store(&s->warm_from_ms, clock_mono_ms());
		endpoint_mark(s, MARK_WARMING);
	}
	c->state->was_sealed |= c->len > 0;
}

struct plan *
plan_get(const struct cluster *c)
{
	struct cluster_state *s = c->state;
	uint64_t h = fingerprint(c);

	pthread_mutex_lock(&s->lock);
	warm_up(c);
	if (s->plan == NULL || s->plan->fingerprint != h)
		s->plan = plan_new(c, h);
	s->plan->refs++;
	struct plan *p = s->plan;

	pthread_mutex_unlock(&s->lock);
	return p;
}

void
plan_put(struct plan *p)
{
	if (p == NULL)
		return;
	struct cluster_state *s = p->service;

	pthread_mutex_lock(&s->lock);
	bool is_last = --p->refs == 0;

	if (is_last && s->plan == p)
		s->plan = NULL;
	pthread_mutex_unlock(&s->lock);
	if (!is_last)
		return;
	arena_fini(&p->arena);
	mem_free(p);
}
