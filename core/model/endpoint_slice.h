#ifndef MODEL_ENDPOINT_SLICE_H
#define MODEL_ENDPOINT_SLICE_H

#include "model/object.h"

/*
 * endpoint_slice: discovery.k8s.io/v1 EndpointSlice: addresses that back the
 * service which the label kubernetes.io/service-name names.  They have no
 * sidecar and no identity.  The annotation mesh/weight gives all of them a
 * weight other than 1.
 */
#define MODEL_SERVICE_NAME_LABEL	"kubernetes.io/service-name"
#define MODEL_WEIGHT			"mesh/weight"
#define MODEL_WEIGHT_MAX		1000000

struct model_slice_endpoint {
	const char **addresses;
	size_t       addresses_len;
	struct model_slice_conditions {
		bool ready, serving, terminating;
	} conditions;
	const char  *hostname, *node, *zone;
	const struct conf_node *ignored;
};

struct model_slice_port {
	const char *name;	/* matches the name of the service's port */
	uint16_t    port;
	int         transport;	/* enum model_transport */
	const char *app_protocol;
};

struct model_endpoint_slice {
	struct model_head            head;
	int                          address_type;
	struct model_slice_endpoint *endpoints;
	size_t                       endpoints_len;
	struct model_slice_port     *ports;
	size_t                       ports_len;
};

const struct model_endpoint_slice *model_endpoint_slice(
    const struct model_object *);
/* The service it backs, in its own namespace; NULL: none. */
const char *model_slice_service(const struct model_object *);
uint32_t model_slice_weight(const struct model_object *);

#endif
