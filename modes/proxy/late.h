#ifndef PROXY_LATE_H
#define PROXY_LATE_H

#include "chain/l7.h"

/*
 * late: the last filter of exchanges with a service that is not known yet.
 *
 * It holds the request until the service is (lookup.h), then does what route()
 * could not: it gives the router's job its cluster or its rule, and puts the
 * filters of the rule and of the service behind itself.
 */
struct l7_chain *late_chain_new(struct filter_stats *);

#endif
