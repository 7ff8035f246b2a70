#include "base/mem.h"
#include "upstream/hash.h"
#include "upstream/plan.h"

/*
 * maglev: consistent hashing by a table (Eisenbud and others, "Maglev: A Fast and
 * Reliable Software Network Load Balancer", 3.4).  Each endpoint lists all places
 * of the table in an order of its own, and they take turns to occupy the next
 * free one on their lists; those with less weight sit out some turns.
 */
#define TABLE_MAX	5000011

struct maglev {
	uint64_t size;	/* a prime */
	uint32_t v[];	/* member */
};

/* One endpoint's list, walked. */
struct walk {
	uint64_t at, skip;
	double   gained;
};

#define FREE	UINT32_MAX

static bool
is_prime(uint64_t n)
{
	if (n < 2 || (n % 2 == 0 && n != 2))
		return false;
	for (uint64_t i = 3; i * i <= n; i += 2)
		if (n % i == 0)
			return false;
	return true;
}

/* At least what is asked for and a place for each; the next prime from there. */
static uint64_t
table_size(const struct plan_group *g, uint32_t asked)
{
	uint64_t size = asked > g->len ? asked : g->len;

	if (size > TABLE_MAX)
		size = TABLE_MAX;
	while (!is_prime(size))
		size++;
	return size;
}

static void
occupy(struct maglev *m, struct walk *w, uint32_t member)
{
	while (m->v[w->at] != FREE)
		w->at = (w->at + w->skip) % m->size;
	m->v[w->at] = member;
}

static const void *
build_table(const struct plan_group *g, const struct cluster *c,
    struct arena *a)
{
	uint64_t size = table_size(g, c->balance.maglev_size), taken = 0;
	struct maglev *m = arena_alloc(a, sizeof(*m) + size * sizeof(m->v[0]));
	struct walk *walks = mem_zalloc_array(g->len, sizeof(*walks));
	uint32_t heaviest = 0;

	m->size = size;
	for (uint64_t i = 0; i < size; i++)
		m->v[i] = FREE;
	for (size_t i = 0; i < g->len; i++) {
		uint64_t h = hash_bytes(c->v[g->v[i].at].host);

		walks[i].at = h % size;
		walks[i].skip = hash_mix(h) % (size - 1) + 1;
		if (g->v[i].weight > heaviest)
			heaviest = g->v[i].weight;
	}
	while (taken < size) {
		for (size_t i = 0; i < g->len && taken < size; i++) {
			walks[i].gained += (double)g->v[i].weight / heaviest;
			if (walks[i].gained < 1)
				continue;
			walks[i].gained -= 1;
			occupy(m, &walks[i], (uint32_t)i);
			taken++;
		}
	}
	mem_free(walks);
	return m;
}

static size_t
pick_place(const struct plan_group *g, const struct pick *p, unsigned n)
{
	const struct maglev *m = g->table;

	return m->v[plan_hash(p, n) % m->size];
}

const struct balancer balancer_maglev = {
	.is_hash = true, .build = build_table, .pick = pick_place,
};
