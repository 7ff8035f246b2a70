#ifndef PROXY_LOST_H
#define PROXY_LOST_H

#include "modes/proxy/compile.h"

/*
 * lost: ports of services of ours that are there no more.
 *
 * A Service goes, loses a port or selects another workload: nobody new comes in
 * by that name, but who is connected or has a request open stays, and policies
 * are about them as before.  So a snapshot knows the last LOST_PORTS_MAX ports
 * that those before it had, with the tables that are about them now.
 */
#define LOST_PORTS_MAX	256	/* of TCP, and of UDP */

/* When the ports that are there are known; called by compile. */
void compile_lost(const struct compile_input *, struct snapshot *);

/* Both: NULL: there was none, or it is long ago. */
const struct inbound_port *lost_port(const struct snapshot *,
    const struct service_name *, uint16_t port, bool is_udp);
/* In plain text, by the port of its listener. */
const struct inbound_port *lost_plain(const struct snapshot *, uint16_t at);

#endif
