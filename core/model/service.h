#ifndef MODEL_SERVICE_H
#define MODEL_SERVICE_H

#include "model/object.h"

/*
 * service: v1/Service as Kubernetes writes it.
 *
 * A workload backs a service when it names it in spec.services, or when the
 * service's selector matches the workload's labels; EndpointSlices back it
 * by their label.  An ExternalName service stands for a host outside; workloads
 * of its namespace call it by that host's name, too.
 *
 * Two annotations are ours.  Without MODEL_PLAINTEXT set to true
 * (model/annotation.h) no backend that lacks a sidecar is ever called.
 * MODEL_AUTO_CREATED marks a service that came into being with its first
 * workload.
 */
#define MODEL_AUTO_CREATED	"mesh/auto-created"

enum model_transport { MODEL_TCP, MODEL_UDP, MODEL_SCTP };
enum model_service_type { MODEL_CLUSTER_IP, MODEL_NODE_PORT, MODEL_LOAD_BALANCER,
	MODEL_EXTERNAL_NAME };
/* By client IP: a caller's requests and connections go to one endpoint. */
enum model_affinity { MODEL_AFFINITY_NONE, MODEL_AFFINITY_CLIENT_IP };
/* What flows through a port. */
enum model_protocol {
	MODEL_OPAQUE,	/* bytes */
	MODEL_HTTP,	/* HTTP/1.1 */
	MODEL_H2C,	/* HTTP/2 without TLS to the application; gRPC */
	MODEL_WS,	/* HTTP/1.1 with upgrades */
	MODEL_TLS,	/* the application's own TLS, carried as bytes */
	MODEL_AUTO,	/* what a connection's first bytes say (http/detect.h) */
};

struct model_service_port {
	const char              *name;
	uint16_t                 port;
	struct conf_port_or_name target;	/* absent: the same port */
	int                      transport;	/* enum model_transport */
	const char              *app_protocol;
	const struct conf_node  *ignored;
};

struct model_service {
	struct model_head          head;
	struct model_service_spec {
		struct conf_pairs          selector;
		struct model_service_port *ports;
		size_t                     ports_len;
		int                        type;	/* enum model_service_type */
		const char                *external_name;
		bool                       publish_not_ready;
		int                        affinity;	/* enum model_affinity */
		struct model_affinity_config {
			struct model_client_ip {
				int64_t timeout_s;
			} client_ip;
		} affinity_config;
		const struct conf_node    *ignored;	/* where unused fields go */
	} spec;
};

const struct model_service *model_service(const struct model_object *);
bool model_service_allows_plaintext(const struct model_object *);
/* NULL: the service has no such port.  TCP before UDP of the same number. */
const struct model_service_port *model_service_port(const struct model_service *,
    uint16_t port);
const struct model_service_port *model_service_port_on(
    const struct model_service *, uint16_t port, enum model_transport);
/*
 * From appProtocol, or else from the name's first word ("http-admin"), or
 * else MODEL_AUTO; but ports of well-known protocols in which the server speaks
 * first, or that no request may be mistaken for, are MODEL_OPAQUE.
 */
enum model_protocol model_port_protocol(const struct model_service_port *);
/* Whether requests may come there, by that; else bytes or datagrams alone. */
bool model_port_takes_requests(const struct model_service_port *);
/* Whether the document itself says it, by either of the two. */
bool model_port_is_declared(const struct model_service_port *);
/*
 * What a word of appProtocol means, whatever its case.  False for one that we
 * do not know, which is no fault: it may be any name that IANA registered, or
 * somebody's own with a domain in front (KEP-1422); such are MODEL_OPAQUE.
 */
bool model_protocol_named(struct slice word, enum model_protocol *);
const char *model_protocol_word(size_t i);	/* those known; NULL: no more */
const char *model_protocol_name(enum model_protocol);	/* "http" */
/* The same for a port: "udp" if that is its transport. */
const char *model_port_word(const struct model_service_port *);

#endif
