#ifndef FILTER_TABLE_H
#define FILTER_TABLE_H

#include "chain/filter.h"

/*
 * table: every filter there is, one row each; a filter is one file of this
 * folder.  To write one, copy request_id.c: the smallest that does something.
 */
struct filter_row {
	const char              *name;	/* as in documents */
	const struct l4_filter  *l4;	/* one of the two */
	const struct l7_filter  *l7;
	const struct conf_schema *schema;	/* of its config; NULL: takes none */
	const char              *text;	/* one line for people */
};

extern const struct filter_row filter_table[];	/* name NULL ends */

/* A name may be both an L4 and an L7 filter ("limit"): two rows. */
const struct filter_row *filter_find_l4(const char *name);
const struct filter_row *filter_find_l7(const char *name);

#endif
