#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "conf/schema.h"

#define NESTED_MAX	16

static const char *const type_names[] = {
	[CONF_BOOL_T] = "boolean",
	[CONF_INT_T] = "integer",
	[CONF_PORT_T] = "port",
	[CONF_STRING_T] = "string",
	[CONF_DURATION_T] = "duration",
	[CONF_BYTES_T] = "size",
	[CONF_TIME_T] = "time",
	[CONF_ENUM_T] = "one of",
	[CONF_WORD_T] = "one of",
	[CONF_PERCENT_T] = "percentage",
	[CONF_PORT_OR_NAME_T] = "port or name of a port",
	[CONF_STRUCT_T] = "object",
	[CONF_POINTER_T] = "object",
	[CONF_PAIRS_T] = "map of strings",
	[CONF_ANY_T] = "anything",
};

static const struct conf_field *
field_named(const struct conf_schema *s, struct slice name)
{
	for (const struct conf_field *f = s->fields; f->name != NULL; f++)
		if (slice_is(name, f->name))
			return f;
	return NULL;
}

const struct conf_field *
conf_schema_find(const struct conf_schema *s, const char *path)
{
	const struct conf_field *f = NULL;
	struct slice rest = slice_str(path), name;

	while (slice_cut(&rest, '.', &name)) {
		f = s == NULL ? NULL : field_named(s, name);
		if (f == NULL)
			return NULL;
		s = f->schema;
	}
	return f;
}

struct walk {
	conf_walk_fn             *fn;
	void                     *arg;
	struct str                path;
	const struct conf_schema *open[NESTED_MAX];
	size_t                    depth;
};

static bool
is_open(const struct walk *w, const struct conf_schema *s)
{
	for (size_t i = 0; i < w->depth; i++)
		if (w->open[i] == s)
			return true;
	return false;
}

static void
walk(struct walk *w, const struct conf_schema *s)
{
	size_t len = w->path.len;

	check(w->depth < NESTED_MAX);
	w->open[w->depth++] = s;
	for (const struct conf_field *f = s->fields; f->name != NULL; f++) {
		str_addf(&w->path, "%s%s", len > 0 ? "." : "", f->name);
		w->fn(w->arg, str_ptr(&w->path), f);
		if (f->schema != NULL && !is_open(w, f->schema))
			walk(w, f->schema);
		w->path.len = len;
		w->path.ptr[len] = '\0';
	}
	w->depth--;
}

void
conf_schema_walk(const struct conf_schema *s, conf_walk_fn *fn, void *arg)
{
	struct walk w = { .fn = fn, .arg = arg };

	walk(&w, s);
	str_fini(&w.path);
}

/* major.minor; what follows a second dot does not count. */
static bool
is_newer(const char *a, const char *b)
{
	unsigned major[2] = { 0 }, minor[2] = { 0 };

	check(sscanf(a, "%u.%u", &major[0], &minor[0]) == 2);
	if (sscanf(b, "%u.%u", &major[1], &minor[1]) != 2)
		return true;
	return major[0] != major[1] ? major[0] > major[1] : minor[0] > minor[1];
}

static const struct conf_field *
critical_in(const struct conf_node *n, const struct conf_field *f,
    const char *version)
{
	const struct conf_field *found = NULL;

	if (f->critical && f->since != NULL && is_newer(f->since, version))
		return f;
	if (f->schema == NULL)
		return NULL;
	if (!f->list)
		return conf_critical_since(n, f->schema, version);
	CONF_FOREACH(e, n)
		if (found == NULL)
			found = conf_critical_since(e->node, f->schema, version);
	return found;
}

const struct conf_field *
conf_critical_since(const struct conf_node *n, const struct conf_schema *s,
    const char *version)
{
	CONF_FOREACH(e, n) {
		const struct conf_field *f = n->kind != CONF_MAP ||
		    e->node->kind == CONF_NULL ? NULL : field_named(s, e->key);
		const struct conf_field *found = f == NULL ? NULL :
		    critical_in(e->node, f, version);

		if (found != NULL)
			return found;
	}
	return NULL;
}

void
conf_field_type(struct str *out, const struct conf_field *f)
{
	if (f->list)
		str_add(out, "list of ");
	str_add(out, type_names[f->type]);
	if (f->words == NULL)
		return;
	for (size_t i = 0; f->words[i] != NULL; i++)
		str_addf(out, "%s %s", i > 0 ? "," : ":", f->words[i]);
}

/* The deepest node on a path such as "filters[2].type" that is there. */
static const struct conf_node *
node_below(const struct conf_node *n, struct slice path)
{
	struct slice part;

	while (slice_cut(&path, '.', &part)) {
		struct slice name, index = part;
		const struct conf_entry *e;
		uint64_t at;

		slice_cut(&index, '[', &name);
		if (name.len > 0) {
			e = n->kind == CONF_MAP ? conf_entry_of(n, name) : NULL;
			if (e == NULL)
				return n;
			n = e->node;
		}
		if (index.len > 1 && slice_u64(slice_of(index.ptr, index.len - 1),
		    &at)) {
			if (conf_at(n, at) == NULL)
				return n;
			n = conf_at(n, at);
		}
	}
	return n;
}

int
conf_fail(const struct conf_place *place, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	const char *colon = strstr(str_ptr(&text), ": ");

	check(colon != NULL);
	struct slice below = slice_of(text.ptr, (size_t)(colon - text.ptr));
	bool is_top = place->path[0] == '\0' && below.len == 0;

	conf_error(node_below(place->node, below), place->err, "%s%s%s",
	    place->path, place->path[0] == '\0' || below.len == 0 ? "" : ".",
	    is_top ? colon + 2 : text.ptr);
	str_fini(&text);
	return -1;
}

const char *
conf_pairs_get(const struct conf_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (slice_is(slice_str(key), pairs->items[i].key))
			return pairs->items[i].value;
	return NULL;
}
