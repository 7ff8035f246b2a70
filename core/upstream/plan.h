#ifndef UPSTREAM_PLAN_H
#define UPSTREAM_PLAN_H

#include "upstream/cluster.h"

/*
 * plan: how to pick an endpoint of a cluster, compiled once for a set of
 * endpoints and shared by workers, and by clusters that differ in other things.
 *
 * Life: plan_get (cluster_seal) -> plan_look, balancer->pick ... -> plan_put.
 *
 * A plan has a scope for all endpoints and one for each subset; a scope has
 * levels, one for each priority; a level may have zones.  Each of those with
 * endpoints to pick from is a group, in which a balancer chooses.  What is built
 * never changes.  What depends on who is available (the shares of levels and
 * zones, panic) are atomic numbers that plan_look finds anew, at once after a
 * mark changed and every 100 ms while there are any: no table depends on it.
 */
struct plan_member {
	struct endpoint_state *state;	/* kept by the cluster */
	uint32_t               weight;	/* > 0 */
	uint32_t               at;	/* in cluster->v */
};

struct plan_group {
	const struct plan_member *v;
	size_t          len;
	uint64_t        weight;		/* sum */
	const uint64_t *sums;		/* running sums; NULL: all weigh the same */
	const void     *table;		/* the balancer's */
	atomic_uint    *turn;		/* of round robin */
	const atomic_bool *is_panicking;	/* of its level */
};

#define ZONES_MAX	64	/* of a level; with more, zones do not matter */
struct plan_zone {
	struct plan_group group;
	struct slice      name;
	bool              is_ours;
	uint64_t          callers;	/* in millionths of all */
	atomic_uint       upto;		/* of PLAN_WHOLE, summed */
};

struct plan_level {
	struct plan_group all;
	struct plan_zone *zones;	/* those with endpoints, or none */
	size_t            zones_len;
	atomic_bool       is_panicking;
	atomic_bool       is_zoned;	/* zones[].upto count now */
};

/*
 * A number below PLAN_WHOLE falls to the first that it is below of: upto[i], the
 * healthy of level i, then upto[len + i], the degraded of level i.
 */
#define PLAN_WHOLE	10000u
struct plan_scope {
	struct plan_level *v;
	size_t             len;
	atomic_uint       *upto;
};

struct balancer {
	bool is_hash;
	/* Makes the table of a group; may be NULL. */
	const void *(*build)(const struct plan_group *,
	    const struct cluster *, struct arena *);
	/* The member to use, of at least one; n: so many were not good enough. */
	size_t (*pick)(const struct plan_group *, const struct pick *,
	    unsigned n);
};
extern const struct balancer *const balancers[LB_POLICIES];
extern const struct balancer balancer_least_request, balancer_round_robin,
    balancer_random, balancer_peak_ewma, balancer_ring_hash, balancer_maglev;

struct plan {
	unsigned               refs;	/* under the service's lock */
	struct arena           arena;
	const struct balancer *balancer;
	enum lb_policy         lb;
	struct balance_settings set;	/* its pointers lead into the arena */
	struct cluster_state  *service;	/* kept by the clusters */
	const struct plan_member *members;	/* all, those of weight 0 too */
	size_t                 members_len;
	struct plan_scope     *scopes;	/* all, then the subsets */
	size_t                 scopes_len;
	uint64_t               fingerprint;	/* of endpoints and settings */
	/* The one group there is, unless bounded; NULL: look for one. */
	const struct plan_group *only;
	atomic_uint            calm;	/* at this epoch nobody had a mark */
	atomic_uint            seen;	/* the service's epoch */
	atomic_ullong          due_ms;	/* look again; UINT64_MAX: at a change */
	atomic_bool            is_looking;
};

struct plan *plan_get(const struct cluster *);
void plan_put(struct plan *);	/* may be NULL */
/* Looks who is available, if that may have changed.  Any thread. */
void plan_look(struct plan *, uint64_t now_ms);

/* A member by chance, in proportion to weights.  O(log n). */
size_t plan_draw(const struct plan_group *);
/* The member where the running sum of weights passes at (< group->weight). */
size_t plan_at_weight(const struct plan_group *, uint64_t at);
/* A hash for try n: the key's own at first, then others that follow from it. */
uint64_t plan_hash(const struct pick *, unsigned n);

#endif
