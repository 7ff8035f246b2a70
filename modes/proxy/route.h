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
 * A tunnel of bytes (CONNECT) to a service; or, if there is none of that name or
 * name is NULL, to the head's host, where that may be outside the mesh.  The
 * head stays for the exchange.
 */
void route_connect(struct l7_route *, struct l7_chain *, struct l7_ctx *,
    const struct http_head *, const struct service_name *name, uint16_t port,
    bool may_be_outside);

#endif
