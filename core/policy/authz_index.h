#ifndef POLICY_AUTHZ_INDEX_H
#define POLICY_AUTHZ_INDEX_H

#include "policy/authz_match.h"

/*
 * authz_index: of up to AUTHZ_BLOCK rules those that may match, a bit each.
 *
 * For each thing that rules ask for there is a dimension: a table from a value
 * (exact, the beginning or the end of one) to the rules that ask for it, and a
 * bit for each rule that does not ask.  A rule may match if every dimension has
 * its bit; that is never wrong to say, so only those rules are gone through.
 *
 * Life: authz_index_init (zeroed) -> authz_index_find ... -> authz_index_fini.
 */
#define AUTHZ_BLOCK	1024
#define AUTHZ_WORDS	(AUTHZ_BLOCK / 64)

struct authz_dimension;
struct authz_index {
	struct authz_dimension *v;
	size_t                  len;
	size_t                  rows;
};

void authz_index_init(struct authz_index *, struct arena *,
    const struct authz_row *, size_t n);
void authz_index_fini(struct authz_index *);
void authz_index_find(const struct authz_index *, const struct authz_view *,
    uint64_t out[AUTHZ_WORDS]);

#endif
