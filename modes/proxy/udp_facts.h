#ifndef PROXY_UDP_FACTS_H
#define PROXY_UDP_FACTS_H

#include "modes/proxy/worker.h"

/*
 * udp_facts: what is counted and logged of a UDP session: "opened" when it
 * first has an endpoint, what it carried each second and at its end, one line
 * and "closed" then.
 *
 * Life: udp_facts_init -> udp_facts_reach, udp_facts_count ... -> udp_facts_end.
 */
struct udp_facts {
	const char            *listener;	/* static */
	bool                   is_inbound, is_opened;
	struct addr            remote;	/* of the caller, unmapped */
	const struct conn_peer *peer;	/* inbound: proven; NULL: nobody */
	struct slice           source;	/* inbound: its workload; borrowed */
	struct slice           service;	/* that is meant; borrowed */
	struct cluster        *cluster;	/* counted; has endpoint */
	const struct endpoint *endpoint;	/* the last one; NULL: none yet */
	uint64_t               start_us;
	int64_t                start_wall_us;
	uint64_t               up, up_bytes, down, down_bytes;
	struct {
		uint64_t up, up_bytes, down, down_bytes;
	} counted;
};

/* The rest is set by the caller. */
void udp_facts_init(struct udp_facts *, const struct proxy_worker *,
    const char *listener);
/* What comes from here on goes to another endpoint of the cluster. */
void udp_facts_reach(struct udp_facts *, struct proxy_worker *, struct cluster *,
    const struct endpoint *);
void udp_facts_count(struct udp_facts *, struct proxy_worker *);
void udp_facts_end(struct udp_facts *, struct proxy_worker *,
    const char *reason);

#endif
