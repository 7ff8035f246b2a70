#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/workload.h"
#include "modes/control/registry_implied.h"
#include "modes/control/registry_workload.h"

#define PREFIX	"/mesh/workloads/"

/*
 * What is wanted of one workload's document.  While a change of it is under
 * way nothing else is sent; what came up meanwhile is sent after it.
 */
struct member {
	struct registry_workloads *all;
	char                      *key;
	struct model_object       *said;	/* by its session; may be NULL */
	char                      *actor, *from;
	bool                       is_registered;	/* registry_live said so */
	bool                       is_dirty;	/* something is to be sent */
	bool                       is_busy;
	bool                       is_gone;	/* delete, then forget */
};

struct registry_workloads {
	struct registry         *registry;
	struct registry_live     live;
	struct map               members;
	struct registry_places   places;
	struct registry_follower follower;
	uint64_t                 followed;
	struct list              listeners;
	bool                     is_closing;
	size_t                   n_busy;
};

static void
member_free(void *arg)
{
	struct member *m = arg;

	model_object_unref(m->said);
	mem_free(m->actor);
	mem_free(m->from);
	mem_free(m->key);
	mem_free(m);
}

static struct member *
member_of(struct registry_workloads *ws, struct slice key)
{
	struct member *m = map_get(&ws->members, key);

	if (m != NULL)
		return m;
	m = mem_zalloc(sizeof(*m));
	m->all = ws;
	m->key = mem_dup(key.ptr, key.len);
	map_put(&ws->members, key, m);
	return m;
}

static void send_member(struct member *);

static void
workloads_unref(struct registry_workloads *ws)
{
	if (!ws->is_closing || ws->n_busy > 0)
		return;
	map_fini(&ws->members, member_free);
	registry_places_fini(&ws->places);
	mem_free(ws);
}

/* The answer to what send_member sent. */
static void
on_sent(void *arg, const struct registry_answer *a)
{
	struct member *m = arg;
	struct registry_workloads *ws = m->all;

	m->is_busy = false;
	ws->n_busy--;
	switch (a->err.kind) {
	case ERR_NONE:
	case ERR_NOT_FOUND:
		break;
	case ERR_UNAVAILABLE:
	case ERR_CONFLICT:
		m->is_dirty = true;
		log_warn("registry", "%s: %s; trying again", m->key,
		    a->err.text);
		workloads_unref(ws);
		return;		/* at the next tick */
	default:
		log_error("registry", "%s: %s", m->key, a->err.text);
	}
	if (m->is_dirty && !ws->is_closing)
		send_member(m);
	else if (m->is_gone) {
		map_del(&ws->members, slice_str(m->key));
		member_free(m);
	}
	workloads_unref(ws);
}

/* Its document, and the services that nobody declared. */
static size_t
put_edits(const struct member *m, struct arena *a, struct registry_edit *edits)
{
	const struct model_workload *w = model_workload(m->said);
	size_t n = 1;

	edits[0] = (struct registry_edit){ .document = m->said->node };
	for (size_t i = 0; i < w->spec.services_len &&
	    n < REGISTRY_SET_MAX; i++) {
		struct conf_node *doc = registry_implied_service(a, w,
		    w->spec.services[i]);

		if (doc != NULL)
			edits[n++] = (struct registry_edit){
				.document = doc, .if_absent = true,
			};
	}
	return n;
}

static void
send_member(struct member *m)
{
	struct registry_edit edits[REGISTRY_SET_MAX];
	struct registry_set set = {
		.edits = edits,
		.who = { .actor = slice_str(m->actor),
		    .from = slice_str(m->from) },
	};
	struct arena a;

	if (m->is_busy)
		return;
	m->is_dirty = false;
	arena_init(&a);
	if (m->is_gone) {
		edits[0] = (struct registry_edit){ .key = slice_str(m->key) };
		set.n = 1;
		set.who = (struct audit_entry){
			.actor = SLICE("control"), .from = SLICE("local"),
		};
	} else if (m->said != NULL && m->is_registered) {
		set.n = put_edits(m, &a, edits);
	}
	if (set.n > 0) {
		m->is_busy = true;
		m->all->n_busy++;
		registry_apply(m->all->registry, &set, on_sent, m);
	}
	arena_fini(&a);
}

static void
on_register(void *ctx, struct slice key)
{
	struct member *m = member_of(ctx, key);

	m->is_registered = m->is_dirty = true;
	m->is_gone = false;
}

static void
on_remove(void *ctx, struct slice key)
{
	struct member *m = member_of(ctx, key);

	m->is_registered = false;
	m->is_gone = m->is_dirty = true;
}

