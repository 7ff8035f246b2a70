#include <stdarg.h>

#include "conf/node.h"
#include "conf/source.h"

static const char *const kind_names[] = {
	[CONF_NULL] = "nothing",
	[CONF_BOOL] = "a boolean",
	[CONF_INT] = "a number",
	[CONF_FLOAT] = "a number",
	[CONF_STRING] = "a string",
	[CONF_LIST] = "a list",
	[CONF_MAP] = "a map",
};

const char *
conf_kind_name(enum conf_kind kind)
{
	return kind_names[kind];
}

static bool
is_container(const struct conf_node *n)
{
	return n != NULL && (n->kind == CONF_LIST || n->kind == CONF_MAP);
}

struct conf_entry *
conf_first(const struct conf_node *n)
{
	return is_container(n) ? n->items.first : NULL;
}

size_t
conf_len(const struct conf_node *n)
{
	return is_container(n) ? n->items.len : 0;
}

struct conf_entry *
conf_entry_of(const struct conf_node *map, struct slice key)
{
	if (map == NULL || map->kind != CONF_MAP)
		return NULL;
	for (struct conf_entry *e = map->items.first; e != NULL; e = e->next)
		if (slice_eq(e->key, key))
			return e;
	return NULL;
}

struct conf_node *
conf_get(const struct conf_node *map, const char *key)
{
	struct conf_entry *e = conf_entry_of(map, slice_str(key));

	return e == NULL ? NULL : e->node;
}

struct conf_node *
conf_at(const struct conf_node *list, size_t index)
{
	CONF_FOREACH(e, list)
		if (index-- == 0)
			return e->node;
	return NULL;
}

struct conf_node *
conf_find(const struct conf_node *n, const char *path)
{
	struct slice rest = slice_str(path), part;
	struct conf_entry *e = NULL;

	while (slice_cut(&rest, '.', &part)) {
		e = conf_entry_of(n, part);
		if (e == NULL)
			return NULL;
		n = e->node;
	}
	return e == NULL ? NULL : e->node;
}

const char *
conf_string(const struct conf_node *n)
{
	return n != NULL && n->kind == CONF_STRING ? n->text.ptr : NULL;
}

const char *
conf_get_string(const struct conf_node *map, const char *key)
{
	return conf_string(conf_get(map, key));
}

int64_t
conf_get_int(const struct conf_node *map, const char *key, int64_t fallback)
{
	const struct conf_node *n = conf_get(map, key);

	return n != NULL && n->kind == CONF_INT ? n->integer : fallback;
}

bool
conf_get_bool(const struct conf_node *map, const char *key, bool fallback)
{
	const struct conf_node *n = conf_get(map, key);

	return n != NULL && n->kind == CONF_BOOL ? n->boolean : fallback;
}

static bool
equal_items(const struct conf_node *a, const struct conf_node *b)
{
	const struct conf_entry *other = conf_first(b);

	if (a->items.len != b->items.len)
		return false;
	CONF_FOREACH(e, a) {
		/* Mostly the same key stands in the same place. */
		const struct conf_entry *match = slice_eq(e->key, other->key) ?
		    other : conf_entry_of(b, e->key);

		if (match == NULL || !conf_equal(e->node, match->node))
			return false;
		other = other->next;
	}
	return true;
}

bool
conf_equal(const struct conf_node *a, const struct conf_node *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case CONF_NULL:
		return true;
	case CONF_BOOL:
		return a->boolean == b->boolean;
	case CONF_INT:
		return a->integer == b->integer;
	case CONF_FLOAT:
		return !(a->number < b->number) && !(a->number > b->number);
	case CONF_STRING:
		return slice_eq(a->text, b->text);
	case CONF_LIST:
	case CONF_MAP:
		return equal_items(a, b);
	}
	return false;
}

int
conf_error(const struct conf_node *n, struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_source_err(err, fmt, ap);
	va_end(ap);
	if (n != NULL && n->file != NULL && n->line > 0)
		err_wrap(err, "%s:%u:%u", n->file, n->line, n->column);
	else if (n != NULL && n->file != NULL)
		err_wrap(err, "%s", n->file);
	return -1;
}

int
conf_error_key(const struct conf_node *map, const struct conf_entry *e,
    struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_source_err(err, fmt, ap);
	va_end(ap);
	if (map->file != NULL && e->line > 0)
		err_wrap(err, "%s:%u:%u", map->file, e->line, e->column);
	return -1;
}
