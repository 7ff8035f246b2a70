#ifndef PROXY_GATEWAY_H
#define PROXY_GATEWAY_H

#include "modes/proxy/compile.h"
#include "pki/hash.h"
#include "route/listeners.h"
#include "tls/tls.h"

/*
 * gateway: the way into the mesh for strangers, as Gateway API documents have
 * it: which ports this proxy opens for its Gateways, and which rules a request
 * obeys that comes in there.
 *
 *	Gateway, ListenerSet --route/gateway.h--> ports, listeners
 *	HTTPRoute, TLSRoute, TCPRoute, UDPRoute --route/document.h--> the
 *	rule_set of each listener
 *	Secret --> the certificates of a port, by server name (tls_edge)
 *	ConfigMap, Secret --> of whom it asks for certificates (tls_clients)
 *
 * It is a part of a snapshot: immutable, and shares with the one before it
 * what did not change.  gateway_port.c is what happens on a port,
 * gateway_ports.h opens and closes them.
 *
 * Isolation: a request sees the routes of one listener, that with the most
 * specific hostname for its Host, and no other's.
 */
struct rule_set;

struct gateway_site {
	struct slice     key;	/* of its document, and its name */
	struct rule_set *rules;	/* NULL: no route hangs there */
	bool             is_stream;	/* TLS or TCP: bytes, not requests */
	bool             is_passthrough;	/* TLS that ends at the endpoint */
	const struct route_listener *listener;	/* while it is compiled */
};

/* Where a certificate comes from, and what it is. */
struct gateway_shown {
	struct slice  site;	/* key of the listener */
	size_t        ref;	/* of its certificateRefs */
	struct slice  hostname;
	unsigned char hash[HASH_LEN];
};

/* What the HTTPS listeners of a port want of a client's certificate. */
enum gateway_asks {
	GATEWAY_ASKS_NOT,
	GATEWAY_ASKS,		/* who shows no good one is let in without */
	GATEWAY_DEMANDS,
	GATEWAY_BARRED,		/* there is no authority to trust: nobody comes in */
};

/* A port of a Gateway that is served here. */
struct gateway_front {
	struct addr         addr;
	struct gateway_port port;	/* listeners' owners are gateway_sites */
	struct tls_edge    *edge;	/* counted; NULL: no certificate */
	enum gateway_asks   asks;
	struct tls_clients *clients;	/* counted; of whom, or NULL */
	struct gateway_shown *from;	/* of each in edge, in its order */
	size_t              from_len;
	bool                needs_hello;	/* before TLS it says who is meant */
	const struct model_object *of;	/* its Gateway, while it is compiled */
	const char         *name;	/* of that, "ns/name", for people */
	const struct authz *authz;	/* of the snapshot: who may come in */
	struct authn       *rules;	/* likewise: for tokens; NULL: none */
	struct login_at    *logins;	/* likewise: of browsers; login_place.h */
	size_t              logins_len;
	unsigned char       shown[HASH_LEN];	/* of what edge was made from */
};

struct gateway {
	struct gateway_front *fronts;
	size_t                len;
	struct gateway_site **sites;
	size_t                sites_len;
};

/* Called by compile, behind the services; sets out->gateway, or leaves NULL. */
void compile_gateway(const struct compile_input *, struct extensions *,
    struct snapshot *out);
void gateway_fini(struct gateway *);	/* NULL allowed; lies in the arena */
const struct gateway_front *gateway_front(const struct gateway *,
    const struct addr *, bool is_udp);	/* NULL allowed; NULL: none is there */

#endif