static void
on_status(void *ctx, struct slice key, enum live_status status)
{
	struct registry_workloads *ws = ctx;

	LIST_FOREACH_SAFE(at, &ws->listeners) {
		struct registry_status_listener *l = list_entry(at,
		    struct registry_status_listener, link);

		l->on_status(l->arg, key, status);
	}
}

static const struct registry_live_ops live_ops = {
	on_register, on_status, on_remove,
};

/* A Workload of the registry, now or as control starts. */
static void
see(struct registry_workloads *ws, struct model_object *o, int64_t now_ms)
{
	registry_places_put(&ws->places, o);
	if (!model_workload(o)->spec.sidecar)
		return;
	registry_live_load(&ws->live, slice_str(o->key), now_ms);
}

/* Somebody deleted it, perhaps this very module. */
static void
see_deleted(struct registry_workloads *ws, struct slice key)
{
	struct member *m = map_get(&ws->members, key);

	if (registry_find(ws->registry, key) != NULL)
		return;
	registry_places_del(&ws->places, key);
	if (m != NULL && (m->is_busy || m->is_dirty))
		return;
	registry_live_forget(&ws->live, key);
	if (m != NULL)
		m->is_registered = false;
}

static void
see_all(struct registry_workloads *ws)
{
	struct registry_query q = { .kind = &model_workload_kind };
	size_t n;
	struct model_object **all = registry_list(ws->registry, &q, &n);

	registry_places_fini(&ws->places);
	ws->places = (struct registry_places){ 0 };
	for (size_t i = 0; i < n; i++)
		see(ws, all[i], ws->live.ticked_ms);
	mem_free(all);
	ws->followed = registry_revision(ws->registry);
}

static void
on_news(void *arg)
{
	struct registry_workloads *ws = arg;
	struct registry_batch b;
	int rc;

	while ((rc = registry_feed_next(registry_changes(ws->registry),
	    ws->followed, &b)) > 0) {
		ws->followed = b.revision;
		for (size_t i = 0; i < b.n; i++) {
			struct slice key = b.changes[i]->key;
			struct model_object *o;

			if (!slice_has_prefix(key, SLICE(PREFIX)))
				continue;
			if (b.changes[i]->is_delete)
				see_deleted(ws, key);
			else if ((o = registry_find(ws->registry, key)) != NULL)
				see(ws, o, ws->live.ticked_ms);
		}
	}
	if (rc < 0)
		see_all(ws);
}

struct registry_workloads *
registry_workloads_new(struct registry *r, int64_t now_ms)
{
	struct registry_workloads *ws = mem_zalloc(sizeof(*ws));

	ws->registry = r;
	list_init(&ws->listeners);
	registry_live_init(&ws->live, now_ms, &live_ops, ws);
	see_all(ws);
	ws->follower = (struct registry_follower){
		.on_news = on_news, .arg = ws,
	};
	registry_feed_follow(registry_changes(r), &ws->follower);
	return ws;
}

void
registry_workloads_free(struct registry_workloads *ws)
{
	if (ws == NULL)
		return;
	check(list_is_empty(&ws->listeners));
	registry_feed_leave(&ws->follower);
	registry_live_fini(&ws->live);
	ws->is_closing = true;
	workloads_unref(ws);	/* or with the last answer */
}

static void
send_dirty(struct registry_workloads *ws)
{
	size_t it = 0;
	void *m;

	while (map_next(&ws->members, &it, NULL, &m))
		if (((struct member *)m)->is_dirty)
			send_member(m);
}

void
registry_workloads_tick(struct registry_workloads *ws, int64_t now_ms)
{
	registry_live_tick(&ws->live, now_ms);
	send_dirty(ws);
}

static void
replace(char **to, struct slice with)
{
	mem_free(*to);
	*to = mem_dup(with.ptr, with.len);
}

bool
registry_workload_is_same(const struct model_object *x,
    const struct model_object *y)
{
	return model_same_spec(x->node, y->node) &&
	    conf_equal(conf_find(x->node, "metadata.labels"),
	    conf_find(y->node, "metadata.labels"));
}

int
registry_workload_join(struct registry_workloads *ws,
    const struct conf_node *workload, const struct audit_entry *who,
    struct err *err)
{
	struct model_object *o = model_object_read(workload, MODEL_KNOWN,
	    "default", err);

	if (o == NULL)
		return -1;
	if (o->kind != &model_workload_kind) {
		model_object_unref(o);
		return err_set(err, ERR_DATA, "expected a Workload");
	}
	struct member *m = member_of(ws, slice_str(o->key));

