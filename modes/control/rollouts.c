#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "model/grpc_route.h"
#include "model/http_route.h"
#include "modes/control/rollout_split.h"
#include "modes/control/rollouts_impl.h"
#include "modes/control/sessions.h"
#include "modes/control/store_keys.h"
#include "modes/control/store_wait.h"

static int64_t
wall_ms(void)
{
	return (int64_t)(clock_wall_us() / 1000);
}

/* --- one of them ---------------------------------------------------------- */

const struct model_object *
run_document(const struct run *r)
{
	return registry_find(r->all->server->registry, slice_str(r->key));
}

const char *
run_route_key(struct arena *a, const struct model_object *o)
{
	const struct model_rollout_spec *spec = model_rollout(o);

	return model_key(a, strcmp(spec->route.kind, "GRPCRoute") == 0 ?
	    &model_grpc_route_kind : &model_http_route_kind,
	    o->head->meta.namespace, spec->route.name);
}

const struct model_object *
run_route(const struct run *r, struct arena *a)
{
	const struct model_object *o = run_document(r);

	return o == NULL ? NULL : registry_find(r->all->server->registry,
	    slice_str(run_route_key(a, o)));
}

static void
drop_window(struct run *r)
{
	traffic_window_free(r->window);
	mem_free(r->candidate);
	r->window = NULL;
	r->candidate = NULL;
	r->state.is_counting = false;
}

void
run_begin_window(struct run *r)
{
	if (r->is_judged && r->window != NULL)
		traffic_window_begin(r->window,
		    loop_now_ms(r->all->server->loop));
	r->is_judged = false;
}

void
run_free(struct run *r)
{
	if (r == NULL)
		return;
	loop_timer_stop(&r->look);
	drop_window(r);
	if (r->is_busy) {
		r->is_gone = true;
		return;
	}
	mem_free(r->key);
	mem_free(r->uid);
	mem_free(r->target);
	mem_free(r->before);
	mem_free(r->next_before);
	mem_free(r->next_target);
	mem_free(r);
}

static void
free_value(void *run)
{
	run_free(run);
}

static void on_look(void *);

static struct run *
run_new(struct rollouts *all, const char *key, const char *uid,
    const char *target)
{
	struct run *r = mem_zalloc(sizeof(*r));

	r->all = all;
	r->key = mem_strdup(key);
	r->uid = mem_strdup(uid);
	r->target = mem_strdup(target);
	r->state = ROLLOUT_NONE;
	loop_timer_init(&r->look, all->server->loop, on_look, r);
	map_put(&all->runs, slice_str(key), r);
	return r;
}

/* --- what is seen --------------------------------------------------------- */

static bool
shares_rules(const struct model_object *a, const struct model_object *b)
{
	const struct model_rollout_route *x = &model_rollout(a)->route;
	const struct model_rollout_route *y = &model_rollout(b)->route;

	return strcmp(a->head->meta.namespace, b->head->meta.namespace) == 0 &&
	    strcmp(x->kind, y->kind) == 0 && strcmp(x->name, y->name) == 0 &&
	    (x->rule == NULL || y->rule == NULL ||
	    strcmp(x->rule, y->rule) == 0);
}

/* Of two on the same route: one that has begun, then the older. */
static bool
goes_first(const struct run *r, const struct model_object *o,
    const struct run *other, const struct model_object *b)
{
	bool runs = rollout_is_running(&r->state);

	if (runs != rollout_is_running(&other->state))
		return !runs;
	return model_object_by_age(b, o) < 0;
}

static bool
has_rival(const struct run *r, const struct model_object *o)
{
	size_t it = 0;
	void *value;

	while (map_next(&r->all->runs, &it, NULL, &value)) {
		const struct run *other = value;
		const struct model_object *b = other == r ? NULL :
		    run_document(other);

		if (b != NULL && rollout_is_open(&other->state) &&
		    shares_rules(o, b) && goes_first(r, o, other, b))
			return true;
	}
	return false;
}

