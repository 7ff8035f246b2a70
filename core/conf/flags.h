#ifndef CONF_FLAGS_H
#define CONF_FLAGS_H

#include "base/err.h"
#include "base/str.h"
#include "conf/schema.h"

/*
 * flags: the fields of a settings schema, from the command line and the
 * environment.  The schema stays the one truth: a field tokenFile is
 * --token-file and PREFIX_TOKEN_FILE without a further table.
 *
 *	--token-file PATH, --token-file=PATH
 *	--permissive, --permissive=false	a boolean
 *	--app A --app B				a list: may be repeated
 *	PREFIX_APP=A,B				the same in the environment
 *
 * A field whose value is more than one word (a map, a list of structs) has a
 * flag only if a row says how its text is read.  Fields of type struct have
 * none.
 *
 * Each source fills a map of its own; conf_overlay then lays the environment
 * over the document and the command line over both, field by field.  The
 * values are checked by conf_decode, whose message names the flag.
 */
struct conf_flag {
	const char *field;	/* "apps"; NULL ends */
	const char *flag;	/* "app" */
	const char *value;	/* for help: "HOST:PORT" */
	/* Reads one text into the map: err has kind ERR_USAGE. */
	int       (*add)(struct conf_node *into, struct slice text, struct err *);
};

struct conf_flags {
	const struct conf_schema *schema;	/* of the fields, such as a spec */
	const struct conf_flag   *rows;		/* or NULL */
	const char               *env;		/* "MESH_PROXY_" */
};

/*
 * Looks at argv[*at].  1: it was one of ours, and *at stands behind it and
 * its value.  0: it is not.  -1: its value is missing or cannot be read, with
 * kind ERR_USAGE.
 */
int conf_flags_take(const struct conf_flags *, char *const *argv, int *at,
    struct conf_node *into, struct err *);
/* Reads the environment, NULL-terminated "NAME=VALUE". */
int conf_flags_env(const struct conf_flags *, char *const *env,
    struct conf_node *into, struct err *);
/* Puts every field of from into map, in place of what it had. */
void conf_overlay(struct conf_node *map, const struct conf_node *from);

/* Every flag: its name without "--", its value's name ("" for a boolean). */
typedef void conf_flags_fn(void *arg, const char *flag, const char *value,
    const struct conf_field *);
void conf_flags_each(const struct conf_flags *, conf_flags_fn *, void *arg);

/*
 * Gives -1: this word is no option (ERR_USAGE), and err says which one it may
 * have been meant for: a flag, or one of more ("--validate"; NULL ends).
 */
int conf_flags_unknown(const struct conf_flags *, const char *word,
    const char *const *more, struct err *);

#endif