	/* It came back before its withdrawal was through: nothing to delete. */
	if (m->is_gone)
		m->is_gone = m->is_dirty = false;
	bool is_news = m->said == NULL ||
	    !registry_workload_is_same(m->said, o);

	model_object_unref(m->said);
	m->said = o;
	replace(&m->actor, who->actor);
	replace(&m->from, who->from);
	/* One that was loaded at start never gets an on_register. */
	if (registry_live_status(&ws->live, slice_str(m->key)) >= LIVE_ONLINE)
		m->is_registered = true;
	if (is_news && m->is_registered && !m->is_gone) {
		m->is_dirty = true;
		send_member(m);
	}
	return 0;
}

void
registry_workload_report(struct registry_workloads *ws, struct slice key,
    bool answers, int64_t now_ms)
{
	struct member *m;

	registry_live_report(&ws->live, key, answers, now_ms);
	m = map_get(&ws->members, key);
	if (m != NULL && m->is_dirty)
		send_member(m);
}

/* Should what follows fail, or a put be under way, the next tick sees to it. */
static void
begin_removal(struct registry_workloads *ws, struct slice key)
{
	struct member *m = member_of(ws, key);

	registry_live_forget(&ws->live, key);
	m->is_registered = false;
	m->is_gone = m->is_dirty = true;
}

void
registry_workload_withdraw(struct registry_workloads *ws, struct slice key,
    const struct audit_entry *who, registry_done *done, void *ctx)
{
	struct registry_edit edit = { .key = key };
	struct registry_set set = { .edits = &edit, .n = 1, .who = *who };

	begin_removal(ws, key);
	registry_apply(ws->registry, &set, done, ctx);
}

static void
on_replaced(void *ctx, const struct registry_answer *a)
{
	(void)ctx;
	if (a->err.kind != ERR_NONE && a->err.kind != ERR_NOT_FOUND)
		log_warn("registry", "a workload whose place was taken: %s; "
		    "trying again", a->err.text);
}

void
registry_workload_replace(struct registry_workloads *ws, struct slice key,
    struct slice by, const struct audit_entry *who)
{
	struct registry_edit edit = { .key = key };
	struct str detail = { 0 };
	struct audit_entry note = { .actor = who->actor, .from = who->from,
	    .action = SLICE("workload.replace"), .target = key };

	str_add(&detail, "{\"by\":");
	str_add_json(&detail, by);
	str_add_char(&detail, '}');
	note.detail = str_slice(&detail);
	begin_removal(ws, key);
	registry_apply(ws->registry, &(struct registry_set){ .edits = &edit,
	    .n = 1, .who = *who, .note = &note }, on_replaced, NULL);
	str_fini(&detail);
}

void
registry_workload_others(const struct registry_workloads *ws,
    const struct model_object *o, registry_places_fn *fn, void *ctx)
{
	registry_places_others(&ws->places, o, fn, ctx);
}

enum live_status
registry_workload_status(const struct registry_workloads *ws, struct slice key)
{
	return registry_live_status(&ws->live, key);
}

bool
registry_workload_is_lost(const struct registry_workloads *ws, struct slice key,
    bool has_session)
{
	return !has_session &&
	    registry_live_status(&ws->live, key) == LIVE_ONLINE &&
	    registry_live_was_heard(&ws->live, key);
}

void
registry_workload_status_json(const struct registry_workloads *ws,
    struct slice key, bool has_session, int64_t now_ms, struct str *out)
{
	enum live_status s = registry_live_status(&ws->live, key);
	int64_t silence = registry_live_silence_ms(&ws->live, key, now_ms);
	bool is_lost = registry_workload_is_lost(ws, key, has_session);
	char seen[CLOCK_TEXT_MAX];

	str_addf(out, "{\"state\":\"%s\"", model_workload_state_name(
	    is_lost ? MODEL_LOST : s == LIVE_ONLINE ? MODEL_ONLINE :
	    MODEL_OFFLINE));
	if (is_lost)
		str_add(out, ",\"reason\":\"" REGISTRY_LOST "\"");
	if (s == LIVE_NOT_READY)
		str_add(out, ",\"reason\":\"its application does not answer\"");
	if (silence >= 0) {
		clock_format(seen, clock_wall_s() - silence / 1000, -1);
		str_addf(out, ",\"lastSeen\":\"%s\"", seen);
	}
	str_add_char(out, '}');
}

void
registry_status_listen(struct registry_workloads *ws,
    struct registry_status_listener *l)
{
	list_append(&ws->listeners, &l->link);
}

void
registry_status_leave(struct registry_status_listener *l)
{
	list_remove(&l->link);
}
