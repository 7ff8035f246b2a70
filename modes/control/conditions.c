#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conf/json.h"
#include "model/request_authentication.h"
#include "modes/control/conditions.h"
#include "modes/control/conditions_judge.h"
#include "modes/control/sessions.h"

#define LATE_MS	20	/* what comes in a burst is looked at together */
#define SHARE	10	/* at most one part in so many of all time ... */
#define CHEAP_MS	5	/* ... for what takes longer than this */

/* What is known of one document. */
struct entry {
	const struct judge *judge;
	uint64_t            revision;	/* that was judged */
	char               *judged, *shown;	/* JSON, without times and with */
	char              **seen;	/* keys and prefixes; see readers */
	size_t              len;
};

struct conditions {
	struct server           *server;
	struct map               entries;	/* by key */
	struct map               readers;	/* what was looked at: a struct
					   map of keys of entries */
	struct map               dirty;		/* keys to judge anew */
	struct sessions_standing standing;
	bool                     is_late;	/* standing is to be read anew */
	uint64_t                 rest_until_ms;	/* not before: monotonic */
	struct registry_follower follower;
	uint64_t                 followed;
	struct loop_timer        timer;
	uint64_t                 judged;
};

/* --- who looked at what ------------------------------------------------------------- */

static void
readers_fini(void *arg)
{
	struct map *m = arg;

	if (m == NULL)
		return;
	map_fini(m, NULL);
	mem_free(m);
}

static void
forget_seen(struct conditions *c, struct slice key, struct entry *e)
{
	for (size_t i = 0; i < e->len; i++) {
		struct slice seen = slice_str(e->seen[i]);
		struct map *m = map_get(&c->readers, seen);

		map_del(m, key);
		if (m->len == 0)
			readers_fini(map_del(&c->readers, seen));
		mem_free(e->seen[i]);
	}
	mem_free(e->seen);
	e->seen = NULL;
	e->len = 0;
}

static void
note_seen(struct conditions *c, struct slice key, struct entry *e,
    const struct sight *s)
{
	forget_seen(c, key, e);
	e->seen = mem_zalloc_array(s->len + 1, sizeof(*e->seen));
	for (size_t i = 0; i < s->len; i++) {
		struct slice seen = slice_str(s->seen[i]);
		struct map *m = map_get(&c->readers, seen);

		if (m == NULL) {
			m = mem_zalloc(sizeof(*m));
			map_put(&c->readers, seen, m);
		}
		map_put(m, key, NULL);
		e->seen[e->len++] = mem_strdup(s->seen[i]);
	}
}

static void
dirty_readers(struct conditions *c, struct slice seen)
{
	const struct map *m = map_get(&c->readers, seen);
	struct slice key;
	size_t it = 0;

	while (m != NULL && map_next(m, &it, &key, NULL))
		map_put(&c->dirty, key, NULL);
}

/* Whoever looked at the document, its namespace or its kind. */
static void
dirty_by(struct conditions *c, struct slice key)
{
	map_put(&c->dirty, key, NULL);
	dirty_readers(c, key);
	for (size_t at = key.len, cuts = 0; at-- > 1 && cuts < 2;)
		if (key.ptr[at] == '/') {
			dirty_readers(c, slice_of(key.ptr, at + 1));
			cuts++;
		}
}

static void
entry_free(void *arg)
{
	struct entry *e = arg;

	if (e == NULL)
		return;
	mem_free(e->judged);
	mem_free(e->shown);
	mem_free(e);
}

/* --- showing ------------------------------------------------------------------------- */

/* The element of a list that is about the same; the list may be NULL. */
static const struct conf_node *
same_of(const struct conf_node *list, const struct conf_node *of,
    const char *name)
{
	CONF_FOREACH(e, list)
		if (conf_equal(conf_get(e->node, name), conf_get(of, name)))
			return e->node;
	return NULL;
}

/* A condition keeps its time while its status stays. */
static void
carry_times(struct conf_node *list, const struct conf_node *before,
    const char *now)
{
	CONF_FOREACH(e, list) {
		const struct conf_node *old = same_of(before, e->node, "type");
		const char *time = now;

		if (old != NULL && conf_equal(conf_get(old, "status"),
		    conf_get(e->node, "status")))
			time = conf_get_string(old, "lastTransitionTime");
		conf_set_string(e->node, "lastTransitionTime", time);
	}
}

/* The promise is not kept yet. */
static void
break_promise(struct conf_node *list, const char *reason, const char *message)
{
	CONF_FOREACH(e, list) {
		const char *type = conf_get_string(e->node, "type");
		const char *status = conf_get_string(e->node, "status");

		if (strcmp(type, "Programmed") != 0 ||
		    strcmp(status, "True") != 0)
			continue;
		conf_set_string(e->node, "status", "False");
		conf_set_string(e->node, "reason", reason);
		conf_set_string(e->node, "message", message);
	}
}

/* Where conditions stand in a status, and what tells one group from another. */
static const struct {
	const char *list, *name;
} groups[] = {
	{ "parents", "parentRef" },
	{ "listeners", "name" },
	{ "ancestors", "ancestorRef" },
};

