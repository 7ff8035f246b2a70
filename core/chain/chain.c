#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "chain/chain.h"

struct filter_stats {
	pthread_mutex_t lock;	/* of the list; counting takes no lock */
	struct list     all;
	int             workers;
};

static const char *const count_names[FILTER_COUNTS] = {
	[FILTER_ENTERED] = "entered",
	[FILTER_CALLS]	 = "calls",
	[FILTER_BYTES]	 = "bytes",
	[FILTER_HELD]	 = "held",
	[FILTER_STOPPED] = "stopped",
};

const char *
filter_count_name(enum filter_count what)
{
	return count_names[what];
}

struct filter_stats *
filter_stats_new(int workers)
{
	struct filter_stats *g = mem_zalloc(sizeof(*g));

	check(workers > 0);
	pthread_mutex_init(&g->lock, NULL);
	list_init(&g->all);
	g->workers = workers;
	return g;
}

void
filter_stats_free(struct filter_stats *g)
{
	LIST_FOREACH_SAFE(at, &g->all) {
		struct filter_stat *s = list_entry(at, struct filter_stat, link);

		mem_free(s->chain);
		mem_free(s->filter);
		free(s->cells);
		mem_free(s);
	}
	pthread_mutex_destroy(&g->lock);
	mem_free(g);
}

static struct filter_stat *
stat_get(struct filter_stats *g, const char *chain, const char *filter)
{
	struct filter_stat *found = NULL;

	pthread_mutex_lock(&g->lock);
	LIST_FOREACH(at, &g->all) {
		struct filter_stat *s = list_entry(at, struct filter_stat, link);

		if (strcmp(s->chain, chain) == 0 && strcmp(s->filter, filter) == 0)
			found = s;
	}
	if (found == NULL) {
		size_t size = sizeof(struct filter_cell) * (size_t)g->workers;

		found = mem_zalloc(sizeof(*found));
		found->chain = mem_strdup(chain);
		found->filter = mem_strdup(filter);
		found->cells = aligned_alloc(64, size);
		check(found->cells != NULL);
		memset(found->cells, 0, size);
		list_append(&g->all, &found->link);
	}
	pthread_mutex_unlock(&g->lock);
	return found;
}

void
filter_stats_each(struct filter_stats *g, void (*fn)(void *, const char *,
    const char *, enum filter_count, unsigned long long), void *arg)
{
	pthread_mutex_lock(&g->lock);
	LIST_FOREACH(at, &g->all) {
		struct filter_stat *s = list_entry(at, struct filter_stat, link);

		for (int what = 0; what < FILTER_COUNTS; what++) {
			unsigned long long sum = 0;

			for (int w = 0; w < g->workers; w++)
				sum += atomic_load_explicit(
				    &s->cells[w].count[what],
				    memory_order_relaxed);
			fn(arg, s->chain, s->filter, (enum filter_count)what, sum);
		}
	}
	pthread_mutex_unlock(&g->lock);
}

struct l4_chain *
l4_chain_new(const char *name, struct filter_stats *stats)
{
	struct l4_chain *c = mem_zalloc(sizeof(*c));

	refs_init(&c->refs);
	c->name = mem_strdup(name);
	c->stats = stats;
	return c;
}

void
l4_chain_add(struct l4_chain *c, const struct l4_filter *f, void *shared)
{
	c->v = mem_realloc(c->v, sizeof(*c->v) * (size_t)(c->len + 1));
	c->v[c->len++] = (struct l4_entry){
		f, shared, stat_get(c->stats, c->name, f->base.name)
	};
	c->has_bytes |= f->bytes != NULL &&
	    (f->reads_bytes == NULL || f->reads_bytes(shared));
}

struct l4_chain *
l4_chain_ref(struct l4_chain *c)
{
	refs_take(&c->refs);
	return c;
}

void
l4_chain_unref(struct l4_chain *c)
{
	if (c == NULL || !refs_drop(&c->refs))
		return;
	for (int i = 0; i < c->len; i++)
		if (c->v[i].filter->base.release != NULL)
			c->v[i].filter->base.release(c->v[i].shared);
	mem_free(c->v);
	mem_free(c->name);
	mem_free(c);
}

struct l7_chain *
l7_chain_new(const char *name, struct filter_stats *stats)
{
	struct l7_chain *c = mem_zalloc(sizeof(*c));

	refs_init(&c->refs);
	c->name = mem_strdup(name);
	c->stats = stats;
	return c;
}

struct l7_part *
l7_part_new(const struct l7_filter *f, void *shared)
{
	struct l7_part *p = mem_alloc(sizeof(*p));

	*p = (struct l7_part){ .filter = f, .shared = shared };
	refs_init(&p->refs);
	return p;
}

struct l7_part *
l7_part_ref(struct l7_part *p)
{
	refs_take(&p->refs);
	return p;
}

void
l7_part_unref(struct l7_part *p)
{
	if (p == NULL || !refs_drop(&p->refs))
		return;
	if (p->filter->base.release != NULL)
		p->filter->base.release(p->shared);
	mem_free(p);
}

void *
l7_part_shared(const struct l7_part *p, const struct l7_filter *f)
{
	return p->filter == f ? p->shared : NULL;
}

void
l7_chain_add_part(struct l7_chain *c, struct l7_part *p)
{
	c->v = mem_realloc(c->v, sizeof(*c->v) * (size_t)(c->len + 1));
	c->v[c->len++] = (struct l7_entry){
		p->filter, l7_part_ref(p),
		stat_get(c->stats, c->name, p->filter->base.name)
	};
}

void
l7_chain_add(struct l7_chain *c, const struct l7_filter *f, void *shared)
{
	struct l7_part *p = l7_part_new(f, shared);

	l7_chain_add_part(c, p);
	l7_part_unref(p);
}

struct l7_chain *
l7_chain_ref(struct l7_chain *c)
{
	refs_take(&c->refs);
	return c;
}

void
l7_chain_unref(struct l7_chain *c)
{
	if (c == NULL || !refs_drop(&c->refs))
		return;
	for (int i = 0; i < c->len; i++)
		l7_part_unref(c->v[i].part);
	mem_free(c->v);
	mem_free(c->name);
	mem_free(c);
}
