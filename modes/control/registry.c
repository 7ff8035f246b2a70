#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/control/registry_impl.h"
#include "modes/control/secrecy.h"
#include "modes/control/store_keys.h"
#include "modes/control/store_wait.h"
#include "pki/key.h"

static void
unref_object(void *o)
{
	model_object_unref(o);
}

/* The kinds that control keeps. */
static struct registry_shelf *
shelves_new(void)
{
	size_t n = 0;

	for (size_t i = 0; model_kinds[i] != NULL; i++)
		n++;
	struct registry_shelf *shelves = mem_zalloc_array(n + 1,
	    sizeof(*shelves));

	n = 0;
	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_kinds[i]->stored)
			shelves[n++].kind = model_kinds[i];
	return shelves;
}

/* Where a key belongs: "/GROUP/PLURAL/..."; NULL: a kind that we lack. */
static struct registry_shelf *
shelf_of(const struct registry *r, struct slice key)
{
	struct slice group, plural;

	if (!slice_cut(&key, '/', &group) || group.len > 0 ||
	    !slice_cut(&key, '/', &group) || !slice_cut(&key, '/', &plural))
		return NULL;
	for (struct registry_shelf *s = r->shelves; s->kind != NULL; s++)
		if (slice_is(group, s->kind->group) &&
		    slice_is(plural, s->kind->plural))
			return s;
	return NULL;
}

static void
shelve(struct registry *r, struct slice key, struct model_object *o)
{
	struct registry_shelf *s = shelf_of(r, key);

	if (s == NULL)
		model_object_unref(o);
	else if (o == NULL)
		model_object_unref(map_del(&s->objects, key));
	else
		model_object_unref(map_put(&s->objects, key, o));
}

/* A Secret that no key of ours opens is no damage: the key is missing. */
static int
check_key(const struct registry *r, struct slice key, struct slice value,
    struct err *err)
{
	char id[WRAP_ID_LEN + 1];

	if (!model_key_is_secret(key) || !vault_key_of(value, id) ||
	    vault_has(r->vault, id))
		return 0;
	return err_set(err, ERR_CONFIG, "%.*s is locked with the key %s, which "
	    "is neither in " VAULT_FILE " of the data directory nor given: give "
	    "it by --secret-key-file or as the credential " VAULT_FILE,
	    SLICE_ARG(key), id);
}

/* NULL, and a line in the log, for what does not read. */
static struct model_object *
revive(const struct registry *r, struct slice key, struct slice value,
    uint64_t revision)
{
	struct model_object *o = NULL;
	struct err err = ERR_INIT;
	struct str plain = { 0 };

	if (!model_key_is_secret(key))
		o = registry_revive(value, revision, &err);
	else if (vault_unlock(r->vault, key, value, &plain, &err) == 0)
		o = registry_revive(str_slice(&plain), revision, &err);
	key_wipe_str(&plain);
	if (o == NULL)
		log_error("registry", "%.*s is left out: %s", SLICE_ARG(key),
		    err.text);
	return o;
}

/* A stored key without the prefix that all documents have. */
static struct slice
object_key(struct slice stored)
{
	return slice_from(stored, sizeof(STORE_DOCUMENTS) - 1);
}

/* One change for the feed and, if it is news, for the objects. */
static struct registry_change *
take_change(struct registry *r, struct slice key, struct slice value,
    uint64_t revision)
{
	struct registry_change *c = NULL;
	struct model_object *o = NULL;
	struct str json = { 0 };
	struct err err = ERR_INIT;

	if (value.ptr == NULL) {
		c = registry_change_new(revision, key, SLICE_NONE);
	} else if (check_key(r, key, value, &err) < 0) {
		/* Of before the key was changed; what it became follows. */
		log_debug("registry", "%s", err.text);
	} else if ((o = revive(r, key, value, revision)) != NULL) {
		if (model_key_is_secret(key))
			secrecy_write(&json, o->node);
		else
			conf_json_write(&json, o->node);
		c = registry_change_new(revision, key, str_slice(&json));
		str_fini(&json);
	}
	if (revision > r->loaded)
		shelve(r, key, o);
	else
		model_object_unref(o);
	return c;
}

static void
on_batch(void *ctx, const struct store_batch *b)
{
	struct registry *r = ctx;
	struct registry_change **changes = mem_zalloc_array(b->n_changes,
	    sizeof(struct registry_change *));
	size_t n = 0;

	for (size_t i = 0; i < b->n_changes; i++) {
		changes[n] = take_change(r, object_key(b->changes[i].key),
		    b->changes[i].value, b->revision);
		if (changes[n] != NULL)
			n++;
	}
	if (n > 0)
		registry_feed_add(&r->feed, b->revision, changes, n);
	mem_free(changes);
	registry_jobs_wake(r);
}

static void on_lost(void *);

static const struct store_watch_ops watch_ops = { on_batch, on_lost };

