#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "filter/lease.h"
#include "pki/hash.h"

#define KEYS		16384	/* told apart; 256 KiB */
#define COUNTS		1024	/* keys that are counted; 16 KiB */
#define WAYS		4	/* places of one key */
#define WAIT_NS		UINT64_C(1000000000)	/* told to who has no part */

/*
 * A count belongs to the key that came last, when it pushed out the one with
 * the least: who comes often stays, who comes seldom is never far off.
 */
struct count {
	_Atomic uint64_t key, asked;
};

/* key 0: free, and what is looked for is not behind it. */
struct own {
	_Atomic uint64_t           key;
	_Atomic(struct buckets *)  buckets;	/* stays, for the next key */
};
#define GONE	2u	/* free, and others may be behind it */

struct lease {
	struct buckets_rate whole;
	bool                is_keyed;
	struct buckets     *rest;
	_Atomic uint64_t    asked;
	struct count       *counts;	/* NULL: no keys */
	struct own          own[LEASE_KEYS_MAX * 2];
	size_t              own_len;
};
#define OWNS	(LEASE_KEYS_MAX * 2)

static uint64_t
get(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

/* The rate of some parts; the burst is never less than one. */
static struct buckets_rate
rate_of(const struct lease *l, uint64_t parts)
{
	struct buckets_rate r = { .requests = 1 };
	double step, longest;

	if (parts == 0)
		return (struct buckets_rate){ 0, WAIT_NS, 1 };
	if (parts >= LEASE_WHOLE)
		return l->whole;
	r.burst = l->whole.burst * parts / LEASE_WHOLE;
	if (r.burst == 0)
		r.burst = 1;
	step = (double)l->whole.per_ns / (double)l->whole.requests *
	    LEASE_WHOLE / (double)parts;
	longest = (double)(INT64_MAX / 4) / (double)r.burst;
	r.per_ns = (uint64_t)ceil(step < longest ? step : longest);
	return r;
}

struct lease *
lease_new(const struct buckets_rate *whole, bool is_keyed)
{
	struct lease *l = mem_zalloc(sizeof(*l));

	l->whole = *whole;
	l->is_keyed = is_keyed;
	l->rest = buckets_new(whole, is_keyed ? KEYS : 1);
	if (is_keyed)
		l->counts = mem_zalloc_array(COUNTS, sizeof(*l->counts));
	else	/* It holds something, although nobody has asked. */
		buckets_put(l->rest, LEASE_ALL);
	return l;
}

void
lease_free(struct lease *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < OWNS; i++)
		buckets_free(atomic_load(&l->own[i].buckets));
	buckets_free(l->rest);
	mem_free(l->counts);
	mem_free(l);
}

uint64_t
lease_key(struct slice text)
{
	uint8_t digest[HASH_LEN];
	uint64_t key = 0;

	hash_sha256(digest, text);
	for (int i = 0; i < 7; i++)	/* 56 bits, and one that is always set */
		key = key << 8 | digest[i];
	return key | UINT64_C(1) << 56;
}

/* --- on workers ------------------------------------------------------------- */

static void
count_key(struct lease *l, uint64_t key)
{
	struct count *set = &l->counts[key % (COUNTS / WAYS) * WAYS];
	struct count *least = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (get(&set[i].key) == key) {
			atomic_fetch_add_explicit(&set[i].asked, 1,
			    memory_order_relaxed);
			return;
		}
		if (get(&set[i].asked) < get(&least->asked))
			least = &set[i];
	}
	atomic_store_explicit(&least->key, key, memory_order_relaxed);
	atomic_fetch_add_explicit(&least->asked, 1, memory_order_relaxed);
}

static struct own *
find_own(struct lease *l, uint64_t key)
{
	for (size_t i = key % OWNS, n = 0; n < OWNS; i = (i + 1) % OWNS, n++) {
		uint64_t here = atomic_load_explicit(&l->own[i].key,
		    memory_order_acquire);

		if (here == key)
			return &l->own[i];
		if (here == 0)
			return NULL;
	}
	return NULL;
}

struct lease_place
lease_place(struct lease *l, uint64_t key)
{
	struct own *own;

	atomic_fetch_add_explicit(&l->asked, 1, memory_order_relaxed);
	if (!l->is_keyed)
		return (struct lease_place){ l->rest, LEASE_ALL };
	count_key(l, key);
	own = find_own(l, key);
	return own == NULL ? (struct lease_place){ l->rest, key } :
	    (struct lease_place){ atomic_load_explicit(&own->buckets,
	    memory_order_acquire), LEASE_ALL };
}

/* --- on one thread ---------------------------------------------------------- */

bool
lease_is_keyed(const struct lease *l)
{
	return l->is_keyed;
}

const struct buckets_rate *
lease_rate(const struct lease *l)
{
	return &l->whole;
}

uint64_t
lease_asked(struct lease *l)
{
	return atomic_exchange_explicit(&l->asked, 0, memory_order_relaxed);
}

static int
by_asked(const void *a, const void *b)
{
	const struct lease_demand *x = a, *y = b;

	return x->asked > y->asked ? -1 : x->asked < y->asked;
}

size_t
lease_asked_keys(struct lease *l, struct lease_demand *v, size_t max)
{
	struct lease_demand all[COUNTS];
	size_t n = 0;

	for (size_t i = 0; l->counts != NULL && i < COUNTS; i++) {
		uint64_t asked = atomic_exchange_explicit(&l->counts[i].asked,
		    0, memory_order_relaxed);

		if (asked > 0)
			all[n++] = (struct lease_demand){
				get(&l->counts[i].key), asked };
	}
	qsort(all, n, sizeof(*all), by_asked);
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		v[i] = all[i];
	return n;
}

static void
begin_own(struct lease *l, uint64_t key, const struct buckets_rate *rate,
    uint64_t now_ns)
{
	size_t i = key % OWNS;
	struct buckets *b;

	if (l->own_len == LEASE_KEYS_MAX)
		return;
	while (get(&l->own[i].key) > GONE)
		i = (i + 1) % OWNS;
	b = atomic_load(&l->own[i].buckets);
	if (b == NULL)
		b = buckets_new(rate, 1);
	else
		buckets_set_rate(b, rate);
	buckets_copy(b, LEASE_ALL, l->rest, key, now_ns);
	atomic_store_explicit(&l->own[i].buckets, b, memory_order_release);
	atomic_store_explicit(&l->own[i].key, key, memory_order_release);
	l->own_len++;
}

void
lease_set(struct lease *l, uint64_t key, uint64_t parts, uint64_t now_ns)
{
	const struct buckets_rate rate = rate_of(l, parts);
	struct own *own = key == 0 ? NULL : find_own(l, key);

	if (key == 0)
		buckets_change_rate(l->rest, &rate, now_ns);
	else if (own != NULL)
		buckets_change_rate(atomic_load(&own->buckets), &rate, now_ns);
	else if (l->is_keyed && key > GONE)
		begin_own(l, key, &rate, now_ns);
}

void
lease_unset(struct lease *l, uint64_t key, uint64_t now_ns)
{
	struct own *own = key > GONE ? find_own(l, key) : NULL;

	if (own == NULL)
		return;
	buckets_copy(l->rest, key, atomic_load(&own->buckets), LEASE_ALL,
	    now_ns);
	atomic_store_explicit(&own->key, GONE, memory_order_release);
	l->own_len--;
}
