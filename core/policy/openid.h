#ifndef POLICY_OPENID_H
#define POLICY_OPENID_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * openid: what an OpenID provider says about itself (OpenID Connect Discovery
 * 1.0, sections 3 and 4).
 *
 * It must name the very issuer that it was asked for, so that nobody speaks for
 * another; and what it names is https, unless the issuer itself is not.
 */
#define OPENID_TEXT_MAX	(64u << 10)	/* bytes of what it says */

struct openid_provider {
	struct slice issuer, jwks;
	struct slice authorization, token, end_session;	/* absent: none */
};

/* Where it is said: a URL, in the arena. */
struct slice openid_address(struct arena *, struct slice issuer);
/* Everything lies in the arena.  ERR_DATA. */
int openid_read(struct openid_provider *, struct arena *, struct slice issuer,
    struct slice text, struct err *);

#endif
