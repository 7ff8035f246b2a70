#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "conf/nearest.h"
#include "model/annotation.h"
#include "model/object.h"

#define KINDS_MAX	64

static const struct conf_field metadata_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_metadata, name),
	    .pattern = CONF_SUBDOMAIN, .text = "unique in kind and namespace" },
	{ "namespace", CONF_STRING_T, CONF_AT(struct model_metadata, namespace),
	    .pattern = CONF_LABEL, .text = "\"default\" if left out" },
	{ "labels", CONF_PAIRS_T, CONF_AT(struct model_metadata, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .text = "words that selectors look for" },
	{ "annotations", CONF_PAIRS_T, CONF_AT(struct model_metadata, annotations),
	    .key_pattern = CONF_LABEL_KEY, .text = "text for tools" },
	{ "generation", CONF_INT_T, CONF_AT(struct model_metadata, generation),
	    .text = "set by control: grows when the spec changes" },
	{ "creationTimestamp", CONF_TIME_T, CONF_AT(struct model_metadata, created),
	    .text = "set by control" },
	{ "resourceVersion", CONF_STRING_T, CONF_AT(struct model_metadata, revision),
	    .text = "set by control: the revision of the last change; a put that "
	    "carries it fails if there was another since" },
	{ "uid", CONF_STRING_T, CONF_AT(struct model_metadata, uid),
	    .text = "set by control" },
	{ "generateName", CONF_ANY_T, CONF_AT(struct model_metadata, ignored[0]),
	    .text = "accepted, not used" },
	{ "ownerReferences", CONF_ANY_T, CONF_AT(struct model_metadata, ignored[1]),
	    .text = "accepted, not used" },
	{ "finalizers", CONF_ANY_T, CONF_AT(struct model_metadata, ignored[2]),
	    .text = "accepted, not used" },
	{ "managedFields", CONF_ANY_T, CONF_AT(struct model_metadata, ignored[3]),
	    .text = "accepted, not used" },
	{ 0 },
};

const struct conf_schema model_metadata_schema = { "metadata",
	sizeof(struct model_metadata), metadata_fields, NULL };

static int
need_words(const struct conf_node *doc, struct err *err)
{
	if (doc->kind != CONF_MAP)
		return conf_error(doc, err, "expected a document with apiVersion "
		    "and kind, found %s", conf_kind_name(doc->kind));
	for (int i = 0; i < 2; i++) {
		const char *field = i == 0 ? "apiVersion" : "kind";

		if (conf_get_string(doc, field) == NULL)
			return conf_error(doc, err,
			    "the required field \"%s\" is missing", field);
	}
	return 0;
}

/* Says which part of the pair is unknown, with a near name if there is one. */
static int
fail_kind(const struct conf_node *doc, struct err *err)
{
	const char *version = conf_get_string(doc, "apiVersion");
	const char *kind = conf_get_string(doc, "kind");
	const char *names[KINDS_MAX];
	size_t n = 0;

	for (; model_kinds[n] != NULL; n++) {
		check(n < KINDS_MAX);
		names[n] = model_kinds[n]->kind;
		if (strcmp(kind, names[n]) == 0)
			return conf_error(conf_get(doc, "apiVersion"), err,
			    "apiVersion: \"%.100s\" has no kind %s, expected \"%s\"",
			    version, kind, model_kinds[n]->versions[0]);
	}
	const char *near = conf_nearest(slice_str(kind), names, n);

	if (near != NULL)
		return conf_error(conf_get(doc, "kind"), err,
		    "kind: unknown kind \"%.100s\", did you mean \"%s\"?", kind,
		    near);
	return conf_error(conf_get(doc, "kind"), err,
	    "kind: unknown kind \"%.100s\" in \"%.100s\"", kind, version);
}

