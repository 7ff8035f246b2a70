#ifndef PROXY_UDP_H
#define PROXY_UDP_H

#include "modes/proxy/udp_table.h"
#include "modes/proxy/worker.h"
#include "net/datagram.h"

/*
 * udp: what one worker has for datagrams: its sockets' rooms, its sessions, its
 * connections to other sidecars that carry flows, and theirs to us.
 *
 *	application -> udp_port -> udp_session -> udp_link  ===.  (mesh-udp/1)
 *	application <- udp_session <- udp_carrier <============'
 *
 * Life: udp_of, when the first port or flow needs it -> udp_drain -> udp_close
 *       -> udp_free.  On the worker.
 *
 * A session is what comes from one address and port to one of ours, and the
 * way back.  It belongs to the worker whose socket the kernel chose; it goes
 * with a socket of its own to who has no sidecar, and else as a flow of the
 * worker's one connection there.  Nothing waits for room: what does not fit is
 * dropped and counted, as UDP allows and those who speak it expect.
 */
struct udp_worker {
	struct proxy_worker *worker;
	struct datagram_io  *io;
	struct udp_table     table;
	struct list          links;	/* udp_link.h */
	struct list          carriers;	/* udp_carrier.h */
	uint64_t             generation;	/* of the identity in use */
	struct loop_timer    tick;	/* while there is anything */
	uint64_t             counted_ms;	/* until when counters know all */
	char                *room;	/* of the readers of packets */
	bool                 is_draining;
	bool                 is_held;	/* the drain waits for us */
};

#define UDP_TICK_MS	1000
#define UDP_QUIET_MS	1000	/* a session ends in a drain after that */
#define UDP_LINK_MAX	(256 * 1024)	/* bytes that wait on one connection */

struct udp_worker *udp_of(struct proxy_worker *);
/* All of them: does nothing where there is none. */
void udp_identify(struct proxy_worker *, uint64_t generation);
/* Begins nothing new; who talks may go on, as data_plane_drain has it. */
void udp_drain(struct proxy_worker *);
void udp_close(struct proxy_worker *);
void udp_free(struct proxy_worker *);

/* Something begins that the tick looks after. */
void udp_wake(struct udp_worker *);
/* Counts what is lost. */
void udp_drop(struct udp_worker *, struct slice service, const char *reason,
    uint64_t n);

#endif
