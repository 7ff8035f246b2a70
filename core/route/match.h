#ifndef ROUTE_MATCH_H
#define ROUTE_MATCH_H

#include "model/grpc_route.h"
#include "model/http_route.h"
#include "route/table.h"

/*
 * match: what the matches of a rule ask for, of whatever kind its route is, as a
 * table takes it.
 *
 * A call of gRPC is a request for "/SERVICE/METHOD" (gRPC over HTTP/2, section
 * Requests), so a match of a GRPCRoute asks for
 *
 *	both, exactly		an exact path
 *	the service, exactly	a prefix
 *	anything else		parts of a call
 *
 * which the table puts in the order that GRPCRouteRule.matches wants: by the
 * service's characters, then by the method's, then by headers.  Where regular
 * expressions stand is left open there; here, as for HTTPRoutes, they come behind
 * what is exact, and count by their own characters.
 *
 * What does not look into a connection has one match, which takes everything.
 */
#define MATCH_VALUES_MAX	16	/* headers, and queries */
#define MATCH_PATH_MAX		(2 * 1024 + 3)

/* The rule borrows from the rest, and from the document. */
struct match {
	struct route_rule  rule;	/* host, path and values; the rest is 0 */
	struct route_value headers[MATCH_VALUES_MAX], queries[MATCH_VALUES_MAX];
	char               path[MATCH_PATH_MAX];
};

size_t match_count(const struct model_object *route, size_t rule);
void match_read(struct match *, const struct model_object *route, size_t rule,
    size_t index);

#endif
