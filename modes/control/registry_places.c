#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "model/closure.h"
#include "model/workload.h"
#include "modes/control/registry_places.h"

struct place {
	char       *name;
	struct list sitters;
};

struct sitter {
	struct list   link;	/* in place.sitters */
	struct place *place;
	char         *key;
};

/* Adds "ns/account address port"; false: it is at no place. */
static bool
add_name(struct str *name, const struct model_object *o)
{
	const struct model_workload *w = model_workload(o);

	if (!w->spec.sidecar || w->spec.address == NULL ||
	    w->spec.service_account == NULL ||
	    slice_has_prefix(slice_str(w->spec.service_account),
	    SLICE(MODEL_GATEWAY_ACCOUNT)))
		return false;
	str_addf(name, "%s/%s %s %u", o->head->meta.namespace,
	    w->spec.service_account, w->spec.address, w->spec.inbound_port);
	return true;
}

static void
place_free(void *arg)
{
	struct place *p = arg;

	mem_free(p->name);
	mem_free(p);
}

static void
sitter_free(void *arg)
{
	struct sitter *s = arg;

	mem_free(s->key);
	mem_free(s);
}

void
registry_places_fini(struct registry_places *ps)
{
	map_fini(&ps->by_key, sitter_free);
	map_fini(&ps->by_place, place_free);
}

void
registry_places_del(struct registry_places *ps, struct slice key)
{
	struct sitter *s = map_del(&ps->by_key, key);

	if (s == NULL)
		return;
	list_remove(&s->link);
	if (list_is_empty(&s->place->sitters)) {
		map_del(&ps->by_place, slice_str(s->place->name));
		place_free(s->place);
	}
	sitter_free(s);
}

static struct place *
place_of(struct registry_places *ps, const struct str *name)
{
	struct place *p = map_get(&ps->by_place, str_slice(name));

	if (p != NULL)
		return p;
	p = mem_zalloc(sizeof(*p));
	p->name = mem_strdup(str_ptr(name));
	list_init(&p->sitters);
	map_put(&ps->by_place, str_slice(name), p);
	return p;
}

void
registry_places_put(struct registry_places *ps, const struct model_object *o)
{
	struct str name = { 0 };
	struct sitter *s;

	registry_places_del(ps, slice_str(o->key));
	if (add_name(&name, o)) {
		s = mem_zalloc(sizeof(*s));
		s->key = mem_strdup(o->key);
		s->place = place_of(ps, &name);
		list_append(&s->place->sitters, &s->link);
		map_put(&ps->by_key, slice_str(o->key), s);
	}
	str_fini(&name);
}

void
registry_places_others(const struct registry_places *ps,
    const struct model_object *o, registry_places_fn *fn, void *ctx)
{
	struct str name = { 0 };
	struct place *p = add_name(&name, o) ?
	    map_get(&ps->by_place, str_slice(&name)) : NULL;

	str_fini(&name);
	if (p == NULL)
		return;
	LIST_FOREACH(at, &p->sitters) {
		struct sitter *s = list_entry(at, struct sitter, link);

		if (strcmp(s->key, o->key) != 0)
			fn(ctx, slice_str(s->key));
	}
}
