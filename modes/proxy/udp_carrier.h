#ifndef PROXY_UDP_CARRIER_H
#define PROXY_UDP_CARRIER_H

#include "chain/l4.h"
#include "link/sni.h"
#include "modes/proxy/udp.h"

/*
 * udp_carrier: the L4 terminal of a connection that carries flows of datagrams
 * (ALPN mesh-udp/1) from another sidecar to our application: the other end of
 * a udp_link.
 *
 * Each flow is a session with a socket of its own, so that the application sees
 * as many peers as call it.  A flow that ends here is told to the caller, whose
 * next datagram begins another.
 */
struct udp_carrier_job;

/* arg of l4_start, freed by the terminal: the service that the name means. */
struct udp_carrier_job *udp_carrier_job_new(const struct service_name *,
    uint16_t port);
extern const struct l4_terminal udp_carrier_terminal;

/* Each second: those of a drain that nothing comes from any more end. */
void udp_carriers_look(struct udp_worker *);

#endif
