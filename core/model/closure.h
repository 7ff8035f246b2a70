#ifndef MODEL_CLOSURE_H
#define MODEL_CLOSURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "model/object.h"
#include "model/refs.h"

/*
 * closure: which documents a proxy needs.
 *
 * A subject is one proxy: its own workload, and an interest for each service
 * that it calls or was told to call.  Its closure is
 *
 *	its Workload, its Namespace, the MeshConfig,
 *	each Service that its workload backs, and what RateLimit and its like
 *	are about these, and the AuthorizationPolicies that are about it,
 *	the services that these ask, as if it called them,
 *	the routes and policies of the services of its interests, and what
 *	filters of those routes name,
 *	for each interest, and for each service that one of those routes sends
 *	to, the Service, its EndpointSlices, and the Workloads that back it,
 *	the Services of its namespace that stand for hosts outside, with their
 *	BackendTLSPolicies,
 *	the XBackends of its namespace, and those that such routes send to,
 *	the ConfigMaps and, in its namespace, Secrets that either refers to.
 *
 * That of a proxy that runs a Gateway (model_subject_run) has besides
 *
 *	the Gateway, its ListenerSets, the routes that hang on any of them,
 *	the OIDCLogins about it or those routes, the Secrets and ConfigMaps
 *	that all of these refer to, those of other namespaces if a
 *	ReferenceGrant there lets them, all Namespaces.
 *
 * Both ends of a session compute it with model_concerns, one object at a time.
 * Whether a workload backs a service can depend on the service's selector, and
 * which services count on routes, so a subject learns those of its interests and
 * its own workload from the objects that pass by: model_subject_learn says when
 * what it learnt may change the answer for others, and the caller then asks
 * again about all of them (model_closure).
 *
 * Life: model_subject_init -> call, learn, model_concerns ... -> fini; one thread.
 */
struct model_interest {
	char                *namespace, *name;
	struct model_object *service;	/* a reference; NULL: not seen yet */
};

struct model_subject {
	char                *namespace, *workload;
	struct model_object *self;	/* a reference; NULL: not seen yet */
	struct map           interests;	/* "ns/name": struct model_interest */
	/* What those routes send to, likewise; its own routes do not count. */
	struct map           backends;
	struct map           routes;	/* by key, references: of interests */
	char                *gateway;	/* in its namespace; NULL: it runs none */
	struct map           fronts;	/* by key, references: it, its ListenerSets, */
	struct map           grants, logins;	/* all ReferenceGrants, OIDCLogins */
	struct map           tls;	/* likewise: BackendTLSPolicies, XBackends */
	struct map           offers;	/* by key, references: Services it backs */
	struct map           extensions;	/* keys of what routes' filters name */
	struct map           asking;	/* by key, references: policies that ask, */
	struct model_object *mesh;	/* and the MeshConfig, which says whom */
};

/* The account of who runs a Gateway and may have its Secrets: this, its name. */
#define MODEL_GATEWAY_ACCOUNT	"gw--"

/* Copies the names. */
void model_subject_init(struct model_subject *, const char *namespace,
    const char *workload);
void model_subject_fini(struct model_subject *);

/* It runs a Gateway of its namespace.  Copies; once, before it learns. */
void model_subject_run(struct model_subject *, const char *gateway);

/* Adds an interest, or takes it back.  False: nothing changed. */
bool model_subject_call(struct model_subject *, const char *namespace,
    const char *name);
bool model_subject_uncall(struct model_subject *, const char *namespace,
    const char *name);

/*
 * Takes note of an object that is new or changed, or that is gone.  True: ask
 * model_concerns again about every object.
 */
bool model_subject_learn(struct model_subject *, struct model_object *);
bool model_subject_unlearn(struct model_subject *, const struct model_object *);

bool model_concerns(const struct model_subject *, const struct model_object *);
/*
 * Learns from all of them, then puts those that concern the subject into out
 * (room for n), in their order; gives how many.
 */
size_t model_closure(struct model_subject *, struct model_object *const *objects,
    size_t n, struct model_object **out);

/* What the rows of kinds ask. */
const struct model_interest *model_subject_calls(const struct model_subject *,
    const char *namespace, const char *name);
/* Whether the selector of a service that is called matches the workload. */
bool model_subject_selects(const struct model_subject *,
    const struct model_object *workload);
/*
 * Whether a route hangs on a service that is called: in the service's own
 * namespace for all callers, in another for callers there.
 */
bool model_subject_routes(const struct model_subject *,
    const struct model_object *route, const struct model_parent_ref *, size_t n);
/* Whether a policy is about a service that is called. */
bool model_subject_targets(const struct model_subject *,
    const struct model_object *policy, const struct model_target_ref *, size_t n);
/* The same, or about one that the subject offers. */
bool model_subject_is_targeted(const struct model_subject *,
    const struct model_object *policy, const struct model_target_ref *, size_t n);
/* Whether a target is a Service of that namespace that the subject offers. */
bool model_subject_has_offer(const struct model_subject *, const char *namespace,
    const struct model_target_ref *);
/* Whether a filter of one of its routes is that document. */
bool model_subject_extends(const struct model_subject *,
    const struct model_object *);
/* Whether it is the Gateway that the subject runs, or a ListenerSet of it. */
bool model_subject_runs(const struct model_subject *, const struct model_object *);
/* Whether a route's parent is one of those; or an OIDCLogin about all that. */
bool model_subject_fronts(const struct model_subject *,
    const struct model_object *route, const struct model_parent_ref *);
bool model_subject_logs_in(const struct model_subject *,
    const struct model_object *login);
/* Whether one of those refers to this Secret or ConfigMap, and may. */
bool model_subject_shows(const struct model_subject *,
    const struct model_object *);
bool model_subject_is_local(const struct model_subject *, const char *namespace);
/* Whether a BackendTLSPolicy or XBackend of concern refers to it. */
bool model_subject_trusts(const struct model_subject *,
    const struct model_object *config_map);
bool model_subject_presents(const struct model_subject *,
    const struct model_object *secret);
/* Whether the subject's own workload backs the service. */
bool model_subject_offers(const struct model_subject *,
    const struct model_object *service);
/* Whom the policy asks, if it asks anybody that the MeshConfig (NULL: none) has. */
void model_provider_asked(const struct model_object *mesh_config,
    const struct model_object *policy, model_backend_fn *fn, void *arg);

#endif
