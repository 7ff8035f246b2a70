#ifndef FILTER_RATE_LIMIT_H
#define FILTER_RATE_LIMIT_H

#include <stddef.h>

#include "chain/filter.h"
#include "filter/buckets.h"
#include "model/extension.h"

/*
 * rate_limit: what the filter keeps, for whoever governs its rates while it runs
 * (buckets_set_rate).
 */
struct rate_limit;

/* NULL: the part is another filter's.  Borrowed of the part. */
struct rate_limit *rate_limit_of(const struct l7_part *);
/* As configured; the limits are those of the buckets below, in their order. */
const struct model_rate_limit_spec *rate_limit_spec(const struct rate_limit *);
/* Of the limit of that index; those of overrides are not among them. */
struct buckets *rate_limit_buckets(const struct rate_limit *, size_t index);

#endif
