#ifndef PROXY_LOGIN_H
#define PROXY_LOGIN_H

#include "modes/proxy/compile.h"
#include "modes/proxy/login_session.h"
#include "modes/proxy/worker.h"
#include "policy/authn.h"

/*
 * login: people who come to a Gateway with a browser log in at an OpenID
 * provider first (kind OIDCLogin; OpenID Connect Core 1.0, section 3.1).
 *
 *	no session		302 to the provider, with a cookie for the way back
 *	/oauth2/callback	code -> tokens over verified TLS -> session, 302 back
 *	a session that ended	its refresh token -> tokens; else as no session
 *	logoutPath		the session ends here and at the provider
 *
 * A filter behind the one that looks for tokens: who carries a good one needs no
 * session, and what the ID token of a session says are facts for policies as a
 * token's claims are.  Who cannot be led elsewhere (no GET that accepts HTML) is
 * answered 401.  Without the keys, the Secret or the addresses of the provider
 * nobody comes in.
 *
 * Code and verifier (PKCE, S256), state and nonce are bound to the browser by a
 * cookie; it leads back to the path it came from, of this host and no other.  What the way
 * back says stands in no log but for why it failed.
 */
struct login {
	struct refs           refs;
	struct arena          arena;
	struct model_object  *doc;	/* counted */
	struct authn_rule     rule;	/* issuer, audience, keys; source; outputs */
	struct slice          client_id, authorization;	/* of the token endpoint */
	struct slice          authorize, token, end_session;	/* absent: not known */
	struct slice          redirect_url;	/* absent: of the request's host */
	struct slice          callback, logout;	/* paths */
	struct slice          scopes;
	struct web_roots     *roots;	/* counted, or NULL */
	struct wrap_key       key;
	struct login_cookies  cookies;
	bool                  is_secure;	/* cookies are for https alone */
	bool                  is_shared;	/* they are of several hosts */
	bool                  forwards_access;	/* the application gets the token */
	const char           *barred;	/* why nobody can log in; NULL: they can */
};

extern const struct l7_filter login_requests;

/* A reference; faults are told. */
struct login *login_new(const struct compile_input *, struct model_object *);
struct login *login_ref(struct login *);
void login_unref(struct login *);	/* NULL is allowed */
void compile_logins(const struct compile_input *, struct snapshot *);

/* --- login_exchange.c: what is said to the provider, and what it says ------------- */

/* Where a browser goes to log in; in the arena. */
struct slice login_address(const struct login *, const struct login_way *,
    struct slice redirect_url, struct arena *);
/*
 * Where it then leads back to: the path with its query, or if browsers would
 * take it for another host's, "/".
 */
struct slice login_back(struct slice path, struct slice query, struct arena *);
/* RFC 6749, sections 4.1.3 and 6. */
struct slice login_code_form(const struct login_way *, struct slice code,
    struct slice redirect_url, struct arena *);
struct slice login_refresh_form(struct slice refresh, struct arena *);
/* Whether another provider says that it sends this browser back (RFC 9207). */
bool login_is_from_another(const struct login *, struct slice query,
    struct arena *);
/* A parameter of a query, decoded; absent: it has none. */
struct slice login_param(struct slice query, const char *name, struct arena *);
/* The query of the way back, for people: names, and of values why it failed. */
struct slice login_query_hide(struct slice query, struct arena *);
/*
 * The session that an answer of the token endpoint makes.  nonce: of the way;
 * absent: it was a refresh of *s, whose claims stay where none come.  Everything
 * lies in the arena.  NULL, or why it makes none.
 */
const char *login_tokens_read(const struct login *, struct slice json,
    struct slice nonce, int64_t now_s, struct arena *, struct login_session *s);

#endif
