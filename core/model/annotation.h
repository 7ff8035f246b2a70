#ifndef MODEL_ANNOTATION_H
#define MODEL_ANNOTATION_H

#include "model/object.h"

/*
 * annotation: those that the mesh acts on and that say yes or no.
 *
 * They are written as Go's strconv.ParseBool reads them, and so as Istio does:
 * 1, t, T, TRUE, true, True, or 0, f, F, FALSE, false, False.  From people
 * nothing else is taken, as a policy that was to be tried would be in force.
 */
#define MODEL_DRY_RUN	"istio.io/dry-run"	/* of an AuthorizationPolicy */
#define MODEL_PLAINTEXT	"mesh/plaintext"	/* of a Service */

/* NULL, or what is not so written: false. */
bool model_annotation_is_true(const char *value);
/* Fails with the place of one that is neither yes nor no. */
int model_annotations_check(const struct model_object *, struct err *);
/*
 * The annotation of the table that key is near to without being one that the
 * object's kind has; *kind is the one that has it.  NULL: there is none.
 */
const char *model_annotation_meant(const struct model_object *,
    struct slice key, const char **kind);

#endif
