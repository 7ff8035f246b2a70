#ifndef FILTER_EXT_AUTHZ_HTTP_H
#define FILTER_EXT_AUTHZ_HTTP_H

#include "filter/ext_authz.h"

/*
 * ext_authz_http: a provider that is asked by a request like the one in question:
 * its method, host, path (behind a prefix) and query, Authorization and
 * x-request-id, and the headers that settings name; its body if they say so, with
 * x-envoy-auth-partial-body beside it; and EXT_AUTHZ_PRINCIPAL, if its caller has
 * proven who it is.
 *
 * 200 lets pass.  What settings name of its fields goes up instead of what the
 * caller said: a field of the caller that only the provider may say, other than
 * Authorization and Cookie, is taken out even if the provider says nothing.  "*"
 * names none: then what is about the answer itself (Date, Content-Type and the
 * like) stays behind, and what the caller says stays where the provider does not.
 * 500 and above are no answer, 1xx a malformed one; anything else refuses, and is
 * what the caller gets, with the fields that settings name besides Location,
 * WWW-Authenticate and Content-Type.
 */

/* Fills head (of the arena) but for what concerns the connection. */
void ext_authz_http_ask(const struct ext_authz_settings *,
    const struct ext_authz_question *, struct arena *, struct http_head *);
/* question: what was asked. */
void ext_authz_http_read(const struct ext_authz_settings *,
    const struct ext_authz_question *, const struct http_head *,
    struct slice body, struct arena *, struct ext_authz_answer *);

#endif
