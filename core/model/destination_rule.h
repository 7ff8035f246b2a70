#ifndef MODEL_DESTINATION_RULE_H
#define MODEL_DESTINATION_RULE_H

#include "model/backend_policy.h"

/*
 * destination_rule: Istio's DestinationRule, as far as a BackendPolicy can say it.
 *
 * Its host must be a service of its own namespace: NAME, NAME.NAMESPACE, or that
 * with .svc, .svc.cluster.local or .mesh behind.  What cannot be said is refused
 * with a hint; mutual TLS between sidecars needs none.
 */
const struct model_backend_policy_spec *model_destination_rule_policy(
    const struct model_object *);

#endif
