#ifndef CTL_DOCUMENTS_H
#define CTL_DOCUMENTS_H

#include "model/object.h"
#include "modes/ctl/ctl_run.h"

/* documents: the paths and questions that several commands have in common. */

/* "/v1/documents/services/default/web"; without a name the whole kind. */
const char *documents_path(struct ctl *, const struct model_kind *,
    const char *namespace, const char *name);
/* What --namespace, -A and --selector leave of a kind; NULL: see err. */
const struct conf_node *documents_list(struct ctl *, const struct model_kind *,
    struct err *);
/*
 * As input_kind, for a kind that control keeps and that has names; the
 * namespace must be one.  CTL_OK, or it was reported.
 */
int documents_kind(struct ctl *, const struct model_kind **, size_t *first);
/* CTL_OK if control keeps documents of the kind, or it was reported. */
int documents_stored(struct ctl *, const struct model_kind *);

#endif
