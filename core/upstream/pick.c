#include <math.h>

#include "base/check.h"
#include "base/random.h"
#include "upstream/hash.h"
#include "upstream/plan.h"

#define TRIES	8	/* of the balancer, before we look at each */

/* Where to pick, and from whom. */
struct place {
	const struct plan_group *group;
	const struct plan_group *all;	/* of the level */
	bool wants_degraded, is_panicking;
};

/* From the best to the worst; see cluster_pick. */
enum rank {
	RANK_FINE,
	RANK_BUSY,	/* over its bound, or new and spared this time */
	RANK_OTHER,	/* of the other tier */
	RANK_OUT,
	RANK_DOWN,
	RANK_TRIED,
	RANK_NEVER,
};

static bool
is_avoided(const struct endpoint_state *s, const struct pick *p)
{
	for (size_t i = 0; i < p->avoid_len; i++)
		if (p->avoid[i] == s)
			return true;
	return false;
}

/* A new endpoint gets a growing share of what falls to it. */
static bool
is_spared(const struct plan *plan, struct endpoint_state *s, uint64_t now_ms)
{
	uint64_t from = atomic_load_explicit(&s->warm_from_ms,
	    memory_order_relaxed);
	uint64_t age = now_ms > from ? now_ms - from : 0;
	const struct balance_settings *set = &plan->set;

	if (age >= set->slow_start_ms) {
		endpoint_unmark(s, MARK_WARMING);
		return false;
	}
	double share = (double)age / (double)set->slow_start_ms;

	if (set->slow_start_aggression > 0)
		share = pow(share, 1 / set->slow_start_aggression);
	return random_unit() >= fmax(share, set->slow_start_min_percent / 100.);
}

/* More than its bounded share of what is under way: ceil(bound x mean). */
static bool
is_over_bound(const struct plan *plan, const struct plan_group *g,
    const struct plan_member *m)
{
	const struct cluster_state *s = plan->service;
	uint64_t sum = 1 + atomic_load_explicit(&s->requests,
	    memory_order_relaxed) + atomic_load_explicit(&s->sessions,
	    memory_order_relaxed);
	uint64_t whole = sum * plan->set.bounded_percent * m->weight;
	uint64_t bound = (whole + 100 * g->weight - 1) / (100 * g->weight);

	return atomic_load_explicit(&m->state->active,
	    memory_order_relaxed) >= bound;
}

static enum rank
rank_marked(const struct plan *plan, const struct place *at,
    const struct plan_member *m, const struct pick *p, bool is_first)
{
	switch (endpoint_doubt(m->state, p->now_ms)) {
	case DOUBT_DOWN:
		return RANK_DOWN;
	case DOUBT_OUT:
		return at->is_panicking ? RANK_FINE :
		    plan->set.panic_percent == 0 ? RANK_NEVER : RANK_OUT;
	case DOUBT_DEGRADED:
		return at->is_panicking || at->wants_degraded ? RANK_FINE :
		    RANK_OTHER;
	case DOUBT_NONE:
		break;
	}
	if (at->wants_degraded && !at->is_panicking)
		return RANK_OTHER;
	if (is_first && endpoint_marks(m->state) & MARK_WARMING &&
	    !plan->balancer->is_hash && is_spared(plan, m->state, p->now_ms))
		return RANK_BUSY;
	return RANK_FINE;
}

/* is_first: it is the balancer's choice, whose share chance may cut. */
static enum rank
rank(const struct plan *plan, const struct place *at,
    const struct plan_member *m, const struct pick *p, bool is_first)
{
	enum rank r = RANK_FINE;

	if (endpoint_marks(m->state) != 0 || at->wants_degraded)
		r = rank_marked(plan, at, m, p, is_first);
	if (r == RANK_NEVER)
		return r;
	if (p->avoid_len > 0 && is_avoided(m->state, p))
		return RANK_TRIED;
	if (r == RANK_FINE && plan->set.bounded_percent > 0 &&
	    plan->balancer->is_hash && is_over_bound(plan, at->group, m))
		return RANK_BUSY;
	return r;
}

/* --- where -------------------------------------------------------------------- */

/* Below PLAN_WHOLE; the same for the same key. */
static unsigned
toss(const struct plan *plan, const struct pick *p, uint64_t salt)
{
	if (plan->balancer->is_hash && p->has_hash)
		return (unsigned)(hash_mix(p->hash ^ salt) % PLAN_WHOLE);
	return (unsigned)random_below(PLAN_WHOLE);
}

