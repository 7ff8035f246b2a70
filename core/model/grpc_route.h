#ifndef MODEL_GRPC_ROUTE_H
#define MODEL_GRPC_ROUTE_H

#include "model/http_route.h"

/*
 * grpc_route: Gateway API's GRPCRoute.  A rule has at least one match; a match
 * whose service and method are NULL is for every call.
 */
struct model_grpc_match {
	struct model_grpc_method {
		int         type;	/* enum model_match_type */
		const char *service, *method;	/* NULL: any */
	} method;
	struct model_value_match *headers;
	size_t                    headers_len;
};

struct model_grpc_rule {
	const char               *name;		/* NULL: it has none */
	struct model_grpc_match  *matches;	/* one of them suffices */
	size_t                    matches_len;
	struct model_http_filter *filters;
	size_t                    filters_len;
	struct model_backend_ref *backends;
	size_t                    backends_len;
	struct model_persistence *persistence;	/* NULL: not given */
};

struct model_grpc_route {
	struct model_head head;
	struct model_grpc_route_spec {
		struct model_route_at   at;
		struct model_grpc_rule *rules;
		size_t                  rules_len;
	} spec;
};

const struct model_grpc_route *model_grpc_route(const struct model_object *);

#endif
