#ifndef UPSTREAM_CLUSTER_H
#define UPSTREAM_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/refs.h"
#include "net/addr.h"
#include "net/proxy_protocol.h"
#include "upstream/endpoint.h"
#include "upstream/pool_settings.h"
#include "upstream/retry.h"
#include "upstream/settings.h"

/*
 * cluster: one port of one service as a snapshot knows it: how to reach it and its
 * endpoints.  Immutable, counted; shared by workers and by successive snapshots.
 *
 * What outlives snapshots is found by name in a cluster_registry: the state
 * of the service (shared limits) and of each endpoint (load, health); see
 * upstream/endpoint.h.  An exchange under way holds a reference to the endpoint's
 * state that it was given, so what it took it gives back to the right object.
 */
struct tls_outside;
enum cluster_protocol { CLUSTER_HTTP, CLUSTER_TCP, CLUSTER_UDP, CLUSTER_AUTO };

/* What it is marked with, such as its version. */
struct endpoint_label { struct slice key, value; };

struct endpoint {
	struct addr   addr;
	struct slice  host;	/* addr as text, for logs */
	struct slice  workload;	/* "ns/name", may be empty */
	struct slice  id;	/* SPIFFE ID to expect; empty: plain text */
	bool          has_sidecar;	/* even then: what a service's side does, it does */
	struct slice  sni;
	struct slice  zone;
	uint32_t      weight;	/* 1 unless said; 0: never picked */
	uint32_t      priority;	/* 0 is used first */
	bool          is_degraded;	/* only when the others do not suffice */
	const struct endpoint_label *labels;
	size_t        labels_len;
	struct endpoint_state *state;	/* counted */
};

/* Endpoints with all of these labels. */
struct cluster_subset {
	struct slice  name;
	const struct endpoint_label *labels;
	size_t        labels_len;
};

struct cluster {
	struct refs           refs;
	struct arena          arena;
	struct slice          name;	/* "ns/service:port" */
	struct slice          service;	/* "ns/service" */
	enum cluster_protocol protocol;	/* AUTO: as each connection says */
	bool                  is_h2;	/* version 2, over TLS if it agrees */
	struct cluster       *as_h2;	/* AUTO's, is_h2, same states; counted */
	enum lb_policy        lb;
	bool                  is_tls_optional;	/* some endpoints are plain text by intent */
	/* Of endpoints without an id; counted, set before cluster_add; or NULL. */
	struct tls_outside   *outside;
	bool                  is_per_packet;	/* UDP: each datagram is balanced */
	bool                  is_unresolved;	/* a host has no address, so far */
	const char           *barred;	/* static: why nobody is connected; or NULL */
	/* Plain connections begin with a header, each for one caller alone. */
	enum proxy_version    announce;
	struct slice          authority;	/* Host outside; borrowed until cluster_seal */
	uint64_t              connect_timeout_ms;	/* 1,000, TLS included */
	uint64_t              response_timeout_ms;	/* 15,000; 0: none */
	uint64_t              body_idle_ms;	/* 60,000 */
	struct pool_settings  pool;
	struct upgrade_settings upgrades;
	struct tcp_settings   tcp;
	struct retry_settings retry;
	struct cluster_limits limits;
	struct balance_settings balance;
	struct outlier_settings outlier;
	struct health_settings  health;
	struct cluster_affinity affinity;	/* borrowed until cluster_seal */
	struct session_settings session;	/* likewise */
	struct cluster_subset  *subsets;
	size_t                subsets_len;
	struct endpoint      *v;
	size_t                len;
	struct cluster_state *state;	/* counted */
	struct plan          *plan;	/* how to pick; of cluster_seal */
	uint64_t              generation;	/* of the endpoint set; unique */
};

/* States by key; any thread.  A state without users goes at the next sweep. */
struct cluster_registry;
struct cluster_registry *cluster_registry_new(void);
void cluster_registry_free(struct cluster_registry *);
void cluster_registry_sweep(struct cluster_registry *);

/* Gives a cluster with defaults and no endpoints; set fields before sharing. */
struct cluster *cluster_new(struct cluster_registry *, struct slice service,
    struct slice port);
/* Copies what e points to; state is found or made. */
void cluster_add(struct cluster *, struct cluster_registry *,
    const struct endpoint *e);
/* Before cluster_seal.  Copies; a second one of that name replaces the first. */
void cluster_add_subset(struct cluster *, const struct cluster_subset *);
/* For pick.subset; 0 if there is none of that name. */
uint32_t cluster_subset(const struct cluster *, struct slice name);
/*
 * After the last cluster_add; off the workers: it builds what pick reads, unless
 * a cluster in use has the same endpoints and settings, whose plan it shares.
 */
void cluster_seal(struct cluster *);
bool cluster_is_federated(const struct cluster *);	/* outside is of a trust domain */
/* The same settings and endpoints, in any order that cluster_add kept. */
bool cluster_is_same(const struct cluster *, const struct cluster *);
struct cluster *cluster_ref(struct cluster *);
void cluster_unref(struct cluster *);

/*
 * Picks an endpoint, or NULL when there is none; allocates nothing.  Who is
 * available goes before who is degraded, ejected or unhealthy, down; those in
 * avoid (tried before) are picked only when there is nobody else.
 */
struct pick {
	const struct endpoint_state *const *avoid;
	size_t   avoid_len;
	uint64_t now_ms;	/* monotonic */
	uint64_t hash;		/* hash_bytes of the key, for hashes */
	bool     has_hash;	/* without: any */
	uint32_t subset;	/* of cluster_subset; 0: all endpoints */
};
const struct endpoint *cluster_pick(const struct cluster *, const struct pick *);

/* A retry may begin, by the budget of the limits; then it ends once. */
bool cluster_retry_begin(const struct cluster *, uint64_t now_ms);
void cluster_retry_end(const struct cluster *);

/* Counting references needs a pointer to what traffic treats as const. */
static inline struct cluster *
cluster_mutable(const struct cluster *c)
{
	union { const struct cluster *from; struct cluster *to; } u = { c };

	return u.to;
}

#endif
