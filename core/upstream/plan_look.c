#include "upstream/plan.h"

#define LOOK_MS	100	/* what ends by itself is seen so late at most */

/*
 * Shares of levels and zones, by who is available now.
 */
struct tally {
	uint64_t healthy, degraded, all;	/* endpoints */
	uint64_t weight;			/* of the healthy */
};

static struct tally
count(const struct plan_group *g, uint64_t now_ms)
{
	struct tally t = { .all = g->len };

	for (size_t i = 0; i < g->len; i++) {
		switch (endpoint_doubt(g->v[i].state, now_ms)) {
		case DOUBT_NONE:
			t.healthy++;
			t.weight += g->v[i].weight;
			break;
		case DOUBT_DEGRADED:
			t.degraded++;
			break;
		default:
			break;
		}
	}
	return t;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of the whole; with the reserve that the available ones are built for. */
static uint64_t
capacity(const struct plan *p, uint64_t available, uint64_t all)
{
	return all == 0 ? 0 : least(PLAN_WHOLE, available *
	    p->set.overprovision_percent * (PLAN_WHOLE / 100) / all);
}

/* --- zones ---------------------------------------------------------------------- */

/* All that ours can take; the others share the rest as they can. */
static void
share_local(const struct plan *p, const struct plan_level *l,
    const struct tally *t, uint64_t *out)
{
	uint64_t left = PLAN_WHOLE, others = 0;

	for (size_t i = 0; i < l->zones_len; i++) {
		if (l->zones[i].is_ours)
			left -= out[i] = capacity(p, t[i].healthy, t[i].all);
		else
			others += t[i].weight;
	}
	for (size_t i = 0; i < l->zones_len; i++)
		if (!l->zones[i].is_ours)
			out[i] = others == 0 ? 0 : left * t[i].weight / others;
}

/*
 * Each zone sends to itself what it can take without its endpoints getting
 * more than others do; the rest goes to zones with more endpoints than callers.
 */
static void
share_even(const struct plan_level *l, const struct tally *t, uint64_t sum,
    uint64_t *out)
{
	uint64_t left = 0, room = 0;

	for (size_t i = 0; i < l->zones_len; i++) {
		const struct plan_zone *z = &l->zones[i];
		uint64_t there = t[i].weight * 1000000 / sum;

		out[i] = there > z->callers ? there - z->callers : 0;
		room += z->is_ours ? 0 : out[i];
		if (!z->is_ours)
			continue;
		uint64_t kept = z->callers == 0 || there >= z->callers ?
		    PLAN_WHOLE : PLAN_WHOLE * there / z->callers;

		left = PLAN_WHOLE - kept;
	}
	for (size_t i = 0; i < l->zones_len; i++)
		out[i] = l->zones[i].is_ours ? PLAN_WHOLE - left :
		    room == 0 ? 0 : left * out[i] / room;
}

static void
look_at_zones(const struct plan *p, struct plan_level *l, uint64_t now_ms)
{
	struct tally t[ZONES_MAX];
	uint64_t share[ZONES_MAX], sum = 0, upto = 0;

	if (l->zones_len == 0)
		return;
	for (size_t i = 0; i < l->zones_len; i++) {
		t[i] = count(&l->zones[i].group, now_ms);
		sum += t[i].weight;
	}
	atomic_store_explicit(&l->is_zoned, sum > 0, memory_order_relaxed);
	if (sum == 0)
		return;
	if (p->set.zone_mode == ZONE_LOCAL)
		share_local(p, l, t, share);
	else
		share_even(l, t, sum, share);
	for (size_t i = 0; i < l->zones_len; i++) {
		upto += share[i];
		atomic_store_explicit(&l->zones[i].upto, (unsigned)upto,
		    memory_order_relaxed);
	}
}

/* --- levels ----------------------------------------------------------------------- */

/* What all of them can take, and, when that is not enough, who panics. */
static uint64_t
look_at_levels(const struct plan *p, const struct plan_scope *s,
    uint64_t now_ms)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->len; i++) {
		struct tally t = count(&s->v[i].all, now_ms);

		sum += capacity(p, t.healthy + t.degraded, t.all);
	}
	for (size_t i = 0; i < s->len; i++) {
		struct plan_level *l = &s->v[i];
		struct tally t = count(&l->all, now_ms);

		atomic_store_explicit(&l->is_panicking, sum < PLAN_WHOLE &&
		    (t.healthy + t.degraded) * 100 <
		    t.all * p->set.panic_percent, memory_order_relaxed);
	}
	return least(sum, PLAN_WHOLE);
}

static void
share_levels(const struct plan *p, const struct plan_scope *s, uint64_t sum,
    uint64_t now_ms)
{
	uint64_t upto = 0, all = 0;

	for (size_t i = 0; i < s->len; i++)
		all += s->v[i].all.len;
	for (size_t tier = 0; tier < 2; tier++) {
		for (size_t i = 0; i < s->len; i++) {
			struct tally t = count(&s->v[i].all, now_ms);
			uint64_t n = tier == 0 ? t.healthy : t.degraded;

			/* Nobody at all: each level by its size. */
			if (sum == 0)
				upto += tier == 0 ? PLAN_WHOLE * t.all / all : 0;
			else
				upto += capacity(p, n, t.all) * PLAN_WHOLE / sum;
			upto = least(upto, PLAN_WHOLE);
			atomic_store_explicit(&s->upto[tier * s->len + i],
			    (unsigned)upto, memory_order_relaxed);
		}
	}
}

void
plan_look(struct plan *p, uint64_t now_ms)
{
	unsigned epoch = atomic_load_explicit(&p->service->epoch,
	    memory_order_acquire);
	bool is_any = false;

	if (atomic_exchange_explicit(&p->is_looking, true,
	    memory_order_acquire))
		return;
	atomic_store_explicit(&p->seen, epoch, memory_order_relaxed);
	for (size_t i = 0; i < p->members_len && !is_any; i++)
		is_any = endpoint_marks(p->members[i].state) != 0;
	atomic_store_explicit(&p->calm, is_any ? epoch - 1 : epoch,
	    memory_order_relaxed);
	atomic_store_explicit(&p->due_ms, is_any ? now_ms + LOOK_MS :
	    UINT64_MAX, memory_order_relaxed);
	for (size_t i = 0; i < p->scopes_len; i++) {
		struct plan_scope *s = &p->scopes[i];

		if (s->len == 0)
			continue;
		share_levels(p, s, look_at_levels(p, s, now_ms), now_ms);
		for (size_t k = 0; k < s->len; k++)
			look_at_zones(p, &s->v[k], now_ms);
	}
	atomic_store_explicit(&p->is_looking, false, memory_order_release);
}
