#include <stdlib.h>

#include "base/mem.h"
#include "modes/control/quota.h"

#define WHOLE	((uint64_t)SYNC_QUOTA_WHOLE)

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void
quota_init(struct quota *q, uint64_t now_ms)
{
	*q = (struct quota){ .born_ms = now_ms };
}

static void
holder_free(void *arg)
{
	mem_free(arg);
}

void
quota_fini(struct quota *q)
{
	map_fini(&q->holders, holder_free);
}

size_t
quota_len(const struct quota *q)
{
	return q->holders.len;
}

/* --- who holds what ------------------------------------------------------- */

/* What it uses when its lease has ended. */
static uint64_t
equal_part(const struct quota_holder *h)
{
	return WHOLE / most(h->heard, 1);
}

static bool
is_silent(const struct quota_holder *h, uint64_t now_ms)
{
	return now_ms - h->asked_ms >= QUOTA_SILENT_MS;
}

/* Time passes over a holder.  False: it is gone. */
static bool
age(struct quota_holder *h, uint64_t now_ms)
{
	uint64_t silence = now_ms - h->asked_ms;

	if (silence >= QUOTA_ABSENT_MS ||
	    (h->is_leaving && silence >= SYNC_QUOTA_LIFE_MS))
		return false;
	if (h->is_leaving)
		return true;
	if (silence >= SYNC_QUOTA_LIFE_MS) {
		h->held = equal_part(h);
		h->settled_ms = now_ms;
	} else if (silence >= QUOTA_SILENT_MS) {
		h->held = most(h->held, equal_part(h));
	} else if (now_ms - h->settled_ms >= SYNC_QUOTA_LIFE_MS) {
		/* It asks and does not obey: then it has only its part. */
		h->held = most(h->granted, equal_part(h));
		h->settled_ms = now_ms;
	}
	return true;
}

/* Holders that were heard of, by others, and did not ask. */
static uint64_t
missing(const struct quota *q, uint64_t now_ms)
{
	if (now_ms - q->born_ms >= QUOTA_ABSENT_MS ||
	    q->heard_max <= q->holders.len)
		return 0;
	return q->heard_max - q->holders.len;
}

/* --- dividing ------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * The level of the water when pot is poured into vessels as high as v says;
 * what is left over when all are full.
 */
static uint64_t
pour(uint64_t *v, size_t n, uint64_t pot, uint64_t *left)
{
	*left = 0;
	qsort(v, n, sizeof(*v), compare);
	for (size_t i = 0; i < n; i++) {
		uint64_t each = pot / (n - i);

		if (v[i] >= each)
			return each;
		pot -= v[i];
	}
	*left = pot;
	return WHOLE;
}

static uint64_t
above(uint64_t wanted, uint64_t base)
{
	uint64_t with_room = least(wanted, WHOLE) * 5 / 4;

	return with_room > base ? with_room - base : 0;
}

/* The pot of those who ask: all but what is kept for those who do not. */
static uint64_t
pot_of(const struct quota *q, uint64_t kept, uint64_t now_ms)
{
	uint64_t n = missing(q, now_ms);

	if (n > 0)
		kept += least(WHOLE / 2, WHOLE / q->heard_max * n);
	return kept < WHOLE ? WHOLE - kept : 0;
}

static void
divide(struct quota *q, uint64_t now_ms)
{
	uint64_t *wants = mem_zalloc_array(q->holders.len + 1, sizeof(*wants));
	uint64_t kept = 0, left;
	struct slice name;
	void *value;
	size_t it = 0, n = 0;

	q->held = 0;
	while (map_next(&q->holders, &it, &name, &value)) {
		struct quota_holder *h = value;

		if (!age(h, now_ms)) {
			mem_free(map_del(&q->holders, name));
			continue;
		}
		q->held += h->held;
		if (h->is_leaving || is_silent(h, now_ms))
			kept += h->held;
		else
			wants[n++] = h->wanted;
	}
	uint64_t pot = pot_of(q, kept, now_ms);

	q->base = pot / 10 / (n + 1);
	for (size_t i = 0; i < n; i++)
		wants[i] = above(wants[i], q->base);
	q->level = pour(wants, n, pot - q->base * (n + 1), &left);
	q->spare = n > 0 ? left / n : 0;
	q->divided_ms = now_ms;
	q->divided_len = q->holders.len;
	q->is_divided = true;
	mem_free(wants);
}

