#ifndef MODEL_WARN_H
#define MODEL_WARN_H

#include "model/set.h"

/*
 * warn: what is allowed and most likely a mistake.
 *
 * Pure: it looks at the documents of a set and at nothing else.  With
 * MODEL_WARN_REFERENCES the set is taken for all there is, and references to
 * what it lacks are reported too.
 */
#define MODEL_WARN_REFERENCES	1u

/* text: "file:line:col: path: ..."; all are borrowed. */
typedef void model_warn_fn(void *arg, const struct model_object *, const char *text);
void model_warn(const struct model_set *, unsigned flags, model_warn_fn *, void *arg);

/*
 * The same for a set that comes to others: what it lacks is looked for there,
 * and so references to nothing are reported without MODEL_WARN_REFERENCES.
 */
enum model_elsewhere {
	MODEL_ELSEWHERE_NONE,
	MODEL_ELSEWHERE_FOUND,	/* *out */
	MODEL_ELSEWHERE_UNKNOWN,	/* nothing is said of it */
};
typedef enum model_elsewhere model_elsewhere_fn(void *arg,
    const struct model_kind *, const char *namespace, const char *name,
    const struct model_object **out);
void model_warn_beside(const struct model_set *, unsigned flags,
    model_elsewhere_fn *, model_warn_fn *, void *arg);

#endif
