
#include <string.h>

#include "base/mem.h"
#include "conf/json.h"
#include "model/service.h"
#include "modes/control/delivery.h"

#define CHUNK	(32 * 1024)	/* bytes written at a time, about */

/* --- lines ------------------------------------------------------------------------- */

static void
unref_change(void *c)
{
	registry_change_unref(c);
}

void
delivery_lines_fini(struct delivery_lines *l)
{
	map_fini(&l->by_key, unref_change);
}

/* Whether proxies are told more than the registry's change says. */
static bool
has_status(const struct delivery_lines *l, const struct model_object *o)
{
	return model_key_is_secret(slice_str(o->key)) ||
	    (l->has_status != NULL && l->has_status(l->ctx, o));
}

void
delivery_lines_offer(struct delivery_lines *l, struct registry_change *c,
    const struct model_object *o)
{
	if (c->is_delete || c->revision != o->revision || has_status(l, o))
		delivery_lines_drop(l, c->key);
	else
		registry_change_unref(map_put(&l->by_key, c->key,
		    registry_change_ref(c)));
}

void
delivery_lines_drop(struct delivery_lines *l, struct slice key)
{
	registry_change_unref(map_del(&l->by_key, key));
}

static struct registry_change *
line_of(struct delivery_lines *l, const struct model_object *o)
{
	struct slice key = slice_str(o->key);
	struct registry_change *c = map_get(&l->by_key, key);
	struct str json = { 0 };

	if (c != NULL && c->revision == o->revision)
		return c;
	if (l->write != NULL)
		l->write(l->ctx, o, &json);
	else
		conf_json_write(&json, o->node);
	c = registry_change_new(o->revision, key, str_slice(&json));
	str_fini(&json);
	registry_change_unref(map_put(&l->by_key, key, c));
	return c;
}

/* --- life -------------------------------------------------------------------------- */

void
delivery_init(struct delivery *d, struct registry *r, struct delivery_lines *l,
    const char *namespace, const char *workload)
{
	*d = (struct delivery){ .registry = r, .lines = l };
	model_subject_init(&d->subject, namespace, workload);
}

static void
drop_queue(struct delivery *d)
{
	for (size_t i = d->queue_at; i < d->queue_len; i++)
		registry_change_unref(d->queue[i]);
	d->queue_at = d->queue_len = 0;
}

void
delivery_fini(struct delivery *d)
{
	drop_queue(d);
	mem_free(d->queue);
	map_fini(&d->has, unref_change);
	map_fini(&d->dirty, NULL);
	map_fini(&d->missing, NULL);
	map_fini(&d->unsettled, NULL);
	str_fini(&d->head);
	str_fini(&d->tail);
	model_subject_fini(&d->subject);
	model_object_unref(d->said);
}

void
delivery_said(struct delivery *d, struct model_object **o)
{
	model_object_unref(d->said);
	d->said = *o;
	*o = NULL;
	if (registry_find(d->registry, slice_str(d->said->key)) == NULL)
		d->must_look |= model_subject_learn(&d->subject, d->said);
}

/* --- interests --------------------------------------------------------------------- */

/* "ns/name" into the arena; false for what is none. */
static bool
split(struct arena *a, struct slice text, const char **ns, const char **name)
{
	struct slice part;

	if (slice_find(text, '/') <= 0 || !slice_cut(&text, '/', &part) ||
	    text.len == 0)
		return false;
	*ns = arena_dup(a, part).ptr;
	*name = arena_dup(a, text).ptr;
	return true;
}

