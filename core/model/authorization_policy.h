#ifndef MODEL_AUTHORIZATION_POLICY_H
#define MODEL_AUTHORIZATION_POLICY_H

#include "model/object.h"
#include "model/refs.h"

/*
 * authorization_policy: security.istio.io/v1 AuthorizationPolicy, as it is:
 * who may do what to which workloads.
 *
 * It is about the workloads of its namespace that its selector matches, or the
 * Services and Gateways that targetRefs name, or, with neither, all of its
 * namespace; in a root namespace without targetRefs, about all of the mesh.
 * What the rules mean is told where they are compiled (policy/authz.h).
 */
enum model_authz_action { MODEL_AUTHZ_ALLOW, MODEL_AUTHZ_DENY,
	MODEL_AUTHZ_AUDIT, MODEL_AUTHZ_CUSTOM };

/* What a rule looks at; a place of a document has some of them. */
enum model_authz_attribute {
	MODEL_BY_PRINCIPAL, MODEL_BY_REQUEST_PRINCIPAL, MODEL_BY_NAMESPACE,
	MODEL_BY_ACCOUNT, MODEL_BY_IP, MODEL_BY_REMOTE_IP, MODEL_BY_TRUST_DOMAIN,
	MODEL_OF_SOURCE,	/* the ones above are source's */
	MODEL_BY_HOST = MODEL_OF_SOURCE, MODEL_BY_PORT, MODEL_BY_METHOD,
	MODEL_BY_PATH,
	MODEL_OF_REQUEST,	/* source's and operation's */
	MODEL_BY_HEADER = MODEL_OF_REQUEST, MODEL_BY_CLAIM,
	MODEL_BY_DESTINATION_IP, MODEL_BY_SNI,
	MODEL_AUTHZ_ATTRIBUTES
};

struct model_authz_values {
	const char **v;
	size_t       v_len;
};

/* A source or an operation: all that it says must hold. */
struct model_authz_terms {
	struct model_authz_values is[MODEL_OF_REQUEST], not[MODEL_OF_REQUEST];
};

/* An entry of from or to. */
struct model_authz_side {
	struct model_authz_terms terms;
};

struct model_authz_condition {
	const char               *key;
	struct model_authz_values is, not;
};

struct model_authz_rule {
	struct model_authz_side      *from, *to;	/* none: any */
	struct model_authz_condition *when;
	size_t                        from_len, to_len, when_len;
};

/* Labels that a workload must have. */
struct model_authz_selector {
	struct conf_pairs labels;
};
extern const struct conf_schema model_authz_selector_schema;

struct model_authorization_policy {
	struct model_head head;
	struct model_authorization_policy_spec {
		struct model_authz_selector *selector;	/* NULL: none */
		struct model_target_ref *targets, *target;	/* one alone */
		size_t                   targets_len;
		int                      action;	/* enum model_authz_action */
		struct model_authz_provider {
			const char *name;
		}                       *provider;	/* of CUSTOM */
		struct model_authz_rule *rules;
		size_t                   rules_len;
	} spec;
};

const struct model_authorization_policy *model_authorization_policy(
    const struct model_object *);
const char *model_authz_action_name(enum model_authz_action);	/* "ALLOW" */
bool model_authz_is_dry_run(const struct model_object *);
/*
 * The attribute that the key of a condition means, and the name of the header or
 * the claim (absent: neither; "a][b" is b of a).  False: there is no such key.
 */
bool model_authz_key(const char *key, enum model_authz_attribute *,
    struct slice *name);

/* Whose policies without targetRefs are about the whole mesh. */
bool model_is_root_namespace(const char *namespace);

/* Where a policy can act: a workload, and what of it is asked. */
struct model_authz_place {
	const char              *namespace;
	const struct conf_pairs *labels;	/* of the workload; NULL: unknown */
	const char              *service;	/* of that namespace, or NULL */
	const char              *gateway, *gateway_class;	/* likewise */
};
bool model_authz_is_for(const struct model_object *,
    const struct model_authz_place *);

/* The same of any kind that says so what it is about. */
struct model_authz_scope {
	const char                        *namespace;
	const struct model_authz_selector *selector;
	const struct model_target_ref     *targets;
	size_t                             targets_len;
};
/*
 * No section of a target may be named, and no target beside a selector.  single:
 * that of targetRef, Istio's older way, or NULL; not beside targetRefs.
 */
int model_authz_scope_check(const struct model_authz_scope *,
    const struct model_target_ref *single, const struct conf_place *spec);
/* From then on it is the one of targets. */
void model_authz_scope_settle(struct model_target_ref *single,
    struct model_target_ref **targets, size_t *n);
bool model_authz_scope_is_for(const struct model_authz_scope *,
    const struct model_authz_place *);
bool model_authz_scope_concerns(const struct model_subject *,
    const struct model_object *, const struct model_authz_scope *);
void model_authz_scope_print(struct str *, const struct model_authz_scope *);

#endif
