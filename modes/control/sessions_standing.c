#include <string.h>

#include "modes/control/session.h"

void
sessions_on_standing(struct sessions *ss, void (*fn)(void *), void *arg)
{
	ss->on_standing = fn;
	ss->on_standing_arg = arg;
}

void
sessions_stand_anew(struct sessions *ss)
{
	if (ss->on_standing != NULL)
		ss->on_standing(ss->on_standing_arg);
}

static struct sessions_behind *
behind(struct sessions_standing *st, struct slice key)
{
	struct sessions_behind *b = map_get(&st->behind, key);

	if (b == NULL) {
		b = arena_zalloc(&st->arena, sizeof(*b));
		map_put(&st->behind, key, b);
	}
	return b;
}

static void
wait_for(struct sessions_standing *st, const struct session *s,
    struct slice key)
{
	struct sessions_behind *b = behind(st, key);

	b->waiting++;
	if (b->who == NULL)
		b->who = arena_dup(&st->arena, slice_str(s->name)).ptr;
}

/* Rejections of a form that it was sent since do not count. */
static const struct session_nack *
nack_of(const struct session *s, struct slice key)
{
	const struct registry_change *has = map_get(&s->delivery.has, key);
	const struct session_nack *n = map_get(&s->nacks, key);

	return n != NULL && has != NULL && n->revision == has->revision ? n :
	    NULL;
}

static void
add_nacks(struct sessions_standing *st, const struct session *s)
{
	const struct session_nack *n;
	struct slice key;
	size_t it = 0;

	while (map_next(&s->nacks, &it, &key, NULL)) {
		struct sessions_behind *b;

		if ((n = nack_of(s, key)) == NULL)
			continue;
		b = behind(st, key);
		if (b->rejecting++ > 0)
			continue;
		b->who = arena_dup(&st->arena, slice_str(s->name)).ptr;
		b->why = arena_dup(&st->arena, slice_str(n->text)).ptr;
	}
}

/* What it has, or only what is on its way to it. */
static void
add_all(struct sessions_standing *st, const struct session *s,
    const struct map *keys)
{
	struct slice key;
	size_t it = 0;

	while (map_next(keys, &it, &key, NULL))
		if (nack_of(s, key) == NULL)
			wait_for(st, s, key);
}

/* It has other documents than it should, for reasons that it does not tell. */
static bool
differs(const struct session *s)
{
	return s->is_digest_known && !s->is_digest_ok && s->nacks.len == 0;
}

/* A form that is not on its way to it yet, and that it needs. */
static bool
lacks(const struct session *s, const struct model_object *o)
{
	const struct registry_change *has = map_get(&s->delivery.has,
	    slice_str(o->key));

	return (has == NULL || has->revision != o->revision) &&
	    model_concerns(&s->delivery.subject, o);
}

/* Changes that it has not been sent because it has no room. */
static void
add_lag(struct sessions_standing *st, const struct session *s)
{
	const struct delivery *d = &s->delivery;
	struct registry_feed *feed = registry_changes(d->registry);
	uint64_t at = d->at;
	struct registry_batch b;

	while (registry_feed_next(feed, at, &b) > 0) {
		at = b.revision;
		for (size_t i = 0; i < b.n; i++) {
			struct slice key = b.changes[i]->key;
			const struct model_object *o = registry_find(
			    d->registry, key);

			if (o != NULL && o->revision == b.revision &&
			    !map_has(&d->unsettled, key) && lacks(s, o))
				wait_for(st, s, key);
		}
	}
}

void
sessions_standing(const struct sessions *ss, struct sessions_standing *st)
{
	*st = (struct sessions_standing){ 0 };
	arena_init(&st->arena);
	LIST_FOREACH(at, &ss->sessions) {
		const struct session *s = list_entry(at, struct session, link);

		if (s->is_ended || !s->delivery.is_started)
			continue;
		add_nacks(st, s);
		add_all(st, s, differs(s) ? &s->delivery.has :
		    &s->delivery.unsettled);
		add_lag(st, s);
	}
}

void
sessions_standing_fini(struct sessions_standing *st)
{
	map_fini(&st->behind, NULL);
	arena_fini(&st->arena);
}

size_t
sessions_holders(const struct sessions *ss, const struct model_object *o,
    size_t *running)
{
	struct slice key = slice_str(o->key);
	size_t n = 0;

	*running = 0;
	LIST_FOREACH(at, &ss->sessions) {
		const struct session *s = list_entry(at, struct session, link);
		const struct registry_change *c = map_get(&s->delivery.has, key);

		if (s->is_ended || c == NULL)
			continue;
		n++;
		*running += c->revision == o->revision && !differs(s) &&
		    !map_has(&s->delivery.unsettled, key) &&
		    nack_of(s, key) == NULL;
	}
	return n;
}

static bool
has_value(const struct conf_node *list, const char *value)
{
	CONF_FOREACH(e, list)
		if (strcmp(conf_get_string(e->node, "value"), value) == 0)
			return true;
	return false;
}

void
sessions_listening(const struct sessions *ss, const struct model_object *o,
    struct conf_node *list)
{
	LIST_FOREACH(at, &ss->sessions) {
		const struct session *s = list_entry(at, struct session, link);

		if (s->is_ended || !map_has(&s->delivery.has, slice_str(o->key)))
			continue;
		for (size_t i = 0; i < s->listening_len; i++) {
			struct conf_node *row;

			if (has_value(list, s->listening[i]) ||
			    conf_len(list) >= SESSION_LISTENING_MAX)
				continue;
			row = conf_add_map(list);
			conf_set_string(row, "type", "IPAddress");
			conf_set_string(row, "value", s->listening[i]);
		}
	}
}
