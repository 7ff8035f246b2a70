#ifndef ROUTE_TABLE_INDEX_H
#define ROUTE_TABLE_INDEX_H

#include "route/table_parts.h"

/*
 * table_index: of a bucket with many entries those that want an exact value of
 * the header or parameter that most of them name, by that value; and all the
 * others.
 */
#define INDEX_FROM	8	/* entries */
struct index {
	struct slice name;
	bool         is_query;
	uint32_t     slots_mask;
	struct index_slot {
		uint32_t at, len;	/* in ranks; len 0: free */
	}           *slots;
	uint32_t    *ranks;	/* entries, ascending for each value */
	uint32_t    *others;	/* entries, ascending */
	uint32_t     others_len;
};

/* What the entry wants of the index's header or parameter. */
const struct wish *index_wish(const struct entry *, const struct index *);

/*
 * Gives the index for the bucket, or NULL when no header or parameter is named
 * by enough of its entries.
 */
struct index *index_new(struct route_table *, const struct bucket *);

#endif
