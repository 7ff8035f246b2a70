#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "model/workload.h"
#include "modes/control/left_behind.h"
#include "modes/control/operators.h"
#include "modes/control/records.h"
#include "modes/control/renew_window.h"
#include "modes/control/revocations.h"
#include "modes/control/sessions.h"
#include "modes/control/store_keys.h"
#include "pki/spiffe.h"

struct newest {
	struct cert_record record;
	uint64_t           modified;	/* tells apart those of one second */
	bool               is_operator;
};

struct look {
	struct server    *server;
	enum left_behind_by by;
	int64_t           spare_s;	/* that certificates count after their end */
	left_behind_done *done;
	void             *ctx;
	struct arena      arena;
	struct map        newest;	/* by name: struct newest */
};

const char *
left_behind_kind_name(enum left_behind_kind kind)
{
	static const char *const names[LEFT_N] = {
		[LEFT_CONNECTED] = "connected", [LEFT_AWAY] = "away",
		[LEFT_STOPPED] = "stopped", [LEFT_OPERATOR] = "operator",
	};

	return names[kind];
}

/* Its end or its revocation made an end of it. */
static bool
is_of_concern(const struct look *l, const struct cert_record *c,
    const struct spiffe *id, int64_t now)
{
	const struct server *s = l->server;

	if (c->expires + l->spare_s <= now ||
	    revocations_refuse(s->revocations, c->id, c->issued) != 0)
		return false;
	/* Control renews its own whenever the CA changes. */
	return id->kind == SPIFFE_WORKLOAD || (id->kind == SPIFFE_OPERATOR &&
	    operators_has(s->operators, id->name));
}

static void
note(struct look *l, const struct store_item *item, int64_t now)
{
	struct newest *n = arena_alloc(&l->arena, sizeof(*n)), *other;
	struct cert_record *c = &n->record;
	struct err err = ERR_INIT;
	struct spiffe id;
	struct slice name;

	if (cert_record_read(c, &l->arena, item->value, &err) < 0 ||
	    !spiffe_parse(&id, c->id) ||
	    !is_of_concern(l, c, &id, now))
		return;
	n->is_operator = id.kind == SPIFFE_OPERATOR;
	name = n->is_operator ? c->id : slice_str(arena_printf(&l->arena,
	    "%.*s/%.*s%s", SLICE_ARG(c->grant.ns), SLICE_ARG(c->grant.name),
	    c->is_of_app ? " (its application)" : ""));
	n->modified = item->modified;
	other = map_get(&l->newest, name);
	if (other == NULL || other->record.issued < c->issued ||
	    (other->record.issued == c->issued &&
	    other->modified < n->modified))
		map_put(&l->newest, name, n);
}

static bool
is_hex(struct slice hex, struct slice of)
{
	struct str id = { 0 };

	str_add_hex(&id, of.ptr, of.len);
	bool is = slice_eq(hex, str_slice(&id));

	str_fini(&id);
	return is;
}

/*
 * Does it lead to the active root?  Many intermediates may have signed under that;
 * where no root is recorded, by the two that signed last.
 */
static bool
is_current(const struct ca *ca, const struct cert_record *c)
{
	const struct cert *root = &ca->bundle->roots[0];

	if (c->root.len > 0 && root->skid.len > 0)
		return is_hex(c->root, root->skid);
	return is_hex(c->issuer, ca->now.cert.skid) ||
	    (ca->before.chain.len > 0 &&
	    slice_eq(ca->before.cert.issuer, root->subject) &&
	    is_hex(c->issuer, ca->before.cert.skid));
}

static enum left_behind_kind
kind_of(struct look *l, const struct newest *n)
{
	const struct server *s = l->server;
	const struct grant *g = &n->record.grant;
	const char *ns, *name;
	struct slice key;

	if (n->is_operator)
		return LEFT_OPERATOR;
	ns = arena_dup(&l->arena, g->ns).ptr;
	name = arena_dup(&l->arena, g->name).ptr;
	if (sessions_has(s->sessions, slice_str(arena_printf(&l->arena, "%s/%s",
	    ns, name))))
		return LEFT_CONNECTED;
	key = slice_str(model_key(&l->arena, &model_workload_kind, ns, name));
	return registry_find(s->registry, key) != NULL ||
	    registry_workload_status(s->workloads, key) != LIVE_UNKNOWN ?
	    LEFT_AWAY : LEFT_STOPPED;
}

static bool
is_left(struct look *l, const struct newest *n, enum left_behind_kind kind)
{
	return l->by == LEFT_BY_REVOKE ? !is_current(l->server->ca, &n->record) :
	    kind == LEFT_AWAY || kind == LEFT_STOPPED;
}

static int
by_name(const void *a, const void *b)
{
	const struct left_behind_one *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
gather(struct look *l, struct left_behind *result)
{
	struct left_behind_one *v = arena_alloc(&l->arena,
	    (l->newest.len + 1) * sizeof(*v));
	struct slice name;
	size_t it = 0;
	void *value;

	while (map_next(&l->newest, &it, &name, &value)) {
		const struct newest *n = value;
		enum left_behind_kind kind = kind_of(l, n);
		struct spiffe id;

		if (!is_left(l, n, kind))
			continue;
		if (n->is_operator && spiffe_parse(&id, name))
			name = id.name;
		v[result->n++] = (struct left_behind_one){
			.name = arena_dup(&l->arena, name).ptr,
			.kind = kind, .until = n->record.expires + l->spare_s,
		};
	}
	if (result->n > 1)
		qsort(v, result->n, sizeof(*v), by_name);
	result->v = v;
}

static void
on_certificates(void *ctx, const struct store_result *r)
{
	struct look *l = ctx;
	struct left_behind result = { .err = r->err };
	int64_t now = clock_wall_s();

	for (size_t i = 0; i < r->n_items; i++)
		note(l, &r->items[i], now);
	gather(l, &result);
	l->done(l->ctx, &result);
	map_fini(&l->newest, NULL);
	arena_fini(&l->arena);
	mem_free(l);
}

void
left_behind_look(struct server *s, enum left_behind_by by,
    left_behind_done *done, void *ctx)
{
	struct look *l = mem_zalloc(sizeof(*l));

	*l = (struct look){ .server = s, .by = by, .done = done, .ctx = ctx,
	    .spare_s = by == LEFT_BY_ACTIVATE ? renew_window_s(s) : 0 };
	arena_init(&l->arena);
	store_list(s->store, &(struct store_query){
		.prefix = SLICE(STORE_CERTIFICATES),
	}, &s->port, on_certificates, l);
}
