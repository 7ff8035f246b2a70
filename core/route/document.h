#ifndef ROUTE_DOCUMENT_H
#define ROUTE_DOCUMENT_H

#include "model/http_route.h"
#include "route/attach.h"
#include "route/table.h"

/*
 * document: routes turned into rules of a table, for each parent that takes
 * them, and the conditions that say so.
 *
 * Whoever has the documents asks in this order:
 *   1. which routes does the parent take?  attach.h;
 *   2. put each into that parent's table: route_add;
 *   3. what is wrong with it, and what is told to people: route_judge.
 * A listener has a table of its own (no request sees the routes of another
 * listener), and so has each port of a Service for each namespace with
 * consumer routes.
 *
 * The rule of a TLSRoute or TCPRoute stands in the table under its hosts, with
 * the path "/": whoever asks for a connection asks with the server name as the
 * host.  What matches ask for: match.h.
 */

/*
 * A header of this name in a match is who asks, as far as TLS proved it or as
 * it is our own application: "NAMESPACE/ACCOUNT".  No request carries it: at
 * every entrance x-mesh-* is taken away.
 */
#define ROUTE_CALLER	"x-mesh-caller"

/* --- rules ---------------------------------------------------------------------- */

/* What became of a route's rules. */
struct route_built {
	size_t     taken, dropped;	/* rules */
	struct err err;			/* of the first that was dropped */
};

struct route_parent {
	bool        is_service;		/* hosts of HTTPRoutes and GRPCRoutes
					   say nothing then */
	const char *hostname;		/* of the listener; NULL: any */
	/* What a rule leads to; kept by the table unless it is dropped. */
	const void *(*payload)(void *arg, const struct model_object *route,
	    size_t rule);
	void       *arg;
};

/* Under every host.  A rule of which one match does not compile is dropped whole. */
void route_add(struct route_table *, const struct model_object *route,
    const struct route_parent *, struct route_built *out);

/* Whether all of its rules do; -1 with the place and why not. */
int route_compiles(const struct model_object *route, struct err *);

/* What a connection asks for; without a server name it is "". */
struct route_request route_connection(struct slice server_name);

/* --- references ------------------------------------------------------------------- */

/* What else there is. */
struct route_world {
	/* Namespace and all are filled in; ROUTE_RESOLVED or why not. */
	enum route_reason (*find)(const void *arg, const struct model_object_ref *);
	/* Whether a ReferenceGrant lets routes of the namespace refer to it. */
	bool (*granted)(const void *arg, const char *from_namespace,
	    const struct model_object_ref *);
	const void *arg;
};

/*
 * One reference of a route, with namespace NULL for the route's own.  Routes of
 * services need no grants.  What is not resolved is answered 500, for its share
 * of the requests.
 */
enum route_reason route_ref(const struct model_object *route,
    bool is_service, const struct model_object_ref *, const struct route_world *);
struct model_object_ref route_backend_object(const struct model_backend_ref *);
/* All of them, mirrors too: the first that is not resolved, in *bad. */
enum route_reason route_refs(const struct model_object *route,
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

/* One route at one parent. */
struct route_case {
	const struct model_object *route;
	bool                       is_service;
	const char                *hostname;	/* of a listener that takes it */
	enum route_reason          accepted;	/* as attach.h has it */
	const struct route_world  *world;
};

/* Tries its rules and references, and says what is to be told of them. */
void route_judge(const struct route_case *, struct route_status *);

#endif
