#ifndef CONTROL_API_MTLS_H
#define CONTROL_API_MTLS_H

#include "modes/control/server.h"

/*
 * api_mtls: how sidecars are called, by mutual TLS or in plain text, as the
 * documents of the registry say.
 * Life: api_mtls_read -> api_mtls_add for each port of a workload -> api_mtls_fini.
 */
struct api_mtls {
	struct model_object **v;	/* borrowed from the registry */
	size_t                n;
};

void api_mtls_read(struct api_mtls *, const struct registry *);
void api_mtls_fini(struct api_mtls *);
/*
 * Adds mtls ("STRICT") to the row, and mtlsBy, the PeerAuthentication that says so,
 * if one does.  Nothing for a workload without a sidecar.
 */
void api_mtls_add(const struct api_mtls *, struct conf_node *row,
    const struct model_object *workload, uint16_t port);

#endif