/* The changes that the store still has, one call for each revision. */
static int
load_history(struct registry *r, uint64_t *until, struct err *err)
{
	struct store_result *h = store_history_wait(r->store,
	    SLICE(STORE_DOCUMENTS "/"));
	struct store_change *changes = mem_zalloc_array(h->n_items,
	    sizeof(*changes));
	int rc = h->err.kind == ERR_NONE ? 0 : -1;

	*err = h->err;
	*until = r->loaded = h->revision;
	registry_feed_init(&r->feed, STORE_CHANGES_KEPT, h->kept);
	for (size_t i = 0, n = 0; i < h->n_items; i++) {
		const struct store_item *it = &h->items[i];

		changes[n++] = (struct store_change){
			.key = it->key, .value = it->value,
		};
		if (i + 1 < h->n_items && it[1].modified == it->modified)
			continue;
		on_batch(r, &(struct store_batch){
			.revision = it->modified, .changes = changes,
			.n_changes = n,
		});
		n = 0;
	}
	mem_free(changes);
	store_result_free(h);
	return rc;
}

static int
load_objects(struct registry *r, struct err *err)
{
	struct store_query q = { .prefix = SLICE(STORE_DOCUMENTS "/") };
	struct store_result *l = store_list_wait(r->store, &q);
	int rc = l->err.kind == ERR_NONE ? 0 : -1;

	*err = l->err;
	r->loaded = l->revision;
	for (size_t i = 0; i < l->n_items && rc == 0; i++) {
		struct slice key = object_key(l->items[i].key);
		struct model_object *o;

		rc = check_key(r, key, l->items[i].value, err);
		if (rc < 0)
			break;
		o = revive(r, key, l->items[i].value,
		    l->items[i].modified);

		if (o != NULL)
			shelve(r, key, o);
	}
	store_result_free(l);
	return rc;
}

static void
drop_objects(struct registry *r)
{
	for (struct registry_shelf *s = r->shelves; s->kind != NULL; s++)
		map_fini(&s->objects, unref_object);
}

static void
watch_from(struct registry *r, uint64_t revision)
{
	r->watch = store_watch_open(r->store, SLICE(STORE_DOCUMENTS "/"),
	    revision, &r->port, &watch_ops, r);
}

/*
 * So many were written while this thread was busy that the store dropped
 * changes that we have not seen: begin anew, followers too.
 */
static void
on_lost(void *ctx)
{
	struct registry *r = ctx;
	struct err err = ERR_INIT;

	log_warn("registry", "fell behind; reading everything again");
	store_watch_close(&r->watch);
	drop_objects(r);
	if (load_objects(r, &err) < 0)
		log_error("registry", "%s", err.text);
	watch_from(r, r->loaded);
	registry_feed_reset(&r->feed, r->loaded);
	registry_jobs_wake(r);
}

struct registry *
registry_open(struct store *s, const struct vault *vault,
    const struct store_port *port, struct err *err)
{
	struct registry *r = mem_zalloc(sizeof(*r));
	uint64_t until;

	r->refs = 1;
	r->store = s;
	r->vault = vault;
	r->port = *port;
	r->shelves = shelves_new();
	list_init(&r->waiting);
	if (load_history(r, &until, err) < 0 || load_objects(r, err) < 0) {
		registry_unref(r);
		return NULL;
	}
	watch_from(r, until);
	return r;
}

void
registry_unref(struct registry *r)
{
	if (--r->refs > 0)
		return;
	drop_objects(r);
	mem_free(r->shelves);
	registry_feed_fini(&r->feed);
	mem_free(r);
}

void
registry_close(struct registry **rp)
{
	struct registry *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	store_watch_close(&r->watch);
	r->store = NULL;
	registry_jobs_wake(r);
	registry_unref(r);
}

uint64_t
registry_revision(const struct registry *r)
{
	return r->feed.revision;
}

struct registry_feed *
registry_changes(struct registry *r)
{
	return &r->feed;
}

struct model_object *
registry_find(const struct registry *r, struct slice key)
{
	const struct registry_shelf *s = shelf_of(r, key);

	return s == NULL ? NULL : map_get(&s->objects, key);
}

static struct slice
label_of(const void *ctx, struct slice key)
{
	const struct model_object *o = ctx;
	const struct conf_pairs *labels = &o->head->meta.labels;

	for (size_t i = 0; i < labels->len; i++)
		if (slice_is(key, labels->items[i].key))
			return slice_str(labels->items[i].value);
	return SLICE_NONE;
}

static bool
is_wanted(const struct model_object *o, const struct registry_query *q)
{
	const char *namespace = o->head->meta.namespace;

	if (q->namespace != NULL && (namespace == NULL ||
	    strcmp(namespace, q->namespace) != 0))
		return false;
	return q->selector == NULL ||
	    registry_selector_match(q->selector, label_of, o);
}

static int
by_key(const void *a, const void *b)
{
	const struct model_object *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

struct model_object **
registry_list(const struct registry *r, const struct registry_query *q,
    size_t *n)
{
	struct model_object **all;
	size_t cap = 0;

	for (struct registry_shelf *s = r->shelves; s->kind != NULL; s++)
		if (q->kind == NULL || q->kind == s->kind)
			cap += s->objects.len;
	all = mem_zalloc_array(cap, sizeof(struct model_object *));
	*n = 0;
	for (struct registry_shelf *s = r->shelves; s->kind != NULL; s++) {
		size_t it = 0;
		void *o;

		if (q->kind != NULL && q->kind != s->kind)
			continue;
		while (map_next(&s->objects, &it, NULL, &o))
			if (is_wanted(o, q))
				all[(*n)++] = o;
	}
	if (*n > 1)
		qsort(all, *n, sizeof(struct model_object *), by_key);
	return all;
}
