#ifndef FILTER_RATE_LIMIT_H
#define FILTER_RATE_LIMIT_H

#include <stddef.h>

#include "chain/filter.h"
#include "filter/lease.h"
#include "model/extension.h"

/*
 * rate_limit: what the filter keeps, for whoever divides its limits among
 * proxies while it runs (lease.h).
 */
struct rate_limit;

/* NULL: the part is another filter's.  Borrowed of the part. */
struct rate_limit *rate_limit_of(const struct l7_part *);
/* As configured. */
const struct model_rate_limit_spec *rate_limit_spec(const struct rate_limit *);

/*
 * Makes its limits those of many proxies, each with a lease, which starts with
 * the whole.  Before first use only.
 */
void rate_limit_lease_all(struct rate_limit *);
/*
 * The lease of the limit of that index; of its override n, at the index plus
 * (n + 1) * RATE_LIMIT_OVERRIDE.  NULL: there is none.
 */
#define RATE_LIMIT_OVERRIDE	16
#define RATE_LIMIT_LEASES(spec)	((1 + (spec)->overrides_len) * RATE_LIMIT_OVERRIDE)
struct lease *rate_limit_lease(const struct rate_limit *, size_t index);

#endif
