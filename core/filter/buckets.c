#include <stdatomic.h>

#include "base/check.h"
#include "base/mem.h"
#include "filter/buckets.h"

#define WAYS	4	/* slots that a key may use, side by side */

struct slot {
	_Atomic uint64_t key;
	_Atomic uint64_t full_at;	/* ns */
};

struct buckets {
	uint64_t    step;	/* ns that one request costs */
	uint64_t    depth;	/* ns that a full bucket holds */
	size_t      sets;
	struct slot v[];	/* sets of WAYS */
};

struct buckets *
buckets_new(const struct buckets_rate *rate, size_t keys)
{
	size_t sets = (keys + WAYS - 1) / WAYS;

	check(rate->requests > 0 && rate->burst > 0 && sets > 0);
	struct buckets *b = mem_zalloc(sizeof(*b) +
	    sets * WAYS * sizeof(struct slot));

	b->step = rate->per_ns / rate->requests;
	if (b->step == 0)
		b->step = 1;
	b->depth = b->step * rate->burst;
	b->sets = sets;
	return b;
}

void
buckets_free(struct buckets *b)
{
	mem_free(b);
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
answer(const struct buckets *b, bool is_allowed, uint64_t used)
{
	uint64_t room = used < b->depth ? b->depth - used : 0;

	return (struct buckets_answer){
		.is_allowed = is_allowed, .left = room / b->step,
		.wait_ns = room < b->step ? b->step - room : 0,
		.full_ns = used,
	};
}

struct buckets_answer
buckets_take(struct buckets *b, uint64_t key, uint64_t now_ns)
{
	struct slot *s = slot_of(b, key);
	uint64_t full_at = atomic_load_explicit(&s->full_at,
	    memory_order_relaxed), from;

	do {
		from = full_at > now_ns ? full_at : now_ns;
		if (from - now_ns + b->step > b->depth)
			return answer(b, false, from - now_ns);
	} while (!atomic_compare_exchange_weak_explicit(&s->full_at, &full_at,
	    from + b->step, memory_order_relaxed, memory_order_relaxed));
	return answer(b, true, from + b->step - now_ns);
}
