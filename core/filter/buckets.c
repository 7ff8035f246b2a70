#include <stdatomic.h>

#include "base/check.h"
#include "base/mem.h"
#include "filter/buckets.h"

#define WAYS	4	/* slots that a key may use, side by side */
#define DEPTH_MAX	(UINT64_MAX / 4)	/* 146 years */

struct slot {
	_Atomic uint64_t key;
	_Atomic uint64_t full_at;	/* ns */
};

struct buckets {
	_Atomic uint64_t step;	/* ns that one request costs; 0: none passes */
	_Atomic uint64_t depth;	/* ns that a full bucket holds; then: the wait */
	size_t           sets;
	struct slot      v[];	/* sets of WAYS */
};

/* One rate at a time: who reads while it changes may see half of each. */
struct rate {
	uint64_t step, depth;
};

struct buckets *
buckets_new(const struct buckets_rate *rate, size_t keys)
{
	size_t sets = (keys + WAYS - 1) / WAYS;

	check(sets > 0);
	struct buckets *b = mem_zalloc(sizeof(*b) +
	    sets * WAYS * sizeof(struct slot));

	b->sets = sets;
	buckets_set_rate(b, rate);
	return b;
}

static uint64_t
depth_of(uint64_t step, const struct buckets_rate *rate)
{
	if (step == 0)
		return rate->per_ns;
	return rate->burst < DEPTH_MAX / step ? step * rate->burst : DEPTH_MAX;
}

void
buckets_set_rate(struct buckets *b, const struct buckets_rate *rate)
{
	uint64_t step = rate->requests == 0 ? 0 :
	    rate->per_ns / rate->requests;

	check(rate->requests == 0 || rate->burst > 0);
	if (step == 0 && rate->requests > 0)
		step = 1;
	atomic_store_explicit(&b->depth, depth_of(step, rate),
	    memory_order_relaxed);
	atomic_store_explicit(&b->step, step, memory_order_relaxed);
}

void
buckets_free(struct buckets *b)
{
	mem_free(b);
}

static struct rate
rate_of(const struct buckets *b)
{
	return (struct rate){
		atomic_load_explicit(&b->step, memory_order_relaxed),
		atomic_load_explicit(&b->depth, memory_order_relaxed),
	};
}

/* The key's slot, or the one that is full soonest, made the key's. */
static struct slot *
slot_of(struct buckets *b, uint64_t key)
{
	struct slot *set = &b->v[key % b->sets * WAYS], *soonest = set;
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < WAYS; i++) {
		uint64_t full_at = atomic_load_explicit(&set[i].full_at,
		    memory_order_relaxed);

		if (atomic_load_explicit(&set[i].key,
		    memory_order_acquire) == key)
			return &set[i];
		if (full_at < least) {
			least = full_at;
			soonest = &set[i];
		}
	}
	atomic_store_explicit(&soonest->full_at, 0, memory_order_relaxed);
	atomic_store_explicit(&soonest->key, key, memory_order_release);
	return soonest;
}

static struct buckets_answer
answer(const struct rate *r, bool is_allowed, uint64_t used)
{
	uint64_t room = used < r->depth ? r->depth - used : 0;

	return (struct buckets_answer){
		.is_allowed = is_allowed, .left = room / r->step,
		.wait_ns = used + r->step > r->depth ?
		    used + r->step - r->depth : 0,
		.full_ns = used,
	};
}

struct buckets_answer
buckets_take(struct buckets *b, uint64_t key, uint64_t now_ns)
{
	const struct rate r = rate_of(b);

	if (r.step == 0)
		return (struct buckets_answer){ .wait_ns = r.depth,
			.full_ns = r.depth };
	struct slot *s = slot_of(b, key);
	uint64_t full_at = atomic_load_explicit(&s->full_at,
	    memory_order_relaxed), from;

	do {
		from = full_at > now_ns ? full_at : now_ns;
		if (from - now_ns + r.step > r.depth)
			return answer(&r, false, from - now_ns);
	} while (!atomic_compare_exchange_weak_explicit(&s->full_at, &full_at,
	    from + r.step, memory_order_relaxed, memory_order_relaxed));
	return answer(&r, true, from + r.step - now_ns);
}

void
buckets_put(struct buckets *b, uint64_t key)
{
	uint64_t step = rate_of(b).step;
	struct slot *s = slot_of(b, key);
	uint64_t full_at = atomic_load_explicit(&s->full_at,
	    memory_order_relaxed);

	while (full_at >= step && !atomic_compare_exchange_weak_explicit(
	    &s->full_at, &full_at, full_at - step, memory_order_relaxed,
	    memory_order_relaxed))
		continue;
}

/* --- keeping what is there ----------------------------------------------------- */

/* Of a whole one and its parts. */
static double
content(const struct rate *r, uint64_t full_at, uint64_t now_ns)
{
	uint64_t used = full_at > now_ns ? full_at - now_ns : 0;

	return r->step == 0 || used >= r->depth ? 0 :
	    (double)(r->depth - used) / (double)r->step;
}

/* When a bucket that holds this is full. */
static uint64_t
full_with(const struct rate *r, double content, uint64_t now_ns)
{
	double room = (double)r->depth - content * (double)r->step;

	return room > 0 ? now_ns + (uint64_t)room : 0;
}

/* What is taken meanwhile may count by either rate. */
static void
refill(struct slot *s, const struct rate *old, const struct rate *new,
    uint64_t now_ns)
{
	uint64_t full_at = atomic_load_explicit(&s->full_at,
	    memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(&s->full_at, &full_at,
	    full_with(new, content(old, full_at, now_ns), now_ns),
	    memory_order_relaxed, memory_order_relaxed))
		continue;
}

void
buckets_change_rate(struct buckets *b, const struct buckets_rate *rate,
    uint64_t now_ns)
{
	const struct rate old = rate_of(b);

	buckets_set_rate(b, rate);
	const struct rate new = rate_of(b);

	if (old.step == new.step && old.depth == new.depth)
		return;
	for (size_t i = 0; i < b->sets * WAYS; i++)
		if (atomic_load_explicit(&b->v[i].key,
		    memory_order_acquire) != 0)
			refill(&b->v[i], &old, &new, now_ns);
}

void
buckets_copy(struct buckets *to, uint64_t to_key, struct buckets *from,
    uint64_t from_key, uint64_t now_ns)
{
	const struct rate old = rate_of(from), new = rate_of(to);
	uint64_t full_at = atomic_load_explicit(
	    &slot_of(from, from_key)->full_at, memory_order_relaxed);

	atomic_store_explicit(&slot_of(to, to_key)->full_at,
	    full_with(&new, content(&old, full_at, now_ns), now_ns),
	    memory_order_relaxed);
}
