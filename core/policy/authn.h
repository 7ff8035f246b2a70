#ifndef POLICY_AUTHN_H
#define POLICY_AUTHN_H

#include "base/refs.h"
#include "model/request_authentication.h"
#include "policy/authz.h"
#include "policy/issuer_keys.h"
#include "policy/jwt.h"

/*
 * authn: the RequestAuthentications of one place (a workload, one service of it,
 * a gateway) as rules for the tokens of its requests.
 *
 * Life: authn_new -> authn_ref ... -> authn_judge -> authn_unref.
 * Immutable and counted; threads share it.
 *
 * Each rule says where it looks for tokens, whose they must be, and for whom.
 * It takes a request when all tokens at its places are good by it.  The first rule
 * that takes the request says who it is from, by the first of those tokens; if
 * none does, the request is refused.  A request without any token at any place
 * is not asked about: AuthorizationPolicies judge it (Istio's order).
 *
 * A rule without keys takes nothing.
 *
 * Whichever rule is first, the others are asked about the places at which it does
 * not look: what no rule takes there is not good, and is nobody's to see.
 */
#define AUTHN_RULES_MAX		64	/* of a place; more are left out, which
					 * refuses what they would take */
#define AUTHN_TOKENS_MAX	8	/* of a request */

/* Where a token may be. */
enum authn_where { AUTHN_HEADER, AUTHN_PARAM, AUTHN_COOKIE };
struct authn_place {
	enum authn_where where;
	struct slice     name;		/* of a header in lower case */
	struct slice     prefix;	/* of its value; may be empty */
	bool             any_case;	/* of the prefix: "Bearer " */
	uint64_t         rules;		/* that look there, a bit each */
};

/* Fields in which the application gets what a token says. */
struct authn_output {
	struct slice name;		/* lower case */
	const char  *claim;		/* a.b is b of a; NULL: all claims */
};

struct authn_rule {
	const char          *policy;	/* "ns/name" */
	int                  number;	/* of its jwtRules, from 0 */
	struct jwt_trust     trust;	/* keys are those of ... */
	struct issuer_keys  *keys;	/* counted */
	struct slice         source;	/* where they come from; absent: inline */
	uint64_t             timeout_ms;	/* to wait for them */
	struct authn_output *outputs;
	size_t               outputs_len;
	const char *const   *spaced;	/* claims that are lists with spaces */
	size_t               spaced_len;
	bool                 forwards;
};

/*
 * Its outputs, in the arena; claims are borrowed as long as it lives; payload may
 * be NULL.
 */
void authn_outputs(struct authn_rule *, struct arena *, const char *payload,
    const struct model_claim_to_header *claims, size_t n);

struct authn {
	struct refs           refs;
	struct arena          arena;
	struct model_object **policies;	/* references */
	size_t                policies_len;
	struct authn_rule    *rules;
	size_t                rules_len, left_out;
	struct authn_place   *places;
	size_t                places_len;
	uint8_t               hash[HASH_LEN];	/* of rules and keys */
};

/*
 * Gives a reference to the keys of a rule that has none inline, the same one as
 * long as they do not change, and the name of where they are from.
 */
struct authn_sources {
	struct issuer_keys *(*keys)(void *arg, const struct model_jwt_rule *,
	    struct slice *source);
	void                *arg;
};

/* Takes a reference of each policy, the oldest of which comes first. */
struct authn *authn_new(struct model_object *const *policies, size_t n,
    const struct authn_sources *);
struct authn *authn_ref(struct authn *);
void authn_unref(struct authn *);	/* NULL is allowed */
/* Whether it is what these would make. */
bool authn_is_of(const struct authn *, struct model_object *const *policies,
    size_t n, const struct authn_sources *);

/*
 * What good claims mean to policies: the principal is there if issuer and subject
 * are, and scope, permission and the `spaced` claims become lists if they are
 * strings with spaces.  Borrows claims; what is made lies in the arena.
 */
void authn_token(struct authz_token *, struct arena *,
    const struct conf_node *claims, const char *const *spaced, size_t n);

/* The last second of a token, without skew; INT64_MAX: it has no end. */
int64_t authn_end(const struct jwt *);

/* A token that was found, and by which rules' places. */
struct authn_found {
	struct slice text;
	uint64_t     rules;
};

/* What a good token says; counted, immutable, any thread. */
struct authn_proof {
	struct refs             refs;
	struct arena            arena;
	size_t                  rule;	/* that took it */
	uint64_t                takers;	/* it, and others that would, a bit each */
	struct authz_token      token;	/* with lists where spaces were */
	struct slice            payload;	/* as it was signed, base64url */
	const struct conf_node *claims;	/* as they were */
	int64_t                 until_s;	/* none that takers look at has
						 * expired before */
};
void authn_proof_unref(struct authn_proof *);	/* NULL is allowed */

struct authn_verdict {
	struct authn_proof *proof;	/* given; NULL: refused, because of */
	enum jwt_fault      fault;
	size_t              rule;	/* at which that showed */
	size_t              signatures;	/* that were looked at: the cost */
};
/*
 * n is 1 to AUTHN_TOKENS_MAX; whatever cannot be found in the set of keys is
 * JWT_KEY.  Each token is read once, however many rules look at it, and verified
 * once where they have the same keys.
 */
void authn_judge(const struct authn *, const struct authn_found *, size_t n,
    int64_t now_s, struct authn_verdict *);

#endif
