#ifndef CTL_ASKED_TOKEN_H
#define CTL_ASKED_TOKEN_H

#include "conf/node.h"
#include "modes/ctl/ctl_run.h"

/*
 * asked_token: the token of the request that is asked about, from a file: itself,
 * or the claims that it would have.  It is a secret, so it never stands among
 * arguments.  Who believes it is inquiry_token's.
 */
#define ASKED_TOKEN_OPTIONS						\
	{ "token-file", 0, "FILE", .word = CTL_WORD_FILE,		\
	    .text = "the request's token, verified as proxies do; - for "	\
	    "standard input" },						\
	{ "claims-file", 0, "FILE", .word = CTL_WORD_FILE,		\
	    .text = "claims of a token instead, as JSON, as if it were "	\
	    "signed" },							\
	{ "jwks-file", 0, "FILE", .word = CTL_WORD_FILE,		\
	    .text = "keys of an issuer whose document only says where they "	\
	    "are" }

struct asked_token {
	struct slice            text;	/* absent: none */
	const struct conf_node *claims;	/* its claims; NULL: none */
	struct slice            jwks;	/* absent: none */
};

/* Everything lies in the arena.  CTL_OK, or it was reported. */
int asked_token_read(struct ctl *, struct asked_token *);

#endif
