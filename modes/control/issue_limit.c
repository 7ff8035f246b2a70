#include "base/mem.h"
#include "modes/control/issue_limit.h"

#define MINUTE_MS	60000

static const unsigned most[ISSUE_KINDS] = {
	[ISSUE_CERTIFICATE] = ISSUE_LIMIT_CERTIFICATES,
	[ISSUE_TOKEN] = ISSUE_LIMIT_TOKENS,
};

void
issue_limit_init(struct issue_limit *l)
{
	for (int i = 0; i < ISSUE_KINDS; i++)
		map_init(&l->by_name[i]);
	l->minute = 0;
}

void
issue_limit_fini(struct issue_limit *l)
{
	for (int i = 0; i < ISSUE_KINDS; i++)
		map_fini(&l->by_name[i], mem_free);
}

/* No workload's name has a space. */
struct slice
issue_limit_name(struct arena *a, const struct grant *g, struct slice attestor,
    struct slice host)
{
	return slice_str(attestor.len > 0 ?
	    arena_printf(a, "%.*s %.*s", SLICE_ARG(attestor), SLICE_ARG(host)) :
	    arena_printf(a, "%.*s/%.*s", SLICE_ARG(g->ns), SLICE_ARG(g->name)));
}

bool
issue_limit_take(struct issue_limit *l, enum issue_kind kind, struct slice name,
    uint64_t now_ms)
{
	unsigned *n;

	if (now_ms / MINUTE_MS != l->minute) {
		issue_limit_fini(l);
		issue_limit_init(l);
		l->minute = now_ms / MINUTE_MS;
	}
	n = map_get(&l->by_name[kind], name);
	if (n == NULL) {
		n = mem_zalloc(sizeof(*n));
		map_put(&l->by_name[kind], name, n);
	}
	if (*n == most[kind])
		return false;
	++*n;
	return true;
}

unsigned
issue_limit_left_s(uint64_t now_ms)
{
	return (unsigned)((MINUTE_MS - now_ms % MINUTE_MS + 999) / 1000);
}
