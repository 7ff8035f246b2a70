#ifndef ROUTE_LISTENERS_H
#define ROUTE_LISTENERS_H

#include "route/attach.h"
#include "route/gateway.h"

/*
 * listeners: all that a Gateway listens with, from its document and from those
 * of the ListenerSets that it lets add to it (GEP-1713).
 *
 * Where two cannot share a port the Gateway's own go first, then those of the
 * older set, then of the one whose "namespace/name" comes first.
 */

/* Whether the set wants to add to the Gateway; whether that lets it. */
bool listeners_name(const struct model_object *set,
    const struct model_object *gateway);
bool listeners_allow(const struct model_object *gateway,
    const struct model_object *set, const struct route_labels *);

/*
 * The first address that a Gateway asks for and that no proxy can listen at,
 * because its type is not IPAddress; NULL: there is none.  A Gateway with one is
 * not accepted (GatewayReasonUnsupportedAddress).
 */
const struct model_gateway_address *listeners_odd_address(
    const struct model_object *gateway);

/* Whether connections obey its rules, not requests; whether TLS goes through. */
bool listener_is_stream(const struct model_listener *);
bool listener_is_passthrough(const struct model_listener *);

/*
 * For gateway_plan: copies of names, in the arena, and owners that are
 * route_listeners, which keep the documents.  Of protocols that are not ours
 * nothing is there.  Of documents the ListenerSets count.
 */
struct gateway_listener *listeners_of(struct arena *,
    const struct model_object *gateway,
    const struct model_object *const *documents, size_t n,
    const struct route_labels *, size_t *len);

#endif
