#ifndef PROXY_UDP_LINK_H
#define PROXY_UDP_LINK_H

#include "modes/proxy/udp.h"

/*
 * udp_link: a worker's connection to the sidecar of an endpoint, which carries
 * the flows of many sessions (link/packet.h).
 *
 * Life: udp_link_to -> udp_link_join, udp_link_send ... -> udp_link_leave
 *       -> (no flow for long, or it broke: its flows are told udp_leg_lost).
 *
 * One that is of an identity or a trust before, or whose sidecar drains, takes
 * no new flow; those that it has stay.
 */
struct udp_link;
struct udp_leg;

/* Made if there is none; flows may join at once. */
struct udp_link *udp_link_to(struct udp_worker *, struct cluster *,
    const struct endpoint *);
/* Keeps leg until udp_link_leave or udp_leg_lost; gives its number. */
uint32_t udp_link_join(struct udp_link *, struct udp_leg *);
void udp_link_leave(struct udp_link *, uint32_t flow);
/* False: dropped, and counted. */
bool udp_link_send(struct udp_link *, uint32_t flow, struct slice);

/* Each second: those that nobody needs any more end. */
void udp_links_look(struct udp_worker *);
void udp_links_close(struct udp_worker *);	/* after the sessions ended */

#endif
