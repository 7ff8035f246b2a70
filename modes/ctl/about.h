#ifndef CTL_ABOUT_H
#define CTL_ABOUT_H

#include "modes/ctl/traffic.h"

/*
 * about: which policies are about a service, of those that the traffic has; so are
 * those about some workload behind it, where those of its namespace were loaded.
 *
 * policy: an AuthorizationPolicy, a RequestAuthentication or a PeerAuthentication.
 */
bool about_service(struct traffic *, const struct model_object *service,
    const struct model_object *policy);

#endif
