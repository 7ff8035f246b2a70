#ifndef FILTER_LIMIT_H
#define FILTER_LIMIT_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * limit: one configuration for two filters: what a listener's connections may
 * do (L4), and how large a request may be (L7).  Zero means no limit.
 */
struct filter_limit {
	int64_t     connections;	/* open at once on the listener */
	int64_t     connection_bytes;	/* both directions of one connection */
	int64_t     idle_ms;		/* without a byte either way */
	int64_t     head_bytes;		/* fields of a request, 32 each on top */
	int64_t     body_bytes;		/* of a request */
	atomic_long open;		/* connections now */
};

#endif