/* Many holders are not looked at all again for each that asks. */
static bool
is_fresh(const struct quota *q, uint64_t now_ms)
{
	return q->is_divided && q->divided_len == q->holders.len &&
	    now_ms - q->divided_ms < q->holders.len / 10;
}

/* --- asking ----------------------------------------------------------------- */

static struct quota_holder *
begin(struct quota *q, const struct quota_ask *a, uint64_t now_ms)
{
	struct quota_holder *h = mem_zalloc(sizeof(*h));

	q->heard_max = most(q->heard_max, least(a->proxies, WHOLE));
	map_put(&q->holders, a->who, h);
	h->heard = most(a->proxies, q->holders.len + missing(q, now_ms));
	h->settled_ms = now_ms;
	/* A lease of a control before us, or its part; else nothing yet. */
	if (a->seen > 0)
		h->held = least(a->holds, WHOLE);
	else if (a->proxies > 0)
		h->held = least(a->holds, equal_part(h));
	return h;
}

/* What it says about what it has. */
static void
hear(struct quota_holder *h, const struct quota_ask *a, uint64_t now_ms)
{
	h->wanted = a->wanted;
	h->asked_ms = now_ms;
	h->is_leaving = false;
	if (h->id > 0 && a->seen == h->id) {
		h->held = h->granted;
		h->heard = h->told;
		h->settled_ms = now_ms;
	} else if (h->id > 0 && a->seen == 0) {
		h->held = most(h->held, equal_part(h));
	}
}

/* Those who knew a control before us were given the whole by it. */
static bool
is_learning(const struct quota *q, const struct quota_ask *a, uint64_t now_ms)
{
	return a->proxies > 0 && q->heard_max > 0 &&
	    now_ms - q->born_ms < QUOTA_LEARN_MS;
}

struct quota_share
quota_ask(struct quota *q, const struct quota_ask *a, uint64_t now_ms)
{
	struct quota_holder *h = map_get(&q->holders, a->who);
	uint64_t before, target, free_parts;

	if (h == NULL)
		h = begin(q, a, now_ms);
	before = h->held;
	hear(h, a, now_ms);
	q->held = q->held - least(q->held, before) + h->held;
	if (!is_fresh(q, now_ms))
		divide(q, now_ms);
	target = q->base + least(above(h->wanted, q->base), q->level) +
	    q->spare;
	free_parts = q->held >= WHOLE || is_learning(q, a, now_ms) ? 0 :
	    WHOLE - q->held;
	h->granted = least(target, h->held + free_parts);
	q->held += h->granted > h->held ? h->granted - h->held : 0;
	h->held = most(h->held, h->granted);
	h->id = a->id;
	h->told = q->holders.len + missing(q, now_ms);
	h->heard = least(h->heard, h->told);
	return (struct quota_share){ h->granted, h->told };
}

void
quota_leave(struct quota *q, struct slice who)
{
	struct quota_holder *h = map_get(&q->holders, who);

	if (h != NULL)
		h->is_leaving = true;
	q->is_divided = false;
}

/* --- one key of many ------------------------------------------------------- */

void
quota_begin(struct quota *hot, const struct quota *base)
{
	struct slice name;
	void *value;
	size_t it = 0;

	*hot = (struct quota){ .born_ms = base->born_ms,
		.heard_max = base->heard_max };
	while (map_next(&base->holders, &it, &name, &value)) {
		struct quota_holder *h = mem_zalloc(sizeof(*h));

		*h = *(const struct quota_holder *)value;
		h->wanted = 0;
		map_put(&hot->holders, name, h);
	}
}

bool
quota_is_even(const struct quota *hot, const struct quota *base)
{
	struct slice name;
	void *value;
	size_t it = 0;

	while (map_next(&hot->holders, &it, &name, &value)) {
		const struct quota_holder *h = value,
		    *b = map_get(&base->holders, name);

		if (b != NULL && (h->held > b->granted ||
		    h->wanted > b->granted / 2))
			return false;
	}
	return true;
}
