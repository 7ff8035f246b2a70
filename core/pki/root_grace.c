#include "base/mem.h"
#include "pki/root_grace.h"

/* What a domain was believed by before. */
struct leaving {
	struct list    link;
	struct bundle *bundle;	/* a reference */
	uint64_t       end_ms;
};

void
root_grace_init(struct root_grace *g)
{
	list_init(&g->leaving);
}

static void
forget(struct leaving *l)
{
	list_remove(&l->link);
	bundle_unref(l->bundle);
	mem_free(l);
}

void
root_grace_fini(struct root_grace *g)
{
	LIST_FOREACH_SAFE(at, &g->leaving)
		forget(list_entry(at, struct leaving, link));
}

static void
forget_domain(struct root_grace *g, struct slice domain)
{
	LIST_FOREACH_SAFE(at, &g->leaving) {
		struct leaving *l = list_entry(at, struct leaving, link);

		if (slice_eq(l->bundle->domain, domain))
			forget(l);
	}
}

/* How many keys of one bundle's roots another has, too. */
static size_t
count_kept(const struct bundle *before, const struct bundle *now)
{
	uint8_t key[HASH_LEN];
	size_t n = 0;

	for (size_t i = 0; i < before->len; i++) {
		hash_sha256(key, before->roots[i].spki);
		n += bundle_has_key(now, key);
	}
	return n;
}

static void
change(struct root_grace *g, struct bundle *before, const struct bundle *now,
    uint64_t now_ms)
{
	size_t kept = now == NULL ? 0 : count_kept(before, now);

	if (kept == 0) {
		forget_domain(g, before->domain);
		return;
	}
	if (kept == before->len)
		return;
	struct leaving *l = mem_alloc(sizeof(*l));

	*l = (struct leaving){ .bundle = bundle_ref(before),
	    .end_ms = now_ms + ROOT_GRACE_MS };
	list_append(&g->leaving, &l->link);
}

void
root_grace_change(struct root_grace *g, const struct bundle_set *before,
    const struct bundle_set *now, uint64_t now_ms)
{
	for (size_t i = 0; before != NULL && i < before->len; i++)
		change(g, before->v[i], bundle_set_find(now,
		    before->v[i]->domain), now_ms);
}

bool
root_grace_has(const struct root_grace *g, struct slice domain,
    const uint8_t key[HASH_LEN], uint64_t now_ms)
{
	LIST_FOREACH(at, &g->leaving) {
		const struct leaving *l = list_entry(at, struct leaving, link);

		if (now_ms < l->end_ms && slice_eq(l->bundle->domain, domain) &&
		    bundle_has_key(l->bundle, key))
			return true;
	}
	return false;
}

uint64_t
root_grace_expire(struct root_grace *g, uint64_t now_ms)
{
	LIST_FOREACH_SAFE(at, &g->leaving) {
		struct leaving *l = list_entry(at, struct leaving, link);

		if (now_ms < l->end_ms)
			return l->end_ms;
		forget(l);
	}
	return 0;
}
