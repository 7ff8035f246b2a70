#ifndef FILTER_EXT_AUTHZ_GRPC_H
#define FILTER_EXT_AUTHZ_GRPC_H

#include "filter/ext_authz.h"

/*
 * ext_authz_grpc: a provider that is asked by Check of
 * envoy.service.auth.v3.Authorization, Envoy's interface, which others speak too.
 *
 * Of a request it sees source, destination, time, id, method, path with query,
 * host, scheme, protocol, size, body, and its headers, lines of one name joined by
 * a comma.  Texts are UTF-8: any other byte is replaced.
 *
 * status OK lets pass, any other refuses; a message with neither status nor
 * ok_response is malformed, and so is one that says OK and has a
 * denied_response, a call that ends without a status, or with one that is about
 * the question (INVALID_ARGUMENT, PERMISSION_DENIED and the like) and no outage.
 * A header without `append` or append_action is set in a
 * request and added to a response, as Envoy has it.
 */

/* The head of the call; authority: of the provider. */
void ext_authz_grpc_ask(const struct ext_authz_settings *, struct slice authority,
    struct arena *, struct http_head *);
/* CheckRequest, with gRPC's five bytes in front. */
void ext_authz_grpc_put(const struct ext_authz_settings *,
    const struct ext_authz_question *, struct buf *);
/* A whole answer; trailers: NULL if none came. */
void ext_authz_grpc_read(const struct http_head *, struct slice body,
    const struct http_fields *trailers, struct arena *,
    struct ext_authz_answer *);
/* CheckResponse alone. */
void ext_authz_grpc_message(struct slice message, struct arena *,
    struct ext_authz_answer *);

#endif