static bool
is_programmed(const struct run *r, const struct model_object *route)
{
	size_t running;

	return sessions_holders(r->all->server->sessions, route, &running) ==
	    running;
}

/*
 * Looks at it, and does what follows; seen: with what was counted.  A write
 * that is out is waited for.
 */
static void
run_next(struct run *r, const struct traffic_counts *seen)
{
	const struct audit_entry why = { .actor = SLICE("control"),
		.from = SLICE("local"), .action = SLICE("rollout.move") };
	const struct model_object *o = run_document(r), *route;
	struct rollout_state next = r->state;
	struct rollout_sight sight = { .seen = seen, .now_ms = wall_ms() };
	struct str target = { 0 };
	struct arena a;

	if (r->is_busy || o == NULL)
		return;
	arena_init(&a);
	route = run_route(r, &a);
	rollout_target(&target, model_rollout(o));
	sight.generation = o->head->meta.generation;
	sight.is_other = strcmp(str_ptr(&target), r->target) != 0;
	sight.has_rival = has_rival(r, o);
	sight.split = route == NULL ? ROLLOUT_SPLIT_NO_ROUTE :
	    rollout_split_look(route->node, model_rollout(o), sight.is_other ?
	    -1 : r->state.percent);
	sight.is_programmed = route != NULL && is_programmed(r, route);
	r->is_judged = rollout_next(model_rollout(o), &next, &sight);
	run_write(r, route, &next, str_ptr(&target), &why);
	if (!r->is_busy)
		run_begin_window(r);
	str_fini(&target);
	arena_fini(&a);
}

/* --- looks ---------------------------------------------------------------- */

/* The window follows the candidate's name, which the route says. */
static void
open_window(struct run *r, const struct model_object *route, struct arena *a)
{
	struct server *s = r->all->server;
	struct slice name = rollout_split_candidate(a, route,
	    model_rollout(run_document(r)));

	if (name.ptr == NULL || (r->candidate != NULL &&
	    slice_is(name, r->candidate)))
		return;
	drop_window(r);
	r->candidate = mem_strdup(name.ptr);
	r->window = traffic_window_new(s->traffic, name, loop_now_ms(s->loop));
}

static void
on_look(void *arg)
{
	struct run *r = arg;
	struct server *s = r->all->server;
	const struct model_object *o = run_document(r), *route;
	struct traffic_counts seen = { 0 };
	struct arena a;

	if (o == NULL || !rollout_is_open(&r->state))
		return;
	loop_timer_start(&r->look,
	    (uint64_t)model_rollout(o)->check.interval_ms);
	arena_init(&a);
	route = run_route(r, &a);
	if (route != NULL)
		open_window(r, route, &a);
	if (r->window != NULL)
		traffic_window_read(r->window, &seen);
	run_next(r, &seen);
	/* For the next look. */
	if (route != NULL && r->candidate != NULL)
		sessions_ask_counters(s->sessions, route,
		    slice_str(r->candidate));
	arena_fini(&a);
}

/* --- all of them ---------------------------------------------------------- */

/* Its document may be a new one of the old name. */
static struct run *
run_of(struct rollouts *all, const struct model_object *o)
{
	struct run *r = map_get(&all->runs, slice_str(o->key));
	struct str target = { 0 };

	if (r != NULL && strcmp(r->uid, o->head->meta.uid) == 0)
		return r;
	if (r != NULL && r->is_busy)
		return NULL;
	run_free(r);
	rollout_target(&target, model_rollout(o));
	r = run_new(all, o->key, o->head->meta.uid, str_ptr(&target));
	r->state.generation = o->head->meta.generation;
	str_fini(&target);
	return r;
}

static void
drop_gone(struct rollouts *all)
{
	size_t it = 0;
	struct slice key;
	void *value;

	while (map_next(&all->runs, &it, &key, &value)) {
		struct run *r = value;

		if (run_document(r) != NULL || r->is_busy)
			continue;
		run_forget(r);
		map_del(&all->runs, key);
		run_free(r);
	}
}

