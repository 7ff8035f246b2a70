#ifndef MODEL_AUTHORIZATION_RULES_H
#define MODEL_AUTHORIZATION_RULES_H

#include "model/authorization_policy.h"

/* authorization_rules: the rows of AuthorizationPolicy's rules. */
extern const struct conf_schema model_authz_rule_schema;

/* What the rows cannot say, of rule number i. */
int model_authz_rule_check(const struct model_authz_rule *, size_t i,
    const struct conf_place *);
/* "methods", "notMethods", of a source or an operation. */
const char *model_authz_word(enum model_authz_attribute, bool is_not);
/* A path with {*} or {**} in it, which each must be a whole segment. */
bool model_authz_is_template(const char *path);

#endif
