#ifndef MODEL_KIND_H
#define MODEL_KIND_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "conf/schema.h"

struct model_object;
struct model_subject;

/*
 * kind: the registry of kinds, one row for each.
 *
 * A kind is a file: its structs in model/NAME.h, its schema table, checks and
 * row in model/NAME.c.  A new kind adds such a pair and one line to the table
 * in kind.c; everything else (apply, explain, get, the session) reads rows.
 */
enum model_delivery {
	MODEL_TO_MEMBERS,	/* to proxies whose closure contains it */
	MODEL_TO_NOBODY,	/* stays where it was read */
};

/* A column of `mesh ctl get`. */
struct model_column {
	const char *title;	/* NULL ends the list */
	void      (*print)(struct str *out, const struct model_object *);
	bool        wide;	/* only with -o wide */
};

typedef void model_backend_fn(void *arg, const char *namespace, const char *name);
struct model_object_ref;
typedef void model_extension_fn(void *arg, const struct model_object_ref *);

struct model_kind {
	const char               *kind;		/* "Service" */
	const char               *plural;	/* "services" */
	const char               *short_name;	/* "svc", or NULL */
	const char               *group;	/* "core" for plain v1 */
	const char *const        *versions;	/* apiVersions taken; first is ours */
	bool                      keeps_version;	/* documents keep theirs */
	bool                      namespaced;
	bool                      stored;	/* control keeps it */
	bool                      write_only;	/* its values are never shown */
	enum model_delivery       delivery;
	const struct conf_schema *schema;	/* of the whole document */
	const struct model_column *columns;
	/*
	 * After the tables: defaults that depend on others, conversion into the
	 * form that the code reads.  May be NULL.
	 */
	int (*finish)(struct model_object *, struct err *);
	/* Whether the object belongs to the subject's closure; see closure.h. */
	bool (*concerns)(const struct model_subject *, const struct model_object *);
	/*
	 * Calls fn for each Service that it sends to, perhaps more than once: who
	 * needs the object needs those.  NULL: none.
	 */
	void (*backends)(const struct model_object *, model_backend_fn *fn, void *arg);
	/* Likewise for each ExtensionRef, whatever it names in its namespace. */
	void (*extensions)(const struct model_object *, model_extension_fn *fn,
	    void *arg);
	const char               *text;		/* one line for people */
};

extern const struct model_kind *const model_kinds[];	/* NULL ends */
extern const struct model_kind model_service_kind, model_endpoint_slice_kind,
    model_namespace_kind, model_workload_kind, model_mesh_config_kind,
    model_proxy_kind, model_control_kind, model_http_route_kind,
    model_grpc_route_kind, model_tls_route_kind, model_tcp_route_kind,
    model_udp_route_kind, model_gateway_class_kind, model_gateway_kind,
    model_listener_set_kind, model_reference_grant_kind,
    model_backend_tls_policy_kind, model_traffic_policy_kind, model_secret_kind,
    model_config_map_kind, model_backend_policy_kind,
    model_destination_rule_kind, model_rate_limit_kind,
    model_fault_injection_kind, model_compression_kind, model_cache_kind,
    model_rollout_kind, model_xbackend_kind,
    model_authorization_policy_kind, model_request_authentication_kind,
    model_peer_authentication_kind, model_oidc_login_kind,
    model_role_binding_kind, model_cluster_role_binding_kind,
    model_federated_trust_domain_kind, model_federated_bundle_kind,
    model_host_attestor_kind;

/* For `concerns` of kinds that every member has, whatever it offers or calls. */
bool model_concerns_everybody(const struct model_subject *,
    const struct model_object *);

/* By what a document says. */
const struct model_kind *model_kind_of(const char *api_version, const char *kind);
/* By what people type: Service, service, services, svc, in any case. */
const struct model_kind *model_kind_named(const char *word);

#endif