static void
on_task(void *arg)
{
	struct rollouts *all = arg;
	struct registry_query q = { .kind = &model_rollout_kind };
	size_t n;
	struct model_object **docs = registry_list(all->server->registry, &q, &n);

	drop_gone(all);
	for (size_t i = 0; i < n; i++) {
		struct run *r = run_of(all, docs[i]);

		if (r == NULL)
			continue;
		run_next(r, NULL);
		if (rollout_is_open(&r->state) &&
		    !loop_timer_is_running(&r->look))
			loop_timer_start(&r->look, (uint64_t)
			    model_rollout(docs[i])->check.interval_ms);
	}
	mem_free(docs);
	rollouts_serve(all);
}

static bool
concerns_us(const struct registry_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (slice_has_prefix(b->changes[i]->key, SLICE("/mesh/rollouts/")) ||
		    slice_has_prefix(b->changes[i]->key,
		    SLICE("/" MODEL_GATEWAY_GROUP "/")))
			return true;
	return false;
}

static void
on_news(void *arg)
{
	struct rollouts *all = arg;
	struct registry_feed *feed = registry_changes(all->server->registry);
	struct registry_batch b;
	bool is_ours = false;
	int rc;

	while ((rc = registry_feed_next(feed, all->followed, &b)) > 0) {
		all->followed = b.revision;
		is_ours |= concerns_us(&b);
	}
	if (rc < 0)
		all->followed = registry_revision(all->server->registry);
	if (is_ours || rc < 0)
		loop_defer(all->server->loop, &all->news);
}

/* --- showing ------------------------------------------------------------ */

void
rollouts_status(const struct rollouts *all, const struct model_object *o,
    struct str *out)
{
	const struct run *r = map_get(&all->runs, slice_str(o->key));
	struct rollout_state none = ROLLOUT_NONE;

	none.generation = o->head->meta.generation;
	rollout_status_write(out, o, r != NULL && strcmp(r->uid,
	    o->head->meta.uid) == 0 ? &r->state : &none);
}

/* --- life ----------------------------------------------------------------- */

static void
load_record(struct rollouts *all, const struct store_item *item)
{
	struct slice key = slice_from(item->key, sizeof(STORE_ROLLOUTS) - 1);
	struct rollout_record record;
	struct err err = ERR_INIT;
	struct run *r;
	struct arena a;

	arena_init(&a);
	if (rollout_record_read(&record, &a, item->value, &err) < 0) {
		log_error("rollouts", "%.*s: %s", SLICE_ARG(key), err.text);
	} else {
		r = run_new(all, arena_dup(&a, key).ptr, record.uid,
		    record.target);
		r->state = record.state;
		r->before = record.before == NULL ? NULL :
		    mem_strdup(record.before);
	}
	arena_fini(&a);
}

struct rollouts *
rollouts_new(struct server *s)
{
	struct store_query q = { .prefix = SLICE(STORE_ROLLOUTS "/") };
	struct store_result *l = store_list_wait(s->store, &q);
	struct rollouts *all = mem_zalloc(sizeof(*all));

	all->server = s;
	list_init(&all->orders);
	loop_task_init(&all->news, on_task, all);
	if (l->err.kind != ERR_NONE)
		log_error("rollouts", "%s", l->err.text);
	for (size_t i = 0; i < l->n_items; i++)
		load_record(all, &l->items[i]);
	store_result_free(l);
	all->followed = registry_revision(s->registry);
	all->follower = (struct registry_follower){
		.on_news = on_news, .arg = all,
	};
	registry_feed_follow(registry_changes(s->registry), &all->follower);
	registry_set_keeper(s->registry, rollouts_keep, all);
	loop_defer(s->loop, &all->news);
	return all;
}

void
rollouts_free(struct rollouts *all)
{
	if (all == NULL)
		return;
	registry_feed_leave(&all->follower);
	registry_set_keeper(all->server->registry, NULL, NULL);
	loop_task_cancel(&all->news);
	rollouts_refuse(all);
	map_fini(&all->runs, free_value);
	mem_free(all);
}
