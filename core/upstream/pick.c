#include "base/random.h"
#include "upstream/cluster.h"

#define PROBE_MS 1000	/* longer than a connect takes, as a rule */

/*
 * Balancing.  Weights count everywhere: an endpoint of weight 2 gets twice
 * the share of one of weight 1, one of weight 0 nothing.
 */

static bool
is_avoided(const struct endpoint *e, const struct pick *p)
{
	for (size_t i = 0; i < p->avoid_len; i++)
		if (p->avoid[i] == e->state)
			return true;
	return false;
}

static const struct endpoint *
at_weight(const struct cluster *c, uint64_t at)
{
	for (size_t i = 0; i < c->len; i++) {
		if (at < c->v[i].weight)
			return &c->v[i];
		at -= c->v[i].weight;
	}
	return NULL;
}

static const struct endpoint *
draw(const struct cluster *c)
{
	if (c->has_weights)
		return at_weight(c, random_below(c->weight_sum));
	return &c->v[random_below(c->len)];
}

/* Load of an endpoint if it got one more, in proportion to its weight. */
static double
load(const struct endpoint *e)
{
	unsigned active = atomic_load_explicit(&e->state->active,
	    memory_order_relaxed);

	return (active + 1.0) / e->weight;
}

static bool
is_down(const struct endpoint *e, const struct pick *p)
{
	return endpoint_state_is_down(e->state, p->now_ms);
}

/*
 * Least request of two random choices; both drawn by weight.  Nobody waits
 * for one that is down, which makes it look idle.
 */
static const struct endpoint *
least_of_two(const struct cluster *c, const struct pick *p)
{
	const struct endpoint *a = draw(c), *b = draw(c);

	/* Drawing the same twice would turn two choices into one. */
	for (int i = 0; i < 4 && b == a; i++)
		b = draw(c);
	if (is_down(a, p) != is_down(b, p))
		return is_down(a, p) ? b : a;
	if (c->has_weights)	/* weight is in the draw already */
		return atomic_load_explicit(&a->state->active,
		    memory_order_relaxed) <= atomic_load_explicit(
		    &b->state->active, memory_order_relaxed) ? a : b;
	return load(a) <= load(b) ? a : b;
}

/*
 * Round robin.  With weights the turns of an endpoint are spread: the counter
 * walks over the sum of weights in steps of the golden ratio.
 */
static const struct endpoint *
next_turn(const struct cluster *c, uint64_t *rr)
{
	uint64_t turn = (*rr)++;

	if (!c->has_weights)
		return &c->v[turn % c->len];
	uint64_t mixed = turn * UINT64_C(0x9e3779b97f4a7c15);

	return at_weight(c, (uint64_t)(((unsigned __int128)mixed *
	    c->weight_sum) >> 64));
}

static const struct endpoint *
pick_any(const struct cluster *c, const struct pick *p)
{
	switch (c->lb) {
	case LB_ROUND_ROBIN:
		return next_turn(c, p->rr);
	case LB_RANDOM:
		return draw(c);
	case LB_LEAST_REQUEST:
		break;
	}
	return least_of_two(c, p);
}

/* 0: fine; the higher, the less it should be picked. */
static int
doubt(const struct endpoint *e, const struct pick *p)
{
	if (e->weight == 0)
		return 3;
	if (p->avoid_len > 0 && is_avoided(e, p))
		return 2;
	return is_down(e, p) ? 1 : 0;
}

/* Chance did not find one that is fine: looks at each from a random place. */
static const struct endpoint *
least_doubtful(const struct cluster *c, const struct pick *p)
{
	size_t from = (size_t)random_below(c->len);
	const struct endpoint *best = &c->v[from];
	int least = 3;

	for (size_t i = 0; i < c->len && least > 0; i++) {
		const struct endpoint *e = &c->v[(from + i) % c->len];
		int d = doubt(e, p);

		if (d < least) {
			least = d;
			best = e;
		}
	}
	return best;
}

/* One that was down is tried by one request; others wait for what it finds. */
static const struct endpoint *
chosen(const struct endpoint *e, const struct pick *p)
{
	struct endpoint_state *s = e->state;

	if (atomic_load_explicit(&s->connect_failed, memory_order_relaxed) > 0 &&
	    !is_down(e, p))
		atomic_store_explicit(&s->down_until_ms, p->now_ms + PROBE_MS,
		    memory_order_relaxed);
	return e;
}

const struct endpoint *
cluster_pick(const struct cluster *c, const struct pick *p)
{
	if (c->len == 0 || c->weight_sum == 0)
		return NULL;
	for (int i = 0; i < 4; i++) {
		const struct endpoint *e = pick_any(c, p);

		if (doubt(e, p) == 0)
			return chosen(e, p);
	}
	return chosen(least_doubtful(c, p), p);
}
