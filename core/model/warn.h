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

#endif
