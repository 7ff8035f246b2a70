#ifndef MODEL_GATEWAY_H
#define MODEL_GATEWAY_H

#include "model/object.h"
#include "model/refs.h"

/*
 * gateway: Gateway API's Gateway, GatewayClass and ListenerSet.
 *
 * Listeners are the same in a Gateway and in a ListenerSet, which adds some to
 * a Gateway that allows it.  What cannot work is refused here; what depends on
 * other documents (certificates, conflicts between listeners, attached routes)
 * shows in conditions.
 */
enum model_listener_protocol {
	MODEL_LISTENER_HTTP,
	MODEL_LISTENER_HTTPS,
	MODEL_LISTENER_TLS,
	MODEL_LISTENER_TCP,
	MODEL_LISTENER_UDP,
	MODEL_LISTENER_OTHER,	/* somebody else's; never served */
};
enum model_tls_mode { MODEL_TLS_TERMINATE, MODEL_TLS_PASSTHROUGH };
enum model_from { MODEL_FROM_SAME, MODEL_FROM_ALL, MODEL_FROM_SELECTOR,
	MODEL_FROM_NONE };

enum model_selector_operator { MODEL_IN, MODEL_NOT_IN, MODEL_EXISTS,
	MODEL_NOT_EXISTS };

/* Kubernetes' label selector: all of it must match; empty matches all. */
struct model_selector {
	struct conf_pairs labels;
	struct model_expression {
		const char  *key;
		int          operator;	/* enum model_selector_operator */
		const char **values;
		size_t       values_len;
	} *expressions;
	size_t expressions_len;
};

struct model_namespaces {
	int                    from;		/* enum model_from */
	struct model_selector *selector;	/* of MODEL_FROM_SELECTOR */
};

struct model_listener {
	const char *name;
	const char *hostname;		/* NULL: any */
	uint16_t    port;
	const char *protocol;		/* as written; see model_listener_protocol */
	struct model_listener_tls {
		int                      mode;	/* enum model_tls_mode */
		struct model_object_ref *certificates;
		size_t                   certificates_len;
		struct conf_pairs        options;
	} *tls;				/* NULL: none */
	struct model_allowed_routes {
		struct model_namespaces namespaces;
		struct model_route_kind {
			const char *group, *kind;
		} *kinds;		/* none: those of the protocol */
		size_t kinds_len;
	} allowed;
};

enum model_client_mode { MODEL_CLIENT_REQUIRED, MODEL_CLIENT_INSECURE };

/* Of clients' certificates. */
struct model_client_validation {
	struct model_object_ref *cas;	/* ConfigMap or Secret */
	size_t                   cas_len;
	int                      mode;	/* enum model_client_mode */
};

struct model_frontend_tls {
	struct model_client_validation *validation;
};

enum model_address_type { MODEL_ADDRESS_IP, MODEL_ADDRESS_HOSTNAME };

struct model_gateway_address {
	const char *type;	/* "IPAddress", "Hostname", "DOMAIN/NAME" */
	const char *value;	/* NULL: any of that type */
};

struct model_gateway {
	struct model_head head;
	struct model_gateway_spec {
		const char                   *class_name;
		struct model_listener        *listeners;
		size_t                        listeners_len;
		struct model_gateway_address *addresses;
		size_t                        addresses_len;
		struct model_infrastructure {
			struct conf_pairs        labels, annotations;
			struct model_object_ref *parameters;
		} *infrastructure;
		struct model_allowed_listeners {
			struct model_namespaces namespaces;
		} allowed_listeners;
		struct model_gateway_tls {
			struct model_gateway_backend {
				struct model_object_ref *certificate;
			} *backend;
			struct model_gateway_frontend {
				struct model_frontend_tls first;
				struct model_port_tls {
					uint16_t                  port;
					struct model_frontend_tls tls;
				} *ports;
				size_t ports_len;
			} *frontend;
		} *tls;
		const char *default_scope;
	} spec;
};

struct model_listener_set {
	struct model_head head;
	struct model_listener_set_spec {
		struct model_object_ref parent;
		struct model_listener  *listeners;
		size_t                  listeners_len;
	} spec;
};

struct model_gateway_class {
	struct model_head head;
	struct model_gateway_class_spec {
		const char              *controller;
		struct model_object_ref *parameters;
		const char              *description;
	} spec;
};

#define MODEL_LISTENERS_MAX	64
/* The controllerName of GatewayClasses that are ours. */
#define MODEL_CONTROLLER	"mesh.internal/gateway"

const struct model_gateway *model_gateway(const struct model_object *);
const struct model_listener_set *model_listener_set(const struct model_object *);
const struct model_gateway_class *model_gateway_class(const struct model_object *);

enum model_listener_protocol model_listener_protocol(const struct model_listener *);
/* Whether routes of a namespace with these labels may attach. */
bool model_namespaces_allow(const struct model_namespaces *, const char *own,
    const char *namespace, const struct conf_pairs *labels);
bool model_selector_match(const struct model_selector *,
    const struct conf_pairs *labels);
/* Whether the listener takes routes of this kind, by protocol and by kinds. */
bool model_listener_takes(const struct model_listener *, const struct model_kind *);

extern const struct conf_schema model_listener_schema, model_selector_schema;
int model_listener_rule(const void *, const struct conf_place *);
int model_listeners_check(const struct model_listener *, size_t n,
    const struct conf_place *);

#endif
