#ifndef PROXY_GATEWAY_PORTS_H
#define PROXY_GATEWAY_PORTS_H

#include "modes/proxy/data_plane.h"

/*
 * gateway_ports: opens the ports that the Gateways of a snapshot want, and
 * closes those that no one wants any more.
 *
 * Life: gateway_ports_new -> gateway_ports_use ... -> gateway_ports_free.
 * On the main thread.
 *
 * A port whose address stays is not touched: its connections, and those that
 * wait to be accepted, go on and obey the new documents from their next request.
 * Of one that is closed those that were accepted go on until they end.  What
 * cannot be opened is told once and tried again every second.
 */
struct gateway_ports;

/* listening, which may be NULL, is told all that is open when that changes. */
typedef void gateway_ports_fn(void *arg, const struct addr *, size_t n);
struct gateway_ports *gateway_ports_new(struct data_plane *, struct loop *,
    gateway_ports_fn *listening, void *arg);
/* Takes s, which the workers have been given. */
void gateway_ports_use(struct gateway_ports *, struct snapshot *s);
/* Opens and closes nothing from here on; before the data plane drains. */
void gateway_ports_stop(struct gateway_ports *);
void gateway_ports_free(struct gateway_ports *);	/* NULL allowed */

#endif
