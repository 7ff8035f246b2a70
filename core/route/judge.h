#ifndef ROUTE_JUDGE_H
#define ROUTE_JUDGE_H

#include "route/document.h"

/*
 * judge: what becomes of a route at each of its parents, beside all the other
 * documents: the same for control, which keeps conditions, and for whoever
 * looks at files before control has them.
 *
 * Documents are seen through a sight alone, so that a caller can tell what was
 * looked for.
 */
struct route_sight {
	/* Borrowed; NULL: there is none. */
	const struct model_object *(*find)(void *arg, const struct model_kind *,
	    const char *namespace, const char *name);
	/* In the namespace, or with NULL everywhere; in the arena. */
	const struct model_object **(*list)(void *arg, const struct model_kind *,
	    const char *namespace, size_t *n);
	void         *arg;
	struct arena *arena;
};

/* The labels of a namespace, its name among them, as Kubernetes sets it. */
struct conf_pairs route_sight_labels(const struct route_sight *,
    const char *namespace);
/* The same for functions that ask for them; keeps the sight. */
struct route_labels route_labels_seen(const struct route_sight *);
/* Whether a ReferenceGrant lets the document refer to what is there. */
bool route_sight_grants(const struct route_sight *,
    const struct model_object *from, const struct model_object_ref *to);
/* Follows a reference, its namespace filled in, to what can be sent to. */
enum route_reason route_sight_backend(const struct route_sight *,
    enum model_transport, const struct model_object_ref *to);

/*
 * Whether a listener of the document has a certificate there; why: the fault in
 * words.  ROUTE_BACKEND_NOT_FOUND: there is none that could be shown.
 */
enum route_reason route_sight_certificate(const struct route_sight *,
    const struct model_object *document, const struct model_object_ref *,
    const char **why);

/* The conditions of the route at one of its parents. */
void route_judge_parent(const struct route_sight *,
    const struct model_object *route, const struct model_parent_ref *,
    struct route_status *);

#endif
