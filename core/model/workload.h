#ifndef MODEL_WORKLOAD_H
#define MODEL_WORKLOAD_H

#include "model/object.h"

/*
 * workload: mesh/v1 Workload: one running instance of one or more services,
 * with its sidecar or without.
 *
 * Callers dial address and inboundPort and require the SPIFFE ID of its
 * service account; the server name says which service's port they mean.
 * Without a sidecar they dial address and the application's port in plain
 * text, if the service allows that.  Where PeerAuthentication has a port in plain
 * text (DISABLE) and its sidecar obeys, this says so, and they dial the port that is
 * exposed, or the inbound port.
 */
#define MODEL_INBOUND_PORT	7710

struct model_workload_port {
	const char *name;
	uint16_t    port;	/* what targetPort of a service refers to */
	const char *protocol;	/* as appProtocol of a service */
	uint16_t    exposed;	/* the sidecar's listener for it alone; 0: none */
	bool        plaintext;	/* members come in plain text */
};

/* Lost: shown to people alone; it counts as one that is there, for a while. */
enum model_workload_state { MODEL_ONLINE, MODEL_OFFLINE, MODEL_DRAINING,
	MODEL_LOST };

struct model_workload {
	struct model_head head;
	struct model_workload_spec {
		const char  *service_account;
		const char **services;	/* names in its own namespace */
		size_t       services_len;
		const char  *address;
		uint16_t     inbound_port;
		struct model_workload_port *ports;	/* none: takes any */
		size_t       ports_len;
		const char  *zone;
		int64_t      weight;
		bool         sidecar;
		bool         permissive;	/* the sidecar, by its settings */
	} spec;
};

/* It takes datagrams; TCP may have the same number. */
bool model_workload_port_is_udp(const struct model_workload_port *);
const struct model_workload *model_workload(const struct model_object *);
/* From status.state; a document without it is online. */
enum model_workload_state model_workload_state(const struct model_object *);
const char *model_workload_state_name(enum model_workload_state);	/* "Online" */
/*
 * Whether the workload names the service, or its selector matches one that names
 * none or has no sidecar: what a member serves is granted with its token.
 */
bool model_workload_backs(const struct model_object *workload,
    const struct model_object *service);
/* "spiffe://TD/ns/NAMESPACE/sa/ACCOUNT", in the arena. */
const char *model_spiffe_id(struct arena *, const char *trust_domain,
    const char *namespace, const char *service_account);

#endif
