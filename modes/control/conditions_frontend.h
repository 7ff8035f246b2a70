#ifndef CONTROL_CONDITIONS_FRONTEND_H
#define CONTROL_CONDITIONS_FRONTEND_H

#include "model/gateway.h"
#include "modes/control/conditions_judge.h"

/* conditions_frontend: of a Gateway's own TLS (spec.tls), for its judge. */

/*
 * What is wrong with the authorities for clients of a listener: a reason of
 * its condition ResolvedRefs; NULL: nothing, or nobody is asked.
 */
const char *frontend_fault(struct sight *,
    const struct model_object *gateway, const struct model_listener *,
    const char **message);
/* Whether there is no authority at all, although clients are asked. */
bool frontend_bars(struct sight *, const struct model_object *gateway,
    const struct model_listener *);
/* Conditions of the Gateway that is judged. */
void frontend_put(struct sight *, struct conf_node *list);

#endif
