#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "modes/control/quotas.h"

#define KEEP_MS	10000	/* an even key; it may be wanted again */

struct hot {
	uint64_t     key;
	struct quota quota;
	uint64_t     uneven_ms;	/* when it last was not even */
};

struct quotas_limit {
	struct quota base;
	struct hot  *hot[SYNC_QUOTA_HOT_MAX];
	size_t       hot_len;
	uint64_t     asked_ms;
};

void
quotas_init(struct quotas *qs)
{
	map_init(&qs->limits);
}

static void
hot_free(struct hot *h)
{
	quota_fini(&h->quota);
	mem_free(h);
}

static void
limit_free(void *arg)
{
	struct quotas_limit *l = arg;

	for (size_t i = 0; i < l->hot_len; i++)
		hot_free(l->hot[i]);
	quota_fini(&l->base);
	mem_free(l);
}

void
quotas_fini(struct quotas *qs)
{
	map_fini(&qs->limits, limit_free);
}

/* A document acts at so many places, by what all proxies together say. */
static bool
has_room(const struct quotas *qs, struct slice limit)
{
	struct slice place = limit, document, name;
	size_t n = 0, it = 0;

	slice_cut(&place, ' ', &document);
	document.len++;	/* with the space */
	while (map_next(&qs->limits, &it, &name, NULL))
		n += slice_has_prefix(name, document);
	return n < QUOTAS_OF_DOCUMENT_MAX;
}

/* NULL: there is no room for it. */
static struct quotas_limit *
limit_of(struct quotas *qs, const struct sync_quota_row *r, uint64_t now_ms)
{
	char *name = mem_printf("%.*s#%" PRIu64, SLICE_ARG(r->limit), r->index);
	struct quotas_limit *l = map_get(&qs->limits, slice_str(name));

	if (l == NULL && has_room(qs, r->limit)) {
		l = mem_zalloc(sizeof(*l));
		quota_init(&l->base, now_ms);
		map_put(&qs->limits, slice_str(name), l);
	}
	if (l != NULL)
		l->asked_ms = now_ms;
	mem_free(name);
	return l;
}

/* --- keys -------------------------------------------------------------------- */

static const struct sync_quota_row *
row_of(const struct sync_quota_row *keys, size_t n, uint64_t key)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].key == key)
			return &keys[i];
	return NULL;
}

static void
add_hot(struct quotas_limit *l, uint64_t key, uint64_t now_ms)
{
	struct hot *h;

	for (size_t i = 0; i < l->hot_len; i++)
		if (l->hot[i]->key == key)
			return;
	if (l->hot_len == SYNC_QUOTA_HOT_MAX)
		return;
	h = mem_zalloc(sizeof(*h));
	h->key = key;
	h->uneven_ms = now_ms;
	quota_begin(&h->quota, &l->base);
	l->hot[l->hot_len++] = h;
}

/* --- asking ------------------------------------------------------------------ */

static void
ask(struct quota *q, const struct quotas_demand *d,
    const struct sync_quota_row *row, const struct quotas_ops *ops,
    uint64_t now_ms)
{
	const struct quota_ask a = {
		.who = d->who, .wanted = row->parts, .holds = row->holds,
		.proxies = row->proxies, .id = d->id, .seen = d->seen,
	};
	const struct quota_share got = quota_ask(q, &a, now_ms);

	ops->answer(ops->arg, &(struct sync_quota_row){
		.limit = row->limit, .index = row->index, .key = row->key,
		.parts = got.share, .proxies = got.proxies,
	});
}

/* A limit's row and those of its keys, n, behind it. */
static void
ask_limit(struct quotas *qs, const struct quotas_demand *d,
    const struct sync_quota_row *row, size_t n, const struct quotas_ops *ops,
    uint64_t now_ms)
{
	struct quotas_limit *l = limit_of(qs, row, now_ms);
	const struct sync_quota_row *keys = row + 1;

	if (l == NULL)
		return;
	ask(&l->base, d, row, ops, now_ms);
	for (size_t i = 0; i < n; i++)
		if (keys[i].parts > SYNC_QUOTA_WHOLE / quota_len(&l->base))
			add_hot(l, keys[i].key, now_ms);
	for (size_t i = 0; i < l->hot_len; i++) {
		const struct sync_quota_row *said = row_of(keys, n,
		    l->hot[i]->key);
		struct sync_quota_row r = said != NULL ? *said : *row;

		r.key = l->hot[i]->key;
		if (said == NULL)
			r.parts = 0;
		ask(&l->hot[i]->quota, d, &r, ops, now_ms);
	}
}

static bool
is_key_of(const struct sync_quota_row *r, const struct sync_quota_row *limit)
{
	return r->key != 0 && r->index == limit->index &&
	    slice_eq(r->limit, limit->limit);
}

size_t
quotas_ask(struct quotas *qs, const struct quotas_demand *d,
    const struct quotas_ops *ops, uint64_t now_ms)
{
	size_t refused = 0, i = 0;

	while (i < d->rows_len) {
		const struct sync_quota_row *r = &d->rows[i++];
		size_t n = 0, keys = 0;

		while (i + n < d->rows_len && is_key_of(&r[1 + n], r))
			n++;
		while (keys < n && keys < SYNC_QUOTA_KEYS_MAX &&
		    ops->may_ask(ops->arg, &r[1 + keys]))
			keys++;
		if (r->key != 0 || !ops->may_ask(ops->arg, r)) {
			refused += 1 + n;
		} else {
			ask_limit(qs, d, r, keys, ops, now_ms);
			refused += n - keys;
		}
		i += n;
	}
	return refused;
}

void
quotas_leave(struct quotas *qs, struct slice who)
{
	size_t it = 0;
	void *value;

	while (map_next(&qs->limits, &it, NULL, &value)) {
		struct quotas_limit *l = value;

		quota_leave(&l->base, who);
		for (size_t i = 0; i < l->hot_len; i++)
			quota_leave(&l->hot[i]->quota, who);
	}
}

static void
drop_even(struct quotas_limit *l, uint64_t now_ms)
{
	for (size_t i = l->hot_len; i-- > 0;) {
		struct hot *h = l->hot[i];

		if (!quota_is_even(&h->quota, &l->base))
			h->uneven_ms = now_ms;
		if (now_ms - h->uneven_ms < KEEP_MS)
			continue;
		hot_free(h);
		l->hot[i] = l->hot[--l->hot_len];
	}
}

void
quotas_tick(struct quotas *qs, uint64_t now_ms)
{
	struct slice name;
	size_t it = 0;
	void *value;

	while (map_next(&qs->limits, &it, &name, &value)) {
		struct quotas_limit *l = value;

		if (now_ms - l->asked_ms < QUOTA_ABSENT_MS)
			drop_even(l, now_ms);
		else
			limit_free(map_del(&qs->limits, name));
	}
}
