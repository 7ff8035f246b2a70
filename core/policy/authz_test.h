#ifndef POLICY_AUTHZ_TEST_H
#define POLICY_AUTHZ_TEST_H

#include "model/model_test.h"
#include "policy/authz.h"

/* What the documents say, gone through as they stand: the oracle. */
void oracle_decide(struct model_object *const *policies, size_t n,
    enum authz_default, const struct authz_facts *, struct authz_verdict *);

#endif
