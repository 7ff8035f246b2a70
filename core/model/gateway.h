#ifndef MODEL_GATEWAY_H
#define MODEL_GATEWAY_H

#include "model/listener.h"

/*
 * gateway: Gateway API's Gateway, GatewayClass and ListenerSet.
 *
 * Listeners are the same in a Gateway and in a ListenerSet, which adds some to
 * a Gateway that allows it.  What cannot work is refused here; what depends on
 * other documents (certificates, conflicts between listeners, attached routes)
 * shows in conditions.
 */
enum model_client_mode { MODEL_CLIENT_REQUIRED, MODEL_CLIENT_INSECURE };

/* Of clients' certificates. */
#define MODEL_CLIENT_CAS	8	/* at most, of one validation */
struct model_client_validation {
	struct model_object_ref *cas;	/* ConfigMap, Secret, or a trust domain */
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

/* The listeners of a Gateway or of a ListenerSet. */
const struct model_listener *model_listeners(const struct model_object *,
    size_t *n);

/* The controllerName of GatewayClasses that are ours. */
#define MODEL_CONTROLLER	"mesh.internal/gateway"
/* The GatewayClass that is ours without a document. */
#define MODEL_GATEWAY_CLASS	"mesh"

const struct model_gateway *model_gateway(const struct model_object *);
const struct model_listener_set *model_listener_set(const struct model_object *);
const struct model_gateway_class *model_gateway_class(const struct model_object *);

#endif