static void
default_namespace(struct conf_node *doc, const struct model_kind *kind,
    const char *namespace)
{
	struct conf_node *meta = conf_get(doc, "metadata");

	if (meta == NULL || meta->kind != CONF_MAP || !kind->namespaced ||
	    namespace == NULL)
		return;
	struct conf_node *given = conf_get(meta, "namespace");

	if (given == NULL || given->kind == CONF_NULL)
		conf_set_string(meta, "namespace", namespace);
}

/* Before the tables look, so that their checks can rely on names. */
static int
check_metadata(const struct conf_node *doc, const struct model_kind *kind,
    struct err *err)
{
	const struct conf_node *meta = conf_get(doc, "metadata");
	const struct conf_node *at = meta == NULL ? doc : meta;
	const char *namespace = conf_get_string(meta, "namespace");

	bool is_named = kind->stored || kind->write_only;

	if (is_named && (conf_get(meta, "name") == NULL ||
	    conf_get(meta, "name")->kind == CONF_NULL))
		return conf_error(at, err,
		    "metadata: the required field \"name\" is missing");
	if (is_named && kind->namespaced && conf_get(meta, "namespace") == NULL)
		return conf_error(at, err,
		    "metadata: the required field \"namespace\" is missing");
	if (!kind->namespaced && namespace != NULL)
		return conf_error(conf_get(meta, "namespace"), err,
		    "metadata.namespace: expected none, as a %s has no namespace",
		    kind->kind);
	return 0;
}

bool
model_key_is_secret(struct slice key)
{
	return slice_has_prefix(key, SLICE("/core/secrets/"));
}

int
model_verify_label_name(const struct conf_node *doc, struct err *err)
{
	const struct conf_node *name = conf_find(doc, "metadata.name");

	if (name == NULL || conf_pattern_match(CONF_LABEL, name->text))
		return 0;
	return conf_error(name, err, "metadata.name: expected %s, found \"%s\"",
	    conf_pattern_expected(CONF_LABEL), name->text.ptr);
}

static int
fill(struct model_object *o, enum model_read how, struct err *err)
{
	uint64_t revision;

	o->head = arena_alloc(&o->arena, o->kind->schema->size);
	if (check_metadata(o->node, o->kind, err) < 0 ||
	    (how == MODEL_STRICT ? conf_decode : conf_decode_known)(o->node,
	    o->kind->schema, &o->arena, o->head, err) < 0)
		return -1;
	if (how == MODEL_STRICT && model_annotations_check(o, err) < 0)
		return -1;
	if (slice_u64(slice_str(o->head->meta.revision), &revision))
		o->revision = revision;
	if (o->kind->finish != NULL && o->kind->finish(o, err) < 0)
		return -1;
	o->key = model_key(&o->arena, o->kind, o->head->meta.namespace,
	    o->head->meta.name == NULL ? "-" : o->head->meta.name);
	return 0;
}

struct model_object *
model_object_read(const struct conf_node *doc, enum model_read how,
    const char *namespace, struct err *err)
{
	if (need_words(doc, err) < 0)
		return NULL;
	const struct model_kind *kind = model_kind_of(
	    conf_get_string(doc, "apiVersion"), conf_get_string(doc, "kind"));

	if (kind == NULL) {
		fail_kind(doc, err);
		return NULL;
	}
	struct model_object *o = mem_zalloc(sizeof(*o));
	struct conf_node *copy = conf_copy(&o->arena, doc);

	o->kind = kind;
	refs_init(&o->refs);
	o->node = copy;
	if (!kind->keeps_version)
		conf_get(copy, "apiVersion")->text = slice_str(kind->versions[0]);
	default_namespace(copy, kind, namespace);
	if (fill(o, how, err) < 0) {
		model_object_unref(o);
		return NULL;
	}
	return o;
}

struct model_object *
model_object_ref(struct model_object *o)
{
	refs_take(&o->refs);
	return o;
}

void
model_object_unref(struct model_object *o)
{
	if (o == NULL || !refs_drop(&o->refs))
		return;
	arena_fini(&o->arena);
	mem_free(o);
}

