#ifndef MODEL_INERT_H
#define MODEL_INERT_H

#include "model/object.h"

/*
 * inert: the fields that are accepted and not acted on yet, so that using one
 * shows in a condition and in `analyze`, never in silence.
 *
 * A row names a field by its path in the kind's tables; what lies below is inert
 * with it.  Whoever makes a field act takes its row out.
 */
struct model_inert_field {
	const char *kind, *path;
	const char *harmless;	/* the value that asks for nothing; or NULL */
	const char *since;	/* version that began to accept it */
};

extern const struct model_inert_field model_inert_fields[];	/* kind NULL ends */

/* For each place of the document that sets an inert field; path is borrowed. */
typedef void model_inert_fn(void *arg, const struct model_inert_field *,
    const char *path, const struct conf_node *);
void model_inert(const struct model_object *, model_inert_fn *, void *arg);

#endif
