#include <stdlib.h>

#include "route/table_index.h"

/* How often a header or parameter is named with an exact value. */
struct vote {
	struct slice name;
	bool         is_query;
	uint32_t     count;
};

#define VOTES_MAX	32	/* names that are counted; the first ones met */

static bool
is_meant(const struct entry *e, size_t wish, struct slice name, bool is_query)
{
	return (wish >= e->headers_len) == is_query &&
	    !e->wishes[wish].is_regex &&
	    slice_eq(wish_name(&e->wishes[wish]), name);
}

static void
vote(struct vote *votes, size_t *len, const struct entry *e, size_t wish)
{
	struct slice name = wish_name(&e->wishes[wish]);
	bool is_query = wish >= e->headers_len;
	size_t i = 0;

	if (e->wishes[wish].is_regex)
		return;
	while (i < *len && !is_meant(e, wish, votes[i].name, votes[i].is_query))
		i++;
	if (i == VOTES_MAX)
		return;
	if (i == *len)
		votes[(*len)++] = (struct vote){ name, is_query, 0 };
	votes[i].count++;
}

static struct vote
most_named(const struct route_table *t, const struct bucket *b)
{
	struct vote votes[VOTES_MAX], most = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < b->len; i++) {
		const struct entry *e = &t->entries[b->first + i];

		for (size_t w = 0; w < (size_t)e->headers_len + e->queries_len; w++)
			vote(votes, &len, e, w);
	}
	for (size_t i = 0; i < len; i++)
		if (votes[i].count > most.count)
			most = votes[i];
	return most;
}

const struct wish *
index_wish(const struct entry *e, const struct index *x)
{
	for (size_t w = 0; w < (size_t)e->headers_len + e->queries_len; w++)
		if (is_meant(e, w, x->name, x->is_query))
			return &e->wishes[w];
	return NULL;
}

static struct slice
wanted(const struct route_table *t, const struct index *x, uint32_t rank)
{
	const struct wish *w = index_wish(&t->entries[rank], x);

	return (struct slice){ w->value.text, w->value_len };
}

struct order {
	const struct route_table *table;
	const struct index       *index;
};

/* By value, then by rank. */
static int
compare(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int way = slice_cmp(wanted(o->table, o->index, x),
	    wanted(o->table, o->index, y));

	return way != 0 ? way : x < y ? -1 : x > y;
}

static void
put_slots(struct route_table *t, struct index *x, uint32_t count)
{
	uint32_t len;

	for (x->slots_mask = 1; x->slots_mask < 2 * count; )
		x->slots_mask = 2 * x->slots_mask + 1;
	x->slots = arena_zalloc(&t->arena,
	    (x->slots_mask + 1) * sizeof(*x->slots));
	for (uint32_t at = 0; at < count; at += len) {
		struct slice value = wanted(t, x, x->ranks[at]);
		uint32_t i = (uint32_t)slice_hash(value) & x->slots_mask;

		len = 1;
		while (at + len < count &&
		    slice_eq(wanted(t, x, x->ranks[at + len]), value))
			len++;
		while (x->slots[i].len != 0)
			i = (i + 1) & x->slots_mask;
		x->slots[i] = (struct index_slot){ at, len };
	}
}

struct index *
index_new(struct route_table *t, const struct bucket *b)
{
	struct vote most = most_named(t, b);

	if (most.count < INDEX_FROM)
		return NULL;
	struct index *x = arena_zalloc(&t->arena, sizeof(*x));
	uint32_t count = 0;

	x->name = most.name;
	x->is_query = most.is_query;
	x->ranks = arena_alloc(&t->arena, most.count * sizeof(*x->ranks));
	x->others = arena_alloc(&t->arena,
	    (b->len - most.count) * sizeof(*x->others));
	for (uint32_t rank = b->first; rank < b->first + b->len; rank++)
		if (index_wish(&t->entries[rank], x) != NULL)
			x->ranks[count++] = rank;
		else
			x->others[x->others_len++] = rank;
	qsort_r(x->ranks, count, sizeof(*x->ranks), compare,
	    &(struct order){ t, x });
	put_slots(t, x, count);
	return x;
}
