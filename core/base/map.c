#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

#define MAP_MIN	16

struct map_entry {
	char    *key;		/* NULL: free; deleted_mark: was used */
	size_t   len;
	uint64_t hash;
	void    *value;
};

static char deleted_mark[1];

void
map_init(struct map *m)
{
	*m = (struct map){ 0 };
}

static bool
is_live(const struct map_entry *e)
{
	return e->key != NULL && e->key != deleted_mark;
}

void
map_fini(struct map *m, void (*free_value)(void *))
{
	for (size_t i = 0; i < m->cap; i++) {
		if (!is_live(&m->entries[i]))
			continue;
		mem_free(m->entries[i].key);
		if (free_value != NULL && m->entries[i].value != NULL)
			free_value(m->entries[i].value);
	}
	mem_free(m->entries);
	map_init(m);
}

static struct map_entry *
find(const struct map *m, struct slice key, uint64_t hash)
{
	if (m->cap == 0)
		return NULL;
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_entry *e = &m->entries[i];

		if (e->key == NULL)
			return NULL;
		if (e->key != deleted_mark && e->hash == hash &&
		    slice_eq(slice_of(e->key, e->len), key))
			return e;
	}
}

static void
rehash(struct map *m, size_t cap)
{
	struct map_entry *old = m->entries;
	size_t old_cap = m->cap;

	m->entries = mem_zalloc_array(cap, sizeof(*m->entries));
	m->cap = cap;
	m->used = m->len;
	for (size_t i = 0; i < old_cap; i++) {
		if (!is_live(&old[i]))
			continue;
		size_t at = old[i].hash & (cap - 1);

		while (m->entries[at].key != NULL)
			at = (at + 1) & (cap - 1);
		m->entries[at] = old[i];
	}
	mem_free(old);
}

void *
map_get(const struct map *m, struct slice key)
{
	struct map_entry *e = find(m, key, m->cap ? slice_hash(key) : 0);

	return e == NULL ? NULL : e->value;
}

bool
map_has(const struct map *m, struct slice key)
{
	return find(m, key, m->cap ? slice_hash(key) : 0) != NULL;
}

void *
map_put(struct map *m, struct slice key, void *value)
{
	uint64_t hash = slice_hash(key);
	struct map_entry *e = find(m, key, hash);

	if (e != NULL) {
		void *old = e->value;

		e->value = value;
		return old;
	}
	if ((m->used + 1) * 4 > m->cap * 3)
		rehash(m, m->len * 2 < MAP_MIN ? MAP_MIN :
		    m->len * 2 >= m->cap ? m->cap * 2 : m->cap);
	size_t at = hash & (m->cap - 1);

	while (m->entries[at].key != NULL)
		at = (at + 1) & (m->cap - 1);
	m->entries[at] = (struct map_entry){
		.key = mem_dup(key.ptr, key.len), .len = key.len,
		.hash = hash, .value = value,
	};
	m->len++;
	m->used++;
	return NULL;
}

void *
map_del(struct map *m, struct slice key)
{
	struct map_entry *e = find(m, key, m->cap ? slice_hash(key) : 0);

	if (e == NULL)
		return NULL;
	void *value = e->value;

	mem_free(e->key);
	*e = (struct map_entry){ .key = deleted_mark };
	m->len--;
	return value;
}

bool
map_next(const struct map *m, size_t *it, struct slice *key, void **value)
{
	while (*it < m->cap) {
		struct map_entry *e = &m->entries[(*it)++];

		if (!is_live(e))
			continue;
		if (key != NULL)
			*key = slice_of(e->key, e->len);
		if (value != NULL)
			*value = e->value;
		return true;
	}
	return false;
}
