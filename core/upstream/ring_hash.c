#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/str.h"
#include "upstream/hash.h"
#include "upstream/plan.h"

/*
 * ring_hash: consistent hashing as ketama does it.  Each endpoint stands at many
 * points of a ring, more if it has more weight; a key belongs to the first point
 * at or after its hash.  Points depend on the address alone, so all proxies have
 * the same ring, and only keys of an endpoint that leaves move.
 */
struct point {
	uint64_t hash;
	uint32_t member;
};

struct ring {
	size_t       len;
	struct point v[];
};

static int
by_hash(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/*
 * Points per unit of weight: so many that the lightest has one and the ring has
 * ring_min, unless that is more than ring_max.  A power of two, so that it stays
 * the same for most sets: another number would move keys among those that stay.
 */
static double
points_per_weight(const struct plan_group *g, const struct balance_settings *s)
{
	uint32_t lightest = g->v[0].weight;

	for (size_t i = 1; i < g->len; i++)
		if (g->v[i].weight < lightest)
			lightest = g->v[i].weight;
	double least = fmax((double)s->ring_min / (double)g->weight,
	    1. / lightest);
	double most = (double)s->ring_max / (double)g->weight;

	return exp2(fmin(ceil(log2(least)), floor(log2(most))));
}

static size_t
points_of(double scale, const struct plan_member *m)
{
	return (size_t)fmax(1, round(scale * m->weight));
}

static const void *
build_ring(const struct plan_group *g, const struct cluster *c,
    struct arena *a)
{
	double scale = points_per_weight(g, &c->balance);
	struct str name = { 0 };
	size_t cap = 0;

	for (size_t i = 0; i < g->len; i++)
		cap += points_of(scale, &g->v[i]);
	struct ring *r = arena_alloc(a, sizeof(*r) + cap * sizeof(r->v[0]));

	r->len = 0;
	for (size_t i = 0; i < g->len; i++) {
		struct slice host = c->v[g->v[i].at].host;
		size_t n = points_of(scale, &g->v[i]);

		for (size_t k = 0; k < n; k++) {
			str_clear(&name);
			str_addf(&name, "%.*s_%zu", SLICE_ARG(host), k);
			r->v[r->len++] = (struct point){
				hash_bytes(str_slice(&name)), (uint32_t)i
			};
		}
	}
	str_fini(&name);
	qsort(r->v, r->len, sizeof(r->v[0]), by_hash);
	return r;
}

static size_t
pick_point(const struct plan_group *g, const struct pick *p, unsigned n)
{
	const struct ring *r = g->table;
	uint64_t hash = plan_hash(p, n);
	size_t low = 0, high = r->len;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (r->v[mid].hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return r->v[low == r->len ? 0 : low].member;
}

const struct balancer balancer_ring_hash = {
	.is_hash = true, .build = build_ring, .pick = pick_point,
};

uint64_t
plan_hash(const struct pick *p, unsigned n)
{
	if (!p->has_hash)
		return random_u64();
	/* Those that cannot go where they belong scatter, not all to one. */
	return n == 0 ? p->hash : hash_mix(p->hash + n);
}
