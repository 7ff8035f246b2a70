#ifndef HTTP_CACHE_CONTROL_H
#define HTTP_CACHE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "http/head.h"

/*
 * cache_control: the field of that name (RFC 9111, section 5.2; RFC 5861) of a
 * request or a response, all its lines together.
 *
 * What is in doubt is read as what keeps less: of a directive said twice the
 * smaller number counts, a number that is none is 0, a list of field names
 * behind private or no-cache is as if it were not there, and a quote without
 * an end means no-store.
 */
struct cache_control {
	bool no_store, no_cache, no_transform, only_if_cached;
	bool must_revalidate, proxy_revalidate, is_private, is_public;
	/* seconds, at most 2^31; -1: not said */
	int64_t max_age, s_maxage, min_fresh;
	int64_t max_stale;		/* without a number: 2^31 */
	int64_t stale_while_revalidate, stale_if_error;
};

#define CACHE_CONTROL_MAX	(INT64_C(1) << 31)

void cache_control_read(struct cache_control *, const struct http_fields *);
/* Whether one of the lines of a field that is a list has that member. */
bool cache_control_lists(const struct http_fields *, struct slice lower_name,
    struct slice member);

#endif
