#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "modes/control/revocations.h"
#include "modes/control/store_keys.h"
#include "modes/control/store_wait.h"
#include "pki/mint.h"

struct revocations {
	struct map by_id;	/* struct entry */
};

struct entry {
	struct arena             arena;
	struct revocation_record record;
};

static void
entry_free(void *arg)
{
	struct entry *e = arg;

	if (e == NULL)
		return;
	arena_fini(&e->arena);
	mem_free(e);
}

static void
read_one(struct revocations *r, const struct store_item *item)
{
	struct revocation_record record;
	struct err why = ERR_INIT;
	struct arena a;

	arena_init(&a);
	if (revocation_record_read(&record, &a, item->value, &why) < 0)
		log_error("ca", "%.*s: %s", SLICE_ARG(item->key), why.text);
	else
		revocations_add(r, &record);
	arena_fini(&a);
}

struct revocations *
revocations_open(struct store *store, struct err *err)
{
	struct store_query q = { .prefix = SLICE(STORE_REVOCATIONS) };
	struct store_result *l = store_list_wait(store, &q);
	struct revocations *r = mem_zalloc(sizeof(*r));

	*err = l->err;
	for (size_t i = 0; i < l->n_items; i++)
		read_one(r, &l->items[i]);
	store_result_free(l);
	if (err->kind == ERR_NONE)
		return r;
	revocations_free(r);
	return NULL;
}

void
revocations_free(struct revocations *r)
{
	if (r == NULL)
		return;
	map_fini(&r->by_id, entry_free);
	mem_free(r);
}

static const struct revocation_record *
find(const struct revocations *r, struct slice id)
{
	const struct entry *e = map_get(&r->by_id, id);

	return e == NULL ? NULL : &e->record;
}

void
revocations_add(struct revocations *r, const struct revocation_record *from)
{
	const struct revocation_record *old = find(r, from->id);
	struct entry *e = mem_zalloc(sizeof(*e));

	arena_init(&e->arena);
	e->record = *from;
	e->record.id = arena_dup(&e->arena, from->id);
	e->record.by = arena_dup(&e->arena, from->by);
	if (old != NULL && old->at > from->at)
		e->record.at = old->at;
	if (old != NULL && old->until > from->until)
		e->record.until = old->until;
	entry_free(map_put(&r->by_id, from->id, e));
}

int64_t
revocations_refuse(const struct revocations *r, struct slice id,
    int64_t issued)
{
	const struct revocation_record *found = find(r, id);

	return found != NULL && issued <= found->at ? found->at : 0;
}

int64_t
revocations_refuse_cert(const struct revocations *r, struct slice id,
    int64_t not_before)
{
	return revocations_refuse(r, id, not_before + MINT_SKEW_S);
}

bool
revocations_has_at(const struct revocations *r, int64_t at)
{
	size_t it = 0;
	void *value;

	while (map_next(&r->by_id, &it, NULL, &value))
		if (((const struct entry *)value)->record.at == at)
			return true;
	return false;
}

struct revoked *
revocations_list(const struct revocations *r, int64_t now)
{
	struct revoked *list = revoked_new();
	struct err err = ERR_INIT;
	size_t it = 0;
	void *value;

	while (map_next(&r->by_id, &it, NULL, &value)) {
		const struct revocation_record *v =
		    &((const struct entry *)value)->record;

		if (v->until > now && revoked_add(list,
		    &(struct revoked_entry){ v->id, v->at - MINT_SKEW_S,
		    v->until }, &err) < 0) {
			log_error("ca", "proxies are not told of all: %s",
			    err.text);
			break;
		}
	}
	return list;
}

int
revocations_has_room(const struct revocations *r, struct slice id,
    int64_t now, struct err *err)
{
	const struct revocation_record *own = find(r, id);
	int64_t first = INT64_MAX;
	size_t it = 0, n = 0;
	char when[CLOCK_TEXT_MAX];
	void *value;

	if (own != NULL && own->until > now)
		return 0;
	while (map_next(&r->by_id, &it, NULL, &value)) {
		const struct entry *e = value;

		if (e->record.until <= now)
			continue;
		n++;
		if (e->record.until < first)
			first = e->record.until;
	}
	if (n < REVOKED_MAX)
		return 0;
	clock_format(when, first, -1);
	return err_set(err, ERR_CONFLICT, "%zu identities are revoked already, "
	    "and proxies keep no more; the first certificates of these end at "
	    "%s. Trust is taken from all at once with their root: mesh ctl "
	    "ca prepare --level root", n, when);
}

static int64_t
kept_until(const struct revocation_record *v)
{
	return v->until + RENEW_WINDOW_MAX_S + RECORDS_KEPT_S;
}

void
revocations_forget(struct revocations *r, int64_t now)
{
	size_t it = 0;
	struct slice id;
	void *value;

	while (map_next(&r->by_id, &it, &id, &value))
		if (kept_until(&((struct entry *)value)->record) <= now)
			entry_free(map_del(&r->by_id, id));
}

void
revocations_put(struct store_txn *t, const struct revocation_record *v)
{
	struct str value = { 0 };
	struct arena a;

	arena_init(&a);
	revocation_record_write(&value, v);
	store_txn_put_until(t, revocation_record_key(&a, v->id),
	    str_slice(&value), kept_until(v));
	str_fini(&value);
	arena_fini(&a);
}

static int
by_id(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return slice_cmp((*x)->record.id, (*y)->record.id);
}

void
revocations_write(const struct revocations *r, const struct map *issued,
    struct conf_node *list)
{
	const struct entry **v = mem_zalloc_array(r->by_id.len + 1,
	    sizeof(*v));
	size_t it = 0, n = 0;
	void *value;

	while (map_next(&r->by_id, &it, NULL, &value))
		v[n++] = value;
	if (n > 1)
		qsort(v, n, sizeof(*v), by_id);
	for (size_t i = 0; i < n; i++) {
		struct conf_node *row = conf_add_map(list);
		int64_t latest = (int64_t)(intptr_t)map_get(issued,
		    v[i]->record.id);

		conf_set_slice(row, "identity", v[i]->record.id);
		conf_set_time(row, "revoked", v[i]->record.at);
		conf_set_time(row, "until", v[i]->record.until);
		conf_set_slice(row, "revokedBy", v[i]->record.by);
		if (latest > v[i]->record.at)
			conf_set_time(row, "issuedSince", latest);
	}
	mem_free(v);
}
