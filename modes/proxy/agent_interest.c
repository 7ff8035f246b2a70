#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "modes/proxy/agent_interest.h"

struct interest {
	uint64_t used_ms;
	bool     is_permanent;
};

void
interests_fini(struct interests *s)
{
	map_fini(&s->by_name, mem_free);
}

bool
interests_add(struct interests *s, struct slice name, bool is_permanent,
    uint64_t now_ms)
{
	struct interest *i = map_get(&s->by_name, name);

	if (i != NULL) {
		i->used_ms = now_ms;
		i->is_permanent |= is_permanent;
		return false;
	}
	if (s->by_name.len >= INTEREST_MAX && !is_permanent)
		return false;
	i = mem_zalloc(sizeof(*i));
	*i = (struct interest){ now_ms, is_permanent };
	map_put(&s->by_name, name, i);
	return true;
}

void
interests_used(struct interests *s, struct slice name, uint64_t now_ms)
{
	struct interest *i = map_get(&s->by_name, name);

	if (i != NULL)
		i->used_ms = now_ms;
}

bool
interests_has(const struct interests *s, struct slice name)
{
	return map_has(&s->by_name, name);
}

size_t
interests_lapse(struct interests *s, uint64_t now_ms,
    void (*on_lapse)(void *, struct slice), void *arg)
{
	size_t it = 0, gone = 0;
	struct slice name;
	void *value;

	while (map_next(&s->by_name, &it, &name, &value)) {
		struct interest *i = value;

		if (i->is_permanent || now_ms - i->used_ms < INTEREST_IDLE_MS)
			continue;
		on_lapse(arg, name);
		map_del(&s->by_name, name);
		mem_free(i);
		gone++;
	}
	return gone;
}

static int
by_name(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return slice_cmp(*x, *y);
}

struct slice *
interests_list(const struct interests *s, size_t *len)
{
	struct slice *list = mem_zalloc_array(s->by_name.len + 1,
	    sizeof(*list));
	struct slice name;
	size_t it = 0;

	*len = 0;
	while (map_next(&s->by_name, &it, &name, NULL))
		list[(*len)++] = name;
	qsort(list, *len, sizeof(*list), by_name);
	return list;
}

bool
interest_gate_pass(struct interest_gate *g, const struct service_name *name,
    uint64_t now_ms, uint64_t span_ms)
{
	uint64_t hash = slice_hash(slice_str(name->name)) * 31 +
	    slice_hash(slice_str(name->ns));
	/* The span that it is stands in the mark, so that the next differs. */
	uint64_t mark = hash ^ ((now_ms / span_ms + 1) * 0x9e3779b97f4a7c15u);
	atomic_uint_least64_t *slot = &g->slots[hash % INTEREST_GATE_SLOTS];

	if (atomic_load_explicit(slot, memory_order_relaxed) == mark)
		return false;
	return atomic_exchange_explicit(slot, mark, memory_order_relaxed) !=
	    mark;
}
