#ifndef FILTER_CACHE_RULES_H
#define FILTER_CACHE_RULES_H

#include "http/cache_control.h"
#include "filter/cache_store.h"

/*
 * cache_rules: what RFC 9111 says of heads: what may be looked up, what may be
 * kept, how long it is fresh, what of it goes back.  No state, no clock.
 *
 * Stricter than the standard where callers are people: an answer to a request
 * with Authorization or Cookie, and one with Set-Cookie, is kept only if it
 * says s-maxage or public (Set-Cookie: never), and only such an answer is
 * given to a request with either field.
 */
struct cache_limits {
	int64_t default_ttl_ms, max_ttl_ms, revalidate_ms, error_ms;
};

enum cache_use {
	CACHE_NOT,		/* neither looked up nor kept */
	CACHE_FETCH,		/* asked for anew; what comes may be kept */
	CACHE_LOOK
};

enum cache_use cache_rules_use(const struct http_head *request,
    const struct cache_control *, bool end);
/* Whether the request is of somebody: see above. */
bool cache_rules_is_personal(const struct http_fields *request);
/* Whether it asks for an answer only if that has changed. */
bool cache_rules_is_conditional(const struct http_fields *request);

/*
 * Whether the answer may be kept; fills status, is_shared, vary, fields, age
 * and lifetimes of e.  took_ms: from the request to this head.
 */
bool cache_rules_keep(struct cache_entry *e, const struct cache_limits *,
    const struct http_fields *request, const struct http_head *response,
    int64_t wall_s, int64_t took_ms);

/* Whether it may be given at that age without asking (RFC 9111, 4.2). */
bool cache_rules_is_fresh(const struct cache_entry *,
    const struct cache_control *request, int64_t age_ms);
/* The kept fields, into an empty list. */
void cache_rules_fields(const struct cache_entry *, struct http_fields *);
/* Whether the caller has it already (RFC 9110, section 13.2.2). */
bool cache_rules_is_known(const struct http_fields *request,
    const struct http_fields *kept);
/* Whether a 304 speaks of what was kept (RFC 9111, section 4.3.4). */
bool cache_rules_is_same(const struct http_fields *kept,
    const struct http_fields *not_modified);
/* What the answer to our question says anew goes over what was kept. */
void cache_rules_merge(struct http_fields *kept,
    const struct http_fields *not_modified);

#endif
