#ifndef PROXY_UDP_PORT_H
#define PROXY_UDP_PORT_H

#include "modes/proxy/data_plane.h"

/*
 * udp_port: an address of the data plane that takes datagrams, with a socket
 * of each worker.
 *
 *	upstream	to one service's port; while the service is not known
 *			yet a few wait
 *	gateway		as the UDPRoutes of the listener say
 *
 * Life: udp_port_open -> udp_port_end on each worker -> udp_port_reopen ...
 *       -> udp_port_free.
 */
struct udp_port {
	struct list       link;	/* in plane->udp_ports */
	struct data_plane *plane;
	struct port       spec;
	struct addr       at;		/* as bound, once and for all */
	atomic_int        open;		/* workers that have a socket, or will */
	bool              is_closed;	/* the main thread's: may be reopened */
	struct udp_seat  *seats;	/* by worker */
};

struct udp_port *udp_port_open(struct data_plane *, const struct port *,
    struct err *);
/* -1 too while some worker is not done with udp_port_end. */
int udp_port_reopen(struct udp_port *, struct err *);
/* On the worker: the socket closes, its sessions end.  Harmless twice. */
void udp_port_end(struct udp_port *, struct proxy_worker *);
void udp_port_free(struct udp_port *);	/* after all workers' ends */

#endif
