#ifndef MODEL_SET_H
#define MODEL_SET_H

#include <stddef.h>

#include "base/map.h"
#include "conf/stream.h"
#include "model/object.h"

/*
 * set: the objects of files, and what was wrong with the others.
 * Life: model_set_init -> model_set_read ... -> model_set_fini.
 *
 * One bad document harms only itself: it becomes a fault, the rest become
 * objects, in the order of files and documents.  A document whose key is
 * there already is a fault too.  A List (apiVersion v1) stands for its items.
 */
#define MODEL_FAULTS_MAX	1000	/* after these, documents are not read on */

struct model_fault {
	struct err err;
};

struct model_set {
	enum model_read       how;
	const char           *namespace;	/* for documents without one, or NULL */
	struct model_object **objects;
	size_t                len, cap;
	struct map            by_key;
	struct model_fault   *faults;
	size_t                faults_len, faults_cap;
};

/* Keeps namespace. */
void model_set_init(struct model_set *, enum model_read, const char *namespace);
void model_set_fini(struct model_set *);
/*
 * A file, "-" for standard input, or a directory: its *.yaml, *.yml and
 * *.json in the order of their names, and with recursive those of the
 * directories below.  What cannot be read becomes a fault.
 */
void model_set_read(struct model_set *, const char *path, bool recursive);
void model_set_read_text(struct model_set *, struct slice text, const char *file,
    enum conf_format);
/* Takes a reference; NULL after a key that was there already: see err. */
struct model_object *model_set_add(struct model_set *, struct model_object *,
    struct err *);
/* The object with this key, or NULL. */
struct model_object *model_set_find(const struct model_set *, const char *key);

#endif
