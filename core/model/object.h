#ifndef MODEL_OBJECT_H
#define MODEL_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/refs.h"
#include "conf/node.h"
#include "conf/schema.h"
#include "model/kind.h"

/*
 * object: one document of a known kind, checked and decoded.
 * Life: model_object_read -> model_object_ref ... -> model_object_unref.
 *
 * It is immutable and counted, and may be shared between threads; everything
 * in it lives in its own arena.  The struct of its kind begins with a
 * model_head, and model_service(o) and its like give that struct.
 *
 * Its key is "/GROUP/PLURAL/NAMESPACE/NAME", for example
 * "/core/services/default/web" or "/mesh/meshconfigs/-/default": "-" stands
 * where a kind has no namespace.  "/core/services/" and
 * "/core/services/default/" are prefixes to list by.
 */
struct model_metadata {
	const char       *name, *namespace;	/* NULL: without namespace */
	struct conf_pairs labels, annotations;
	int64_t           generation;	/* grows when the spec changes */
	int64_t           created;	/* seconds since 1970 */
	const char       *revision;	/* resourceVersion, as written */
	const char       *uid;
	const struct conf_node *ignored[4];	/* taken from Kubernetes, not used */
};

struct model_head {
	const char             *api_version, *kind;
	struct model_metadata   meta;
	const struct conf_node *status;
};

struct model_object {
	const struct model_kind *kind;
	const char              *key;
	const struct conf_node  *node;	/* the document as it came */
	struct model_head       *head;	/* the kind's struct, decoded */
	uint64_t                 revision;	/* from resourceVersion, or 0 */
	struct arena             arena;
	struct refs              refs;
};

/* The first rows of every kind's schema; its struct begins with the head. */
#define MODEL_HEAD_FIELDS						\
	{ "apiVersion", CONF_STRING_T, CONF_AT(struct model_head, api_version),	\
	    .required = true, .text = "group and version of the kind" },	\
	{ "kind", CONF_STRING_T, CONF_AT(struct model_head, kind),	\
	    .required = true, .text = "the kind" },			\
	{ "metadata", CONF_STRUCT_T, CONF_AT(struct model_head, meta),	\
	    .schema = &model_metadata_schema,				\
	    .text = "name, namespace, labels and what control adds" },	\
	{ "status", CONF_ANY_T, CONF_AT(struct model_head, status),	\
	    .text = "what machines report; ignored on input" }

extern const struct conf_schema model_metadata_schema;

enum model_read {
	MODEL_STRICT,	/* from people: an unknown field is a fault */
	MODEL_KNOWN,	/* from a peer or a store of another version */
};

/*
 * Gives an object with one reference, made from a copy of the document, which
 * says the first of the kind's versions unless the kind keeps them.  A
 * namespaced kind without a namespace gets namespace, if that is not NULL,
 * in the document too.  NULL: err says where and why, with kind ERR_DATA.
 */
struct model_object *model_object_read(const struct conf_node *, enum model_read,
    const char *namespace, struct err *);
struct model_object *model_object_ref(struct model_object *);
void model_object_unref(struct model_object *);	/* NULL is allowed */

/* A document that has its head and nothing else; namespace: NULL for none. */
struct conf_node *model_document_new(struct arena *, const struct model_kind *,
    const char *namespace, const char *name);

/* "default/web", or "web" where there is no namespace. */
const char *model_object_name(const struct model_object *);
/*
 * Which of two goes first where both cannot: the older, then the first by name
 * (less than 0: a), as the Gateway API has it.
 */
int model_object_by_age(const struct model_object *a,
    const struct model_object *b);
const char *model_annotation(const struct model_object *, const char *key);
/* The key of what is not read yet, in the arena. */
const char *model_key(struct arena *, const struct model_kind *,
    const char *namespace, const char *name);
/* The parts of a key, in the arena; false for what is no key. */
bool model_key_parse(struct arena *, const char *key, const struct model_kind **,
    const char **namespace, const char **name);

/* Of a Secret, which no disk holds in clear and nobody but proxies reads. */
bool model_key_is_secret(struct slice key);

/* For kinds whose name must be a DNS label. */
int model_verify_label_name(const struct conf_node *doc, struct err *);

/* Whether two documents ask for the same: all but metadata and status. */
bool model_same_spec(const struct conf_node *, const struct conf_node *);
/* Writes what control keeps into a document's metadata; drops its status. */
void model_stamp(struct conf_node *doc, uint64_t revision, int64_t generation,
    int64_t created, const char *uid);

/* "app=web,tier=x": labels that must all be there. */
bool model_labels_match(const struct conf_pairs *selector,
    const struct conf_pairs *labels);

#endif
