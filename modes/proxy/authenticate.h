#ifndef PROXY_AUTHENTICATE_H
#define PROXY_AUTHENTICATE_H

#include "modes/proxy/compile.h"
#include "modes/proxy/worker.h"
#include "policy/authn.h"

/*
 * authenticate: whose token a request carries, by the RequestAuthentications
 * (policy/authn.h).
 *
 * A filter that always stands in the chains of what comes in, in front of the
 * one that authorizes: what a good token says is a fact there.  A request whose
 * token is not good is refused with 401, one without goes on.  A token that was
 * not met before waits for the verifier; one of a key that is not known, for the
 * keys of its issuer to be fetched again, as long as its rule says.
 *
 * The caller is told what RFC 6750, section 3.1, has to say, "invalid_token";
 * the access log's response_code_details and a counter say what is wrong.
 */
extern const struct l7_filter authenticate_requests;

/* What it found, for the filters behind it; NULL: no token. */
const struct authz_token *authenticate_token(struct l7_ctx *);
/* In its place, from somebody who knows as well; lives as long as ctx. */
void authenticate_as(struct l7_ctx *, struct authz_token *);

/* What a request was judged by; it and its head as it came live as long as ctx. */
struct authenticated {
	const struct authn     *rules;	/* borrowed */
	const struct http_head *head;
	bool                    has_token;	/* that was good */
};
/* NULL: no rules were in force. */
const struct authenticated *authenticate_past(struct l7_ctx *);
/* Answers 401, or cuts it off; the log says why. */
void authenticate_refuse(struct l7_ctx *, const char *why);

/* The rules of a snapshot whose ports and fronts are there; by compile. */
void compile_authentication(const struct compile_input *, struct snapshot *);

#endif
