#ifndef MODEL_GATEWAY_TLS_H
#define MODEL_GATEWAY_TLS_H

#include "model/authorities.h"
#include "model/gateway.h"

/*
 * gateway_tls: what a Gateway says of TLS beyond single listeners (spec.tls):
 * whose certificates its clients must show at which port, and the one that it
 * shows to backends itself.
 */

/* NULL: clients at the port are not asked.  It holds for HTTPS listeners. */
const struct model_client_validation *model_gateway_clients(
    const struct model_object *gateway, uint16_t port);
/* The Secret that it shows to backends; NULL: none. */
const struct model_object_ref *model_gateway_backend_ref(
    const struct model_object *gateway);

/*
 * Who vouches for clients: authorities of the web, and other trust domains,
 * whose roots each proxy has, by the domain (model/federation.h).
 */
struct model_client_authorities {
	struct web_roots          *roots;	/* the caller's; are added to */
	const struct model_object *domains[MODEL_CLIENT_CAS];	/* borrowed */
	size_t                     domains_len;
};
bool model_client_authorities_none(const struct model_client_authorities *);

/*
 * Adds "ca.crt" of each ConfigMap or Secret, and ClusterFederatedTrustDomains;
 * what leads nowhere, or may not be used, is passed over, and the first of them
 * is the answer, which err says in words.
 */
typedef bool model_granted_fn(void *arg, const struct model_object *from,
    const struct model_object_ref *to);	/* of a ReferenceGrant */
enum model_authorities model_gateway_authorities(
    const struct model_object *gateway, const struct model_client_validation *,
    model_find_fn *, model_granted_fn *, void *arg,
    struct model_client_authorities *, struct err *err);
/* Whether spec.tls refers to this ConfigMap or Secret. */
bool model_gateway_refers(const struct model_object *gateway,
    const struct model_object *);

#endif
