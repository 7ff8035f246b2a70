#ifndef CONTROL_CONDITIONS_JUDGE_H
#define CONTROL_CONDITIONS_JUDGE_H

#include "base/arena.h"
#include "modes/control/registry.h"
#include "route/judge.h"

/*
 * conditions_judge: what documents deserve, one judge for each kind.
 *
 * A judge fills in the status: lists of conditions without times.  It sees
 * other documents through its sight alone, which remembers what was looked
 * for: keys, and for lists their prefix.
 *
 * Where it says that Programmed is True, that is a promise that conditions.c
 * holds against what proxies do.
 */
struct sight {
	const struct registry     *registry;
	struct arena              *arena;	/* of the status */
	const struct model_object *of;	/* the document that is judged */
	const char                *trust_domain;	/* our own */
	const char               **seen;	/* keys and prefixes, mem_ */
	size_t                     len, cap;
};

struct judge {
	const struct model_kind *kind;
	void (*run)(struct sight *, struct conf_node *status);
	/* Nothing is programmed until a proxy has it. */
	bool needs_proxy;
};
extern const struct judge *const judges[];	/* NULL ends */

/* --- looking ------------------------------------------------------------------- */

/* Borrowed; NULL: there is none. */
const struct model_object *sight_find(struct sight *, const struct model_kind *,
    const char *namespace, const char *name);
/* In the namespace, or with NULL everywhere.  In the arena. */
const struct model_object **sight_list(struct sight *, const struct model_kind *,
    const char *namespace, size_t *n);
/* The same, for functions of routes; keeps the sight. */
struct route_sight sight_of_routes(struct sight *);

/* NULL if a policy's target is there; else the reason, and why in words. */
const char *sight_target(struct sight *, const struct model_target_ref *,
    const char **message);

/* --- telling ------------------------------------------------------------------- */

/* status: "True", "False", "Unknown". */
void condition_put(const struct sight *, struct conf_node *list,
    const char *type, const char *status, const char *reason,
    const char *message);
/*
 * Programmed: the promise if accepted, else why there is none; there is none
 * for kinds that are not acted on at all (model/inert.h).
 */
void condition_promise(const struct sight *, struct conf_node *list,
    bool accepted);
/* Names the fields of the document that are accepted and not acted on. */
void condition_ignored(const struct sight *, struct conf_node *list);

/* One group of conditions for each target of a policy. */
struct conf_node *condition_ancestors(struct sight *, struct conf_node *status,
    const struct model_target_ref *, size_t n,
    void (*judge_one)(struct sight *, const struct model_target_ref *,
    struct conf_node *list));

extern const struct judge judge_http_route, judge_gateway_class, judge_gateway,
    judge_listener_set, judge_grpc_route, judge_tls_route, judge_tcp_route,
    judge_udp_route, judge_backend_policy, judge_traffic_policy,
    judge_destination_rule, judge_backend_tls_policy, judge_rate_limit,
    judge_fault_injection, judge_compression, judge_cache,
    judge_xbackend, judge_authorization_policy, judge_request_authentication,
    judge_oidc_login,
    judge_peer_authentication, judge_federated_trust_domain;

#endif
