#ifndef CTL_ASKED_TOKEN_H
#define CTL_ASKED_TOKEN_H

#include "modes/ctl/ctl_run.h"
#include "policy/authz.h"

/*
 * asked_token: what the token of the request says that is asked about, from a
 * file: its claims, or the token itself, which is not verified: the question is
 * what a good one would do.  It is a secret, so it never stands among arguments.
 */
#define ASKED_TOKEN_OPTIONS						\
	{ "claims-file", 0, "FILE", .word = CTL_WORD_FILE,		\
	    .text = "claims of the request's token, as JSON; - for "	\
	    "standard input" },						\
	{ "token-file", 0, "FILE", .word = CTL_WORD_FILE,		\
	    .text = "the token instead; it is not verified" }

/* *token stays NULL without the options.  CTL_OK, or it was reported. */
int asked_token_read(struct ctl *, const struct authz_token **token);

#endif
