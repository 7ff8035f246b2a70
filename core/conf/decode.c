#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "conf/decode.h"
#include "conf/nearest.h"
#include "conf/scalar.h"

#define NAMES_MAX	64	/* fields of one table */
#define NAMES_SHOWN	12

static int read_struct(struct decoder *, const struct conf_schema *,
    const struct conf_node *, void *out);

static int
read_nested(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	return read_struct(d, f->schema, n, out);
}

static int
read_pointer(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	*(void **)out = arena_zalloc(d->arena, f->schema->size);
	return read_struct(d, f->schema, n, *(void **)out);
}

static int
fail_many(struct decoder *d, const struct conf_node *n, size_t most)
{
	char text[80];

	snprintf(text, sizeof(text), "expected at most %zu items, found %zu", most,
	    conf_len(n));
	return decode_fail(d, n, text);
}

static int
fail_few(struct decoder *d, const struct conf_node *n, size_t least)
{
	char text[80];

	snprintf(text, sizeof(text), "expected at least %zu item%s, found %zu",
	    least, least == 1 ? "" : "s", conf_len(n));
	return decode_fail(d, n, text);
}

static int
read_pairs(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	struct conf_pairs *pairs = out;
	size_t len = d->path.len;

	if (n->kind != CONF_MAP)
		return decode_fail_expected(d, n, "a map of strings");
	if (conf_len(n) > CONF_PAIRS_MAX)
		return fail_many(d, n, CONF_PAIRS_MAX);
	pairs->items = arena_zalloc(d->arena, conf_len(n) * sizeof(*pairs->items));
	CONF_FOREACH(e, n) {
		struct conf_pair *pair = &pairs->items[pairs->len++];

		pair->key = e->key.ptr;
		if (!conf_pattern_match(f->key_pattern, e->key))
			return conf_error_key(n, e, d->err,
			    "%s: expected %s, found \"%s\"", str_ptr(&d->path),
			    conf_pattern_expected(f->key_pattern), e->key.ptr);
		str_addf(&d->path, "[%s]", e->key.ptr);
		if (decode_string(d, f, e->node, &pair->value) < 0)
			return -1;
		d->path.len = len;
		d->path.ptr[len] = '\0';
	}
	return 0;
}

static const struct {
	decode_fn *read;
	size_t   size;	/* 0: the schema's */
} types[] = {
	[CONF_BOOL_T] = { decode_bool, sizeof(bool) },
	[CONF_INT_T] = { decode_int, sizeof(int64_t) },
	[CONF_PORT_T] = { decode_port, sizeof(uint16_t) },
	[CONF_STRING_T] = { decode_string, sizeof(const char *) },
	[CONF_DURATION_T] = { decode_duration, sizeof(int64_t) },
	[CONF_BYTES_T] = { decode_bytes, sizeof(int64_t) },
	[CONF_TIME_T] = { decode_time, sizeof(int64_t) },
	[CONF_ENUM_T] = { decode_enum, sizeof(int) },
	[CONF_WORD_T] = { decode_word, sizeof(const char *) },
	[CONF_PERCENT_T] = { decode_percent, sizeof(int64_t) },
	[CONF_PORT_OR_NAME_T] = { decode_port_or_name,
	    sizeof(struct conf_port_or_name) },
	[CONF_STRUCT_T] = { read_nested, 0 },
	[CONF_POINTER_T] = { read_pointer, sizeof(void *) },
	[CONF_PAIRS_T] = { read_pairs, sizeof(struct conf_pairs) },
	[CONF_ANY_T] = { decode_any, sizeof(const struct conf_node *) },
};

static void
path_back(struct decoder *d, size_t len)
{
	d->path.len = len;
	if (d->path.ptr != NULL)
		d->path.ptr[len] = '\0';
}

static int
read_value(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	if (types[f->type].read(d, f, n, out) < 0)
		return -1;
	if (f->rule == NULL)
		return 0;
	struct conf_place place = { n, str_ptr(&d->path), d->err };

	return f->rule(f->type == CONF_POINTER_T ? *(void **)out : out, &place);
}

static int
read_list(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, char *out)
{
	size_t size = types[f->type].size, i = 0, len = d->path.len;

	if (n->kind != CONF_LIST)
		return decode_fail_expected(d, n, "a list");
	if (f->max_items > 0 && conf_len(n) > f->max_items)
		return fail_many(d, n, f->max_items);
	if (conf_len(n) < f->min_items)
		return fail_few(d, n, f->min_items);
	if (size == 0)
		size = f->schema->size;
	char *items = arena_zalloc(d->arena, conf_len(n) * size);

	CONF_FOREACH(e, n) {
		str_addf(&d->path, "[%zu]", i);
		if (read_value(d, f, e->node, items + i * size) < 0)
			return -1;
		path_back(d, len);
		i++;
	}
	memcpy(out + f->offset, &items, sizeof(items));
	memcpy(out + f->len_offset, &i, sizeof(i));
	return 0;
}

/* The default of a row; a row that is wrong is a bug. */
static void
read_fallback(struct decoder *d, const struct conf_field *f, char *out)
{
	struct conf_node *n = conf_string_new(d->arena, slice_str(f->fallback));

	if (f->type != CONF_STRING_T && f->words == NULL)
		conf_scalar_resolve(n);
	check(types[f->type].read(d, f, n, out + f->offset) == 0);
}

static void fill_defaults(struct decoder *, const struct conf_schema *, char *out);

