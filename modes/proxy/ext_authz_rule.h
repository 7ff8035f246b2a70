#ifndef PROXY_EXT_AUTHZ_RULE_H
#define PROXY_EXT_AUTHZ_RULE_H

#include "chain/filter.h"

/*
 * ext_authz_rule: the filter ExternalAuth of an HTTPRoute's rule or backend: asks
 * for each request, in front of the other filters that are documents, so that no
 * cache answers who was not let in.  A CORS preflight is answered without.
 *
 * shared is a struct ext_authz_provider, whose reference it has.
 */
extern const struct l7_filter ext_authz_rule;

#endif
