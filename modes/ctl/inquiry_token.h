#ifndef CTL_INQUIRY_TOKEN_H
#define CTL_INQUIRY_TOKEN_H

#include "modes/ctl/asked.h"
#include "modes/ctl/asked_token.h"
#include "policy/authn.h"

/*
 * inquiry_token: what the RequestAuthentications of one place, and the OIDCLogin
 * of a Gateway, make of a request, by what proxies run (policy/authn.h,
 * filter/token_places.h).
 * Life: fill in the upper half -> inquiry_token_judge -> read the lower half ->
 *       inquiry_token_fini.
 *
 * Of keys only those are at hand that a document or --jwks-file holds; where a
 * token is good but for a signature of others, nothing is known.
 */
enum inquiry_token_is {
	INQUIRY_TOKEN_NONE,	/* no token that anybody looks at */
	INQUIRY_TOKEN_GOOD,
	INQUIRY_TOKEN_ASSUMED,	/* claims, which nobody signed */
	INQUIRY_TOKEN_REFUSED,
	INQUIRY_TOKEN_UNKNOWN,	/* the keys are not at hand */
	INQUIRY_TOKEN_LOGIN,	/* it has to log in first */
};

struct inquiry_token {
	struct ctl                *c;
	const struct asked        *asked;
	const struct asked_token  *typed;
	struct model_object      **policies;	/* RequestAuthentications */
	size_t                     policies_len;
	const struct model_object *login;	/* OIDCLogin; NULL: none */
	int64_t                    now_s;

	enum inquiry_token_is      is;
	const char                *why;		/* a sentence, or NULL */
	const char                *policy;	/* that says so, or NULL */
	const char                *fault;	/* of REFUSED, in a word */
	const struct authz_token  *token;	/* for policies; UNKNOWN: if good */
	struct asked               seen;	/* the request, as they see it */
	struct authn              *rules;
	struct authn_proof        *proof;
};

void inquiry_token_judge(struct inquiry_token *);
void inquiry_token_fini(struct inquiry_token *);
/* "verified", "refused" */
const char *inquiry_token_word(enum inquiry_token_is);

#endif
