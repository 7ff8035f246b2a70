#ifndef FILTER_LEASE_H
#define FILTER_LEASE_H

#include "base/slice.h"
#include "filter/buckets.h"

/*
 * lease: one limit of which only a part is ours, since other proxies let
 * requests pass by it as well: what it is asked for, and how much we may.
 * Life: lease_new -> lease_place for each request (any worker), the others on
 *     one thread -> lease_free.
 *
 * Keys are hashes that are the same in every proxy (lease_key).  Most share
 * the rate of the whole, each with a bucket of its own; those that are asked
 * for much have a share of their own.  Counts of what keys are asked for are
 * those of the most frequent: memory does not grow.
 */
#define LEASE_KEYS_MAX	64	/* with a share of their own */
#define LEASE_WHOLE	1000000u	/* parts that are the limit */
#define LEASE_ALL	1u	/* the key where there are none */

struct lease;

struct lease_place {
	struct buckets *buckets;
	uint64_t        key;
};

struct lease_demand {
	uint64_t key, asked;
};

/* Starts with the whole.  is_keyed: it has keys. */
struct lease *lease_new(const struct buckets_rate *whole, bool is_keyed);
void lease_free(struct lease *);	/* NULL is allowed */

uint64_t lease_key(struct slice text);	/* neither 0 nor LEASE_ALL */
/* Counts one that asks; from where it takes. */
struct lease_place lease_place(struct lease *, uint64_t key);

/* --- one thread ---------------------------------------------------------- */

bool lease_is_keyed(const struct lease *);
const struct buckets_rate *lease_rate(const struct lease *);	/* the whole */
/* How often it was asked since the last call. */
uint64_t lease_asked(struct lease *);
/* Those keys that were asked for most since the last call, the first first. */
size_t lease_asked_keys(struct lease *, struct lease_demand *, size_t max);
/* From now on these parts are ours; of key, or of all others (0). */
void lease_set(struct lease *, uint64_t key, uint64_t parts, uint64_t now_ns);
/* The key is as all others are again. */
void lease_unset(struct lease *, uint64_t key, uint64_t now_ns);

#endif
