#ifndef ROUTE_ATTACH_H
#define ROUTE_ATTACH_H

#include "model/gateway.h"
#include "model/route.h"
#include "model/service.h"

/*
 * attach: which routes a parent takes, and which of several kinds of routes
 * that meet there goes before the others (Gateway API, RouteParentStatus; for
 * Services, GEP-1294).
 *
 *	Gateway, ListenerSet	each listener by itself: by section and port of
 *				the reference, by allowedRoutes, by hostname.
 *				An HTTPRoute and a GRPCRoute that share a host
 *				exclude each other, and the older one stays.
 *	Service			each port by itself, by port or its name.  One
 *				kind has the port: GRPCRoute before HTTPRoute
 *				before TLSRoute before TCPRoute.  UDPRoutes hang
 *				on UDP ports, the others on TCP ports.
 *
 * All is pure, and the same for who judges routes and for who runs them.
 */

/* Reasons of Gateway API's conditions; those of Accepted from bad to good. */
enum route_reason {
	ROUTE_NO_MATCHING_PARENT,	/* no such section or port */
	ROUTE_NOT_ALLOWED,		/* allowedRoutes: kind or namespace */
	ROUTE_NO_MATCHING_HOSTNAME,
	ROUTE_CONFLICTED,		/* another kind of route has the place */
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
 * The hosts that two patterns have in common; "" is any.  False: none.
 * "*.example" and "a.example" meet in "a.example".
 */
bool route_hosts_meet(struct slice a, struct slice b, struct slice *out);

/* --- listeners ------------------------------------------------------------------ */

/* A listener of a Gateway, or of a ListenerSet. */
struct route_listener {
	const struct model_listener *doc;
	const struct model_object   *document;	/* whose it is */
};

/* The labels of a namespace; its name should be among them. */
struct route_labels {
	struct conf_pairs (*of)(void *arg, const char *namespace);
	void              *arg;
};

/* Whether the reference means the Gateway, ListenerSet or Service. */
bool route_names(const struct model_object *route,
    const struct model_parent_ref *, const struct model_object *parent);
/*
 * ROUTE_ACCEPTED or why not, as if it were alone.  The reference means the
 * listener's document; labels are those of the route's namespace.
 */
enum route_reason route_meets_listener(const struct model_object *route,
    const struct model_parent_ref *, const struct route_listener *,
    const struct conf_pairs *labels);
/* The best that any of them says. */
enum route_reason route_meets_gateway(const struct model_object *route,
    const struct model_parent_ref *, const struct route_listener *, size_t n,
    const struct conf_pairs *labels);
/*
 * The routes that a listener serves.  Borrows documents, of which those that
 * are no routes are passed over; out has room for n.  Gives how many.
 */
size_t routes_of_listener(const struct model_object *const *routes, size_t n,
    const struct route_listener *, const struct route_labels *,
    const struct model_object **out);

/* --- services ------------------------------------------------------------------- */

/* Whether routes of a kind go before those of another on a port. */
bool route_goes_before(const struct model_kind *, const struct model_kind *);
/* Whether any port of the service is meant, as if it were alone. */
enum route_reason route_meets_service(const struct model_object *route,
    const struct model_parent_ref *, const struct model_object *service);
/*
 * Likewise, beside others of its own namespace: ROUTE_CONFLICTED if a kind that
 * goes before its own has each of those ports.
 */
enum route_reason route_wins_service(const struct model_object *route,
    const struct model_parent_ref *, const struct model_object *service,
    const struct model_object *const *others, size_t n);

/*
 * The routes that callers in a namespace obey on a port of a service: those of
 * their own namespace (consumer routes) if there are any, or else those of the
 * service's (producer routes), and of those the kind that goes before the
 * others.  Borrows routes; out has room for n.  Gives how many: with 0 all
 * simply goes to the service, otherwise what no rule takes is refused.
 */
size_t routes_of_service(const struct model_object *const *routes, size_t n,
    const struct model_object *service, uint16_t port,
    const char *caller_namespace, const struct model_object **out);
/* The same for one of its ports, where TCP and UDP have the same number. */
size_t routes_of_service_port(const struct model_object *const *routes, size_t n,
    const struct model_object *service, const struct model_service_port *,
    const char *caller_namespace, const struct model_object **out);

#endif
