#ifndef PROXY_LOGIN_SESSION_H
#define PROXY_LOGIN_SESSION_H

#include "base/str.h"
#include "conf/node.h"
#include "http/head.h"
#include "pki/wrap.h"

/*
 * login_session: what a browser carries of a login, in cookies that nobody but
 * the Gateway can read or make (pki/wrap.h): the session of who has logged in,
 * in up to LOGIN_PIECES pieces, and meanwhile what belongs to the login under
 * way.  No proxy keeps anything, so all that have the key are one.  Pure.
 */
#define LOGIN_PIECES		4
#define LOGIN_PIECE_MAX		3800	/* letters; browsers take 4,096 bytes in all */
/* Of all pieces where they come back in one line (core/http/limits.h). */
#define LOGIN_LINE_MAX		6000
#define LOGIN_STATE_LEN		32	/* letters of a state */
#define LOGIN_WAY_S		600	/* so long may a login take */
#define LOGIN_WAYS		5	/* of a browser, at once */

struct login_session {
	const struct conf_node *claims;	/* of the ID token */
	int64_t                 until_s;
	struct slice            refresh;	/* token; empty: none */
	struct slice            access;		/* likewise, where it is forwarded */
};

/* What the provider does not see but by its hash, or gives back as it is. */
struct login_way {
	char         state[LOGIN_STATE_LEN + 1];
	struct slice verifier;	/* RFC 7636 */
	struct slice nonce;
	struct slice back;	/* path and query, to go on with */
	int64_t      since_s;
};

/* How cookies are set. */
struct login_cookies {
	struct slice           name;	/* of the session's, whole */
	struct slice           attributes;	/* "; Path=/; ..." */
	const struct wrap_key *key;
};

/*
 * Adds the lines of set-cookie that make the browser hold it, in the arena, or
 * that end it (NULL).  False: it is too large for a browser, or, where its cookies
 * come in one line, as HTTP/1 has it, for that.
 */
bool login_session_put(const struct login_cookies *,
    const struct login_session *, bool in_one_line, struct http_fields *,
    struct arena *);
/* Of the request; false: there is none, or none of ours. */
bool login_session_get(const struct login_cookies *, const struct http_fields *,
    struct arena *, struct login_session *);

/* A new one: draws state, verifier and nonce. */
void login_way_new(struct login_way *, struct slice back, int64_t now_s,
    struct arena *);
/* False: it is too large. */
bool login_way_put(const struct login_cookies *, const struct login_way *,
    struct http_fields *, struct arena *);
/*
 * Ends all of the request if there are LOGIN_WAYS: a page that asks for itself
 * again and again would get more of them than a request can carry.
 */
void login_ways_trim(const struct login_cookies *,
    const struct http_fields *request, struct http_fields *response,
    struct arena *);
/* The one of this state, if it is not too old; it ends in either case. */
bool login_way_take(const struct login_cookies *, struct slice state,
    int64_t now_s, const struct http_fields *request,
    struct http_fields *response, struct arena *, struct login_way *);

/* Takes all of them out of the request: no application gets to see them. */
void login_cookies_strip(const struct login_cookies *, struct http_fields *,
    struct arena *);

#endif
