#ifndef MODEL_L4_ROUTE_H
#define MODEL_L4_ROUTE_H

#include "model/object.h"
#include "model/route.h"

/*
 * l4_route: Gateway API's TCPRoute, UDPRoute and TLSRoute: bytes, datagrams, or
 * TLS chosen by its server name.  Each has exactly one rule.
 *
 * A TLSRoute of v1 names hosts; in the alpha versions it may leave them out and
 * is then for all.  Its documents keep the version that they were written in.
 */
struct model_l4_rule {
	const char               *name;	/* NULL: it has none */
	struct model_backend_ref *backends;
	size_t                    backends_len;
};

struct model_l4_route {
	struct model_head head;
	struct model_l4_route_spec {
		struct model_route_at at;	/* hostnames: TLSRoute only */
		struct model_l4_rule *rules;	/* one */
		size_t                rules_len;
	} spec;
};

/* Of a TCPRoute, UDPRoute or TLSRoute. */
const struct model_l4_route *model_l4_route(const struct model_object *);

#endif
