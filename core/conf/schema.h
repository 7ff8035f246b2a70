#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/node.h"
#include "conf/pattern.h"
#include "conf/value.h"

/*
 * schema: const tables that say what a document may hold and where it goes in
 * a C struct.  The same rows feed conf_decode, `mesh ctl explain`, completion
 * and the test of the manual pages.
 *
 * A struct that a table fills has, for each type, a member of the C type
 * written beside it below; a list is a pointer to that type in the member and
 * a size_t named member_len beside it.  What is absent and has no default is
 * zero, NULL or an empty list.  A null in a document is the same as absent.
 *
 *	static const struct conf_field port_fields[] = {
 *		{ "name", CONF_STRING_T, CONF_AT(struct port, name),
 *		    .pattern = CONF_LABEL, .text = "unique in the service" },
 *		{ "port", CONF_PORT_T, CONF_AT(struct port, port),
 *		    .required = true, .text = "what callers dial" },
 *		{ 0 },
 *	};
 *
 * Strings and kept nodes point into the document: its arena must outlive the
 * struct.
 */
enum conf_type {
	CONF_BOOL_T,		/* bool */
	CONF_INT_T,		/* int64_t; min and max, if max > min */
	CONF_PORT_T,		/* uint16_t, 1 to 65535 */
	CONF_STRING_T,		/* const char *; pattern; min and max bytes */
	CONF_DURATION_T,	/* int64_t, milliseconds; min and max too */
	CONF_BYTES_T,		/* int64_t, conf_bytes_read; min and max */
	CONF_TIME_T,		/* int64_t, seconds since 1970 */
	CONF_ENUM_T,		/* int, index into words */
	CONF_WORD_T,		/* const char *, one of words */
	CONF_PERCENT_T,		/* int64_t, parts per million: 12.5 is 125000;
				   min and max in percent, else 0 to 100 */
	CONF_PORT_OR_NAME_T,	/* struct conf_port_or_name */
	CONF_STRUCT_T,		/* struct of schema; absent: its defaults */
	CONF_POINTER_T,		/* struct of schema *, NULL when absent */
	CONF_PAIRS_T,		/* struct conf_pairs, at most CONF_PAIRS_MAX;
				   key_pattern, pattern */
	CONF_ANY_T,		/* const struct conf_node *, as it is */
};

struct conf_field {
	const char               *name;	/* NULL ends a table */
	enum conf_type            type;
	size_t                    offset;
	bool                      list;
	size_t                    len_offset;
	size_t                    min_items;
	size_t                    max_items;	/* 0: no limit of its own */
	bool                      required;
	bool                      critical;	/* ignoring it would be dangerous */
	enum conf_pattern         pattern, key_pattern;
	int64_t                   min, max;
	const char               *fallback;	/* default, as it would be written */
	int64_t                   absent;	/* of an int64_t without fallback */
	const char *const        *words;	/* of an enum, NULL ends */
	const struct conf_schema *schema;
	/*
	 * Of a union: the word of the field that chooses, for which this one
	 * must be there unless it is optional, and for any other must not.
	 */
	bool                      chooses;
	const char               *arm;
	bool                      arm_optional;
	/* More about a value than a row can say; reports with conf_fail. */
	int (*rule)(const void *value, const struct conf_place *);
	const char               *since;	/* version; NULL: the first */
	const char               *text;		/* one line for people */
};

struct conf_schema {
	const char              *name;	/* "Service port", for people */
	size_t                   size;	/* of the struct */
	const struct conf_field *fields;
	/*
	 * What a table cannot say; runs when the struct is filled.  Reports
	 * with conf_error at the node that is wrong.
	 */
	int (*verify)(const void *filled, const struct conf_node *, struct err *);
};

#define CONF_AT(type, member)	.offset = offsetof(type, member)
#define CONF_LIST_AT(type, member)					\
	.list = true, .offset = offsetof(type, member),			\
	.len_offset = offsetof(type, member##_len)

/*
 * Fills out (schema->size bytes, cleared first) from a map.  The first fault
 * ends it: -1, and err says "file:line:col: field.path: what was expected,
 * what was found".
 */
int conf_decode(const struct conf_node *, const struct conf_schema *,
    struct arena *, void *out, struct err *);
/* The same, but fields that the schema does not know are passed over. */
int conf_decode_known(const struct conf_node *, const struct conf_schema *,
    struct arena *, void *out, struct err *);
/*
 * Refuses what a rule found: "file:line:col: path.below: ...".  The text
 * begins with the path below the place and ": " ("ports[%zu].name: ..."), or
 * with ": " for the place itself; line and column are those of the longest
 * part of that path that is there.  Returns -1.
 */
int conf_fail(const struct conf_place *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
const char *conf_pairs_get(const struct conf_pairs *, const char *key);

/* "spec.ports.port"; lists are passed through.  NULL: no such field. */
const struct conf_field *conf_schema_find(const struct conf_schema *,
    const char *path);
/*
 * Calls back for every field, depth first, in the order of the tables.  path
 * is borrowed.  A schema that contains itself is entered once.
 */
typedef void conf_walk_fn(void *arg, const char *path, const struct conf_field *);
void conf_schema_walk(const struct conf_schema *, conf_walk_fn *, void *arg);
/*
 * Version skew: the first field that the document sets, that a reader of the
 * version ("0.1") does not know, and that would be dangerous to pass over.
 * NULL: there is none, that reader may use conf_decode_known.
 */
const struct conf_field *conf_critical_since(const struct conf_node *,
    const struct conf_schema *, const char *version);
/* "string", "list of port", "one of: a, b". */
void conf_field_type(struct str *out, const struct conf_field *);

#endif
