#ifndef LINK_META_H
#define LINK_META_H

#include "base/str.h"
#include "net/addr.h"

/*
 * meta: what the caller's sidecar says first on a connection of frames or
 * packets: lines of KEY=VALUE, without a line break behind the last.
 *
 *	client=FROM TO		a gateway: for whom it calls, and where that
 *				came in: two addresses with their ports
 *	source=NAMESPACE/NAME	the caller's workload
 *
 * All of it is a claim: whom it is believed of is the reader's affair.  Keys
 * that are not known are passed over, as are values that do not read; source
 * comes last, as readers of before looked for it alone.
 */
struct meta {
	struct slice source;	/* borrowed; empty: it does not say */
	bool         has_client;
	struct addr  from, to;	/* of the client */
};

/* Only of IP addresses; of others nothing is said. */
void meta_add_client(struct str *, const struct addr *from,
    const struct addr *to);
void meta_add_source(struct str *, struct slice source);
void meta_read(struct meta *, struct slice text);

#endif
