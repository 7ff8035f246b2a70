#ifndef PKI_TOKEN_H
#define PKI_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/str.h"
#include "pki/hash.h"

/*
 * token: the text that lets a new workload join, once:
 *
 *   mesh1.<roots>.<id>.<secret>
 *
 * roots is bundle_hash in base64url, by which the newcomer knows control
 * before it trusts anything; id is what people and the store call the token
 * (lower-case hex); secret is 32 random bytes in base64url.  Control stores
 * the id and the hash of the secret alone, so that a stolen registry lets
 * nobody in.  A token has exactly one text; anything else is refused.
 */
#define TOKEN_ID_LEN		16	/* letters */
#define TOKEN_SECRET_LEN	32	/* bytes */
#define TOKEN_TEXT_LEN		(5 + 1 + 43 + 1 + TOKEN_ID_LEN + 1 + 43)

struct token {
	uint8_t roots[HASH_LEN];
	char    id[TOKEN_ID_LEN + 1];
	uint8_t secret[TOKEN_SECRET_LEN];
};

void token_make(struct token *, const uint8_t roots[HASH_LEN]);
void token_fini(struct token *);	/* wipes */
void token_add(struct str *, const struct token *);
bool token_parse(struct token *, struct slice text);
bool token_id_ok(struct slice id);

/* What the store keeps. */
void token_secret_hash(uint8_t out[HASH_LEN], const struct token *);
/* In constant time. */
bool token_matches(const struct token *, const uint8_t stored[HASH_LEN]);

#endif
