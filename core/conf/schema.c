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

void
conf_field_type(struct str *out, const struct conf_field *f)
{
	if (f->list)
		str_add(out, "list of ");
	str_add(out, type_names[f->type]);
	if (f->type != CONF_ENUM_T)
		return;
	for (size_t i = 0; f->words[i] != NULL; i++)
		str_addf(out, "%s %s", i > 0 ? "," : ":", f->words[i]);
}

const char *
conf_pairs_get(const struct conf_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (slice_is(slice_str(key), pairs->items[i].key))
			return pairs->items[i].value;
	return NULL;
}