void
delivery_interest(struct delivery *d, const struct slice *services, size_t n)
{
	struct model_subject *s = &d->subject;
	struct map wanted = { 0 };
	struct slice key;
	struct arena a;
	size_t it = 0;

	arena_init(&a);
	for (size_t i = 0; i < n; i++)
		map_put(&wanted, services[i], NULL);
	while (map_next(&s->interests, &it, &key, NULL)) {
		const char *ns, *name;

		if (!map_has(&wanted, key) && split(&a, key, &ns, &name))
			model_subject_uncall(s, ns, name);
	}
	for (size_t i = 0; i < n; i++) {
		const char *ns, *name;

		if (split(&a, services[i], &ns, &name))
			model_subject_call(s, ns, name);
	}
	map_fini(&wanted, NULL);
	map_fini(&d->missing, NULL);
	arena_fini(&a);
	d->must_look = d->must_sync = true;
}

void
delivery_start(struct delivery *d, uint64_t since)
{
	struct registry_batch b;

	d->is_started = d->is_first = d->must_look = d->must_sync = true;
	d->since = since;
	if (since > 0 && registry_feed_next(registry_changes(d->registry),
	    since, &b) < 0) {
		d->since = 0;
		str_add(&d->head, "{\"t\":\"reset\"}\n");
	}
	d->at = d->since;
}

void
delivery_restart(struct delivery *d)
{
	drop_queue(d);
	str_clear(&d->tail);
	map_fini(&d->has, unref_change);
	map_fini(&d->missing, NULL);
	map_fini(&d->unsettled, NULL);
	d->digest = (struct model_digest){ 0 };
	d->since = 0;
	d->is_first = d->must_look = d->must_sync = true;
	str_clear(&d->head);
	str_add(&d->head, "{\"t\":\"reset\"}\n");
}

void
delivery_touch(struct delivery *d, struct slice key)
{
	map_put(&d->dirty, key, NULL);
}

/* --- what is new -------------------------------------------------------------------- */

static void
enqueue(struct delivery *d, struct registry_change *c)
{
	if (d->queue_len == d->queue_cap) {
		d->queue_cap = d->queue_cap == 0 ? 16 : d->queue_cap * 2;
		d->queue = mem_realloc(d->queue,
		    d->queue_cap * sizeof(*d->queue));
	}
	d->queue[d->queue_len++] = c;
}

static void
forget(struct delivery *d, struct registry_change *c)
{
	model_digest_part(&d->digest, &c->digest);
	registry_change_unref(c);
}

/* It shall have the document as it is now, at a revision. */
static void
give(struct delivery *d, const struct model_object *o, uint64_t revision)
{
	struct registry_change *c = line_of(d->lines, o), *old;
	struct slice key = slice_str(o->key);

	old = map_get(&d->has, key);
	if (old == c)
		return;
	map_put(&d->has, key, registry_change_ref(c));
	map_put(&d->unsettled, key, (void *)(uintptr_t)revision);
	if (old != NULL)
		forget(d, old);
	model_digest_join(&d->digest, &c->digest);
	/* What it kept of an earlier session is not sent again; Secrets
	   it may not keep. */
	if (c->revision > d->since || has_status(d->lines, o))
		enqueue(d, registry_change_ref(c));
}

/* It shall not have it. */
static void
take_away(struct delivery *d, struct slice key, uint64_t revision)
{
	struct registry_change *old = map_del(&d->has, key);

	if (old == NULL)
		return;
	map_del(&d->unsettled, key);
	enqueue(d, registry_change_new(revision, key, SLICE_NONE));
	forget(d, old);
}

/* Takes note of the keys that changed since `at`. */
static void
collect(struct delivery *d)
{
	struct registry_feed *feed = registry_changes(d->registry);
	uint64_t at = d->at;
	struct registry_batch b;
	int rc;

	while ((rc = registry_feed_next(feed, at, &b)) > 0) {
		at = b.revision;
		for (size_t i = 0; i < b.n; i++)
			map_put(&d->dirty, b.changes[i]->key, NULL);
	}
	if (rc < 0)
		d->must_look = true;	/* they are no longer kept */
}

