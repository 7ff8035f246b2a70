#ifndef CONF_NODE_H
#define CONF_NODE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * node: a document as a tree, whether it came from YAML, from JSON or from
 * the program itself.
 *
 * Life: conf_yaml_read or conf_json_read (or conf_map_new) -> conf_get,
 * conf_decode ... -> the arena ends.
 *
 * Everything lives in one arena, which the caller keeps for as long as a
 * node of it is in use; nothing is freed alone.  A map keeps the order in
 * which its keys were written and never holds a key twice.  A node has one
 * parent.  Texts are UTF-8 without NUL inside and with a NUL behind.
 *
 * Readers accept a NULL node as "not there", so that lookups can be nested:
 * conf_string(conf_get(conf_get(doc, "metadata"), "name")).
 */
enum conf_kind {
	CONF_NULL,
	CONF_BOOL,
	CONF_INT,
	CONF_FLOAT,
	CONF_STRING,
	CONF_LIST,
	CONF_MAP,
};

struct conf_node {
	enum conf_kind kind;
	bool           plain;	/* a YAML scalar without quotes */
	unsigned       line, column;	/* from 1; 0: it has none */
	const char    *file;	/* or a flag; NULL: made by the program */
	struct slice   text;	/* a scalar as written, without its quotes */
	union {
		bool    boolean;
		int64_t integer;
		double  number;	/* CONF_FLOAT */
		struct {
			struct arena      *arena;
			struct conf_entry *first, *last;
			size_t             len;
		} items;	/* CONF_LIST, CONF_MAP */
	};
};

struct conf_entry {
	struct conf_entry *next;
	struct slice       key;		/* absent in a list */
	unsigned           line, column;	/* of the key */
	struct conf_node  *node;
};

/* for (const struct conf_entry *e ...) over a list or a map; NULL is empty. */
#define CONF_FOREACH(e, of)						\
	for (const struct conf_entry *e = conf_first(of); e != NULL; e = e->next)

const char *conf_kind_name(enum conf_kind);	/* "a number", "a map" */

/* Reading.  A scalar of another kind gives NULL or the fallback. */
struct conf_entry *conf_first(const struct conf_node *);
size_t conf_len(const struct conf_node *);	/* of a list or a map */
struct conf_node *conf_get(const struct conf_node *map, const char *key);
struct conf_entry *conf_entry_of(const struct conf_node *map, struct slice key);
struct conf_node *conf_at(const struct conf_node *list, size_t index);
/* "spec.ports" through maps; a key with a dot in it cannot be reached. */
struct conf_node *conf_find(const struct conf_node *, const char *path);
const char *conf_string(const struct conf_node *);
const char *conf_get_string(const struct conf_node *map, const char *key);
int64_t conf_get_int(const struct conf_node *map, const char *key, int64_t fallback);
bool conf_get_bool(const struct conf_node *map, const char *key, bool fallback);
/* Same kinds, values and keys; the order of a map's keys does not matter. */
bool conf_equal(const struct conf_node *, const struct conf_node *);

/* Building.  The arena is kept by maps and lists, which grow in it. */
struct conf_node *conf_null_new(struct arena *);
struct conf_node *conf_bool_new(struct arena *, bool);
struct conf_node *conf_int_new(struct arena *, int64_t);
struct conf_node *conf_float_new(struct arena *, double);	/* finite */
struct conf_node *conf_string_new(struct arena *, struct slice);	/* copies */
struct conf_node *conf_map_new(struct arena *);
struct conf_node *conf_list_new(struct arena *);
/* The shortest decimal text that reads back as the same float: 1000.0, 0.1 */
#define CONF_FLOAT_TEXT	32
void conf_float_text(char out[CONF_FLOAT_TEXT], double);
/* A deep copy, positions included, that shares nothing with the original. */
struct conf_node *conf_copy(struct arena *, const struct conf_node *);

/*
 * conf_set replaces what the key had, in its place, or appends.  The key is
 * copied, the node is kept.  A NULL string or node sets nothing, so optional
 * fields need no condition.
 */
void conf_set(struct conf_node *map, const char *key, struct conf_node *);
void conf_set_string(struct conf_node *map, const char *key, const char *);
void conf_set_slice(struct conf_node *map, const char *key, struct slice);
/* RFC 3339 in UTC, of seconds since 1970. */
void conf_set_time(struct conf_node *map, const char *key, int64_t);
void conf_set_int(struct conf_node *map, const char *key, int64_t);
void conf_set_bool(struct conf_node *map, const char *key, bool);
void conf_set_float(struct conf_node *map, const char *key, double);
/* The new, empty child. */
struct conf_node *conf_set_map(struct conf_node *map, const char *key);
struct conf_node *conf_set_list(struct conf_node *map, const char *key);
/* Removes the key if it is there. */
void conf_unset(struct conf_node *map, const char *key);

void conf_add(struct conf_node *list, struct conf_node *);
void conf_add_string(struct conf_node *list, const char *);
void conf_add_int(struct conf_node *list, int64_t);
struct conf_node *conf_add_map(struct conf_node *list);
struct conf_node *conf_add_list(struct conf_node *list);
/* Appends without looking whether the key is there: for readers, which check. */
struct conf_entry *conf_append(struct conf_node *list_or_map, struct slice key,
    struct conf_node *);

/*
 * Fills err with kind ERR_DATA and "file:line:col: " in front of the text;
 * without that prefix for a node that the program made.  Returns -1.
 */
int conf_error(const struct conf_node *, struct err *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As conf_error, at the place of an entry's key. */
int conf_error_key(const struct conf_node *map, const struct conf_entry *,
    struct err *, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
