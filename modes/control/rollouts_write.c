#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/control/registry_apply.h"
#include "modes/control/rollout_split.h"
#include "modes/control/rollouts_impl.h"
#include "modes/control/sessions.h"
#include "modes/control/store_keys.h"

static bool
is_kept_same(const struct rollout_state *a, const struct rollout_state *b)
{
	return a->phase == b->phase && a->hold == b->hold &&
	    a->generation == b->generation && a->step == b->step &&
	    a->percent == b->percent && a->since_ms == b->since_ms;
}

static void
say_where(const struct run *r)
{
	const struct rollout_state *s = &r->state;

	log_info("rollouts", "%s: %s, step %lld, %lld percent: %s", r->key,
	    rollout_phase_name(s->phase), (long long)s->step + 1,
	    (long long)s->percent, rollout_reason_text(s->reason));
}

static void
take_next(struct run *r, const struct err *err)
{
	if (err->kind == ERR_NONE) {
		r->state = r->next;
		run_begin_window(r);
		mem_free(r->before);
		r->before = r->next_before;
		r->next_before = NULL;
		mem_free(r->target);
		r->target = r->next_target;
		r->next_target = NULL;
		say_where(r);
	} else {
		log_warn("rollouts", "%s: not written, and tried again: %s",
		    r->key, err->text);
	}
}

/* The write is over; what waited for it goes on.  False: the run is gone. */
static bool
finish(struct run *r, const struct err *err)
{
	rollouts_done *done = r->done;

	r->is_busy = false;
	r->done = NULL;
	if (!r->is_gone)
		take_next(r, err);
	if (done != NULL)
		done(r->done_ctx, err);
	if (r->is_gone) {
		run_free(r);
		return false;
	}
	loop_defer(r->all->server->loop, &r->all->news);
	return true;
}

static void
on_committed(void *ctx, const struct store_result *result)
{
	finish(ctx, &result->err);
}

static void
on_applied(void *ctx, const struct registry_answer *a)
{
	struct run *r = ctx;
	const struct model_object *route;
	struct arena arena;

	if (!finish(r, &a->err) || a->err.kind != ERR_NONE ||
	    r->candidate == NULL)
		return;
	/* What was before these weights is to come before the first look. */
	arena_init(&arena);
	route = run_route(r, &arena);
	if (route != NULL)
		sessions_ask_counters(r->all->server->sessions, route,
		    slice_str(r->candidate));
	arena_fini(&arena);
}

static void
add_detail(struct str *out, const struct rollout_state *s)
{
	str_addf(out, "{\"phase\":\"%s\",\"reason\":\"%s\",\"step\":%lld",
	    rollout_phase_name(s->phase), rollout_reason_name(s->reason),
	    (long long)s->step + 1);
	if (s->percent >= 0)
		str_addf(out, ",\"percent\":%lld", (long long)s->percent);
	str_add_char(out, '}');
}

/* All that one write is made of. */
struct writing {
	struct arena       arena;
	struct slice       key;
	struct str         record, detail;
	struct audit_entry note;
};

static void
writing_init(struct writing *w, const struct run *r,
    const struct audit_entry *why)
{
	const struct rollout_record record = { r->next, r->uid,
		r->next_target, r->next_before };

	*w = (struct writing){ .note = *why };
	arena_init(&w->arena);
	w->key = slice_str(arena_printf(&w->arena, STORE_ROLLOUTS "%s", r->key));
	rollout_record_write(&w->record, &record);
	add_detail(&w->detail, &r->next);
	w->note.target = slice_str(r->key);
	w->note.detail = str_slice(&w->detail);
}

static void
writing_fini(struct writing *w)
{
	str_fini(&w->record);
	str_fini(&w->detail);
	arena_fini(&w->arena);
}

static void
write_record(struct run *r, const struct writing *w)
{
	struct server *s = r->all->server;
	struct store_txn *t = store_txn_new();

	store_txn_put(t, w->key, str_slice(&w->record));
	audit_add(t, &w->note);
	store_commit(s->store, &t, &s->port, on_committed, r);
}

/* The route with its new weights, in the name of the Rollout. */
static void
write_route(struct run *r, struct writing *w, const struct model_object *route)
{
	const struct model_object *o = run_document(r);
	struct registry_edit edit = { .has_expected = true,
		.expected = route->revision };
	struct registry_set set = { .edits = &edit, .n = 1, .note = &w->note,
		.record_key = w->key, .record = str_slice(&w->record) };
	struct conf_node *doc = conf_copy(&w->arena, route->node);

	conf_unset(doc, "status");
	rollout_split_write(doc, model_rollout(o), r->next.percent);
	edit.document = doc;
	set.who.actor = slice_str(arena_printf(&w->arena, "rollout/%s",
	    model_object_name(o)));
	set.who.from = SLICE("local");
	registry_apply(r->all->server->registry, &set, on_applied, r);
}

/* As JSON: the weights that a file still says when we have moved them. */
static char *
weights_of(struct run *r, const struct model_object *route)
{
	struct str out = { 0 };
	struct arena a;

	arena_init(&a);
	conf_json_write(&out, rollout_split_note(&a, route->node,
	    model_rollout(run_document(r))));
	arena_fini(&a);
	return str_give(&out);
}

/* What will be, when it is written. */
static void
set_next(struct run *r, const struct model_object *route,
    const struct rollout_state *next, const char *target, bool is_first)
{
	char *before = is_first ? weights_of(r, route) : r->before == NULL ?
	    NULL : mem_strdup(r->before);

	r->next = *next;
	mem_free(r->next_before);
	r->next_before = before;
	mem_free(r->next_target);
	r->next_target = mem_strdup(target);
}

void
run_write(struct run *r, const struct model_object *route,
    const struct rollout_state *next, const char *target,
    const struct audit_entry *why)
{
	bool is_ours = r->state.percent >= 0 && strcmp(target, r->target) == 0;
	bool moves = next->percent >= 0 && (!is_ours ||
	    next->percent != r->state.percent);
	struct writing w;

	if (is_kept_same(&r->state, next)) {
		r->state = *next;
		return;
	}
	/* Nothing to write to: it ends without. */
	bool has_route = route != NULL && rollout_split_look(route->node,
	    model_rollout(run_document(r)), -1) == ROLLOUT_SPLIT_SAME;

	set_next(r, route, next, target, moves && has_route && !is_ours);
	if (!has_route)
		r->next.percent = -1;
	r->is_busy = true;
	writing_init(&w, r, why);
	if (moves && has_route)
		write_route(r, &w, route);
	else
		write_record(r, &w);
	writing_fini(&w);
}

static void
on_forgotten(void *ctx, const struct store_result *result)
{
	(void)ctx;
	if (result->err.kind != ERR_NONE)
		log_warn("rollouts", "an old record stays: %s",
		    result->err.text);
}

void
run_forget(struct run *r)
{
	struct server *s = r->all->server;
	struct store_txn *t = store_txn_new();
	struct str key = { 0 };

	str_addf(&key, STORE_ROLLOUTS "%s", r->key);
	store_txn_delete(t, str_slice(&key));
	store_commit(s->store, &t, &s->port, on_forgotten, NULL);
	str_fini(&key);
}
