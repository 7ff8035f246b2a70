#ifndef PROXY_ANNOUNCE_H
#define PROXY_ANNOUNCE_H

#include "chain/l7.h"
#include "upstream/cluster.h"

/*
 * announce: for whom a connection to an endpoint is made, as HAProxy's PROXY
 * protocol says it, for clusters that want to be told (cluster.announce).
 *
 *	addresses	the caller's, and where it came in
 *	authority	version 2: the host asked for, or the caller's server name
 *	unique id	version 2: the request's
 *	0xE0		version 2: the SPIFFE ID that the caller proved
 */

/* Of an exchange; gives bytes of its arena, none if nobody wants them. */
struct slice announce_exchange(struct l7_ctx *, const struct cluster *);
/* Of a connection; likewise, appended. */
void announce_conn(struct str *, struct conn *, const struct cluster *);

#endif
