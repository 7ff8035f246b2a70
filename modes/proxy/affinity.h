#ifndef PROXY_AFFINITY_H
#define PROXY_AFFINITY_H

#include "chain/l7.h"
#include "upstream/cluster.h"

/*
 * affinity: what a request has that decides among the endpoints of a cluster:
 * the key of a hash, and the name of a subset.
 *
 * A request without the key goes anywhere, but where the key is a cookie it gets
 * one, so that the next request goes to the same endpoint.
 */
struct affinity {
	uint64_t     hash;
	bool         has_hash;
	uint32_t     subset;	/* of cluster_subset */
	bool         is_refused;	/* it names a subset that is not there */
	struct slice cookie;	/* for Set-Cookie; empty: none */
};

/* In the exchange's arena. */
void affinity_find(struct affinity *, struct l7_ctx *, const struct cluster *,
    const struct http_head *, struct slice workload);
/*
 * The hash of a caller's address, without its port.  Who calls from this machine
 * is the workload, if it has a name: all callers of all sidecars would be one
 * otherwise.
 */
uint64_t affinity_source(const struct addr *, struct slice workload);
/* The value of a cookie, or SLICE_NONE. */
struct slice affinity_cookie(const struct http_head *, struct slice name);
/* The answer says what is to be known next time. */
void affinity_answer(const struct affinity *, struct http_head *);

#endif
