#ifndef ROUTE_TABLE_H
#define ROUTE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * table: which rule a request obeys.
 * Life: route_table_new -> route_table_add ... -> route_table_seal
 *       -> route_find, route_explain ... -> route_table_unref.
 *
 * It knows nothing of documents: whoever has some turns them into rules.  A
 * sealed table never changes and may be shared between threads; finding
 * allocates nothing.
 *
 * Of the rules that a request fulfils, one goes before the other by, in this
 * order (Gateway API, HTTPRouteRule.matches and HTTPRouteSpec.hostnames):
 *    1. its host: exact before wildcard, then the longer one, none last
 *    2. an exact path, then a prefix, then a regular expression, then the
 *       parts of a call
 *    3. the longer path (of a prefix, a trailing '/' not counted); of the
 *       parts of a call the longer service, then the longer method
 *    4. that it asks for a method
 *    5. more headers
 *    6. more query parameters
 *    7. the older route
 *    8. the route's "namespace/name" in the order of its bytes
 *    9. its place in the document: rule, then match
 * Where regular expressions stand is left open there; here it is as in Istio.
 * A request that no rule of its most specific host takes may still be taken by
 * one of a wider host.
 *
 * A wildcard host "*.example.com" stands for one or more labels in front, never
 * for example.com.  A prefix holds whole segments: /abc takes /abc, /abc/ and
 * /abc/d, not /abcd; "/" takes everything.  Paths and queries compare with case,
 * hosts and names of headers without.  Of a query parameter that comes several
 * times the first counts; it is compared decoded (%41 is A, + a space).
 *
 * A call of gRPC has the path "/service/method"; where its parts are compared
 * each by itself, both of them must be there.
 *
 * Cost: one look by hash for each host that could be meant, one for the whole
 * path and one for each of its segments, as far as any rule goes; rules of the
 * same host and path are told apart by the header or parameter that most of
 * them ask for, by hash too.  Only regular expressions and parts of calls are
 * tried one by one.
 */
enum route_path_kind { ROUTE_EXACT, ROUTE_PREFIX, ROUTE_REGEX, ROUTE_CALL };

/* What a header or a query parameter must be. */
struct route_value {
	struct slice name, value;
	bool         is_regex;	/* of the whole value */
};

/* Borrowed while it is added, but for the payload. */
struct route_rule {
	struct slice              host;		/* empty: any */
	enum route_path_kind      path_kind;
	struct slice              path;		/* not of ROUTE_CALL */
	struct slice              method;	/* empty: any */
	const struct route_value *headers, *queries;	/* of a name the first */
	size_t                    headers_len, queries_len;
	struct route_value        call_service, call_method;	/* ROUTE_CALL's;
							   empty: any */
	int64_t                   created;	/* seconds since 1970 */
	struct slice              route;	/* "namespace/name" */
	uint16_t                  rule, match;	/* places in its document */
	const void               *payload;	/* kept; what the rule is for */
};

/* All of it borrowed. */
struct route_request {
	struct slice host;	/* lower case, without port and brackets */
	struct slice method;
	struct slice path;	/* normalised (http/path.h), without query */
	struct slice query;	/* behind '?', or absent */
	/*
	 * The value of the header with this lower-case name, or SLICE_NONE.
	 * One that comes several times should be joined by commas
	 * (RFC 9110, section 5.3).
	 */
	struct slice (*header)(const void *head, struct slice lower_name);
	const void  *head;
};

/* Lives as long as the table. */
struct route_found {
	const void          *payload;
	struct slice         route;
	uint16_t             rule, match;
	struct slice         host;	/* as the rule has it */
	enum route_path_kind path_kind;
	struct slice         path;	/* a prefix without '/' at its end */
};

struct route_table;

/* Gives one reference. */
struct route_table *route_table_new(void);
/* -1: the rule is not in; err says which part of it and why (ERR_DATA). */
int route_table_add(struct route_table *, const struct route_rule *, struct err *);
/* Drops the rules that were added after the first len; not once it is sealed. */
void route_table_cut(struct route_table *, size_t len);
void route_table_seal(struct route_table *);
struct route_table *route_table_ref(struct route_table *);
void route_table_unref(struct route_table *);	/* NULL is allowed */
size_t route_table_len(const struct route_table *);
size_t route_table_bytes(const struct route_table *);	/* of a sealed one */

/* False: no rule takes the request, answer 404. */
bool route_find(const struct route_table *, const struct route_request *,
    struct route_found *out);

/* Why a rule lost. */
enum route_loss {
	ROUTE_WON,
	ROUTE_BY_HOST, ROUTE_BY_PATH, ROUTE_BY_METHOD, ROUTE_BY_HEADER,
	ROUTE_BY_QUERY,		/* the request does not fulfil it */
	/* it does, but the winner goes before it */
	ROUTE_BELOW_HOST, ROUTE_BELOW_KIND, ROUTE_BELOW_LENGTH,
	ROUTE_BELOW_METHOD, ROUTE_BELOW_HEADERS, ROUTE_BELOW_QUERIES,
	ROUTE_BELOW_AGE, ROUTE_BELOW_NAME, ROUTE_BELOW_ORDER,
};

struct route_verdict {
	struct route_found rule;
	enum route_loss    loss;
	struct slice       name;	/* of the header or parameter that failed */
};

/*
 * Calls emit for the winner first, if there is one, and then for each other
 * rule in the order of precedence, by the code that route_find runs.
 */
void route_explain(const struct route_table *, const struct route_request *,
    void (*emit)(void *arg, const struct route_verdict *), void *arg);
/* "its host is less specific"; of a rule of a GRPCRoute in words for calls. */
const char *route_loss_text(enum route_loss);
const char *route_loss_text_of_call(enum route_loss);

#endif
