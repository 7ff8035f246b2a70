#ifndef UPSTREAM_LINK_LOAD_H
#define UPSTREAM_LINK_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "upstream/pool_settings.h"

/*
 * link_load: whether requests to another sidecar are to share a connection, as one
 * worker sees its own.
 *
 * A connection of HTTP/1.1 for each request is cheaper for both proxies as long as
 * few are under way at a time, and for long bodies at any time.  Where many
 * small ones are, HTTP/2 carries what one turn of the loop brings as one record
 * and one system call.  Each 64 requests it is decided anew by how many were
 * under way when one began and by their mean size, with some reluctance to
 * change.
 */
struct link_load {
	uint32_t asks;
	uint64_t under_way, bytes;	/* sums, of the 64 that are not complete */
	bool     is_shared;
	bool     is_large;	/* bodies were, lately */
};

/* One begins, while so many others are under way. */
void link_load_ask(struct link_load *, uint64_t under_way);
/* So many bytes passed, in whatever direction. */
static inline void
link_load_bytes(struct link_load *l, uint64_t n)
{
	l->bytes += n;
}
/*
 * Whether one that begins now should share; not decided by the past alone: so
 * many at once need no connection each.
 */
bool link_load_shares(const struct link_load *, enum link_choice,
    uint64_t under_way);

#endif
