#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * map: byte strings to pointers, open addressing.
 * Life: map_init (or all zeros) -> map_put, map_get, map_del -> map_fini.
 * Keys are copied; values are the caller's.  The order of iteration is not
 * defined; sort where people will see it.
 */
struct map_entry;
struct map {
	struct map_entry *entries;
	size_t            cap;		/* power of two, or 0 */
	size_t            len;
	size_t            used;		/* len and deleted places */
};

void map_init(struct map *);
/* free_value may be NULL. */
void map_fini(struct map *, void (*free_value)(void *));
void *map_get(const struct map *, struct slice key);	/* NULL: not there */
bool map_has(const struct map *, struct slice key);
/* Stores value (may be NULL); gives the value that stood there, or NULL. */
void *map_put(struct map *, struct slice key, void *value);
/* Gives what was stored, or NULL. */
void *map_del(struct map *, struct slice key);
/*
 * Iterates: size_t it = 0; while (map_next(&m, &it, &key, &value)) ...
 * map_del of the entry just returned is allowed, map_put is not.
 */
bool map_next(const struct map *, size_t *it, struct slice *key, void **value);

#endif
