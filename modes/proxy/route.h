#ifndef PROXY_ROUTE_H
#define PROXY_ROUTE_H

#include "chain/l7.h"
#include "link/sni.h"

/*
 * route: where the listeners' route() functions send an exchange.
 * Each fills *route; the chain is borrowed (the runner takes its reference).
 */

/* An answer of our own. */
struct static_reply {
	enum response_flag flag;
	int                status;	/* 0: the flag's */
	const char        *details;
};
void route_reply(struct l7_route *, struct l7_chain *,
    const struct static_reply *);	/* keeps r: static */

/* To a service by name, as its routes say, now or as soon as it is known. */
void route_service(struct l7_route *, struct l7_chain *, struct l7_ctx *,
    struct http_head *, const struct service_name *, uint16_t port);

/*
 * A tunnel of bytes to a service (CONNECT).  host: outside the mesh, which TLS in
 * the tunnel must ask for, and what is meant if there is no such service, or
 * the name is NULL; empty: it is of the mesh.  Borrowed for the exchange.
 */
void route_connect(struct l7_route *, struct l7_chain *, struct l7_ctx *,
    const struct service_name *, uint16_t port, struct slice host);

#endif
