#ifndef UPSTREAM_CLUSTER_H
#define UPSTREAM_CLUSTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "net/addr.h"

/*
 * cluster: one port of one service as a snapshot knows it: how to reach it and its
 * endpoints.  Immutable, counted; shared by workers and by successive snapshots.
 *
 * What outlives snapshots is found by name in a cluster_registry: the state
 * of the service (shared limits) and of each endpoint (load, health).  An
 * exchange under way holds a reference to the endpoint's state that it was
 * given, so what it took it gives back to the right object.
 */
enum cluster_protocol { CLUSTER_HTTP, CLUSTER_TCP };

enum lb_policy { LB_LEAST_REQUEST, LB_ROUND_ROBIN, LB_RANDOM };
const char *lb_policy_name(enum lb_policy);	/* "LEAST_REQUEST" ... */
bool lb_policy_parse(struct slice, enum lb_policy *);

/* Shared by all workers and snapshots; counted. */
struct endpoint_state {
	atomic_int  refs;
	char       *key;	/* cluster, workload, address, identity, SNI */
	atomic_uint active;	/* requests or TCP sessions under way */
	atomic_uint conns;
	atomic_ullong requests, failures, connect_failures;
	atomic_uint   connect_failed;	/* times in a row */
	atomic_ullong missed_ms;	/* monotonic: the last time */
	atomic_ullong down_until_ms;	/* monotonic; 0: it could be reached */
};

struct cluster_state {
	atomic_int  refs;
	char       *key;
	atomic_uint conns, pending, requests, retries;
};

struct endpoint {
	struct addr   addr;
	struct slice  host;	/* addr as text, for logs */
	struct slice  workload;	/* "ns/name", may be empty */
	struct slice  id;	/* SPIFFE ID to expect; empty: plain text */
	struct slice  sni;
	struct slice  zone;
	uint32_t      weight;	/* 1 unless said; 0: never picked */
	struct endpoint_state *state;	/* counted */
};

struct cluster_limits {
	uint32_t conns, pending, requests, retries;	/* 1024, 1024, 1024, 3 */
};

struct cluster {
	atomic_int            refs;
	struct arena          arena;
	struct slice          name;	/* "ns/service:port" */
	struct slice          service;	/* "ns/service" */
	enum cluster_protocol protocol;
	enum lb_policy        lb;
	bool                  is_tls_optional;	/* some endpoints are plain text by intent */
	uint64_t              connect_timeout_ms;	/* 1,000, TLS included */
	uint64_t              response_timeout_ms;	/* 15,000; 0: none */
	uint64_t              body_idle_ms;	/* 60,000 */
	uint64_t              pool_idle_ms;	/* 30,000 */
	uint64_t              pool_fresh_ms;	/* 1,000: idle for less, it may carry
						   what cannot be sent twice */
	uint32_t              retries;	/* 1 */
	struct cluster_limits limits;
	struct endpoint      *v;
	size_t                len;
	uint64_t              weight_sum;
	bool                  has_weights;	/* some weight differs */
	struct cluster_state *state;	/* counted */
	uint64_t              generation;	/* of the endpoint set; unique */
};

/* States by key; any thread.  A state without users goes at the next sweep. */
struct cluster_registry;
struct cluster_registry *cluster_registry_new(void);
void cluster_registry_free(struct cluster_registry *);
void cluster_registry_sweep(struct cluster_registry *);
void endpoint_state_ref(struct endpoint_state *);
void endpoint_state_unref(struct endpoint_state *);
/*
 * A connection, begun at since_ms, was made or could not be made.  Who cannot be
 * reached is left alone for 1 s, then 2, 4 ... at most 30 s; then one request
 * finds out for all.
 */
void endpoint_state_reached(struct endpoint_state *);
void endpoint_state_missed(struct endpoint_state *, uint64_t since_ms,
    uint64_t now_ms);
bool endpoint_state_is_down(const struct endpoint_state *, uint64_t now_ms);

/* Gives a cluster with defaults and no endpoints; set fields before sharing. */
struct cluster *cluster_new(struct cluster_registry *, struct slice service,
    struct slice port);
/* Copies what e points to; state is found or made. */
void cluster_add(struct cluster *, struct cluster_registry *,
    const struct endpoint *e);
/* After the last cluster_add. */
void cluster_seal(struct cluster *);
/* The same settings and endpoints, in any order that cluster_add kept. */
bool cluster_is_same(const struct cluster *, const struct cluster *);
struct cluster *cluster_ref(struct cluster *);
void cluster_unref(struct cluster *);

/*
 * Picks an endpoint, or NULL when there is none.  Endpoints that are down are
 * picked only when there is no other; those in avoid (tried before) only
 * when there is not even one that is down.
 */
struct pick {
	const struct endpoint_state *const *avoid;
	size_t   avoid_len;
	uint64_t *rr;		/* the worker's own counter for round robin */
	uint64_t  now_ms;	/* monotonic */
};
const struct endpoint *cluster_pick(const struct cluster *, const struct pick *);

/* Counting references needs a pointer to what traffic treats as const. */
static inline struct cluster *
cluster_mutable(const struct cluster *c)
{
	union { const struct cluster *from; struct cluster *to; } u = { c };

	return u.to;
}

#endif