static unsigned
load(const atomic_uint *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static void
choose_level(const struct plan *plan, const struct plan_scope *s,
    const struct pick *p, struct place *out)
{
	size_t i = 0;

	if (load(&s->upto[0]) < PLAN_WHOLE) {
		unsigned at = toss(plan, p, 1);

		while (i < 2 * s->len && load(&s->upto[i]) <= at)
			i++;
		/* What rounding left over. */
		if (i == 2 * s->len)
			for (i = 0; i < s->len && load(&s->upto[i]) == 0;)
				i++;
	}
	struct plan_level *l = &s->v[i % s->len];

	out->group = out->all = &l->all;
	out->wants_degraded = i >= s->len && i < 2 * s->len;
	out->is_panicking = atomic_load_explicit(&l->is_panicking,
	    memory_order_relaxed);
	if (l->zones_len == 0 || out->is_panicking || out->wants_degraded ||
	    !atomic_load_explicit(&l->is_zoned, memory_order_relaxed))
		return;
	unsigned at = toss(plan, p, 2);

	for (size_t k = 0; k < l->zones_len; k++) {
		if (at < load(&l->zones[k].upto)) {
			out->group = &l->zones[k].group;
			return;
		}
	}
}

/* --- whom ----------------------------------------------------------------------- */

/* Chance did not find one that is fine: looks at each from there. */
static const struct plan_member *
look_at_each(const struct plan *plan, const struct place *at,
    const struct pick *p, size_t from, enum rank *least)
{
	const struct plan_group *g = at->group;
	const struct plan_member *best = NULL;

	*least = RANK_NEVER;
	for (size_t i = 0; i < g->len && *least > RANK_FINE; i++) {
		const struct plan_member *m = &g->v[(from + i) % g->len];
		enum rank r = rank(plan, at, m, p, false);

		if (r < *least) {
			*least = r;
			best = m;
		}
	}
	return best;
}

/* All levels of the scope, in their order, when the one chosen has nobody good. */
static const struct plan_member *
look_everywhere(const struct plan *plan, const struct plan_scope *s,
    struct place *at, const struct pick *p, size_t from)
{
	enum rank least, r;
	const struct plan_member *best = look_at_each(plan, at, p, from, &least);

	for (size_t i = 0; i < s->len && least > RANK_OTHER; i++) {
		at->group = &s->v[i].all;
		const struct plan_member *m = look_at_each(plan, at, p,
		    from % at->group->len, &r);

		if (r < least) {
			least = r;
			best = m;
		}
	}
	return best;
}

/* Where there is one, its balancer need not be asked. */
static size_t
choose(const struct plan *plan, const struct plan_group *g,
    const struct pick *p, unsigned n)
{
	return g->len > 1 ? plan->balancer->pick(g, p, n) : 0;
}

static const struct endpoint *
pick_with_care(const struct cluster *c, const struct pick *p)
{
	struct plan *plan = c->plan;
	const struct plan_scope *s = &plan->scopes[p->subset];
	struct place at;
	size_t i = 0;

	if (s->len == 0 && !plan->set.is_subset_strict)
		s = &plan->scopes[0];
	if (s->len == 0)
		return NULL;
	if (load(&plan->seen) != load(&plan->service->epoch) || p->now_ms >=
	    atomic_load_explicit(&plan->due_ms, memory_order_relaxed))
		plan_look(plan, p->now_ms);
	choose_level(plan, s, p, &at);
	for (unsigned n = 0; n < TRIES; n++) {
		i = choose(plan, at.group, p, n);
		const struct plan_member *m = &at.group->v[i];

		if (rank(plan, &at, m, p, true) == RANK_FINE) {
			endpoint_state_try(m->state, p->now_ms);
			return &c->v[m->at];
		}
	}
	const struct plan_member *m = look_everywhere(plan, s, &at, p, i);

	if (m == NULL)
		return NULL;
	endpoint_state_try(m->state, p->now_ms);
	return &c->v[m->at];
}

const struct endpoint *
cluster_pick(const struct cluster *c, const struct pick *p)
{
	const struct plan *plan = c->plan;

	check(plan != NULL && p->subset < plan->scopes_len);
	/* Nothing is the matter with anybody, and there is nothing to choose. */
	const struct plan_group *g = plan->only;

	if (g != NULL && p->subset == 0 && p->avoid_len == 0 &&
	    load(&plan->calm) == load(&c->state->epoch))
		return &c->v[g->v[choose(plan, g, p, 0)].at];
	return pick_with_care(c, p);
}
