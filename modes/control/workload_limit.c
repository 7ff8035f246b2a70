#include "base/mem.h"
#include "modes/control/workload_limit.h"

struct counted {
	uint64_t since_ms;
	unsigned n;
};

static const unsigned most[WORKLOAD_WISHES] = {
	[WORKLOAD_CERTIFICATE] = WORKLOAD_LIMIT_CERTIFICATES,
	[WORKLOAD_TOKEN] = WORKLOAD_LIMIT_TOKENS,
	[WORKLOAD_DOCUMENT] = WORKLOAD_LIMIT_DOCUMENTS,
	[WORKLOAD_HELLO] = WORKLOAD_LIMIT_HELLOS,
	[WORKLOAD_TURN] = WORKLOAD_LIMIT_TURNS,
};

void
workload_limit_init(struct workload_limit *l)
{
	for (int i = 0; i < WORKLOAD_WISHES; i++)
		map_init(&l->by_name[i]);
	l->swept_ms = 0;
}

void
workload_limit_fini(struct workload_limit *l)
{
	for (int i = 0; i < WORKLOAD_WISHES; i++)
		map_fini(&l->by_name[i], mem_free);
}

/* No workload's name has a space. */
struct slice
workload_limit_name(struct arena *a, const struct grant *g,
    struct slice attestor, struct slice host)
{
	return slice_str(attestor.len > 0 ?
	    arena_printf(a, "%.*s %.*s", SLICE_ARG(attestor), SLICE_ARG(host)) :
	    arena_printf(a, "%.*s/%.*s", SLICE_ARG(g->ns), SLICE_ARG(g->name)));
}

static bool
is_over(const struct counted *c, uint64_t now_ms)
{
	return now_ms - c->since_ms >= WORKLOAD_LIMIT_MS;
}

static void
sweep(struct workload_limit *l, uint64_t now_ms)
{
	for (int i = 0; i < WORKLOAD_WISHES; i++) {
		struct slice name;
		size_t it = 0;
		void *c;

		while (map_next(&l->by_name[i], &it, &name, &c))
			if (is_over(c, now_ms))
				mem_free(map_del(&l->by_name[i], name));
	}
	l->swept_ms = now_ms;
}

bool
workload_limit_take(struct workload_limit *l, enum workload_wish wish,
    struct slice name, uint64_t now_ms)
{
	struct counted *c;

	if (now_ms - l->swept_ms >= WORKLOAD_LIMIT_MS)
		sweep(l, now_ms);
	c = map_get(&l->by_name[wish], name);
	if (c == NULL) {
		c = mem_zalloc(sizeof(*c));
		c->since_ms = now_ms;
		map_put(&l->by_name[wish], name, c);
	} else if (is_over(c, now_ms)) {
		*c = (struct counted){ .since_ms = now_ms };
	}
	if (c->n == most[wish])
		return false;
	c->n++;
	return true;
}
