#ifndef MODEL_TRAFFIC_POLICY_H
#define MODEL_TRAFFIC_POLICY_H

#include "model/backend_policy.h"

/*
 * traffic_policy: Gateway API's XBackendTrafficPolicy (experimental): a budget of
 * retries and session persistence.  model_backend_policy gives what it says.
 */
const struct model_backend_policy_spec *model_traffic_policy_spec(
    const struct model_object *);

#endif
