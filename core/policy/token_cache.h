#ifndef POLICY_TOKEN_CACHE_H
#define POLICY_TOKEN_CACHE_H

#include "policy/authn.h"

/*
 * token_cache: requests whose tokens were verified already, so that each is
 * verified once and not with every request.
 *
 * Life: token_cache_new -> token_cache_key, token_cache_get, token_cache_put ...
 *       -> token_cache_free.  One thread.
 *
 * What is found by is an HMAC-SHA-256, with a key that was drawn for this cache,
 * of the rules with their keys and of the tokens with their places: other rules,
 * other keys or one other byte are another entry, nobody can make two that meet,
 * and no token lies in it.  An entry ends with the first of its tokens; beyond
 * the bounds the one that was not used for longest gives way.
 */
struct token_cache;
struct token_cache *token_cache_new(size_t entries_max, size_t bytes_max);
void token_cache_free(struct token_cache *);	/* NULL is allowed */
void token_cache_key(const struct token_cache *, const struct authn *,
    const struct authn_found *, size_t n, uint8_t out[HASH_LEN]);
/* A reference, or NULL. */
struct authn_proof *token_cache_get(struct token_cache *,
    const uint8_t key[HASH_LEN], int64_t now_s);
/* Takes a reference of the proof. */
void token_cache_put(struct token_cache *, const uint8_t key[HASH_LEN],
    struct authn_proof *);
size_t token_cache_len(const struct token_cache *);

#endif