static void
unlearn_gone(struct delivery *d, const struct map *known)
{
	size_t it = 0;
	struct slice key;
	void *o;

	while (map_next(known, &it, &key, &o))
		if (registry_find(d->registry, key) == NULL)
			d->must_look |= model_subject_unlearn(&d->subject, o);
}

static void
unlearn_services(struct delivery *d, const struct map *interests)
{
	size_t it = 0;
	void *in;

	while (map_next(interests, &it, NULL, &in)) {
		struct model_object *o = ((struct model_interest *)in)->service;

		if (o != NULL && registry_find(d->registry,
		    slice_str(o->key)) == NULL)
			d->must_look |= model_subject_unlearn(&d->subject, o);
	}
}

/* What the subject knows of documents that are no more. */
static void
unlearn(struct delivery *d)
{
	struct model_subject *s = &d->subject;

	unlearn_services(d, &s->interests);
	unlearn_services(d, &s->backends);
	unlearn_gone(d, &s->routes);
	unlearn_gone(d, &s->fronts);
	unlearn_gone(d, &s->grants);
	unlearn_gone(d, &s->offers);
	if (s->self == NULL || registry_find(d->registry,
	    slice_str(s->self->key)) != NULL)
		return;
	d->must_look |= d->said != NULL ? model_subject_learn(s, d->said) :
	    model_subject_unlearn(s, s->self);
}

static void
learn(struct delivery *d)
{
	size_t it = 0;
	struct slice key;

	while (map_next(&d->dirty, &it, &key, NULL)) {
		struct model_object *o = registry_find(d->registry, key);

		if (o != NULL)
			d->must_look |= model_subject_learn(&d->subject, o);
	}
	unlearn(d);
}

static void
look_at_dirty(struct delivery *d, uint64_t revision)
{
	size_t it = 0;
	struct slice key;

	while (map_next(&d->dirty, &it, &key, NULL)) {
		struct model_object *o = registry_find(d->registry, key);

		if (o != NULL && model_concerns(&d->subject, o))
			give(d, o, revision);
		else
			take_away(d, key, revision);
	}
}

static void
look_at_all(struct delivery *d, uint64_t revision)
{
	size_t n, len, it = 0;
	struct registry_query q = { 0 };
	struct model_object **all = registry_list(d->registry, &q, &n);
	struct model_object **out = mem_zalloc_array(n + 1,
	    sizeof(struct model_object *));
	struct map wanted = { 0 };
	struct slice key;
	void *value;

	len = model_closure(&d->subject, all, n, out);
	for (size_t i = 0; i < len; i++)
		map_put(&wanted, slice_str(out[i]->key), NULL);
	/* The key lies in the entry that is taken away: a copy is used. */
	while (map_next(&d->has, &it, &key, &value))
		if (!map_has(&wanted, key))
			take_away(d, ((struct registry_change *)value)->key,
			    revision);
	for (size_t i = 0; i < len; i++)
		give(d, out[i], revision);
	/* It may still have what was deleted while it was away. */
	it = 0;
	while (d->since > 0 && map_next(&d->dirty, &it, &key, NULL))
		if (registry_find(d->registry, key) == NULL)
			enqueue(d, registry_change_new(revision, key,
			    SLICE_NONE));
	map_fini(&wanted, NULL);
	mem_free(out);
	mem_free(all);
}

/* Interests in what does not exist; each is told once. */
static void
tell_missing(struct delivery *d)
{
	struct slice name;
	struct arena a;
	size_t it = 0;
	void *value;

	arena_init(&a);
	while (map_next(&d->subject.interests, &it, &name, &value)) {
		const struct model_interest *in = value;
		bool is_there = registry_find(d->registry, slice_str(model_key(
		    &a, &model_service_kind, in->namespace, in->name))) != NULL;

		if (is_there) {
			map_del(&d->missing, name);
		} else if (!map_has(&d->missing, name)) {
			map_put(&d->missing, name, NULL);
			str_add(&d->tail, "{\"t\":\"none\",\"service\":");
			str_add_json(&d->tail, name);
			str_add(&d->tail, "}\n");
		}
	}
	arena_fini(&a);
}

