#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "conf/node.h"

static struct conf_node *
node_new(struct arena *a, enum conf_kind kind)
{
	struct conf_node *n = arena_zalloc(a, sizeof(*n));

	n->kind = kind;
	if (kind == CONF_LIST || kind == CONF_MAP)
		n->items.arena = a;
	return n;
}

struct conf_node *
conf_null_new(struct arena *a)
{
	struct conf_node *n = node_new(a, CONF_NULL);

	n->text = SLICE("null");
	return n;
}

struct conf_node *
conf_bool_new(struct arena *a, bool value)
{
	struct conf_node *n = node_new(a, CONF_BOOL);

	n->boolean = value;
	n->text = value ? SLICE("true") : SLICE("false");
	return n;
}

struct conf_node *
conf_int_new(struct arena *a, int64_t value)
{
	struct conf_node *n = node_new(a, CONF_INT);

	n->integer = value;
	n->text = slice_str(arena_printf(a, "%lld", (long long)value));
	return n;
}

void
conf_float_text(char out[CONF_FLOAT_TEXT], double value)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, CONF_FLOAT_TEXT, "%.*g", digits, value);
		double back = strtod(out, NULL);

		if (memcmp(&back, &value, sizeof(value)) == 0)
			break;
	}
	if (strpbrk(out, ".e") == NULL)
		memcpy(out + strlen(out), ".0", 3);
}

struct conf_node *
conf_float_new(struct arena *a, double value)
{
	struct conf_node *n = node_new(a, CONF_FLOAT);
	char text[CONF_FLOAT_TEXT];

	check(isfinite(value));
	conf_float_text(text, value);
	n->number = value;
	n->text = slice_str(arena_strdup(a, text));
	return n;
}

struct conf_node *
conf_string_new(struct arena *a, struct slice text)
{
	struct conf_node *n = node_new(a, CONF_STRING);

	n->text = arena_dup(a, text);
	return n;
}

struct conf_node *
conf_map_new(struct arena *a)
{
	return node_new(a, CONF_MAP);
}

struct conf_node *
conf_list_new(struct arena *a)
{
	return node_new(a, CONF_LIST);
}

struct conf_entry *
conf_append(struct conf_node *n, struct slice key, struct conf_node *item)
{
	check(n->kind == CONF_LIST || n->kind == CONF_MAP);
	struct conf_entry *e = arena_zalloc(n->items.arena, sizeof(*e));

	e->key = key;
	e->node = item;
	if (n->items.last == NULL)
		n->items.first = e;
	else
		n->items.last->next = e;
	n->items.last = e;
	n->items.len++;
	return e;
}

/* The name of the file is copied once for all nodes that share it. */
struct copy {
	struct arena *arena;
	const char   *from_file, *to_file;
};

static struct conf_node *
copy_node(struct copy *c, const struct conf_node *from)
{
	struct conf_node *to = arena_alloc(c->arena, sizeof(*to));

	*to = *from;
	if (from->file != c->from_file) {
		c->from_file = from->file;
		c->to_file = from->file == NULL ? NULL :
		    arena_strdup(c->arena, from->file);
	}
	to->file = c->to_file;
	if (from->kind != CONF_LIST && from->kind != CONF_MAP) {
		to->text = arena_dup(c->arena, from->text);
		return to;
	}
	to->items.arena = c->arena;
	to->items.first = to->items.last = NULL;
	to->items.len = 0;
	CONF_FOREACH(e, from) {
		struct conf_entry *copy = conf_append(to,
		    e->key.ptr == NULL ? SLICE_NONE : arena_dup(c->arena, e->key),
		    copy_node(c, e->node));

		copy->line = e->line;
		copy->column = e->column;
	}
	return to;
}

struct conf_node *
conf_copy(struct arena *a, const struct conf_node *from)
{
	struct copy c = { .arena = a };

	return copy_node(&c, from);
}

void
conf_set(struct conf_node *map, const char *key, struct conf_node *n)
{
	check(map->kind == CONF_MAP);
	struct conf_entry *e = conf_entry_of(map, slice_str(key));

	if (n == NULL)
		return;
	if (e != NULL)
		e->node = n;
	else
		conf_append(map, arena_dup(map->items.arena, slice_str(key)), n);
}

void
conf_set_string(struct conf_node *map, const char *key, const char *value)
{
	conf_set_slice(map, key, slice_str(value));
}

void
conf_set_time(struct conf_node *map, const char *key, int64_t wall_s)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(text, wall_s, -1);
	conf_set_string(map, key, text);
}

void
conf_set_slice(struct conf_node *map, const char *key, struct slice value)
{
	if (value.ptr != NULL)
		conf_set(map, key, conf_string_new(map->items.arena, value));
}

void
conf_set_int(struct conf_node *map, const char *key, int64_t value)
{
	conf_set(map, key, conf_int_new(map->items.arena, value));
}

void
conf_set_bool(struct conf_node *map, const char *key, bool value)
{
	conf_set(map, key, conf_bool_new(map->items.arena, value));
}

void
conf_set_float(struct conf_node *map, const char *key, double value)
{
	conf_set(map, key, conf_float_new(map->items.arena, value));
}

struct conf_node *
conf_set_map(struct conf_node *map, const char *key)
{
	struct conf_node *child = conf_map_new(map->items.arena);

	conf_set(map, key, child);
	return child;
}

struct conf_node *
conf_set_list(struct conf_node *map, const char *key)
{
	struct conf_node *child = conf_list_new(map->items.arena);

	conf_set(map, key, child);
	return child;
}

void
conf_unset(struct conf_node *map, const char *key)
{
	struct conf_entry *gone = conf_entry_of(map, slice_str(key)), *prev = NULL;

	if (gone == NULL)
		return;
	for (struct conf_entry *e = map->items.first; e != gone; e = e->next)
		prev = e;
	if (prev == NULL)
		map->items.first = gone->next;
	else
		prev->next = gone->next;
	if (map->items.last == gone)
		map->items.last = prev;
	map->items.len--;
}

void
conf_add(struct conf_node *list, struct conf_node *n)
{
	check(list->kind == CONF_LIST);
	if (n != NULL)
		conf_append(list, SLICE_NONE, n);
}

void
conf_add_string(struct conf_node *list, const char *value)
{
	if (value != NULL)
		conf_add(list, conf_string_new(list->items.arena,
		    slice_str(value)));
}

void
conf_add_int(struct conf_node *list, int64_t value)
{
	conf_add(list, conf_int_new(list->items.arena, value));
}

struct conf_node *
conf_add_map(struct conf_node *list)
{
	struct conf_node *child = conf_map_new(list->items.arena);

	conf_add(list, child);
	return child;
}

struct conf_node *
conf_add_list(struct conf_node *list)
{
	struct conf_node *child = conf_list_new(list->items.arena);

	conf_add(list, child);
	return child;
}
