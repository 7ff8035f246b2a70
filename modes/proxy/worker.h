#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include "chain/http.h"
#include "modes/proxy/authorize_log.h"
#include "modes/proxy/snapshot.h"
#include "net/listener.h"
#include "pki/root_grace.h"
#include "stat/memo.h"
#include "upstream/upstream.h"

/*
 * worker: one thread of the data plane: its loop, its connections, the
 * snapshot in force on it.
 *
 * Life: made and started by data_plane_new, ended by data_plane_free.
 */
struct strays;
struct token_cache;
struct udp_worker;
struct revoked;
struct bundle_set;
struct data_plane;	/* what all workers share: data_plane.h */

#define WORKER_REFUSALS_MAX	8
struct proxy_worker {
	struct worker_env env;		/* env.mode points back here */
	struct data_plane *plane;
	struct upstream  *upstream;
	struct health    *health;	/* of the first alone; NULL: of others */
	struct stat_memo  memo;
	struct snapshot  *snapshot;	/* counted; swapped between two events */
	struct revoked   *revoked;	/* refuse.h; NULL: nobody */
	struct bundle_set *trusted;	/* likewise: its own domain's roots, */
	struct bundle_set *federated;	/* whom else it believes, */
	struct root_grace  grace;	/* whom for a while yet, */
	struct loop_timer  parting;	/* and until when */
	bool              is_stopped;	/* nothing begins any more */
	struct list       lookups;	/* waiting for a snapshot that answers */
	struct list       arrivals;	/* of inbound.c, no byte from them yet */
	struct strays    *strays;	/* stray.h */
	struct udp_worker *udp;		/* udp.h; NULL: no datagrams so far */
	struct list       mirrors;	/* of mirror.c, under way */
	size_t            mirrors_len;
	struct {
		uint64_t ms;	/* when a line was written, and how many */
		unsigned unlogged;	/* refusals had none since */
	} egress_log[WORKER_REFUSALS_MAX];	/* of egress.c */
	uint64_t          user_log_ms;	/* of app_user.c */
	/* Of authorize_filters.c. */
	struct list       let_in, undecided, requests_let_in;
	struct calls     *calls;	/* of learn.c; NULL: nobody came yet */
	struct loop_timer settling;	/* until plain text is not taken: plain.h */
	struct authorize_log authz_log;
	struct token_cache *tokens;	/* that are good */
	struct list       key_waits;	/* of key_wait.c, for an issuer's keys */
	size_t            key_waits_len;
	struct list       token_turns;	/* of authorize_token.c */
	size_t            token_turns_busy;	/* with the verifier */
	struct loop_task  token_turn;
	struct loop_timer token_retry;
	size_t            logins_len;	/* of login.c, that ask a provider */
	struct list       openings;	/* of upstream_port.c, awaiting a lookup */
	struct list       greetings;	/* of gateway_port.c, awaiting a name */
	struct list       proxied;	/* of proxied.c, awaiting a header */
	/*
	 * env.arriving counts those four, handshakes, and who was accepted by
	 * another worker and is on the way here.
	 */
	struct stat_series *conns;	/* shows how many it has; with env.stat */
	struct stat_series *stalls;	/* likewise: its long turns */
};

/* Any thread: takes over a reference; the worker swaps later. */
void proxy_worker_use(struct proxy_worker *, struct snapshot *);
/* On the worker: lookups that the new snapshot answers are answered. */
void lookup_retry(struct proxy_worker *);

#endif
