#ifndef MODEL_BACKENDS_H
#define MODEL_BACKENDS_H

#include "model/http_filter.h"
#include "model/object.h"

/*
 * backends: which Services a route sends to, said for the rows of its kind.
 *
 * A weight of zero counts too: a shift of traffic then finds the service where
 * it is needed.  References to other kinds than Service are passed over.
 */
void model_backends_tell(const struct model_object *route,
    const struct model_backend_ref *, size_t n, model_backend_fn *fn, void *arg);
/* Those that filters mirror to, or ask for leave. */
void model_filters_tell(const struct model_object *route,
    const struct model_http_filter *, size_t n, model_backend_fn *fn, void *arg);
/* The documents that filters are, of a rule and of its backends. */
void model_extensions_tell(const struct model_http_filter *, size_t n,
    const struct model_backend_ref *, size_t backends, model_extension_fn *fn,
    void *arg);

#endif