static void
fill_default(struct decoder *d, const struct conf_field *f, char *out)
{
	if (f->list)
		return;
	if (f->fallback != NULL)
		read_fallback(d, f, out);
	else if (f->absent != 0)
		memcpy(out + f->offset, &f->absent, sizeof(f->absent));
	else if (f->type == CONF_STRUCT_T)
		fill_defaults(d, f->schema, out + f->offset);
}

static void
fill_defaults(struct decoder *d, const struct conf_schema *s, char *out)
{
	for (const struct conf_field *f = s->fields; f->name != NULL; f++)
		fill_default(d, f, out);
}

static int
fail_unknown(struct decoder *d, const struct conf_schema *s,
    const struct conf_node *map, const struct conf_entry *e)
{
	const char *names[NAMES_MAX];
	struct str text = { 0 };
	size_t n = 0;

	for (const struct conf_field *f = s->fields; f->name != NULL; f++) {
		check(n < NAMES_MAX);
		names[n++] = f->name;
	}
	const char *near = conf_nearest(e->key, names, n);

	if (d->path.len > 0)
		str_addf(&text, "%s: ", d->path.ptr);
	str_add(&text, "unknown field ");
	str_add_json(&text, slice_of(e->key.ptr, e->key.len > 200 ? 200 : e->key.len));
	if (near != NULL)
		str_addf(&text, ", did you mean \"%s\"?", near);
	for (size_t i = 0; near == NULL && i < n && i < NAMES_SHOWN; i++)
		str_addf(&text, "%s%s", i == 0 ? ", expected one of " : ", ",
		    names[i]);
	if (near == NULL && n > NAMES_SHOWN)
		str_add(&text, " ...");
	conf_error_key(map, e, d->err, "%s", text.ptr);
	str_fini(&text);
	return -1;
}

static int
check_unknown(struct decoder *d, const struct conf_schema *s,
    const struct conf_node *map)
{
	CONF_FOREACH(e, map) {
		const struct conf_field *f = s->fields;

		while (f->name != NULL && !slice_is(e->key, f->name))
			f++;
		if (f->name == NULL)
			return fail_unknown(d, s, map, e);
	}
	return 0;
}

static int
read_field(struct decoder *d, const struct conf_field *f,
    const struct conf_node *map, char *out)
{
	const struct conf_node *n = conf_get(map, f->name);
	size_t len = d->path.len;
	int result;

	if (n == NULL || n->kind == CONF_NULL) {
		if (f->required) {
			char text[160];

			snprintf(text, sizeof(text),
			    "the required field \"%s\" is missing", f->name);
			return decode_fail(d, map, text);
		}
		fill_default(d, f, out);
		return 0;
	}
	str_addf(&d->path, "%s%s", len > 0 ? "." : "", f->name);
	if (f->list)
		result = read_list(d, f, n, out);
	else
		result = read_value(d, f, n, out + f->offset);
	if (result == 0)
		path_back(d, len);
	return result;
}

static const char *
word_of(const struct conf_field *f, const void *filled)
{
	const char *const *word = (const void *)((const char *)filled + f->offset);
	const int *index = (const void *)word;

	return f->type == CONF_WORD_T ? *word : f->words[*index];
}

/* Of a union: the arm that its word names is there, no other is. */
static int
check_arms(struct decoder *d, const struct conf_schema *s,
    const struct conf_field *chooser, const struct conf_node *map,
    const void *filled)
{
	const char *word = word_of(chooser, filled);

	for (const struct conf_field *f = s->fields; f->name != NULL; f++) {
		const struct conf_node *n = conf_get(map, f->name);
		bool is_there = n != NULL && n->kind != CONF_NULL;
		bool is_meant = f->arm != NULL && word != NULL &&
		    strcmp(f->arm, word) == 0;
		char text[240];

		if (f->arm == NULL || is_there == is_meant ||
		    (is_meant && f->arm_optional))
			continue;
		snprintf(text, sizeof(text), is_there ?
		    "\"%s\" is only for %s %s, found %s %s" :
		    "the field \"%s\" is missing, which %s %s requires", f->name,
		    chooser->name, is_there ? f->arm : word, chooser->name,
		    word == NULL ? "none" : word);
		return decode_fail(d, is_there ? n : map, text);
	}
	return 0;
}

static int
read_struct(struct decoder *d, const struct conf_schema *s,
    const struct conf_node *n, void *out)
{
	if (n->kind != CONF_MAP)
		return decode_fail_expected(d, n, "a map");
	if (!d->known_only && check_unknown(d, s, n) < 0)
		return -1;
	for (const struct conf_field *f = s->fields; f->name != NULL; f++)
		if (read_field(d, f, n, out) < 0)
			return -1;
	for (const struct conf_field *f = s->fields; f->name != NULL; f++)
		if (f->chooses && check_arms(d, s, f, n, out) < 0)
			return -1;
	return s->verify == NULL ? 0 : s->verify(out, n, d->err);
}

static int
decode(const struct conf_node *n, const struct conf_schema *s,
    struct decoder *d, void *out)
{
	memset(out, 0, s->size);
	int result = read_struct(d, s, n, out);

	str_fini(&d->path);
	return result;
}

int
conf_decode(const struct conf_node *n, const struct conf_schema *s,
    struct arena *arena, void *out, struct err *err)
{
	struct decoder d = { .arena = arena, .err = err };

	return decode(n, s, &d, out);
}

int
conf_decode_known(const struct conf_node *n, const struct conf_schema *s,
    struct arena *arena, void *out, struct err *err)
{
	struct decoder d = { .arena = arena, .err = err, .known_only = true };

	return decode(n, s, &d, out);
}
