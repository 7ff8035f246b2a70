#include "base/log.h"
#include "base/mem.h"
#include "modes/control/refusals.h"
#include "modes/control/server.h"

#define MINUTE_MS	60000

void
refusals_init(struct refusals *r)
{
	*r = (struct refusals){ 0 };
	map_init(&r->by_actor);
}

void
refusals_fini(struct refusals *r)
{
	map_fini(&r->by_actor, mem_free);
}

bool
refusals_take(struct refusals *r, struct slice actor, uint64_t now_ms,
    uint64_t *left_out)
{
	unsigned *mine;

	if (now_ms / MINUTE_MS != r->minute) {
		map_fini(&r->by_actor, mem_free);
		map_init(&r->by_actor);
		r->minute = now_ms / MINUTE_MS;
		r->n = 0;
	}
	mine = map_get(&r->by_actor, actor);
	if (r->n == REFUSALS_OF_ALL ||
	    (mine != NULL && *mine == REFUSALS_OF_ONE)) {
		r->left_out++;
		return false;
	}
	if (mine == NULL) {
		mine = mem_zalloc(sizeof(*mine));
		map_put(&r->by_actor, actor, mine);
	}
	(*mine)++;
	r->n++;
	*left_out = r->left_out;
	r->left_out = 0;
	return true;
}

static void
on_written(void *ctx, const struct store_result *r)
{
	(void)ctx;
	if (r->err.kind != ERR_NONE)
		log_warn("audit", "a refusal is not recorded: %s", r->err.text);
}

void
refusals_note(struct server *s, const struct audit_entry *who, struct slice why)
{
	struct audit_entry e = *who;
	struct store_txn *t;
	struct str detail = { 0 };
	uint64_t left_out;

	if (!refusals_take(&s->refused, e.actor, loop_now_ms(s->loop),
	    &left_out))
		return;
	str_add(&detail, "{\"why\":");
	str_add_json(&detail, why);
	if (left_out > 0)
		str_addf(&detail, ",\"leftOut\":%llu",
		    (unsigned long long)left_out);
	str_add_char(&detail, '}');
	e.action = SLICE("access.refused");
	e.role = SLICE_NONE;
	e.detail = str_slice(&detail);
	t = store_txn_new();
	audit_add(t, &e);
	store_commit(s->store, &t, &s->port, on_written, NULL);
	str_fini(&detail);
}
