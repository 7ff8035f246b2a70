#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "modes/control/operators.h"
#include "modes/control/store_keys.h"
#include "modes/control/store_wait.h"

struct operators {
	struct map by_name;	/* struct entry */
};

struct entry {
	struct arena           arena;
	struct operator_record record;
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

struct operators *
operators_open(struct store *store, struct err *err)
{
	struct store_query q = { .prefix = SLICE(STORE_OPERATORS) };
	struct store_result *l = store_list_wait(store, &q);
	struct operators *o = mem_zalloc(sizeof(*o));

	*err = l->err;
	for (size_t i = 0; i < l->n_items; i++) {
		struct operator_record r;
		struct err why = ERR_INIT;
		struct arena a;

		arena_init(&a);
		if (operator_record_read(&r, &a, l->items[i].value, &why) < 0)
			log_error("api", "%.*s: %s", SLICE_ARG(l->items[i].key),
			    why.text);
		else
			operators_add(o, &r);
		arena_fini(&a);
	}
	store_result_free(l);
	if (err->kind == ERR_NONE)
		return o;
	operators_free(o);
	return NULL;
}

void
operators_free(struct operators *o)
{
	if (o == NULL)
		return;
	map_fini(&o->by_name, entry_free);
	mem_free(o);
}

bool
operators_know(const struct operators *o, struct slice name,
    const uint8_t leaf[HASH_LEN])
{
	const struct entry *e = map_get(&o->by_name, name);

	return e != NULL && e->record.expires > clock_wall_s() &&
	    hash_equal(slice_of(e->record.leaf, HASH_LEN),
	    slice_of(leaf, HASH_LEN));
}

bool
operators_has(const struct operators *o, struct slice name)
{
	return map_has(&o->by_name, name);
}

void
operators_add(struct operators *o, const struct operator_record *r)
{
	struct entry *e = mem_zalloc(sizeof(*e));

	arena_init(&e->arena);
	e->record = *r;
	e->record.name = arena_dup(&e->arena, r->name);
	e->record.created_by = arena_dup(&e->arena, r->created_by);
	entry_free(map_put(&o->by_name, r->name, e));
}

void
operators_remove(struct operators *o, struct slice name)
{
	entry_free(map_del(&o->by_name, name));
}

static int
by_name(const void *a, const void *b)
{
	const struct operator_record *const *x = a, *const *y = b;

	return slice_cmp((*x)->name, (*y)->name);
}

size_t
operators_list(const struct operators *o, const struct operator_record **v,
    size_t cap)
{
	size_t it = 0, n = 0;
	void *e;

	if (v == NULL)
		return o->by_name.len;
	while (n < cap && map_next(&o->by_name, &it, NULL, &e))
		v[n++] = &((struct entry *)e)->record;
	if (n > 1)
		qsort(v, n, sizeof(*v), by_name);
	return n;
}
