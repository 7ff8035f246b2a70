#ifndef POLICY_SIGNER_TEST_H
#define POLICY_SIGNER_TEST_H

#include "base/str.h"
#include "pki/key.h"

/*
 * signer: for tests, somebody who gives out tokens, signed with ES256.
 * Life: key_generate -> signer_add_keys, signer_add_token ... -> key_fini.
 */

/* As a JWK Set of one key. */
void signer_add_keys(struct str *, const struct key *, const char *kid);
/* A whole token with these claims, as JSON. */
void signer_add_token(struct str *, const struct key *, const char *kid,
    const char *claims);

/* In pieces, for tokens that nobody should give out. */
void signer_add_part(struct str *, const char *json);
/* What is in it gets a good signature, whatever it is. */
void signer_add_signature(struct str *, const struct key *);

#endif
