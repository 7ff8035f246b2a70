#ifndef MODEL_ENDPOINTS_H
#define MODEL_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/object.h"
#include "model/service.h"

/*
 * endpoints: where one port of a service can be reached.  A pure function of
 * the Service and the Workloads and EndpointSlices around it.
 *
 * A workload with a sidecar is reached at its inbound port with mutual TLS;
 * one that lists its ports counts only if it has the port's target.  Backends
 * without a sidecar are reached at the target port in plain text, and only if
 * the service allows it (MODEL_PLAINTEXT) or the proxy stands alone.
 * So is a sidecar that says of the port that it takes nothing else, at the port that
 * it exposes, or its inbound port.
 * An ExternalName service has one endpoint, its host, at the target port; its
 * address is a name, as that of EndpointSlices may be.
 */
struct model_endpoint {
	const char *workload;	/* "default/orders-1"; NULL: it is no workload */
	const char *uid;	/* of the workload; NULL: none was given */
	const char *address;	/* IP address or host name */
	uint16_t    port;
	const char *spiffe_id;	/* whom to expect; NULL: plain text */
	bool        has_sidecar;	/* though it may be called in plain text */
	const char *zone;	/* or NULL */
	const struct conf_pairs *labels;	/* of the workload or slice; NULL: none */
	uint32_t    weight;	/* 0 to 1000000 */
	bool        ready;	/* false: finish what is under way, begin nothing */
};

/* Ordered by address, port and workload; no two have the same three. */
struct model_endpoints {
	struct model_endpoint *items;
	size_t                 len;
	size_t                 refused;	/* backends left out for plain text */
	const char            *app_protocol;	/* as its EndpointSlices say; or NULL */
};

struct model_endpoints_query {
	const struct model_object  *service;
	uint16_t                    port;	/* of the service */
	enum model_transport        transport;	/* of that port */
	struct model_object *const *backends;	/* any kinds; others are passed over */
	size_t                      backends_len;
	const char                 *trust_domain;
	bool                        standalone;	/* plain text is the rule */
	bool                        ends_tls;	/* without a sidecar, TLS instead */
};

/*
 * Texts point into the objects or the arena.  A port that the service does
 * not have has no endpoints.
 */
void model_endpoints(struct arena *, const struct model_endpoints_query *,
    struct model_endpoints *out);

/*
 * What the port speaks: as the Service says, or if that says nothing as its
 * EndpointSlices do, the first that does.  As a word, "udp" for datagrams.
 */
enum model_protocol model_endpoints_protocol(const struct model_endpoints *,
    const struct model_service_port *);
const char *model_endpoints_word(const struct model_endpoints *,
    const struct model_service_port *);

/*
 * The port of a workload that a service's port means: by targetPort's number,
 * by its name among the workload's ports, or the same.  0: it has none.  Ports of
 * a workload that say udp are for datagrams, and those that say another are not.
 */
uint16_t model_target_port(const struct model_object *workload,
    const struct model_service_port *);

#endif
