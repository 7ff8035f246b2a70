#include "base/log.h"
#include "base/mem.h"
#include "model/extension.h"
#include "modes/control/session.h"

/* session_quota: what a proxy says that its global limits are asked for. */

struct answer {
	struct session        *session;
	struct arena          *arena;
	struct sync_quota_row *rows;
	size_t                 len, cap;
};

/* The limit as the proxy was sent it; NULL: it was not, or counts by itself. */
static const struct model_limit *
find_limit(const struct session *s, struct arena *a,
    const struct sync_quota_row *r)
{
	struct slice name = r->limit, ns;

	if (!slice_cut(&name, '/', &ns))
		return NULL;
	const char *key = model_key(a, &model_rate_limit_kind,
	    arena_dup(a, ns).ptr, arena_dup(a, name).ptr);
	const struct model_object *o =
	    !map_has(&s->delivery.has, slice_str(key)) ? NULL :
	    registry_find(s->all->server->registry, slice_str(key));

	if (o == NULL)
		return NULL;
	const struct model_rate_limit_spec *spec = model_rate_limit(o);

	return spec->scope == MODEL_LIMIT_GLOBAL && r->index < spec->limits_len ?
	    &spec->limits[r->index] : NULL;
}

static bool
may_ask(void *arg, const struct sync_quota_row *r)
{
	const struct answer *out = arg;
	const struct model_limit *l = find_limit(out->session, out->arena, r);

	return l != NULL && (r->key == 0 || l->by_identity || l->by_address ||
	    l->by_header != NULL);
}

static void
add_answer(void *arg, const struct sync_quota_row *r)
{
	struct answer *out = arg;

	if (out->len == SYNC_QUOTA_ROWS_MAX)
		return;
	if (out->len == out->cap) {
		out->cap = out->cap * 2 + 16;
		out->rows = mem_realloc(out->rows,
		    out->cap * sizeof(*out->rows));
	}
	out->rows[out->len++] = *r;
}

void
session_quota_ask(struct session *s, const struct sync_message *m)
{
	struct arena arena;
	struct answer out = { .session = s, .arena = &arena };
	const struct quotas_demand d = {
		.who = slice_str(s->name), .id = m->id, .seen = m->seen,
		.rows = m->rows, .rows_len = m->rows_len,
	};
	const struct quotas_ops ops = { may_ask, add_answer, &out };
	size_t refused;

	arena_init(&arena);
	refused = quotas_ask(&s->all->quotas, &d, &ops,
	    loop_now_ms(s->all->server->loop));
	/* A document that was just deleted is no news. */
	if (refused > 0)
		log_debug("sessions", "%s: asks about %zu limits that do not "
		    "concern it", s->name, refused);
	session_say(s, &(struct sync_message){ .type = SYNC_LEASE, .id = m->id,
	    .rows = out.rows, .rows_len = out.len });
	mem_free(out.rows);
	arena_fini(&arena);
}

void
session_quota_leave(struct session *s)
{
	quotas_leave(&s->all->quotas, slice_str(s->name));
}
