#ifndef PROXY_UDP_SESSION_H
#define PROXY_UDP_SESSION_H

#include "modes/proxy/udp.h"
#include "modes/proxy/udp_facts.h"

/*
 * udp_session: datagrams from one caller to the endpoints of a cluster, and
 * back.
 *
 * Life: udp_session_begin -> udp_session_send ... -> over (by udp_session_end,
 *       by the table, or as the endpoint is gone).
 *
 * A leg leads to one endpoint.  A session has one as long as that endpoint is
 * in its cluster, or one for each that a datagram went to where the policy
 * balances each by itself; what comes back on any of them is for the caller.
 * One that ends is replaced with the next datagram.
 */
struct udp_session;
struct udp_leg;

/* Whoever embeds a session; says how its caller is reached. */
struct udp_down {
	/*
	 * Counted: where datagrams go as the documents stand now.  NULL: they
	 * are dropped, *why says why.  Asked again for each snapshot.
	 */
	struct cluster *(*cluster)(struct udp_session *, const char **why);
	void (*reply)(struct udp_session *, struct slice);
	/* The session is over; frees it when the turn ends. */
	void (*over)(struct udp_session *, enum udp_end);
};

#define UDP_LEGS_MAX	32

struct udp_session {
	struct udp_place       place;
	struct udp_worker     *udp;
	const struct udp_down *down;
	struct cluster        *cluster;	/* counted; NULL before the first */
	uint64_t               number;	/* of the snapshot that it is from */
	uint64_t               hash;
	bool                   has_hash, is_over;
	bool                   has_moved;	/* since something came back */
	uint8_t                legs_len;
	struct list            legs;
	struct udp_leg        *current;	/* NULL: to be picked */
	struct udp_facts       facts;
};

/*
 * Keeps s, which has a place in the table; facts are set.  After a failure it
 * has none and is the caller's.
 */
enum udp_added udp_session_begin(struct udp_session *, struct udp_worker *,
    const struct udp_down *, struct slice key, struct slice source);
void udp_session_send(struct udp_session *, struct slice);
void udp_session_end(struct udp_session *, enum udp_end);
/* Tells the counters what it did since the last time. */
void udp_session_count(struct udp_session *);

/* For udp_link.c: what came of a flow. */
void udp_leg_take(struct udp_leg *, struct slice);
void udp_leg_lost(struct udp_leg *);
/*
 * The endpoint was not reached: a datagram that waited for it goes to another
 * one.  False: that was tried already.
 */
bool udp_leg_resend(struct udp_leg *, struct slice);

#endif
