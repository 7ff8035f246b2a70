#ifndef MODEL_HTTP_ROUTE_H
#define MODEL_HTTP_ROUTE_H

#include "model/http_filter.h"
#include "model/object.h"
#include "model/persistence.h"
#include "model/route.h"

/*
 * http_route: Gateway API's HTTPRoute.
 *
 * Defaults are filled in: a route has at least one rule, a rule at least one
 * match, a match has a path.  What was not written is left to its default as
 * Gateway API gives it; a duration that was not written is -1, so that 0 (no
 * limit) can be told from it.
 *
 * Paths of type Exact and PathPrefix begin with "/", hold no "//", no dot
 * segments, no encoded "/" and no "#".  A trailing "/" of a prefix is still
 * there and means nothing.  No name stands twice among the headers or queries
 * of a match; of header names that differ in case alone, the first counts.
 */
enum model_path_type { MODEL_PATH_EXACT, MODEL_PATH_PREFIX, MODEL_PATH_REGEX };
enum model_match_type { MODEL_MATCH_EXACT, MODEL_MATCH_REGEX };

struct model_path_match {
	int         type;	/* enum model_path_type */
	const char *value;
};

/* A header (name in any case) or a query parameter (name as it is). */
struct model_value_match {
	int         type;	/* enum model_match_type */
	const char *name, *value;
};
extern const char *const model_match_types[];
extern const struct conf_schema model_value_match_schema;
/* Each name once, in the list of that name. */
int model_value_match_names(const struct model_value_match *, size_t n,
    const char *list, const struct conf_place *);

struct model_http_match {
	struct model_path_match   path;
	struct model_value_match *headers, *queries;
	size_t                    headers_len, queries_len;
	const char               *method;	/* NULL: any */
};

struct model_http_timeouts {
	int64_t request_ms;	/* whole exchange; 0: none, -1: not given */
	int64_t backend_request_ms;	/* each try; 0: none, -1: not given */
};

struct model_http_retry {
	int64_t *codes;		/* 400 to 599 */
	size_t   codes_len;
	int64_t  attempts;	/* retries, not tries; -1: not given */
	int64_t  backoff_ms;	/* the least wait; -1: not given */
};

struct model_http_rule {
	const char               *name;		/* NULL: it has none */
	struct model_http_match  *matches;	/* one of them suffices */
	size_t                    matches_len;
	struct model_http_filter *filters;
	size_t                    filters_len;
	struct model_backend_ref *backends;
	size_t                    backends_len;
	struct model_http_timeouts timeouts;
	struct model_http_retry  *retry;	/* NULL: not given */
	struct model_persistence *persistence;	/* NULL: not given */
};

struct model_http_route {
	struct model_head         head;
	struct model_http_route_spec {
		struct model_route_at   at;
		struct model_http_rule *rules;
		size_t                  rules_len;
	} spec;
};

#define MODEL_HOSTNAMES_MAX	16
#define MODEL_RULES_MAX		16
#define MODEL_MATCHES_MAX	64	/* of a rule */
#define MODEL_ROUTE_MATCHES_MAX	128	/* of all rules together */

const struct model_http_route *model_http_route(const struct model_object *);
/* Sum of the weights of the rule's backends. */
int64_t model_backends_weight(const struct model_backend_ref *, size_t n);

#endif
