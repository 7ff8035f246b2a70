#ifndef PROXY_LOGIN_FORWARD_H
#define PROXY_LOGIN_FORWARD_H

#include "modes/proxy/login.h"

/*
 * login_forward: what the application behind a login is told of who has logged
 * in: the claims that the document has fields for, and the access token, as a
 * bearer's (RFC 6750, section 2.1).
 *
 * The fields for claims are nobody's else: what a caller says in them is dropped
 * before anything looks at the request, whether there is a session or not, and
 * in trailers too.  Authorization is dropped where the token takes its place.
 * The session's cookies are never the application's.  Pure.
 */

/* Before any filter, or of trailers. */
void login_forward_clear(const struct login *, struct http_fields *);
/* Of who has a session. */
void login_forward_put(const struct login *, const struct login_session *,
    struct http_head *, struct arena *);

#endif
