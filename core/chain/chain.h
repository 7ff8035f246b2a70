#ifndef CHAIN_CHAIN_H
#define CHAIN_CHAIN_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/refs.h"
#include "chain/filter.h"

/*
 * chain: the insides of compiled chains, for the two runners alone.
 */

/* One filter of one chain of the process; a cell per worker, no sharing. */
struct filter_cell {
	_Alignas(64) atomic_ullong count[FILTER_COUNTS];
};

struct filter_stat {
	struct list         link;
	char               *chain, *filter;
	struct filter_cell *cells;
};

struct l4_entry {
	const struct l4_filter *filter;
	void                   *shared;
	struct filter_stat     *stat;
};

struct l4_chain {
	struct refs          refs;
	char                *name;
	struct filter_stats *stats;
	struct l4_entry     *v;
	int                  len;
	bool                 has_bytes;	/* some filter reads bytes */
};

struct l7_part {
	struct refs             refs;
	const struct l7_filter *filter;
	void                   *shared;
};

struct l7_entry {
	const struct l7_filter *filter;
	struct l7_part         *part;
	struct filter_stat     *stat;
};

struct l7_chain {
	struct refs          refs;
	char                *name;
	struct filter_stats *stats;
	struct l7_entry     *v;
	int                  len;
};

static inline void
filter_count(struct filter_stat *s, int worker, enum filter_count what,
    unsigned long long n)
{
	/* Only this worker writes the cell: a plain add, readable by others. */
	atomic_ullong *c = &s->cells[worker].count[what];

	atomic_store_explicit(c,
	    atomic_load_explicit(c, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

#endif
