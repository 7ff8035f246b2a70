#ifndef ROUTE_HTTP_ROUTE_H
#define ROUTE_HTTP_ROUTE_H

#include "model/gateway.h"
#include "model/http_route.h"
#include "model/service.h"
#include "route/table.h"

/*
 * http_route: HTTPRoute documents turned into rules of a table, for each
 * parent that takes them, and the conditions that say so.
 *
 * Whoever has the documents asks in this order:
 *   1. does the parent take the route?  http_route_meets_listener for each
 *      listener of a Gateway, http_routes_of_service for a port of a Service;
 *   2. put it into that parent's table: http_route_add;
 *   3. what is wrong with its references?  http_route_refs;
 *   4. what is told to people: route_status_fill.
 * A listener has a table of its own (no request sees the routes of another
 * listener), and so has each port of a Service for each namespace with
 * consumer routes.
 */

/* Reasons of Gateway API's conditions; those of Accepted from bad to good. */
enum route_reason {
	ROUTE_NO_MATCHING_PARENT,	/* no such section or port */
	ROUTE_NOT_ALLOWED,		/* allowedRoutes: kind or namespace */
	ROUTE_NO_MATCHING_HOSTNAME,
	ROUTE_CONFLICTED,		/* another kind of route has the port */
	ROUTE_UNSUPPORTED_VALUE,	/* no rule of it could be compiled */
	ROUTE_ACCEPTED,
	/* of ResolvedRefs */
	ROUTE_RESOLVED,
	ROUTE_INVALID_KIND,
	ROUTE_REF_NOT_PERMITTED,
	ROUTE_BACKEND_NOT_FOUND,
	ROUTE_UNSUPPORTED_PROTOCOL,
};

const char *route_reason_name(enum route_reason);	/* "NoMatchingParent" */

/*
 * A header of this name in a match is who asks, as far as TLS proved it or as
 * it is our own application: "NAMESPACE/ACCOUNT".  No request carries it: at
 * every entrance x-mesh-* is taken away.
 */
#define ROUTE_CALLER	"x-mesh-caller"

/* --- parents ------------------------------------------------------------------ */

/* A listener of the Gateway that a reference names, or of a ListenerSet. */
struct route_listener {
	const struct model_listener *doc;
	const char                  *namespace;	/* of its document */
};

/* ROUTE_ACCEPTED or why not; labels are those of the route's namespace. */
enum route_reason http_route_meets_listener(const struct model_object *route,
    const struct model_parent_ref *, const struct route_listener *,
    const struct conf_pairs *labels);
/* The best that any of them says. */
enum route_reason http_route_meets_gateway(const struct model_object *route,
    const struct model_parent_ref *, const struct route_listener *, size_t n,
    const struct conf_pairs *labels);
/* Whether any port of the service is meant. */
enum route_reason http_route_meets_service(const struct model_object *route,
    const struct model_parent_ref *, const struct model_object *service);

/*
 * The routes that callers in a namespace obey on a port of a service: those of
 * their own namespace (consumer routes) if there are any, or else those of the
 * service's (producer routes).  Borrows routes; out has room for n.  Gives how
 * many: with 0 requests simply go to the service, otherwise what no rule takes
 * is answered 404.
 */
size_t http_routes_of_service(const struct model_object *const *routes, size_t n,
    const struct model_object *service, uint16_t port,
    const char *caller_namespace, const struct model_object **out);

/*
 * The hosts that two patterns have in common; "" is any.  False: none.
 * "*.example" and "a.example" meet in "a.example".
 */
bool route_hosts_meet(struct slice a, struct slice b, struct slice *out);

/* --- rules ---------------------------------------------------------------------- */

/* What became of a route's rules. */
struct route_built {
	size_t     taken, dropped;	/* rules */
	struct err err;			/* of the first that was dropped */
};

struct route_parent {
	bool        is_service;		/* hostnames say nothing then */
	const char *hostname;		/* of the listener; NULL: any */
	/* What a rule leads to; kept by the table unless it is dropped. */
	const void *(*payload)(void *arg, const struct model_object *route,
	    size_t rule);
	void       *arg;
};

/* Under every host.  A rule of which one match does not compile is dropped whole. */
void http_route_add(struct route_table *, const struct model_object *route,
    const struct route_parent *, struct route_built *out);

/* --- references ------------------------------------------------------------------- */

/* What else there is. */
struct route_world {
	/* Namespace and all are filled in; ROUTE_RESOLVED or why not. */
	enum route_reason (*find)(const void *arg, const struct model_object_ref *);
	/* Whether a ReferenceGrant lets HTTPRoutes of the namespace refer to it. */
	bool (*granted)(const void *arg, const char *from_namespace,
	    const struct model_object_ref *);
	const void *arg;
};

/*
 * One reference of a route, with namespace NULL for the route's own.  Routes of
 * services need no grants.  What is not resolved is answered 500, for its share
 * of the requests.
 */
enum route_reason http_route_ref(const struct model_object *route,
    bool is_service, const struct model_object_ref *, const struct route_world *);
struct model_object_ref route_backend_object(const struct model_backend_ref *);
/* All of them, mirrors too: the first that is not resolved, in *bad. */
enum route_reason http_route_refs(const struct model_object *route,
    bool is_service, const struct route_world *, struct model_object_ref *bad);

/* --- conditions --------------------------------------------------------------------- */

struct route_condition {
	const char *type;	/* "Accepted" */
	bool        is_true;
	const char *reason;
	char        message[512];
};

struct route_status {
	struct route_condition v[3];	/* Accepted, ResolvedRefs, PartiallyInvalid */
	size_t                 len;
};

/* bad is looked at only when refs is not ROUTE_RESOLVED. */
void route_status_fill(struct route_status *, enum route_reason accepted,
    const struct route_built *, enum route_reason refs,
    const struct model_object_ref *bad);

#endif
