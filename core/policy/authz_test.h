#ifndef POLICY_AUTHZ_TEST_H
#define POLICY_AUTHZ_TEST_H

#include "model/model_test.h"
#include "policy/authz.h"

#define POLICY								\
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: p}\nspec: "

/* GET /a/b of web:80 (8080) in default by default/caller, unless told. */
struct authz_facts a_request(void);
/* By this policy alone, where the mesh allows all; the oracle is asked, too. */
struct authz_answer decide_by(const char *yaml, const struct authz_facts *);

/* What the documents say, gone through as they stand: the oracle. */
void oracle_decide(struct model_object *const *policies, size_t n,
    enum authz_default, const struct authz_facts *, struct authz_verdict *);

#endif
