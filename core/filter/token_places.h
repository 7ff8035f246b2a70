#ifndef FILTER_TOKEN_PLACES_H
#define FILTER_TOKEN_PLACES_H

#include "http/head.h"
#include "policy/authn.h"

/*
 * token_places: where the tokens of a request are, and what of it the
 * application gets to see.  Pure.
 *
 * A field may come several times and a parameter be there twice: each is a
 * token, so that nobody behind us can take another one for the one that was
 * verified.  What has no prefix of its place, or is empty, is none.  Names and
 * values of parameters are compared decoded.
 */

/* Borrows the head and the arena.  False: there are too many. */
bool token_places_find(const struct authn *, const struct http_head *,
    struct arena *, struct authn_found out[AUTHN_TOKENS_MAX], size_t *n);
/*
 * Takes out what the application is not to see of a request that was let by: the
 * tokens at the places of the rule that took it, unless it forwards them, and
 * those at places where no rule took what is there.  What else is there stays.
 */
void token_places_strip(const struct authn *, const struct authn_proof *,
    struct http_head *, struct arena *);
/* A query without those that any rule would look for, for people to read. */
struct slice token_places_hide(const struct authn *, struct slice query,
    struct arena *);

/*
 * Fields in which applications get claims are ours: whatever a caller says in
 * one, in another spelling of it that applications take for the same, or in a
 * trailer of that name, is dropped, with or without a token, and
 * then a proof's are put in.  A
 * claim is put as it is if it is a string, a number or a truth, and as JSON in
 * base64url if it is more; what cannot be in a field is left out.
 */
void token_outputs_clear(const struct authn *, struct http_fields *);
void token_outputs_put(const struct authn *, const struct authn_proof *,
    struct http_head *, struct arena *);
/* The same of one rule, for who knows claims in another way. */
void token_outputs_drop(const struct authn_rule *, struct http_fields *);
void token_outputs_fill(const struct authn_rule *, struct slice payload,
    const struct conf_node *claims, struct http_head *, struct arena *);

#endif
