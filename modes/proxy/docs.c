#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/proxy/docs.h"

struct doc {
	struct model_object *object;	/* a reference; the last good form */
	uint64_t             revision;	/* that it came with */
	struct str           bytes;	/* its JSON, as digested */
	bool                 is_stale;	/* from before a reset */
};

static void
doc_free(void *p)
{
	struct doc *d = p;

	model_object_unref(d->object);
	str_fini(&d->bytes);
	mem_free(d);
}

void
docs_init(struct docs *d)
{
	*d = (struct docs){ 0 };
}

void
docs_fini(struct docs *d)
{
	map_fini(&d->by_key, doc_free);
	map_fini(&d->absent, NULL);
	docs_init(d);
}

size_t
docs_len(const struct docs *d)
{
	return d->by_key.len;
}

struct model_object *
docs_find(const struct docs *d, struct slice key)
{
	const struct doc *doc = map_get(&d->by_key, key);

	return doc == NULL ? NULL : doc->object;
}

uint64_t
docs_revision(const struct docs *d, struct slice key)
{
	const struct doc *doc = map_get(&d->by_key, key);

	return doc == NULL ? 0 : doc->revision;
}

/* --- changes --------------------------------------------------------------- */

static void
count(struct docs *d, const struct doc *doc)
{
	model_digest_add(&d->digest, slice_str(doc->object->key), doc->revision,
	    str_slice(&doc->bytes));
}

static void
uncount(struct docs *d, const struct doc *doc)
{
	model_digest_sub(&d->digest, slice_str(doc->object->key), doc->revision,
	    str_slice(&doc->bytes));
}

static void
remove_doc(struct docs *d, struct slice key)
{
	struct doc *doc = map_del(&d->by_key, key);

	if (doc == NULL)
		return;
	if (!doc->is_stale)
		uncount(d, doc);
	doc_free(doc);
}

/* A service that is put is there, whatever was said before. */
static void
is_there(struct docs *d, const struct model_object *o)
{
	if (o->kind != &model_service_kind)
		return;
	map_del(&d->absent, slice_str(model_object_name(o)));
}

static int
put(struct docs *d, const struct sync_message *m, struct err *err)
{
	struct model_object *o = model_object_read(m->document, MODEL_KNOWN,
	    NULL, err);

	if (o == NULL)
		return -1;
	if (!slice_is(m->key, o->key)) {
		err_set(err, ERR_DATA, "the document's key is %s", o->key);
		model_object_unref(o);
		return -1;
	}
	struct doc *doc = mem_zalloc(sizeof(*doc));

	remove_doc(d, m->key);
	doc->object = o;
	doc->revision = m->revision;
	conf_json_write(&doc->bytes, m->document);
	map_put(&d->by_key, m->key, doc);
	count(d, doc);
	is_there(d, o);
	return 0;
}

static void
reset(struct docs *d)
{
	size_t it = 0;
	void *value;

	while (map_next(&d->by_key, &it, NULL, &value)) {
		struct doc *doc = value;

		doc->is_stale = true;
	}
	d->digest = (struct model_digest){ { 0 } };
	d->was_reset = true;
}

/* What a full state did not bring again is gone. */
static void
drop_stale(struct docs *d)
{
	size_t it = 0;
	struct slice key;
	void *value;

	while (map_next(&d->by_key, &it, &key, &value)) {
		struct doc *doc = value;

		if (!doc->is_stale)
			continue;
		map_del(&d->by_key, key);
		doc_free(doc);
	}
}

/* A bad put of a full state: its old form goes on. */
static void
keep(struct docs *d, struct slice key)
{
	struct doc *doc = map_get(&d->by_key, key);

	if (doc == NULL || !doc->is_stale)
		return;
	doc->is_stale = false;
	count(d, doc);
}

static void
commit(struct docs *d, uint64_t revision)
{
	if (d->was_reset)
		drop_stale(d);
	d->was_reset = false;
	d->revision = revision;
	d->is_whole = true;
}

enum docs_result
docs_apply(struct docs *d, const struct sync_message *m, struct err *err)
{
	switch (m->type) {
	case SYNC_PUT:
		if (put(d, m, err) == 0)
			return DOCS_TAKEN;
		keep(d, m->key);
		return DOCS_BAD;
	case SYNC_DEL:
		remove_doc(d, m->key);
		return DOCS_TAKEN;
	case SYNC_NONE:
		map_put(&d->absent, m->service, NULL);
		return DOCS_TAKEN;
	case SYNC_RESET:
		reset(d);
		return DOCS_TAKEN;
	case SYNC_COMMIT:
		commit(d, m->revision);
		return DOCS_COMMIT;
	default:
		return DOCS_NOTHING;
	}
}

void
docs_forget_absent(struct docs *d, struct slice service)
{
	map_del(&d->absent, service);
}

/* --- all of them -------------------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
	const struct model_object *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

struct model_object **
docs_list(const struct docs *d, size_t *len)
{
	struct model_object **list = mem_zalloc_array(d->by_key.len + 1,
	    sizeof(*list));
	size_t it = 0;
	void *value;

	*len = 0;
	while (map_next(&d->by_key, &it, NULL, &value))
		list[(*len)++] = ((struct doc *)value)->object;
	qsort(list, *len, sizeof(*list), by_key);
	return list;
}

/* --- on disk ------------------------------------------------------------------- */

static void
save_line(struct str *out, const struct sync_message *m)
{
	struct err ignored = ERR_INIT;

	/* It came in a line, so it fits into one. */
	sync_message_write(out, m, &ignored);
}

void
docs_save(const struct docs *d, const struct slice *services, size_t len,
    struct str *out)
{
	struct sync_message m = { .type = SYNC_INTEREST,
		.names = services,
		.names_len = len };
	struct slice key;
	size_t it = 0;
	void *value;

	save_line(out, &m);
	while (map_next(&d->by_key, &it, &key, &value)) {
		const struct doc *doc = value;

		if (model_key_is_secret(key))
			continue;
		m = (struct sync_message){ .type = SYNC_PUT, .key = key,
			.revision = doc->revision,
			.document_json = str_slice(&doc->bytes) };
		save_line(out, &m);
	}
	for (it = 0; map_next(&d->absent, &it, &key, NULL);) {
		m = (struct sync_message){ .type = SYNC_NONE, .service = key };
		save_line(out, &m);
	}
	m = (struct sync_message){ .type = SYNC_COMMIT,
		.revision = d->revision };
	save_line(out, &m);
}

static int
load_line(struct docs *d, struct slice line, struct arena *a,
    void (*on_service)(void *, struct slice), void *arg, struct err *err)
{
	struct sync_message m;
	struct err bad = ERR_INIT;

	if (sync_message_read(&m, a, line, err) != 0)
		return -1;
	for (size_t i = 0; m.type == SYNC_INTEREST && i < m.names_len; i++)
		on_service(arg, m.names[i]);
	docs_apply(d, &m, &bad);
	return 0;
}

int
docs_load(struct docs *d, struct slice text,
    void (*on_service)(void *, struct slice), void *arg, struct err *err)
{
	struct arena a;
	struct slice line;
	int result = 0;

	arena_init(&a);
	while (result == 0 && slice_cut(&text, '\n', &line)) {
		if (line.len > 0)
			result = load_line(d, line, &a, on_service, arg, err);
		arena_reset(&a);
	}
	arena_fini(&a);
	if (result == 0 && !d->is_whole)
		result = err_set(err, ERR_DATA, "the last line is missing");
	return result;
}
