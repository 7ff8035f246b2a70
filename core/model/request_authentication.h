#ifndef MODEL_REQUEST_AUTHENTICATION_H
#define MODEL_REQUEST_AUTHENTICATION_H

#include "model/authorization_policy.h"
#include "model/claim_header.h"

/*
 * request_authentication: security.istio.io/v1 RequestAuthentication, as it is:
 * whose tokens requests to which workloads may carry.
 *
 * It is about what an AuthorizationPolicy with the same selector or targetRefs
 * is about.  A request with a token that no rule takes is refused; one without
 * is for AuthorizationPolicies to judge.
 */
struct model_jwt_header {
	const char *name, *prefix;	/* prefix may be NULL */
};

struct model_jwt_rule {
	const char  *issuer;
	const char **audiences;
	size_t       audiences_len;
	const char  *jwks_uri, *jwks;	/* at most one; jwks is checked */
	struct model_jwt_header *from_headers;
	size_t       from_headers_len;
	const char **from_params, **from_cookies;
	size_t       from_params_len, from_cookies_len;
	const char  *output_payload;	/* name of a field, or NULL */
	struct model_claim_to_header *output_claims;
	size_t       output_claims_len;
	const char **space_delimited;
	size_t       space_delimited_len;
	bool         forwards;
	int64_t      timeout_ms;
};

struct model_request_authentication {
	struct model_head head;
	struct model_request_authentication_spec {
		struct model_authz_selector *selector;	/* NULL: none */
		struct model_target_ref     *targets, *target;	/* one alone */
		size_t                       targets_len;
		struct model_jwt_rule       *rules;
		size_t                       rules_len;
	} spec;
};

const struct model_request_authentication *model_request_authentication(
    const struct model_object *);
/*
 * How a proxy that could not fetch keys begins to say so of a document, with
 * where they are behind it, up to the next blank.  Nothing is wrong with the
 * document then: see model_keys_missing.
 */
#define MODEL_KEYS_OF	"keys of "
/* Where the keys are that the fault is about; absent: it is about others. */
struct slice model_keys_missing(const char *fault);
/* Of another kind: false. */
bool model_request_authentication_is_for(const struct model_object *,
    const struct model_authz_place *);

#endif
