#include "base/log.h"
#include "base/mem.h"
#include "filter/rate_limit.h"
#include "model/extension.h"
#include "modes/control/session.h"

/* session_quota: what a proxy says that its global limits are asked for. */

#define LIMIT_NAME_MAX	2048	/* bytes: a document's key, and a place */

struct answer {
	struct session        *session;
	struct sync_quota_row *rows;
	size_t                 len, cap;
};

/* Its document, if the proxy was sent it and it is for many proxies. */
static const struct model_rate_limit_spec *
find_spec(const struct session *s, struct slice limit)
{
	struct slice place = limit, key;
	const struct model_object *o;

	if (!slice_cut(&place, ' ', &key) || place.len == 0 ||
	    limit.len > LIMIT_NAME_MAX ||
	    !map_has(&s->delivery.has, key))
		return NULL;
	o = registry_find(s->all->server->registry, key);
	if (o == NULL || o->kind != &model_rate_limit_kind)
		return NULL;
	const struct model_rate_limit_spec *spec = model_rate_limit(o);

	return spec->scope == MODEL_LIMIT_GLOBAL ? spec : NULL;
}

static bool
may_ask(void *arg, const struct sync_quota_row *r)
{
	const struct answer *out = arg;
	const struct model_rate_limit_spec *spec = find_spec(out->session,
	    r->limit);
	size_t i = r->index % RATE_LIMIT_OVERRIDE,
	    override = r->index / RATE_LIMIT_OVERRIDE;

	if (spec == NULL || i >= spec->limits_len ||
	    override > spec->overrides_len)
		return false;
	const struct model_limit *l = &spec->limits[i];

	if (override > 0)
		return l->by_identity && r->key == 0;
	return r->key == 0 || l->by_identity || l->by_address ||
	    l->by_header != NULL;
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
	struct answer out = { .session = s };
	const struct quotas_demand d = {
		.who = slice_str(s->name), .id = m->id, .seen = m->seen,
		.rows = m->rows, .rows_len = m->rows_len,
	};
	const struct quotas_ops ops = { may_ask, add_answer, &out };
	size_t refused;

	refused = quotas_ask(&s->all->quotas, &d, &ops,
	    loop_now_ms(s->all->server->loop));
	/* A document that was just deleted is no news. */
	if (refused > 0)
		log_debug("sessions", "%s: asks about %zu limits that do not "
		    "concern it", s->name, refused);
	session_say(s, &(struct sync_message){ .type = SYNC_LEASE, .id = m->id,
	    .rows = out.rows, .rows_len = out.len });
	mem_free(out.rows);
}

void
session_quota_leave(struct session *s)
{
	quotas_leave(&s->all->quotas, slice_str(s->name));
}