struct showing {
	const char *reason, *message;	/* of a broken promise, or NULL */
	const char *why;	/* of a rejection, or NULL */
	char        now[CLOCK_TEXT_MAX];
};

/*
 * A rejection that begins with "listener NAME: " is about those listeners that
 * it names, and neither about others nor about the Gateway.
 */
static bool
is_about(const struct showing *s, const struct conf_node *of)
{
	const char *name = conf_get_string(of, "name");
	char *said;
	bool found;

	if (s->why == NULL || !slice_has_prefix(slice_str(s->why),
	    SLICE("listener ")))
		return true;
	if (name == NULL)
		return false;
	said = mem_printf("listener %s: ", name);
	found = strstr(s->why, said) != NULL;
	mem_free(said);
	return found;
}

static void
show_list(struct conf_node *of, const struct conf_node *before,
    const struct showing *s)
{
	struct conf_node *list = conf_get(of, "conditions");

	if (s->reason != NULL && is_about(s, of))
		break_promise(list, s->reason, s->message);
	carry_times(list, conf_get(before, "conditions"), s->now);
}

static void
show_status(struct conf_node *status, const struct conf_node *before,
    const struct showing *s)
{
	show_list(status, before, s);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		CONF_FOREACH(e, conf_get(status, groups[i].list))
			show_list(e->node, same_of(conf_get(before,
			    groups[i].list), e->node, groups[i].name), s);
}

/* Why what was promised is not so; s->reason stays NULL when it is. */
static void
find_reason(const struct conditions *c, const struct entry *e,
    struct slice key, struct arena *a, struct showing *s)
{
	const struct sessions_behind *b = map_get(&c->standing.behind, key);
	const struct model_object *o = registry_find(c->server->registry, key);
	size_t running;

	if (b != NULL && b->rejecting > 0) {
		bool is_keyless = model_keys_missing(b->why).ptr != NULL;

		s->reason = is_keyless ? "KeysUnavailable" : "Invalid";
		s->why = b->why;
		s->message = arena_printf(a, "%s by %zu %s, %s among them: %s",
		    is_keyless ? "what it points to cannot be fetched" :
		    "rejected", b->rejecting, b->rejecting == 1 ? "proxy" :
		    "proxies", b->who, b->why);
	} else if (b != NULL) {
		s->reason = "Pending";
		s->message = arena_printf(a, "not yet in %zu %s, %s among "
		    "them", b->waiting, b->waiting == 1 ? "proxy" : "proxies",
		    b->who);
	} else if (e->judge->needs_proxy && o != NULL &&
	    sessions_holders(c->server->sessions, o, &running) == 0) {
		s->reason = "Pending";
		s->message = "no proxy runs it";
	}
}

/* Where proxies listen for it, by their own word. */
static void
add_addresses(const struct conditions *c, struct slice key,
    struct conf_node *status)
{
	const struct model_object *o = registry_find(c->server->registry, key);

	if (o != NULL && o->kind == &model_gateway_kind &&
	    conf_get(status, "conditions") != NULL)
		sessions_listening(c->server->sessions, o,
		    conf_set_list(status, "addresses"));
}

static void
show(struct conditions *c, struct slice key, struct entry *e)
{
	struct showing s = { .reason = NULL };
	struct conf_node *status, *before = NULL;
	struct str out = { 0 };
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a);
	clock_format(s.now, clock_wall_s(), -1);
	find_reason(c, e, key, &a, &s);
	status = conf_json_read(&a, slice_str(e->judged), "status", &err);
	if (e->shown != NULL)
		before = conf_json_read(&a, slice_str(e->shown), "status", &err);
	show_status(status, before, &s);
	add_addresses(c, key, status);
	conf_json_write(&out, status);
	mem_free(e->shown);
	e->shown = str_give(&out);
	arena_fini(&a);
}

/* --- judging ------------------------------------------------------------------------- */

static const struct judge *
judge_of(const struct model_kind *kind)
{
	for (size_t i = 0; judges[i] != NULL; i++)
		if (judges[i]->kind == kind)
			return judges[i];
	return NULL;
}

static void
judge_one(struct conditions *c, struct slice key, struct entry *e,
    const struct model_object *o)
{
	struct sight s = { .registry = c->server->registry, .of = o };
	struct conf_node *status;
	struct str out = { 0 };
	struct arena a;

	arena_init(&a);
	s.arena = &a;
	s.trust_domain = arena_dup(&a, c->server->ca->bundle->domain).ptr;
	status = conf_map_new(&a);
	e->judge->run(&s, status);
	conf_json_write(&out, status);
	mem_free(e->judged);
	e->judged = str_give(&out);
	e->revision = o->revision;
	note_seen(c, key, e, &s);
	mem_free(s.seen);
	arena_fini(&a);
	c->judged++;
	show(c, key, e);
}

