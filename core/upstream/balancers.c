#include <math.h>

#include "base/random.h"
#include "upstream/hash.h"
#include "upstream/latency.h"
#include "upstream/plan.h"

/*
 * balancers without a key: least request, peak EWMA, round robin, random.
 * Weights count everywhere: an endpoint of weight 2 gets twice the share of one
 * of weight 1.
 */
size_t
plan_at_weight(const struct plan_group *g, uint64_t at)
{
	size_t low = 0, high = g->len - 1;

	if (g->sums == NULL)
		return (size_t)(at / g->v[0].weight);
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (at < g->sums[mid])
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

size_t
plan_draw(const struct plan_group *g)
{
	if (g->sums == NULL)
		return (size_t)random_below(g->len);
	return plan_at_weight(g, random_below(g->weight));
}

/* The same twice would turn two choices into one. */
static size_t
draw_another(const struct plan_group *g, size_t than)
{
	if (g->sums == NULL && g->len > 1)
		return (than + 1 + (size_t)random_below(g->len - 1)) % g->len;
	size_t i = plan_draw(g);

	for (int k = 0; k < 4 && i == than; k++)
		i = plan_draw(g);
	return i;
}

static unsigned
active(const struct plan_member *m)
{
	return atomic_load_explicit(&m->state->active, memory_order_relaxed);
}

/* Who is away looks idle; nobody waits for it. */
static bool
is_away(const struct plan_group *g, const struct plan_member *m,
    const struct pick *p)
{
	if (endpoint_marks(m->state) == 0)
		return false;
	enum endpoint_doubt d = endpoint_doubt(m->state, p->now_ms);

	return d == DOUBT_DOWN || (d == DOUBT_OUT && !atomic_load_explicit(
	    g->is_panicking, memory_order_relaxed));
}

/* --- least request ----------------------------------------------------------------- */

/*
 * Weights are in the draw already; the second is taken when it would be less
 * loaded for its weight even with this request.  So an idle service shares by
 * weight, and a busy one has requests under way by weight.
 */
static bool
is_busier(const struct plan_group *g, const struct plan_member *a,
    const struct plan_member *b)
{
	if (g->sums == NULL)
		return active(a) > active(b);
	return (uint64_t)active(a) * b->weight >
	    (active(b) + UINT64_C(1)) * a->weight;
}

static size_t
pick_least_request(const struct plan_group *g, const struct pick *p, unsigned n)
{
	(void)n;
	size_t i = plan_draw(g), k = draw_another(g, i);
	const struct plan_member *a = &g->v[i], *b = &g->v[k];

	if (is_away(g, a, p) != is_away(g, b, p))
		return is_away(g, a, p) ? k : i;
	return is_busier(g, a, b) ? k : i;
}

const struct balancer balancer_least_request = { .pick = pick_least_request };

/* --- peak EWMA ----------------------------------------------------------------------- */

/*
 * The second is taken when latency times requests, with this one, is less there.
 * With weights that alone would undo the draw, as in least request, so it must be
 * less without this one, or the first be slower by far.  Of whom nothing is known
 * is taken to be as fast as the other.
 */
static bool
is_costlier(const struct plan_group *g, const struct plan_member *a,
    const struct plan_member *b, const struct pick *p)
{
	double slow = latency_us(a->state, p->now_ms);
	double fast = latency_us(b->state, p->now_ms);

	if (slow == 0 || fast == 0)
		return is_busier(g, a, b);
	double with = fast * (active(b) + 1.) * a->weight;

	return (slow * active(a) * b->weight > with) ||
	    ((g->sums == NULL || slow > 2 * fast) &&
	    slow * (active(a) + 1.) * b->weight > with);
}

static size_t
pick_peak_ewma(const struct plan_group *g, const struct pick *p, unsigned n)
{
	(void)n;
	size_t i = plan_draw(g), k = draw_another(g, i);
	const struct plan_member *a = &g->v[i], *b = &g->v[k];

	if (is_away(g, a, p) != is_away(g, b, p))
		return is_away(g, a, p) ? k : i;
	return is_costlier(g, a, b, p) ? k : i;
}

const struct balancer balancer_peak_ewma = { .pick = pick_peak_ewma };

/* --- random --------------------------------------------------------------------------- */

static size_t
pick_random(const struct plan_group *g, const struct pick *p, unsigned n)
{
	(void)p;
	(void)n;
	return plan_draw(g);
}

const struct balancer balancer_random = { .pick = pick_random };

/* --- round robin ------------------------------------------------------------------------ */

#define TURNS_MAX	4096
#define TURNS_WORK	(1u << 22)	/* steps to build a table */

struct turns {
	size_t   len;
	uint32_t v[];
};

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Smooth weighted round robin, as nginx has it: all gain their weight, who has
 * most has its turn and loses the sum.  Its sequence repeats, so it is worked
 * out once; one that is too long is not (see pick_turn).
 */
static const void *
build_turns(const struct plan_group *g, const struct cluster *c,
    struct arena *a)
{
	uint64_t unit = g->v[0].weight;

	(void)c;
	for (size_t i = 1; i < g->len; i++)
		unit = gcd(unit, g->v[i].weight);
	uint64_t len = g->weight / unit;

	if (g->sums == NULL || len > TURNS_MAX || len * g->len > TURNS_WORK)
		return NULL;
	struct turns *t = arena_alloc(a, sizeof(*t) + len * sizeof(t->v[0]));
	int64_t *gained = arena_zalloc(a, sizeof(*gained) * g->len);

	t->len = len;
	for (size_t k = 0; k < len; k++) {
		size_t best = 0;

		for (size_t i = 0; i < g->len; i++) {
			gained[i] += g->v[i].weight;
			if (gained[i] > gained[best])
				best = i;
		}
		gained[best] -= (int64_t)g->weight;
		t->v[k] = (uint32_t)best;
	}
	return t;
}

/* Without a table the counter walks over the sum in steps of the golden ratio,
 * which spreads turns nearly as well. */
static size_t
pick_turn(const struct plan_group *g, const struct pick *p, unsigned n)
{
	const struct turns *t = g->table;
	uint64_t turn = atomic_fetch_add_explicit(g->turn, 1,
	    memory_order_relaxed);

	(void)p;
	(void)n;
	if (g->sums == NULL)
		return turn % g->len;
	if (t != NULL)
		return t->v[turn % t->len];
	uint64_t mixed = turn * UINT64_C(0x9e3779b97f4a7c15);

	return plan_at_weight(g, (uint64_t)(((unsigned __int128)mixed *
	    g->weight) >> 64));
}

const struct balancer balancer_round_robin = {
	.build = build_turns, .pick = pick_turn,
};
