#include "base/log.h"
#include "base/mem.h"
#include "modes/control/refusals.h"
#include "modes/control/server.h"

const struct refusals_bound refusals_people = { 60 * 1000, 10, 60 };
/* For a year of an attack some hundred megabytes at most. */
const struct refusals_bound refusals_strangers = { 3600 * 1000, 20, 120 };

void
refusals_init(struct refusals *r, const struct refusals_bound *bound)
{
	*r = (struct refusals){ .bound = *bound };
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

	if (now_ms / r->bound.window_ms != r->window) {
		map_fini(&r->by_actor, mem_free);
		map_init(&r->by_actor);
		r->window = now_ms / r->bound.window_ms;
		r->n = 0;
	}
	mine = map_get(&r->by_actor, actor);
	if (r->n == r->bound.of_all ||
	    (mine != NULL && *mine == r->bound.of_one)) {
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
refusals_write(struct server *s, const struct audit_entry *who,
    const char *action, struct slice why, uint64_t left_out)
{
	struct audit_entry e = *who;
	struct store_txn *t;
	struct str detail = { 0 };

	str_add(&detail, "{\"why\":");
	str_add_json(&detail, why);
	if (left_out > 0)
		str_addf(&detail, ",\"leftOut\":%llu",
		    (unsigned long long)left_out);
	str_add_char(&detail, '}');
	e.action = slice_str(action);
	e.role = SLICE_NONE;
	e.detail = str_slice(&detail);
	t = store_txn_new();
	audit_add(t, &e);
	store_commit(s->store, &t, &s->port, on_written, NULL);
	str_fini(&detail);
}

void
refusals_note(struct server *s, const struct audit_entry *who, struct slice why)
{
	uint64_t left_out;

	if (refusals_take(&s->refused, who->actor, loop_now_ms(s->loop),
	    &left_out))
		refusals_write(s, who, "access.refused", why, left_out);
}

/* Every connection has another port. */
static struct slice
host_of(struct slice from)
{
	for (size_t i = from.len; i > 0; i--)
		if (from.ptr[i - 1] == ':')
			return slice_of(from.ptr, i - 1);
	return from;
}

void
refusals_note_stranger(struct server *s, const struct audit_entry *who,
    const char *action, struct slice why)
{
	uint64_t left_out;

	if (refusals_take(&s->strangers, host_of(who->from),
	    loop_now_ms(s->loop), &left_out))
		refusals_write(s, who, action, why, left_out);
}