static void
look_at(struct conditions *c, struct slice key)
{
	const struct model_object *o = registry_find(c->server->registry, key);
	const struct judge *judge = o == NULL ? NULL : judge_of(o->kind);
	struct entry *e = map_get(&c->entries, key);

	if (judge == NULL) {
		if (e != NULL)
			forget_seen(c, key, e);
		entry_free(map_del(&c->entries, key));
		return;
	}
	if (e == NULL) {
		e = mem_zalloc(sizeof(*e));
		e->judge = judge;
		map_put(&c->entries, key, e);
	}
	judge_one(c, key, e, o);
}

static void
show_behind(struct conditions *c, const struct map *behind)
{
	struct slice key;
	size_t it = 0;

	while (map_next(behind, &it, &key, NULL)) {
		struct entry *e = map_get(&c->entries, key);

		if (e != NULL)
			show(c, key, e);
	}
}

/* What was behind, what is, and what must be somewhere. */
static void
read_standing(struct conditions *c)
{
	struct sessions_standing before = c->standing;
	uint64_t began = clock_mono_ms();
	struct slice key;
	size_t it = 0;
	void *e;

	c->is_late = false;
	sessions_standing(c->server->sessions, &c->standing);
	show_behind(c, &before.behind);
	show_behind(c, &c->standing.behind);
	while (map_next(&c->entries, &it, &key, &e))
		if (((struct entry *)e)->judge->needs_proxy)
			show(c, key, e);
	sessions_standing_fini(&before);
	/* When a thousand proxies come back, everything is on its way. */
	uint64_t now = clock_mono_ms();

	if (now - began > CHEAP_MS)
		c->rest_until_ms = now + SHARE * (now - began);
}

static void
soon(struct conditions *c)
{
	if (!loop_timer_is_running(&c->timer))
		loop_timer_start(&c->timer, LATE_MS);
}

static void
bring_up_to_date(struct conditions *c)
{
	struct map dirty = c->dirty;
	struct slice key;
	size_t it = 0;

	if (c->is_late && clock_mono_ms() >= c->rest_until_ms)
		read_standing(c);
	map_init(&c->dirty);
	while (map_next(&dirty, &it, &key, NULL))
		look_at(c, key);
	map_fini(&dirty, NULL);
	if (c->is_late)
		soon(c);
}

/* --- news ----------------------------------------------------------------------------- */

static void
on_timer(void *arg)
{
	bring_up_to_date(arg);
}

static void
on_standing(void *arg)
{
	struct conditions *c = arg;

	c->is_late = true;
	soon(c);
}

static void
look_at_all(struct conditions *c)
{
	struct registry_query q = { 0 };
	size_t n;
	struct model_object **all = registry_list(c->server->registry, &q, &n);
	struct slice key;
	size_t it = 0;

	while (map_next(&c->entries, &it, &key, NULL))
		map_put(&c->dirty, key, NULL);
	for (size_t i = 0; i < n; i++)
		if (judge_of(all[i]->kind) != NULL)
			map_put(&c->dirty, slice_str(all[i]->key), NULL);
	mem_free(all);
	c->followed = registry_revision(c->server->registry);
}

static void
on_news(void *arg)
{
	struct conditions *c = arg;
	struct registry_feed *feed = registry_changes(c->server->registry);
	struct registry_batch b;
	int rc;

	while ((rc = registry_feed_next(feed, c->followed, &b)) > 0) {
		c->followed = b.revision;
		for (size_t i = 0; i < b.n; i++)
			dirty_by(c, b.changes[i]->key);
	}
	if (rc < 0)
		look_at_all(c);
	on_standing(c);
}

/* --- life ----------------------------------------------------------------------------- */

struct conditions *
conditions_new(struct server *server)
{
	struct conditions *c = mem_zalloc(sizeof(*c));

	c->server = server;
	loop_timer_init(&c->timer, server->loop, on_timer, c);
	sessions_standing(server->sessions, &c->standing);
	c->follower = (struct registry_follower){
		.on_news = on_news, .arg = c,
	};
	registry_feed_follow(registry_changes(server->registry), &c->follower);
	sessions_on_standing(server->sessions, on_standing, c);
	look_at_all(c);
	soon(c);
	return c;
}

void
conditions_free(struct conditions *c)
{
	struct slice key;
	size_t it = 0;
	void *e;

	if (c == NULL)
		return;
	registry_feed_leave(&c->follower);
	sessions_on_standing(c->server->sessions, NULL, NULL);
	loop_timer_stop(&c->timer);
	while (map_next(&c->entries, &it, &key, &e))
		forget_seen(c, key, e);
	map_fini(&c->entries, entry_free);
	map_fini(&c->readers, readers_fini);
	map_fini(&c->dirty, NULL);
	sessions_standing_fini(&c->standing);
	mem_free(c);
}

struct slice
conditions_of(struct conditions *c, const struct model_object *o)
{
	const struct entry *e;

	if (judge_of(o->kind) == NULL)
		return SLICE_NONE;
	bring_up_to_date(c);
	e = map_get(&c->entries, slice_str(o->key));
	return e == NULL ? SLICE_NONE : slice_str(e->shown);
}

uint64_t
conditions_judged(const struct conditions *c)
{
	return c->judged;
}