static void
note_state(struct delivery *d, uint64_t revision)
{
	if (revision != d->at)
		d->states_len = 0;
	if (d->states_len == DELIVERY_STATES)
		memmove(d->states, d->states + 1,
		    --d->states_len * sizeof(*d->states));
	d->states[d->states_len++] = d->digest;
}

enum delivery_match
delivery_match(const struct delivery *d, uint64_t revision, struct slice digest)
{
	char text[MODEL_DIGEST_TEXT];

	if (revision != d->at || !delivery_is_idle(d) || digest.len == 0)
		return DELIVERY_EARLIER;
	for (size_t i = d->states_len; i-- > 0;) {
		model_digest_text(&d->states[i], text);
		if (slice_is(digest, text))
			return i + 1 == d->states_len ? DELIVERY_SAME :
			    DELIVERY_EARLIER;
	}
	return d->states_len == DELIVERY_STATES ? DELIVERY_EARLIER :
	    DELIVERY_OTHER;
}

void
delivery_settle(struct delivery *d, uint64_t revision, bool is_last)
{
	struct slice key;
	size_t it = 0;
	void *at;

	while (map_next(&d->unsettled, &it, &key, &at))
		if ((uintptr_t)at < revision ||
		    (is_last && (uintptr_t)at == revision))
			map_del(&d->unsettled, key);
}

static void
close_state(struct delivery *d, uint64_t revision)
{
	char digest[MODEL_DIGEST_TEXT];

	note_state(d, revision);
	if (d->queue_len > 0 || d->tail.len > 0 || d->is_first)
		str_addf(&d->tail, "{\"t\":\"commit\",\"revision\":%llu}\n",
		    (unsigned long long)revision);
	if (d->must_sync) {
		model_digest_text(&d->digest, digest);
		str_addf(&d->tail, "{\"t\":\"synced\",\"revision\":%llu,"
		    "\"digest\":\"%s\"}\n", (unsigned long long)revision,
		    digest);
	}
	if (d->tail.len > 0)
		d->told = revision;
	d->is_first = d->must_sync = false;
	d->since = 0;
	d->at = revision;
}

/* Queues what leads from the state it has to that of now. */
static void
gather(struct delivery *d)
{
	uint64_t revision = registry_revision(d->registry);

	collect(d);
	learn(d);
	if (d->must_look)
		look_at_all(d, revision);
	else
		look_at_dirty(d, revision);
	d->must_look = false;
	map_fini(&d->dirty, NULL);
	tell_missing(d);
	close_state(d, revision);
}

static bool
has_news(const struct delivery *d)
{
	return d->must_look || d->must_sync || d->dirty.len > 0 ||
	    registry_revision(d->registry) > d->at;
}

bool
delivery_is_idle(const struct delivery *d)
{
	return d->queue_at == d->queue_len && d->tail.len == 0 &&
	    d->head.len == 0;
}

static void
add_text(struct buf *out, struct str *s)
{
	if (s->len > 0)
		buf_add(out, s->ptr, s->len);
	str_clear(s);
}

bool
delivery_next(struct delivery *d, struct buf *out)
{
	size_t before = buf_len(out);

	if (!d->is_started)
		return false;
	if (d->queue_at == d->queue_len && d->tail.len == 0 && has_news(d))
		gather(d);
	add_text(out, &d->head);
	while (d->queue_at < d->queue_len && buf_len(out) - before < CHUNK) {
		struct registry_change *c = d->queue[d->queue_at++];

		buf_add_slice(out, c->line);
		buf_add(out, "\n", 1);
		registry_change_unref(c);
	}
	if (d->queue_at == d->queue_len) {
		d->queue_at = d->queue_len = 0;
		add_text(out, &d->tail);
	}
	return buf_len(out) > before;
}
