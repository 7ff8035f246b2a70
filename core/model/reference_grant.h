#ifndef MODEL_REFERENCE_GRANT_H
#define MODEL_REFERENCE_GRANT_H

#include "model/object.h"

/*
 * reference_grant: Gateway API's ReferenceGrant: which documents of other
 * namespaces may refer to what in this one.
 */
struct model_grant_from {
	const char *group, *kind, *namespace;
};

struct model_grant_to {
	const char *group, *kind;
	const char *name;	/* NULL: all of that kind */
};

struct model_reference_grant {
	struct model_head head;
	struct model_reference_grant_spec {
		struct model_grant_from *from;
		size_t                   from_len;
		struct model_grant_to   *to;
		size_t                   to_len;
	} spec;
};

const struct model_reference_grant *model_reference_grant(
    const struct model_object *);
/* Whether this grant lets a document of from refer to the object to. */
bool model_grant_allows(const struct model_object *grant,
    const struct model_object *from, const char *to_group, const char *to_kind,
    const char *to_namespace, const char *to_name);

#endif