const char *
model_object_name(const struct model_object *o)
{
	/* The key ends with it: "/core/services/" comes off "default/web". */
	size_t skip = strlen(o->kind->group) + strlen(o->kind->plural) + 3;

	return o->key + skip + (o->kind->namespaced ? 0 : 2);
}

int
model_object_by_age(const struct model_object *a, const struct model_object *b)
{
	int64_t x = a->head->meta.created, y = b->head->meta.created;

	if (x != y)
		return x < y ? -1 : 1;
	return strcmp(model_object_name(a), model_object_name(b));
}

const char *
model_annotation(const struct model_object *o, const char *key)
{
	return conf_pairs_get(&o->head->meta.annotations, key);
}

const char *
model_key(struct arena *a, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	return arena_printf(a, "/%s/%s/%s/%s", kind->group, kind->plural,
	    kind->namespaced && namespace != NULL ? namespace : "-", name);
}

bool
model_key_parse(struct arena *a, const char *key, const struct model_kind **kind,
    const char **namespace, const char **name)
{
	struct slice rest = slice_str(key), part[5];

	for (size_t i = 0; i < 5; i++)
		if (!slice_cut(&rest, '/', &part[i]))
			return false;
	if (rest.ptr != NULL || part[0].len > 0 || part[4].len == 0)
		return false;
	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		if (!slice_is(part[1], model_kinds[i]->group) ||
		    !slice_is(part[2], model_kinds[i]->plural))
			continue;
		*kind = model_kinds[i];
		*namespace = model_kinds[i]->namespaced ?
		    arena_dup(a, part[3]).ptr : NULL;
		*name = arena_dup(a, part[4]).ptr;
		return true;
	}
	return false;
}

static bool
is_spec(const struct conf_entry *e)
{
	return !slice_is(e->key, "metadata") && !slice_is(e->key, "status") &&
	    !slice_is(e->key, "apiVersion");
}

static size_t
count_spec(const struct conf_node *doc)
{
	size_t n = 0;

	CONF_FOREACH(e, doc)
		n += is_spec(e);
	return n;
}

bool
model_same_spec(const struct conf_node *a, const struct conf_node *b)
{
	if (count_spec(a) != count_spec(b))
		return false;
	CONF_FOREACH(e, a) {
		const struct conf_entry *other = conf_entry_of(b, e->key);

		if (is_spec(e) && (other == NULL ||
		    !conf_equal(e->node, other->node)))
			return false;
	}
	return true;
}

void
model_stamp(struct conf_node *doc, uint64_t revision, int64_t generation,
    int64_t created, const char *uid)
{
	struct conf_node *meta = conf_get(doc, "metadata");
	char text[32];

	if (meta == NULL || meta->kind != CONF_MAP)
		meta = conf_set_map(doc, "metadata");
	conf_set_time(meta, "creationTimestamp", created);
	conf_set_int(meta, "generation", generation);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)revision);
	conf_set_string(meta, "resourceVersion", text);
	conf_set_string(meta, "uid", uid);
	conf_unset(doc, "status");
}

bool
model_labels_match(const struct conf_pairs *selector,
    const struct conf_pairs *labels)
{
	for (size_t i = 0; i < selector->len; i++) {
		const char *value = conf_pairs_get(labels, selector->items[i].key);

		if (value == NULL || strcmp(value, selector->items[i].value) != 0)
			return false;
	}
	return true;
}

struct conf_node *
model_document_new(struct arena *a, const struct model_kind *kind,
    const char *namespace, const char *name)
{
	struct conf_node *doc = conf_map_new(a), *meta;

	conf_set_string(doc, "apiVersion", kind->versions[0]);
	conf_set_string(doc, "kind", kind->kind);
	meta = conf_set_map(doc, "metadata");
	conf_set_string(meta, "name", name);
	conf_set_string(meta, "namespace", namespace);
	return doc;
}
