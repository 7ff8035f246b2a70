#include "base/check.h"
#include "base/mem.h"
#include "loop/timers.h"

#define CHILDREN 4

void
timers_fini(struct timers *h)
{
	check(h->len == 0);
	mem_free(h->slots);
	*h = (struct timers){ 0 };
}

static void
timers_place(struct timers *h, size_t at, struct timers_slot slot)
{
	h->slots[at] = slot;
	slot.timer->slot = at + 1;
}

static void
timers_up(struct timers *h, size_t at, struct timers_slot slot)
{
	while (at > 0) {
		size_t parent = (at - 1) / CHILDREN;

		if (h->slots[parent].key_ms <= slot.key_ms)
			break;
		timers_place(h, at, h->slots[parent]);
		at = parent;
	}
	timers_place(h, at, slot);
}

static void
timers_down(struct timers *h, size_t at, struct timers_slot slot)
{
	for (;;) {
		size_t first = at * CHILDREN + 1, least = at;
		uint64_t key = slot.key_ms;

		for (size_t i = first; i < first + CHILDREN && i < h->len; i++)
			if (h->slots[i].key_ms < key) {
				least = i;
				key = h->slots[i].key_ms;
			}
		if (least == at)
			break;
		timers_place(h, at, h->slots[least]);
		at = least;
	}
	timers_place(h, at, slot);
}

/* Less one, the largest power of two that is at most ms / 128. */
static uint64_t
timers_grain(uint64_t ms)
{
	return ms < 256 ? 0 : (UINT64_C(1) << (56 - __builtin_clzll(ms))) - 1;
}

void
timers_start(struct timers *h, struct loop_timer *t, uint64_t now_us,
    uint64_t ms)
{
	uint64_t grain = timers_grain(ms);
	uint64_t due = now_us / 1000 + 1 + ms;

	t->due_ms = (due + grain) & ~grain;
	if (t->slot == 0) {
		if (h->len == h->cap) {
			h->cap = h->cap ? h->cap * 2 : 16;
			h->slots = mem_realloc(h->slots,
			    h->cap * sizeof(*h->slots));
		}
		timers_up(h, h->len++, (struct timers_slot){ t->due_ms, t });
	} else if (t->due_ms < h->slots[t->slot - 1].key_ms) {
		timers_up(h, t->slot - 1, (struct timers_slot){ t->due_ms, t });
	}
}

void
timers_stop(struct timers *h, struct loop_timer *t)
{
	if (t->slot == 0)
		return;
	size_t at = t->slot - 1;
	struct timers_slot last = h->slots[--h->len];

	check(h->slots[at].timer == t);
	t->slot = 0;
	t->due_ms = 0;
	if (last.timer == t)
		return;
	if (at > 0 && h->slots[(at - 1) / CHILDREN].key_ms > last.key_ms)
		timers_up(h, at, last);
	else
		timers_down(h, at, last);
}

struct loop_timer *
timers_next_due(struct timers *h, uint64_t now_ms)
{
	while (h->len > 0 && h->slots[0].key_ms <= now_ms) {
		struct loop_timer *t = h->slots[0].timer;

		if (t->due_ms <= now_ms) {
			timers_stop(h, t);
			return t;
		}
		timers_down(h, 0, (struct timers_slot){ t->due_ms, t });
	}
	return NULL;
}

uint64_t
timers_wake_ms(const struct timers *h)
{
	return h->len > 0 ? h->slots[0].key_ms : 0;
}
