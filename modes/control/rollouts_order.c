#include "base/clock.h"
#include "base/mem.h"
#include "modes/control/rollouts_impl.h"

/* rollouts_order: what people want of Rollouts, one after the other. */
struct order {
	struct list        link;
	struct arena       arena;
	struct slice       key;
	enum rollout_order what;
	struct audit_entry who;
	rollouts_done     *done;
	void              *ctx;
};

static void
order_free(struct order *o)
{
	arena_fini(&o->arena);
	mem_free(o);
}

static void
order_end(struct order *o, const struct err *err)
{
	o->done(o->ctx, err);
	order_free(o);
}

static void
carry_out(struct rollouts *all, struct order *o, struct run *r)
{
	const struct model_object *doc = run_document(r);
	struct rollout_state next = r->state;
	struct err err = ERR_INIT;
	struct arena a;

	if (rollout_order(model_rollout(doc), &next, o->what,
	    (int64_t)(clock_wall_us() / 1000), &err) < 0) {
		order_end(o, &err);
		return;
	}
	arena_init(&a);
	run_write(r, run_route(r, &a), &next, r->target, &o->who);
	arena_fini(&a);
	if (r->is_busy) {
		r->done = o->done;
		r->done_ctx = o->ctx;
		order_free(o);
	} else {
		order_end(o, &err);
		loop_defer(all->server->loop, &all->news);
	}
}

void
rollouts_serve(struct rollouts *all)
{
	LIST_FOREACH_SAFE(at, &all->orders) {
		struct order *o = list_entry(at, struct order, link);
		struct run *r = map_get(&all->runs, o->key);
		struct err err = ERR_INIT;

		if (r != NULL && r->is_busy)
			continue;
		list_remove(at);
		if (r != NULL && run_document(r) != NULL) {
			carry_out(all, o, r);
			continue;
		}
		err_set(&err, ERR_NOT_FOUND, "there is no such Rollout");
		order_end(o, &err);
	}
}

void
rollouts_order(struct rollouts *all, struct slice key, enum rollout_order what,
    const struct audit_entry *who, rollouts_done *done, void *ctx)
{
	static const char *const actions[] = {
		[ROLLOUT_PROMOTE] = "rollout.promote",
		[ROLLOUT_PROMOTE_ALL] = "rollout.promote",
		[ROLLOUT_ABORT] = "rollout.abort",
		[ROLLOUT_PAUSE] = "rollout.pause",
		[ROLLOUT_RESUME] = "rollout.resume",
	};
	struct order *o = mem_zalloc(sizeof(*o));

	arena_init(&o->arena);
	o->key = arena_dup(&o->arena, key);
	o->what = what;
	o->who = audit_keep(&o->arena, who);
	o->who.action = slice_str(actions[what]);
	o->done = done;
	o->ctx = ctx;
	list_append(&all->orders, &o->link);
	loop_defer(all->server->loop, &all->news);
}

void
rollouts_refuse(struct rollouts *all)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_UNAVAILABLE, "control is ending");
	LIST_FOREACH_SAFE(at, &all->orders) {
		list_remove(at);
		order_end(list_entry(at, struct order, link), &err);
	}
}
