#ifndef PROXY_ENTRANCE_H
#define PROXY_ENTRANCE_H

#include "chain/summary.h"
#include "http/head.h"
#include "net/conn.h"

/*
 * entrance: what a request may claim about itself, by where it comes in.
 * Runs before anything else sees the head.
 *
 *	from		x-forwarded-*	identity and x-mesh-*
 *	our application	kept		removed
 *	another sidecar	kept		removed, then set from what TLS proved
 *	a gateway	kept		as of a sidecar, behind what it says of its client
 *	another domain's	set anew	as of a sidecar
 *	anybody		set anew	removed, then set from what TLS proved
 *
 * "Set anew" removes `forwarded`, x-real-ip and every other x-forwarded-* too.
 *
 * Identity fields: x-forwarded-client-cert and its relatives of other meshes
 * (l5d-client-id, x-envoy-*, x-ssl-client-*), in any spelling (http/twin.h); the
 * codec has dropped those with underscores.  So is x-ext-authz-principal, but a
 * sidecar of our own domain that asks a provider says it: from there it is kept.
 */
enum entrance { ENTRANCE_APP, ENTRANCE_PEER, ENTRANCE_EDGE };

/*
 * own_id: our SPIFFE ID, for "By=" (may be empty).  s gets source_workload and
 * source_service from what the peer's sidecar says and TLS proves.
 */
void entrance_apply(enum entrance, struct http_head *, struct arena *,
    struct conn *caller, struct slice own_id, struct l7_summary *s);
/*
 * As ENTRANCE_EDGE, behind so many proxies of ours: what they say is kept.  Of
 * x-forwarded-for these are as many addresses at its end, to which the peer's is
 * added; with x-forwarded-proto and -host it is all of it.
 */
void entrance_apply_edge(struct http_head *, struct arena *,
    struct conn *caller, int64_t hops);
/*
 * What a client's certificate says that a gateway of ours has found good
 * (conn_peer.subject), as x-forwarded-client-cert; own_id as above.
 */
void entrance_set_client(struct http_head *, struct arena *,
    const struct conn_peer *, struct slice own_id);
/* Whether this is a proxy of our own trust domain that runs a Gateway. */
bool entrance_is_gateway(const struct conn_peer *);
/* A trailer may claim no identity either. */
void entrance_apply_trailers(struct http_fields *);
/* Whether a workload "ns/name" lies in the namespace of a service. */
bool entrance_is_of(struct slice service, struct slice workload);

#endif
