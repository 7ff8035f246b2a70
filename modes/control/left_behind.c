#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "modes/control/left_behind.h"
#include "modes/control/records.h"
#include "modes/control/store_keys.h"

struct newest {
	struct cert_record record;
	uint64_t           modified;	/* tells apart those of one second */
};

struct look {
	struct server    *server;
	left_behind_done *done;
	void             *ctx;
	struct arena      arena;
	struct map        newest;	/* by name: struct newest */
};

static void
note(struct look *l, const struct store_item *item, int64_t now)
{
	struct newest *n = arena_alloc(&l->arena, sizeof(*n)), *other;
	struct cert_record *c = &n->record;
	struct err err = ERR_INIT;
	struct slice name;

	/* Control renews its own whenever the CA changes. */
	if (cert_record_read(c, &l->arena, item->value, &err) < 0 ||
	    c->expires <= now || slice_has_suffix(c->id, SLICE("/control")))
		return;
	name = c->grant.name.len == 0 ? c->id : slice_str(arena_printf(
	    &l->arena, "%.*s/%.*s%s", SLICE_ARG(c->grant.ns),
	    SLICE_ARG(c->grant.name),
	    c->is_of_app ? " (its application)" : ""));
	n->modified = item->modified;
	other = map_get(&l->newest, name);
	if (other == NULL || other->record.issued < c->issued ||
	    (other->record.issued == c->issued &&
	    other->modified < n->modified))
		map_put(&l->newest, name, n);
}

static bool
is_by(const struct cert_record *c, const struct ca_issuer *i)
{
	struct str id = { 0 };

	str_add_hex(&id, i->cert.skid.ptr, i->cert.skid.len);
	bool is = slice_eq(c->issuer, str_slice(&id));

	str_fini(&id);
	return is;
}

/* Does it lead to the active root? */
static bool
is_current(const struct ca *ca, const struct cert_record *c)
{
	return is_by(c, &ca->now) || (ca->before.chain.len > 0 &&
	    slice_eq(ca->before.cert.issuer, ca->bundle->roots[0].subject) &&
	    is_by(c, &ca->before));
}

static void
on_certificates(void *ctx, const struct store_result *r)
{
	struct look *l = ctx;
	struct left_behind result = { .err = r->err };
	int64_t now = clock_wall_s();
	struct slice name;
	size_t it = 0;
	void *value;

	for (size_t i = 0; i < r->n_items; i++)
		note(l, &r->items[i], now);
	while (map_next(&l->newest, &it, &name, &value)) {
		if (is_current(l->server->ca,
		    &((const struct newest *)value)->record))
			continue;
		result.n++;
		result.one = arena_dup(&l->arena, name).ptr;
	}
	l->done(l->ctx, &result);
	map_fini(&l->newest, NULL);
	arena_fini(&l->arena);
	mem_free(l);
}

void
left_behind_look(struct server *s, left_behind_done *done, void *ctx)
{
	struct look *l = mem_zalloc(sizeof(*l));

	*l = (struct look){ .server = s, .done = done, .ctx = ctx };
	arena_init(&l->arena);
	store_list(s->store, &(struct store_query){
		.prefix = SLICE(STORE_CERTIFICATES),
	}, &s->port, on_certificates, l);
}
